// The arithmetic of explore_dense: chains of Dense layers and activations.

/** How an activation makes its output from x, in words; `n` writes a number. */
const WORDS = {
  linear: () => "no activation: the sum is the output",
  relu(x, n, { negative_slope: slope, threshold = 0, max_value: most = Infinity }) {
    if (x > most) return `relu: ${n(x)} is cut to ${n(most)}`;
    if (x > threshold) return `relu: ${n(x)} is above ${threshold || 0} and stays`;
    if (Number.isNaN(x)) return `relu: ${n(x)} stays`;
    if (slope) return `relu: ${n(slope)} × (${n(x)} − ${n(threshold)})`;
    if (x === 0) return "relu: 0 stays";
    return `relu: ${n(x)} is cut to 0`;
  },
  leaky_relu: (x, n, { negative_slope: slope = 0.2 }) =>
    x > 0
      ? `leaky_relu: ${n(x)} is positive and stays`
      : `leaky_relu: ${n(x)} is negative: ${n(slope)} × ${n(x)}`,
  elu: (x, n, { alpha = 1 }) =>
    x > 0
      ? `elu: ${n(x)} is positive and stays`
      : `elu: ${n(x)} is negative: ${n(alpha)} × (e^${n(x)} − 1)`,
  selu: (x, n) =>
    x > 0
      ? `selu: ${n(SELU_SCALE)} × ${n(x)}`
      : `selu: ${n(SELU_SCALE)} × ${n(SELU_ALPHA)} × (e^${n(x)} − 1)`,
  gelu: (x, n) =>
    `gelu: ${n(x)} × ${n(normalShare(x))}, ` +
    "the chance that a standard normal number is smaller",
  silu: (x, n) => `silu: ${n(x)} × sigmoid(${n(x)}) = ${n(x)} × ${n(sigmoid(x))}`,
  sigmoid: (x, n) => `sigmoid: 1 / (1 + e^${n(-x)}) = 1 / (1 + ${n(Math.exp(-x))})`,
  tanh: (x, n) => `tanh: (e^${n(x)} − e^${n(-x)}) / (e^${n(x)} + e^${n(-x)})`,
  softplus: (x, n) => `softplus: log(1 + e^${n(x)})`,
  exponential: (x, n) => `exponential: e^${n(x)}`,
};

// ------------------------------------------------------------------- the network

/** Give each layer of the description its kernel and bias out of the one array sent. */
export function unpack(network, weights) {
  let start = 0;
  const take = (count) => weights.subarray(start, (start += count));
  let inputs = network.features;
  return network.layers.map((layer) => {
    const units = layer.units ?? inputs; // an activation layer has as many as it is fed
    const kernel = layer.units ? take(inputs * units) : null;
    const bias = layer.bias ? take(units) : null;
    const mean = layer.standardizes ? take(units) : null;
    const deviation = layer.standardizes ? take(units) : null;
    const unpacked = { ...layer, inputs, units, kernel, bias, mean, deviation };
    inputs = units;
    return unpacked;
  });
}

/** Compute all layers from one row: for each its inputs, its sums and its outputs. */
export function compute(layers, row) {
  let x = Float64Array.from(row, Math.fround); // Keras reads float32
  return layers.map((layer) => {
    const sums = sumsOf(layer, x);
    const outputs =
      layer.activation === "softmax"
        ? softmax(sums, SAFE).shares
        : sums.map((sum) => ACTIVATIONS[layer.activation](sum, layer.settings));
    const result = { inputs: x, sums, outputs };
    x = outputs;
    return result;
  });
}

/** What goes into a layer's activation. */
function sumsOf(layer, x) {
  const { kernel, mean, deviation } = layer;
  if (mean) return x.map((value, unit) => (value - mean[unit]) / deviation[unit]);
  return kernel ? addUp(layer, x) : x;
}

function addUp({ kernel, bias, units }, x) {
  const sums = new Float64Array(units);
  for (let i = 0; i < x.length; i += 1) {
    for (let unit = 0; unit < units; unit += 1) sums[unit] += x[i] * kernel[i * units + unit];
  }
  if (bias) for (let unit = 0; unit < units; unit += 1) sums[unit] += bias[unit];
  return sums;
}

// ----------------------------------------------------- one unit's arithmetic, in words

export const SAFE = 30; // sums that softmax takes as they are: e to the power of them is a number

/** Write a number as one would by hand: 1 and not 1.000. */
export function brief(x, decimals = 3) {
  const text = number(x, decimals);
  return text.includes(".") && !text.includes("e") ? text.replace(/\.?0+$/, "") : text;
}

/** What a unit is called: by its name where it has one, such as that of a class. */
export function called(names, unit, what = "unit") {
  return names ? names[unit] : `${what} ${unit}`;
}

