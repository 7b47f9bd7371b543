// The arithmetic of explore_layers, compared with sums written out here, number by number.
// `node --test tests/browser/` runs it; it needs nothing but Node.

import assert from "node:assert/strict";
import { test } from "node:test";

import { explorer } from "./joined.mjs";

const layers = await explorer("layers");

const close = (a, b, tolerance = 1e-9) =>
  assert.ok(Math.abs(a - b) <= tolerance, `${a} is not ${b}`);

/** Numbers that look random and are the same every time. */
function numbers(count, seed = 1) {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (state * 48271) % 2147483647;
    return state / 2 ** 30 - 1;
  });
}

function picture(rows, columns, channels, seed) {
  return { rows, columns, channels, data: numbers(rows * columns * channels, seed) };
}

const plain = { strides: [1, 1], dilation: [1, 1], before: [0, 0], filters: 0 };

function conv({ size, channels, filters, ...rest }) {
  const layer = {
    how: "sum",
    bias: true,
    activation: "linear",
    channels: filters,
    window: { ...plain, size, channels, ...rest },
  };
  const kernel = numbers(size[0] * size[1] * channels * filters, 7);
  return [layer, { kernel, bias: numbers(filters, 8), filters }];
}

test("a convolution is the sum over its window and all input channels", () => {
  const source = picture(6, 5, 3, 2);
  const [layer, weights] = conv({ size: [3, 2], channels: 3, filters: 4 });
  const { parts, sum, bias, value } = layers.weightedSum(layer, source, weights, 2, 1, 3);
  let expected = weights.bias[3];
  for (let i = 0; i < 3; i += 1) {
    for (let j = 0; j < 2; j += 1) {
      for (let k = 0; k < 3; k += 1) {
        const x = source.data[((2 + i) * 5 + 1 + j) * 3 + k];
        expected += x * weights.kernel[((i * 2 + j) * 3 + k) * 4 + 3];
      }
    }
  }
  close(value, expected);
  close(sum + bias, expected);
  assert.equal(parts.length, 3);
});

test("padding counts as zeros, strides and dilation move the window", () => {
  const source = picture(4, 4, 1, 3);
  const [layer, weights] = conv({
    size: [3, 3],
    channels: 1,
    filters: 1,
    strides: [2, 1],
    dilation: [1, 2],
    before: [1, 2],
  });
  assert.deepEqual(layers.places(layer.window, 0, 1), [1, 2, 3]);
  assert.deepEqual(layers.places(layer.window, 1, 0), [-2, 0, 2]);
  let expected = weights.bias[0];
  for (const [i, y] of [0, 1, 2].map((i) => [i, i - 1])) {
    for (const [j, x] of [0, 1, 2].map((j) => [j, 2 * j - 2])) {
      if (y >= 0 && x >= 0) expected += source.data[y * 4 + x] * weights.kernel[i * 3 + j];
    }
  }
  close(layers.weightedSum(layer, source, weights, 0, 0, 0).value, expected);
});

test("groups and depthwise kernels see their own channels", () => {
  const [grouped] = conv({ size: [1, 1], channels: 2, filters: 3 });
  grouped.window.filters = 3; // six filters in two groups, of two channels each
  assert.equal(layers.firstChannel(grouped.window, 2), 0);
  assert.equal(layers.firstChannel(grouped.window, 3), 2);
  const depthwise = { ...plain, channels: 1, filters: 2 };
  assert.deepEqual(
    [0, 1, 2, 5].map((i) => layers.firstChannel(depthwise, i)),
    [0, 0, 1, 2],
  );
});

test("the kernel of one channel alone gives the same numbers", () => {
  const source = picture(3, 3, 2, 4);
  const [layer, weights] = conv({ size: [3, 3], channels: 2, filters: 5 });
  const one = { ...weights, filters: 1, kernel: weights.kernel.filter((_, i) => i % 5 === 2) };
  assert.equal(
    layers.weightedSum(layer, source, one, 0, 0, 2).value,
    layers.weightedSum(layer, source, weights, 0, 0, 2).value,
  );
});

test("softmax divides one power by the sum of all", () => {
  const source = picture(1, 1, 3, 5);
  const [layer, weights] = conv({ size: [1, 1], channels: 3, filters: 4 });
  layer.activation = "softmax";
  const results = [0, 1, 2, 3].map((i) =>
    layers.weightedSum(layer, source, weights, 0, 0, i),
  );
  close(results.reduce((total, { value }) => total + value, 0), 1);
  const powers = results.map(({ before }) => Math.exp(before));
  close(results[1].value, powers[1] / powers.reduce((a, b) => a + b));
});

test("pools leave out what is outside the picture", () => {
  const source = { rows: 3, columns: 3, channels: 1, data: [1, 2, 3, 4, 5, 6, 7, 8, -9] };
  const window = { ...plain, size: [2, 2], strides: [2, 2], channels: 1, filters: 1 };
  const largest = layers.pooled({ how: "largest", window }, source, 1, 0, 0);
  assert.deepEqual(largest.winner, { row: 2, column: 1, value: 8 });
  assert.equal(largest.cells.length, 2);
  const corner = layers.pooled({ how: "largest", window }, source, 1, 1, 0);
  assert.equal(corner.value, -9); // not the 0 of a padding
  assert.equal(layers.pooled({ how: "average", window }, source, 0, 1, 0).value, 4.5);
});

test("a copied number is traced to its place", () => {
  const source = { rows: 2, columns: 3, channels: 4 };
  const flatten = { rows: 1, columns: 1, channels: 24 };
  const origins = Float32Array.from({ length: 24 }, (_, i) => i + 1);
  assert.deepEqual(layers.origin(flatten, source, origins, 0, 0, 23), {
    row: 1,
    column: 2,
    channel: 3,
  });
  origins[5] = 0;
  assert.equal(layers.origin(flatten, source, origins, 0, 0, 5), null);
});

test("channels are listed largest first, by size, and long lists are cut", () => {
  assert.deepEqual(layers.largestFirst([1, -3, 2, 3]), [1, 3, 2, 0]);
  assert.equal(layers.listed([4, 5]), "4, 5");
  assert.equal(layers.listed([1, 2, 3, 4], 2), "1, 2 and 2 more");
});

test("the first channel that is not dead is found", () => {
  assert.equal(layers.firstWithout([0, 1, 3], 4), 2);
  assert.equal(layers.firstWithout([], 4), 0);
  assert.equal(layers.firstWithout([0, 1], 2), 0);
});

test("every channel has a range of its own", () => {
  const { low, high } = layers.ranges({ data: [1, 5, -2, 7, 3, 6], channels: 2 });
  assert.deepEqual([...low, ...high], [-2, 5, 3, 7]);
});

test("the mosaic fits its page and holds every channel", () => {
  for (const width of [220, 390, 800]) {
    for (const values of [picture(15, 15, 64), picture(1, 1, 10), picture(1, 1, 1024)]) {
      const plan = layers.mosaicPlan(values, width);
      const lines = (plan.height - plan.gap) / plan.stepRows;
      assert.ok(plan.shown <= width);
      assert.ok(lines * plan.columns >= values.channels);
      assert.ok((lines - 1) * plan.columns < values.channels);
    }
  }
});
