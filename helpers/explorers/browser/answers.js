// What Python is asked for: the numbers that did not come with the widget.

let questions = 0;

/**
 * Ask the widget's Python side: `await ask(model, question)` gives `{ answer, arrays }`,
 * or throws an Error with Python's message. Without a kernel no answer ever comes.
 */
export function ask(model, question) {
  questions += 1;
  const mine = `${Date.now()}-${questions}`; // several views of one widget may ask
  return new Promise((resolve, reject) => {
    const receive = ({ number: theirs, answer }, buffers) => {
      if (theirs !== mine) return;
      model.off("msg:custom", receive);
      if (answer.error) reject(new Error(answer.error));
      else resolve({ answer, arrays: (buffers ?? []).map(floats) });
    };
    model.on("msg:custom", receive);
    model.send({ number: mine, question });
  });
}

/**
 * Ask Python for numbers, each time only once; the oldest of many are forgotten. The first
 * answers came with the widget, so that it can be used while Python runs other cells.
 */
export function asker(model) {
  const prepared = preparedAnswers(model);
  const kept = new Map();
  return function get(question) {
    const key = keyOf(question);
    if (prepared.has(key)) return prepared.get(key);
    if (!kept.has(key)) {
      const answer = ask(model, question);
      answer.catch(() => kept.delete(key)); // it may be asked again
      kept.set(key, answer);
      if (kept.size > 32) kept.delete(kept.keys().next().value);
    }
    return kept.get(key);
  };
}

function preparedAnswers(model) {
  const numbers = floats(model.get("numbers"));
  let start = 0;
  const answers = model.get("prepared").map(([question, answer, sizes]) => {
    const arrays = sizes.map((size) => {
      start += size;
      return numbers.subarray(start - size, start);
    });
    return [keyOf(question), Promise.resolve({ answer: { ...answer }, arrays })];
  });
  return new Map(answers);
}

/** The same text for the same question, in whatever order its parts are written. */
function keyOf(question) {
  const parts = Object.entries(question).filter(([, value]) => value !== null);
  return JSON.stringify(parts.sort());
}

/** The output of one layer; of a large one, one in `step` rows and columns. */
export async function outputOf(get, about, model, image, place) {
  const { rows, columns, channels } = about.models[model].layers[place];
  const { answer: all, arrays } = await get({ what: "all layers", model, image });
  if (all.sent.includes(place)) {
    const data = arrays[all.sent.indexOf(place)];
    all.values ??= {}; // kept with the answer, so that ranges are worked out once
    all.values[place] ??= { data, rows, columns, channels, step: 1 };
    return all.values[place];
  }
  const { answer, arrays: one } = await get({ what: "layer", model, image, layer: place });
  const { step, ranges } = answer;
  const size = { rows: Math.ceil(rows / step), columns: Math.ceil(columns / step) };
  answer.values ??= { data: one[0], ...size, channels, step };
  if (step > 1) answer.values.ranges = { low: ranges[0], high: ranges[1] };
  return answer.values;
}

/** Everything that the view of one channel needs. */
export async function channelOf(get, about, { model, image, layer: place, channel }) {
  const layer = about.models[model].layers[place];
  const here = { model, layer: place };
  const computed = layer.how === "sum" || layer.how === "copy";
  const [all, values, source, weights] = await Promise.all([
    get({ what: "all layers", model, image }),
    outputOf(get, about, model, image, place),
    "source" in layer ? outputOf(get, about, model, image, layer.source) : null,
    computed
      ? get({ what: "weights", ...here, channel: layer.whole === false ? channel : null })
      : null,
  ]);
  let map = values;
  if (values.step > 1) {
    const { arrays } = await get({ what: "channel", ...here, image, channel });
    map = { data: arrays[0], rows: layer.rows, columns: layer.columns, channels: 1 };
  }
  return {
    layer,
    values,
    map,
    source,
    dead: all.answer.dead[place],
    kernel: layer.how === "sum" && {
      kernel: weights.arrays[0],
      bias: weights.arrays[1],
      filters: layer.whole ? layer.channels : 1,
    },
    origins: layer.how === "copy" ? weights.arrays[0] : null,
    fields: null, // they may take seconds, and are asked for last
  };
}

/** The first of so many channels that is not in a list; 0 if all of them are. */
export function firstWithout(list, count) {
  const found = Array.from({ length: count }, (_, i) => i).find((i) => !list.includes(i));
  return found ?? 0;
}
