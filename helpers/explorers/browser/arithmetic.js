// The arithmetic of one number of a CNN: its window, its products, their sum.
//
// `values` are the output of a layer: { data, rows, columns, channels }, with the channel
// running fastest, as in NumPy. `layer` is what Python's `describe` tells of it.

/** One value; 0 outside the picture, where the padding is. */
export function valueAt(values, row, column, channel) {
  if (!isInside(values, row, column)) return 0;
  return values.data[(row * values.columns + column) * values.channels + channel];
}

export function isInside({ rows, columns }, row, column) {
  return row >= 0 && row < rows && column >= 0 && column < columns;
}

/** Whether a layer has no rows and columns: its channels are units, one number each. */
export function isSingle({ rows, columns }) {
  return rows * columns === 1;
}

/** The rows (axis 0) or columns (axis 1) of the layer before under a window. */
export function places(window, axis, place) {
  const first = place * window.strides[axis] - window.before[axis];
  return Array.from(
    { length: window.size[axis] },
    (_, i) => first + i * window.dilation[axis],
  );
}

/** The first of the `window.channels` input channels that make an output channel. */
export function firstChannel(window, channel) {
  if (!window.filters) return 0; // every filter sees all of them
  return Math.floor(channel / window.filters) * window.channels;
}

/** One weight. `weights.filters` is 1 where only the chosen channel's kernel was sent. */
export function weightAt(weights, window, i, j, inputChannel, channel) {
  const filter = weights.filters === 1 ? 0 : channel;
  const place = (i * window.size[1] + j) * window.channels + inputChannel;
  return weights.kernel[place * weights.filters + filter];
}

/** What each input channel adds to one output: the sums of patch × kernel. */
export function contributions(layer, source, weights, row, column, channel) {
  const { window } = layer;
  const rows = places(window, 0, row);
  const columns = places(window, 1, column);
  const first = firstChannel(window, channel);
  const sums = new Float64Array(window.channels);
  rows.forEach((y, i) => {
    if (y < 0 || y >= source.rows) return;
    columns.forEach((x, j) => {
      if (x < 0 || x >= source.columns) return;
      const pixel = (y * source.columns + x) * source.channels + first;
      for (let k = 0; k < window.channels; k += 1) {
        sums[k] += source.data[pixel + k] * weightAt(weights, window, i, j, k, channel);
      }
    });
  });
  return sums;
}

/** patch × kernel + bias → activation, of one output of a convolution or Dense layer. */
export function weightedSum(layer, source, weights, row, column, channel) {
  const add = (numbers) => numbers.reduce((a, b) => a + b, 0);
  const partsOf = (i) => contributions(layer, source, weights, row, column, i);
  const parts = partsOf(channel);
  const sum = add(parts);
  const bias = layer.bias ? weights.bias[channel] : null;
  const before = sum + (bias ?? 0);
  if (layer.activation !== "softmax") {
    return { parts, sum, bias, before, value: ACTIVATIONS[layer.activation](before) };
  }
  const scores = Array.from(
    { length: layer.channels },
    (_, i) => add(partsOf(i)) + (layer.bias ? weights.bias[i] : 0),
  );
  const divided = softmax(scores);
  return { parts, sum, bias, before, value: divided.shares[channel], scores, ...divided };
}

/** The values under a pooling window, what lies outside left out, and their result. */
export function pooled(layer, source, row, column, channel) {
  const cells = [];
  for (const y of places(layer.window, 0, row)) {
    for (const x of places(layer.window, 1, column)) {
      if (isInside(source, y, x)) {
        cells.push({ row: y, column: x, value: valueAt(source, y, x, channel) });
      }
    }
  }
  if (layer.how === "largest") {
    const winner = cells.reduce((a, b) => (b.value > a.value ? b : a));
    return { cells, winner, value: winner.value };
  }
  const sum = cells.reduce((total, cell) => total + cell.value, 0);
  return { cells, sum, value: sum / cells.length };
}

/** Where a layer that copies took a number from; null where it is padding. */
export function origin(layer, source, origins, row, column, channel) {
  const place = (row * layer.columns + column) * layer.channels + channel;
  const from = origins[place] - 1; // Python counts from 1
  if (from < 0) return null;
  const pixel = Math.floor(from / source.channels);
  return {
    row: Math.floor(pixel / source.columns),
    column: pixel % source.columns,
    channel: from % source.channels,
  };
}
