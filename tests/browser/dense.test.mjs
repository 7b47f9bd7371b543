// The arithmetic of dense.js, against numbers known from elsewhere.
import assert from "node:assert/strict";
import { test } from "node:test";

import { explorer } from "./joined.mjs";

const dense = await explorer("dense");
const { arithmetic, brief, compute, floats, number, range, unitsToDraw, unpack } = dense;

function near(found, expected, tolerance = 1e-12) {
  assert.equal(found.length, expected.length);
  expected.forEach((x, i) => assert.ok(Math.abs(found[i] - x) <= tolerance, `${found[i]} ${x}`));
}

// The network of lesson 01 and the numbers that its source printed.
const HIDDEN = [
  [-0.3851872, -0.54333335, 0.0655309, 0.1134268],
  [-0.15428883, 0.5699866, -0.01254469, 0.9223561],
  [0.36428273, -0.6936733, 0.38850498, 0.30073535],
];
const network = {
  features: 3,
  layers: [{ name: "hidden", activation: "relu", settings: {}, units: 4, bias: true }],
};
const layers = unpack(network, Float32Array.from([...HIDDEN.flat(), 0, 0, 0, 0]));

test("the hidden layer gives the numbers of the walkthrough", () => {
  HIDDEN.forEach((weights, i) => {
    const row = [0, 0, 0];
    row[i] = 1;
    const [{ sums, outputs }] = compute(layers, row);
    near(sums, weights, 1e-7);
    near(outputs, weights.map((x) => Math.max(x, 0)), 1e-7);
  });
});

test("the sentence is the one of lesson 01, and the cut is said", () => {
  const [result] = compute(layers, [1, 0, 0]);
  const { sentence, rows, steps, value, before } = arithmetic(layers[0], result, 0);
  assert.equal(
    sentence,
    "unit 0: 1 × −0.385 + 0 × −0.154 + 0 × 0.364 = −0.385, + bias 0.000 = −0.385; " +
      "relu: −0.385 is cut to 0.",
  );
  assert.deepEqual([value, rows.length], [0, 3]);
  near([before], [-0.3851872], 1e-7);
  assert.deepEqual(steps.at(-1), ["relu: −0.385 is cut to 0", 0]);
});

test("bias is added before the activation, in each unit its own", () => {
  const described = {
    features: 2,
    layers: [{ name: "a", activation: "linear", settings: {}, units: 2, bias: true }],
  };
  const [layer] = unpack(described, Float32Array.from([1, 2, 3, 4, 10, 20]));
  const [result] = compute([layer], [5, 7]);
  near(result.outputs, [5 + 21 + 10, 10 + 28 + 20]);
  const { steps } = arithmetic(layer, result, 1);
  assert.deepEqual(steps.slice(0, 3), [
    ["sum of 2 products", 38],
    ["+ bias", 20],
    ["sum with bias", 58],
  ]);
});

test("what relu's settings do is said", () => {
  const settings = { negative_slope: 0.5, threshold: 1, max_value: 6 };
  const said = [9, 3, -3].map((x) => {
    const [layer] = unpack({ features: 1, layers: [{ activation: "relu", settings }] }, []);
    const [result] = compute([layer], [x]);
    return arithmetic(layer, result, 0).steps.at(-1);
  });
  assert.deepEqual(said, [
    ["relu: 9.000 is cut to 6.000", 6],
    ["relu: 3.000 is above 1 and stays", 3],
    ["relu: 0.500 × (−3.000 − 1.000)", -2],
  ]);
});

test("softmax shows each power and their sum", () => {
  const described = {
    features: 2,
    layers: [{ name: "a", activation: "softmax", settings: {}, units: 2, bias: false }],
  };
  const [layer] = unpack(described, Float32Array.from([1, 0, 0, 1]));
  const [result] = compute([layer], [0, 1]);
  const { shares, steps, sentence } = arithmetic(layer, result, 1);
  near(shares.map(([, , power]) => power), [1, Math.E]);
  near(steps.slice(-3).map(([, x]) => x), [Math.E, 1 + Math.E, Math.E / (1 + Math.E)]);
  assert.match(sentence, /softmax: e\^1\.000 \/ 3\.718 = 0\.731\.$/);
});

