// The activations of activations.js at points whose values are known from elsewhere.
import assert from "node:assert/strict";
import { test } from "node:test";

import { explorer, read } from "./joined.mjs";

const { ACTIVATIONS, erf, softmax } = await explorer("layers");

function near(found, expected, tolerance = 1e-12) {
  assert.equal(found.length, expected.length);
  expected.forEach((x, i) => assert.ok(Math.abs(found[i] - x) <= tolerance, `${found[i]} ${x}`));
}

test("the error function", () => {
  near([erf(0), erf(0.5), erf(1), erf(-2), erf(5), erf(9)], [
    ...[0, 0.5204998778130465, 0.8427007929497149, -0.9953222650189527],
    ...[0.9999999999984626, 1],
  ]);
});

test("every activation", () => {
  const known = {
    linear: [[-7], [-7]],
    relu: [[-2, 0, 9], [0, 0, 9]],
    relu6: [[-1, 3, 9], [0, 3, 6]],
    leaky_relu: [[-2, 2], [-0.4, 2]],
    elu: [[-Math.log(2), 1], [-0.5, 1]],
    selu: [[1, -50], [1.0507009873554805, -1.7580993408473766]],
    gelu: [[1, -1], [0.8413447460685429, -0.15865525393145707]],
    silu: [[Math.log(3)], [0.75 * Math.log(3)]],
    exponential: [[Math.log(5)], [5]],
    sigmoid: [[0, Math.log(3), -1000], [0.5, 0.75, 0]],
    hard_sigmoid: [[-4, 0, 1.5, 4], [0, 0.5, 0.75, 1]],
    tanh: [[Math.log(2)], [0.6]],
    softplus: [[Math.log(3), 1000], [Math.log(4), 1000]],
    softsign: [[-3], [-0.75]],
  };
  assert.deepEqual(Object.keys(ACTIVATIONS).sort(), Object.keys(known).sort());
  for (const [name, [x, y]] of Object.entries(known)) {
    near(x.map((one) => ACTIVATIONS[name](one)), y);
    assert.ok(Number.isNaN(ACTIVATIONS[name](NaN)), name);
  }
});

test("Python counts on these, and on softmax", () => {
  const [, names] = read("layers.py").match(/^ACTIVATIONS = \(([^)]*)\)/m);
  const known = [...Object.keys(ACTIVATIONS), "softmax"].sort();
  assert.deepEqual(names.match(/\w+/g).sort(), known);
});

test("settings, as Keras has them", () => {
  near([ACTIVATIONS.leaky_relu(-1, { negative_slope: 0.3 })], [-0.3]);
  near([ACTIVATIONS.elu(-Math.log(2), { alpha: 3 })], [-1.5]);
  const settings = { negative_slope: 0.5, threshold: 1, max_value: 6 };
  const relu = (x) => ACTIVATIONS.relu(x, settings);
  near([-3, 0, 1, 2, 6, 9].map(relu), [-2, -0.5, 0, 2, 6, 6]);
});

test("softmax shares add up to 1 and survive scores that no power can hold", () => {
  near(softmax(Float64Array.from([Math.log(1), Math.log(3)])).shares, [0.25, 0.75]);
  for (const shift of [0, 1000, -1000]) {
    const { shares, total } = softmax([shift, shift + Math.log(3)], 30);
    near(shares, [0.25, 0.75]);
    assert.ok(total > 1e-15 && total < 1e15);
  }
  assert.deepEqual(softmax([1, 3]).shift, 3);
  assert.deepEqual(softmax([1, 3], 30).shift, 0);
});
