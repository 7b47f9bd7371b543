// The activations of keras.activations, computed in double precision.

export const SELU_SCALE = 1.0507009873554805;
export const SELU_ALPHA = 1.6732632423543772;

/** Those that act on one number: (x, settings). Settings that are missing are Keras's own. */
export const ACTIVATIONS = {
  linear: (x) => x,
  relu(x, { negative_slope: slope = 0, threshold = 0, max_value: most = Infinity } = {}) {
    if (x <= threshold) return slope ? slope * (x - threshold) : 0;
    return Math.min(x, most); // NaN stays
  },
  relu6: (x) => Math.min(Math.max(x, 0), 6),
  leaky_relu: (x, { negative_slope: slope = 0.2 } = {}) => (x > 0 ? x : slope * x),
  elu: (x, { alpha = 1 } = {}) => (x > 0 ? x : alpha * Math.expm1(x)),
  selu: (x) => SELU_SCALE * (x > 0 ? x : SELU_ALPHA * Math.expm1(x)),
  gelu: (x) => x * normalShare(x),
  silu: (x) => x * sigmoid(x),
  exponential: Math.exp,
  sigmoid,
  hard_sigmoid: (x) => Math.min(Math.max(x + 3, 0), 6) / 6,
  tanh: Math.tanh,
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  softsign: (x) => x / (1 + Math.abs(x)),
};

/** 1 / (1 + e^−x), without a power that no number can hold. */
export function sigmoid(x) {
  return Math.exp(Math.min(x, 0)) / (1 + Math.exp(-Math.abs(x)));
}

/** The chance that a standard normal number is smaller than x. */
export function normalShare(x) {
  return (1 + erf(x / Math.SQRT2)) / 2;
}

/** The error function, by its series of positive terms; exact to the last digits. */
export function erf(x) {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n += 1) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/**
 * Turn scores into shares of 1. The largest score is first taken off all of them where
 * its size is more than `safe`, so that every power is a number: it cancels.
 */
export function softmax(scores, safe = 0) {
  const largest = scores.reduce((a, b) => Math.max(a, b), -Infinity);
  const shift = Math.abs(largest) > safe ? largest : 0;
  const powers = scores.map((score) => Math.exp(score - shift));
  const total = powers.reduce((a, b) => a + b, 0);
  return { shift, powers, total, shares: powers.map((power) => power / total) };
}