test("of many products the largest are shown, and the rest makes up the sum", () => {
  const units = 1;
  const features = 50;
  const described = { features, layers: [{ activation: "linear", settings: {}, units }] };
  const weights = Float32Array.from({ length: features }, (_, i) => (i === 7 ? 9 : i / 64));
  const [layer] = unpack(described, weights);
  const [result] = compute([layer], new Float64Array(features).fill(1));
  const short = arithmetic(layer, result, 0);
  const shown = short.rows.map(([i]) => i);
  assert.deepEqual(shown, [7, ...Array.from({ length: 11 }, (_, i) => 39 + i)]);
  const products = short.rows.reduce((sum, [, , , product]) => sum + product, 0);
  near([products + short.steps[0][1]], [weights.reduce((a, b) => a + b, 0)], 1e-9);
  assert.equal(arithmetic(layer, result, 0, 3, true).rows.length, features);
});

test("of a large layer the largest units are drawn, and the wanted one", () => {
  assert.deepEqual(unitsToDraw([1, -5, 2, 0, 4], 3), [1, 2, 4]);
  assert.deepEqual(unitsToDraw([1, -5, 2, 0, 4], 3, 3), [1, 3, 4]);
  assert.deepEqual(unitsToDraw([1, -5], 3, 0), [0, 1]);
});

test("a slider covers the rows and as much around them, in round steps", () => {
  const { low, high, step } = range([0, 1]);
  near([low, high, step], [-1, 2, 0.05]);
  const alone = range([5, 5]);
  assert.ok(alone.low <= 0 && alone.high >= 10);
});

test("a slider of a column ends where the column does, and one of equal numbers can move", () => {
  near(Object.values(range([2700, 6300], 0)), [2700, 6300, 50]);
  const alone = range([5, 5], 0);
  assert.ok(alone.low <= 0 && alone.high >= 10);
});

test("columns are standardized, and names stand in the sentences", () => {
  const names = ["mass", "length"];
  const described = {
    features: 2,
    layers: [
      { activation: "linear", settings: {}, units: null, standardizes: true, names },
      { activation: "relu", settings: {}, units: null, names },
      { activation: "softmax", settings: {}, units: 2, bias: true, names: ["small", "large"] },
    ],
  };
  const numbers = [4000, 200, 500, 20, 1, -1, 2, -2, 0, 0]; // means, deviations, kernel, bias
  const [standardized, cut, species] = unpack(described, Float32Array.from(numbers));
  const results = compute([standardized, cut, species], [4250, 190]);
  near(results[0].outputs, [0.5, -0.5]);
  near(results[2].sums, [0.5, -0.5]);
  const found = arithmetic(standardized, results[0], 0);
  assert.equal(found.sentence, "mass: (4250 − 4000.000) / 500.000 = 0.500.");
  assert.deepEqual(found.steps, [
    ["mass, as given", 4250],
    ["− mean", 4000],
    ["/ standard deviation", 500],
    ["= output", 0.5],
  ]);
  const passed = arithmetic(cut, results[1], 1).sentence;
  assert.equal(passed, "length: takes −0.500 from length before it; relu: −0.500 is cut to 0.");
  assert.match(arithmetic(species, results[2], 1).sentence, /^large: 0\.5 × −1\.000 \+ 0 × −2\.000/);
});

test("numbers are written as the lessons write them", () => {
  const written = [-0.3851872, -0.0001, 0, 2, NaN, -Infinity].map((x) => number(x));
  assert.deepEqual(written, ["−0.385", "0.000", "0.000", "2.000", "not a number", "−∞"]);
  assert.deepEqual([1, 0.5, 100, -0.3851872].map((x) => brief(x)), [
    ...["1", "0.5", "100", "−0.385"],
  ]);
});

test("bytes become numbers wherever they start", () => {
  const bytes = new Uint8Array(12);
  new DataView(bytes.buffer).setFloat32(5, 1.5, true);
  assert.deepEqual([...floats(new DataView(bytes.buffer, 5, 4))], [1.5]);
  assert.deepEqual([...floats(bytes.buffer.slice(5, 9))], [1.5]);
});