/**
 * All that one unit's output is made of.
 *
 * `rows` are the table's: [input, x, kernel, product]; `steps` the lines below it, pairs
 * of a text and a number; `shares` softmax's table: [unit, sum, power, share].
 */
export function arithmetic(layer, { inputs, sums, outputs }, unit, decimals = 3, all = false) {
  const n = (x) => number(x, decimals);
  const short = (x) => brief(x, decimals);
  const value = outputs[unit];
  const before = sums[unit];
  const name = called(layer.names, unit);
  const steps = [];
  let rows = [];
  let sentence = `${name}: `;
  if (layer.mean) {
    const [x, mean, deviation] = [inputs[unit], layer.mean[unit], layer.deviation[unit]];
    sentence += `(${short(x)} − ${n(mean)}) / ${n(deviation)} = ${n(value)}.`;
    steps.push([`${name}, as given`, x], ["− mean", mean]);
    steps.push(["/ standard deviation", deviation], ["= output", value]);
    return { value, before, rows, steps, shares: [], sentence };
  }
  if (layer.kernel) {
    rows = Array.from(inputs, (x, i) => {
      const weight = layer.kernel[i * layer.units + unit];
      return [i, x, weight, x * weight];
    });
    const sum = rows.reduce((total, row) => total + row[3], 0);
    const terms = rows.map(([, x, weight]) => `${short(x)} × ${n(weight)}`);
    sentence +=
      rows.length <= 8
        ? `${terms.join(" + ")} = ${n(sum)}`
        : `the sum of ${rows.length} products = ${n(sum)}`;
    const shown = all ? rows : largest(rows, (row) => row[3]);
    if (shown.length < rows.length) {
      const rest = sum - shown.reduce((total, row) => total + row[3], 0);
      steps.push([`the ${rows.length - shown.length} smaller products`, rest]);
    }
    steps.push([`sum of ${rows.length} products`, sum]);
    rows = shown;
    if (layer.bias) {
      sentence += `, + bias ${n(layer.bias[unit])} = ${n(before)}`;
      steps.push(["+ bias", layer.bias[unit]], ["sum with bias", before]);
    } else {
      steps.push(["no bias", 0]);
    }
  } else {
    sentence += `takes ${n(before)} from ${name} before it`;
    steps.push([`output of ${name} before it`, before]);
  }
  let shares = [];
  if (layer.activation === "softmax") {
    const { shift, powers, total } = softmax(sums, SAFE);
    const less = shift ? ` − ${n(shift)}` : "";
    const exponent = shift ? `(${n(before)}${less})` : n(before);
    if (shift) steps.push(["largest sum, taken off each", shift]);
    steps.push([`power: e^${exponent}`, powers[unit]]);
    steps.push([`sum of the powers of all ${layer.units} units`, total]);
    steps.push([`softmax: ${n(powers[unit])} / ${n(total)}`, value]);
    sentence += `; softmax: e^${exponent} / ${n(total)} = ${n(value)}`;
    shares = Array.from(sums, (sum, i) => [i, sum, powers[i], outputs[i]]);
    shares = all ? shares : largest(shares, (row) => row[3]);
  } else {
    const text = WORDS[layer.activation](before, n, layer.settings);
    steps.push([text, value]);
    sentence += `; ${text}`;
    if (!text.endsWith("stays") && !text.endsWith("to 0")) sentence += `: ${n(value)}`;
  }
  return { value, before, rows, steps, shares, sentence: `${sentence}.` };
}

/** Keep all rows, or of many the largest, in their order. */
function largest(rows, of) {
  if (rows.length <= MOST_ROWS) return rows;
  const order = largestFirst(rows.map(of)).slice(0, ROWS_OF_MORE);
  return order.sort((a, b) => a - b).map((i) => rows[i]);
}

/** The `count` units with the largest numbers, `wanted` among them, in their order. */
export function unitsToDraw(values, count, wanted = null) {
  const drawn = largestFirst(values).slice(0, count);
  if (wanted !== null && !drawn.includes(wanted)) drawn[count - 1] = wanted;
  return drawn.sort((a, b) => a - b);
}

/**
 * The ends and the step of one input's slider: the rows' range, and around it `around`
 * times as much on both sides.
 */
export function range([low, high], around = 1) {
  const span = high > low ? high - low : Math.max(Math.abs(high), 1);
  const rough = ((1 + 2 * around) * span) / 100;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * [1, 2, 5, 10].find((nice) => nice * unit >= rough);
  const room = high > low ? around * span : span;
  const ends = [Math.floor((low - room) / step), Math.ceil((high + room) / step)];
  return { low: ends[0] * step, high: ends[1] * step, step };
}
