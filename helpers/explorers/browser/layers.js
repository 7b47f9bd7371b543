// explore_layers: a CNN layer by layer, channel by channel, down to one pixel's arithmetic.
// What it is made of comes from the files that Python joins with this one.

const TOP_CHANNELS = 3;
const TOP_INPUTS = 8;
const MOST_SHOWN = 1024; // rows of a table that is unfolded
const WIDEST_GRID = 12; // of a patch that is written out as a grid

function render({ model, el }) {
  const about = model.get("about");
  const announce = prepare(el, model.get("sentence"));
  const get = asker(model);
  const state = {
    model: 0,
    image: 0,
    layer: 1, // the input is 0
    channel: null,
    row: 0,
    column: 0,
    pinned: false,
    shared: false,
    all: false,
  };
  let now = null; // what `channelOf` gave last
  let loads = 0;
  let explanations = 0;
  let plan = null;
  let deadForAll = null;

  // ------------------------------------------------------------------ what there is

  const problem = create("p", { role: "alert", class: "layers-problem", hidden: true });
  const waiting = create("p", { role: "status" }, "Waiting for the numbers from Python.");
  const modelChoice = choices(
    "model",
    about.models.map(({ label }) => [label]),
    0,
    (i) => change({ model: i }),
  );
  const pictures = thumbnailsOf(model);
  const imageChoice = choices(
    "image",
    pictures.map((src, i) => [create("img", { alt: "", src }), String(i)]),
    0,
    (i) => change({ image: i }),
  );
  const scaleChoice = choices(
    "scale of grey",
    [["each map its own"], ["shared by all maps"]],
    0,
    (i) => change({ shared: i === 1 }),
  );
  modelChoice.hidden = about.models.length < 2;
  imageChoice.hidden = pictures.length < 2;
  imageChoice.classList.add("layers-images");

  const previews = about.models[0].layers.map(() => create("img", { alt: "" }));
  const easel = create("canvas"); // a canvas each would cost milliseconds in every frame
  const strip = choices(
    "layers",
    about.models[0].layers.map((layer, i) => [
      previews[i],
      create("span", {}, ...breakable(layer.name)),
      create("span", {}, ...breakable(layer.class)),
      create("span", {}, ...breakable(layer.shape.join("×"))),
    ]),
    state.layer,
    (i) => change({ layer: i }),
  );
  strip.classList.add("layers-strip");

  const heading = create("p", { class: "layers-heading" });
  const deadWords = create("p", {});
  const limitWords = create("p", {});
  const predicted = create("p", {});

  const mosaicCanvas = create("canvas", {});
  const crosses = draw("path", { class: "layers-cross" });
  const chosen = draw("rect", { class: "layers-chosen" });
  const overlay = draw(
    "svg",
    { "aria-hidden": "true", preserveAspectRatio: "none" },
    crosses,
    chosen,
  );
  const mosaic = create(
    "div",
    {
      class: "layers-mosaic",
      tabindex: 0,
      role: "slider",
      "aria-label": "mosaic of channels",
      "aria-valuemin": 0,
      onkeydown: moveChannel,
      onpointermove: pointAtChannel,
      onpointerleave: () => sayChannel(state.channel),
      onclick: clickChannel,
    },
    mosaicCanvas,
    overlay,
  );
  const channelField = numberField("channel", (i) => change({ channel: i }));
  const channelWords = create("span", { class: "layers-words" });
  const mosaicLegend = create("p", {});

  const input = panel("input");
  const before = panel("layer before");
  const map = panel("channel");
  Object.entries({
    class: "layers-picture layers-pointed",
    tabindex: 0,
    role: "application",
    "aria-roledescription": "pixels",
    "aria-label": "Pixels of the channel. Arrow keys move, Enter pins, Escape lets go.",
  }).forEach(([name, value]) => map.picture.setAttribute(name, value));
  map.canvas.removeAttribute("aria-label");
  map.canvas.setAttribute("aria-hidden", "true");
  map.canvas.removeAttribute("role");
  map.picture.addEventListener("keydown", movePixel);
  map.picture.addEventListener("pointermove", pointAtPixel);
  map.picture.addEventListener("pointerdown", pointAtPixel);
  map.picture.addEventListener("click", pinPixel);
  const rowField = numberField("row", (row) => moveTo(row, state.column));
  const columnField = numberField("column", (column) => moveTo(state.row, column));
  const pinButton = create("button", { type: "button", onclick: () => pin() }, "pin");
  const position = create(
    "div",
    { class: "layers-controls" },
    rowField.element,
    columnField.element,
    pinButton,
  );

  const title = create("p", { class: "layers-heading" });
  const sentence = create("p", {});
  const blocks = scrolled("what the number is made of");
  const inputsTable = makeTable("The largest products");
  const poolTable = makeTable("The window");
  const softmaxTable = makeTable("Softmax divides by the sum of these powers");
  const explainTable = makeTable("");
  const stepsTable = makeTable("Together");
  const unfold = create("button", {
    type: "button",
    "aria-expanded": "false",
    onclick: () => change({ all: !state.all }),
  });
  const powers = scrolled("softmax", softmaxTable.table);
  const arithmetic = create(
    "section",
    { class: "layers-arithmetic", "aria-label": "Arithmetic" },
    title,
    sentence,
    blocks,
    unfold,
    stepsTable.table,
    powers,
  );
  stepsTable.table.classList.add("layers-steps");

  const content = create(
    "div",
    { hidden: true },
    strip,
    heading,
    limitWords,
    create(
      "div",
      { class: "layers-controls" },
      channelField.element,
      channelWords,
    ),
    create("div", { class: "layers-mosaics" }, mosaic),
    mosaicLegend,
    deadWords,
    create(
      "div",
      { class: "layers-panels" },
      input.element,
      before.element,
      map.element,
    ),
    position,
    arithmetic,
  );
  el.append(
    create("div", { class: "layers-controls" }, modelChoice, imageChoice, scaleChoice),
    predicted,
    problem,
    waiting,
    content,
  );
  const onescape = (event) => {
    if (event.key !== "Escape" || !state.pinned) return;
    event.preventDefault();
    pin(false);
  };
  el.addEventListener("keydown", onescape);

  // ------------------------------------------------------------------- what changes

  /** Take over new choices and show what they need, once it has come. */
  async function change(choice) {
    Object.assign(state, choice);
    const { layers } = about.models[state.model];
    if ("model" in choice) deadForAll = null;
    if ("layer" in choice) {
      const { rows, columns } = layers[state.layer];
      state.row = Math.floor(rows / 2);
      state.column = Math.floor(columns / 2);
      state.channel = null; // known below
      state.pinned = false;
    }
    loads += 1;
    const mine = loads;
    try {
      const all = { what: "all layers", model: state.model, image: state.image };
      const { dead } = (await get(all)).answer;
      state.channel ??= firstWithout(dead[state.layer], layers[state.layer].channels);
      const found = await channelOf(get, about, { ...state });
      if (mine !== loads) return; // a later choice is on its way
      now = { ...found, before: layers[found.layer.source] };
      problem.hidden = true;
      content.hidden = false;
      showLayer();
      showPixel();
      await showPicture();
      await askForFields();
      await askForDead();
    } catch (error) {
      problem.hidden = false;
      say(problem, error.message);
    } finally {
      waiting.hidden = true;
    }
  }

  async function showPicture() {
    waiting.hidden = true;
    const { model: which, image, shared } = state;
    const shown = [which, image, shared].join();
    if (shown === input.shown) return;
    input.shown = shown;
    const { layers } = about.models[which];
    const last = layers.length - 1;
    const [picture, outputs] = await Promise.all([
      outputOf(get, about, which, image, 0),
      outputOf(get, about, which, image, last),
    ]);
    if (shown !== input.shown) return;
    paintPicture(input.canvas, picture);
    say(input.title, `${layers[0].name}\nthe input`);
    const { low, high } = extremes(picture);
    say(input.legend, `values from ${number(low)} to ${number(high)}`);
    input.bar.hidden = true;
    predicted.hidden = !isSingle(outputs);
    const units = Array.from(outputs.data, (x, i) => ({ x, i }));
    const top = units.sort((a, b) => b.x - a.x).slice(0, 3);
    const parts = top.map(({ x, i }) => `${unitName(last, i)} ${number(x)}`);
    say(predicted, `Largest outputs of ${layers[last].name}: ${parts.join(", ")}.`);
    await paintPreviews();
  }

  /** The receptive fields of a layer, or of one of its channels. */
  async function fieldsOf(layer, place, channel) {
    if (!layer.field || layer.field === "pixel") return null;
    const of = layer.field === "channel" ? channel : null;
    const question = { what: "fields", model: state.model, layer: place, channel: of };
    return (await get(question)).answer;
  }

  async function askForFields() {
    const mine = now;
    const fields = await fieldsOf(now.layer, state.layer, state.channel);
    mine.fields = fields;
    if (mine === now && now.fields) {
      showField(fieldOf(state.layer, now.fields, state.row, state.column));
    }
  }

  async function askForDead() {
    if (about.images === 1 || deadForAll) return;
    const { model: which } = state;
    const { answer } = await get({ what: "dead", model: which });
    if (which !== state.model) return;
    deadForAll = answer.dead;
    showDead();
  }

  async function paintPreviews() {
    const { model: which, image } = state;
    const all = await get({ what: "all layers", model: which, image });
    for (const place of all.answer.sent) {
      const values = await outputOf(get, about, which, image, place);
      if (which !== state.model || image !== state.image) return;
      if (place === 0) {
        paintPicture(easel, values);
      } else if (isSingle(values)) {
        const { low, high } = extremes(values);
        paintChannel(easel, values, 0, low, high);
      } else {
        paintMosaic(easel, values, previewPlan(values), state.shared);
      }
      previews[place].src = easel.toDataURL();
    }
  }

  function unitName(place, i) {
    const last = about.models[state.model].layers.length - 1;
    return about.classes && place === last ? about.classes[i] : `unit ${i}`;
  }

  function channelName(i) {
    const { layer } = now;
    if (!isSingle(layer)) return `channel ${i}`;
    const last = about.models[state.model].layers.length - 1;
    const named = about.classes && state.layer === last;
    return named ? `unit ${i} (${about.classes[i]})` : `unit ${i}`;
  }

  // -------------------------------------------------------------------- the mosaic

  function showLayer() {
    const { layer, values } = now;
    const single = isSingle(layer);
    const shape = layer.shape.join(" × ");
    const what = single
      ? `${layer.channels} numbers`
      : `${layer.channels} channels of ${layer.rows} rows and ${layer.columns} columns`;
    const made = madeBy(layer);
    say(heading, `${layer.name} (${layer.class}, ${shape}): ${what}${made}.`);
    limitWords.hidden = values.step === 1 && layer.whole !== false;
    say(limitWords, limitSentence(layer, values));
    say(channelField.element.firstChild, single ? "unit" : "channel");
    channelField.set(state.channel, layer.channels - 1);
    mosaic.setAttribute("aria-label", `mosaic of ${single ? "units" : "channels"}`);
    mosaic.setAttribute("aria-valuemax", layer.channels - 1);
    map.element.hidden = single;
    rowField.element.hidden = single;
    columnField.element.hidden = single;
    showPin();
    rowField.set(state.row, layer.rows - 1);
    columnField.set(state.column, layer.columns - 1);
    layOut();
    sayChannel(state.channel);
    const { low, high } = scaleOf(now.values, state.channel, state.shared);
    const shared = state.shared || single;
    say(
      mosaicLegend,
      shared
        ? `Black is ${number(low)}, white ${number(high)}, in all of them.`
        : "Each map has its own scale: black is its smallest value, white its largest.",
    );
    if (!single) {
      const one = now.map;
      const place = one === now.values ? state.channel : 0;
      paintChannel(map.canvas, one, place, low, high);
      say(map.title, `${layer.name}\nchannel ${state.channel}`);
      say(map.legend, `${number(low)} to ${number(high)}`);
    }
    showDead();
  }

  function madeBy(layer) {
    const words = [];
    if (layer.window && layer.class !== "Dense") {
      words.push(`window ${layer.window.size.join(" × ")}`);
      if (layer.window.strides.some((n) => n > 1)) {
        words.push(`strides ${layer.window.strides.join(" × ")}`);
      }
    }
    if (layer.activation && layer.activation !== "linear") words.push(layer.activation);
    return words.length ? `; ${words.join(", ")}` : "";
  }

  function limitSentence(layer, values) {
    const parts = [];
    const most = `more than the ${about.megabytes} MB that are sent of a layer`;
    if (values.step > 1) {
      parts.push(
        `These maps are ${most}: the mosaic shows one in ${values.step} rows and ` +
          "columns, the chosen channel is whole.",
      );
    }
    if (layer.whole === false) {
      parts.push(`The kernels are ${most}: only the chosen channel's is here.`);
    }
    return parts.join(" ");
  }

  /** Fit the mosaic to the width there is. */
  function layOut() {
    if (!now) return;
    const { values } = now;
    const width = el.clientWidth - 16;
    if (width <= 0) return;
    el.classList.toggle("layers-narrow", width < 480);
    plan = mosaicPlan(values, width);
    paintMosaic(mosaicCanvas, values, plan, state.shared);
    mosaic.style.width = `${plan.shown}px`;
    overlay.setAttribute("viewBox", `0 0 ${plan.width} ${plan.height}`);
    showChosen();
    showDead();
  }

  function showChosen() {
    const { x, y } = cornerOf(plan, state.channel);
    const half = plan.gap / 2;
    chosen.setAttribute("x", x - half);
    chosen.setAttribute("y", y - half);
    chosen.setAttribute("width", plan.stepColumns);
    chosen.setAttribute("height", plan.stepRows);
    mosaic.setAttribute("aria-valuenow", state.channel);
    channelField.set(state.channel, now.layer.channels - 1);
  }

  function showDead() {
    if (!plan || !now) return;
    const { layer, dead } = now;
    const single = isSingle(layer);
    const forAll = about.images > 1 ? (deadForAll?.[state.layer] ?? []) : [];
    const always = new Set(forAll);
    const lines = [];
    // A unit that is 0 for one image is not dead, and what is copied neither.
    const ofUnits = about.images > 1 && layer.how !== "copy" ? forAll : [];
    for (const channel of single ? ofUnits : new Set([...dead, ...forAll])) {
      const { x, y } = cornerOf(plan, channel);
      const right = x + plan.stepColumns - plan.gap;
      const bottom = y + plan.stepRows - plan.gap;
      lines.push(`M${x} ${y}L${right} ${bottom}`);
      if (always.has(channel)) lines.push(`M${x} ${bottom}L${right} ${y}`);
    }
    crosses.setAttribute("d", lines.join(""));
    const what = single ? "units" : "channels";
    const here = `${dead.length} of ${layer.channels} ${what} are zero for this image`;
    const sentences = [
      dead.length
        ? `${single ? "" : "Silent: "}${here}${single ? "" : " at every pixel"} ` +
          `(${listed(dead)}).`
        : `No ${single ? "unit is zero" : "channel is silent"} for this image.`,
    ];
    if (about.images > 1 && deadForAll) {
      sentences.push(
        forAll.length
          ? `Zero for all ${about.images} images: ${forAll.length} (${listed(forAll)}).`
          : `None is zero for all ${about.images} images.`,
      );
      if (dead.length && !single) {
        sentences.push("One stroke: silent for this image; a cross: dead, for all.");
      }
    }
    say(deadWords, sentences.join(" "));
  }

  function sayChannel(channel) {
    const { low, high } = ranges(now.values);
    const single = isSingle(now.layer);
    const dead = now.dead.includes(channel) && !single ? ", silent for this image" : "";
    const text = single
      ? `${channelName(channel)}: ${number(low[channel])}`
      : `${channelName(channel)}: ${number(low[channel])} to ` +
        `${number(high[channel])}${dead}`;
    say(channelWords, text);
    if (channel === state.channel) mosaic.setAttribute("aria-valuetext", text);
  }

  function channelAt(event) {
    const { left, top, width, height } = mosaic.getBoundingClientRect();
    const x = ((event.clientX - left) / width) * plan.width;
    const y = ((event.clientY - top) / height) * plan.height;
    const column = Math.floor(x / plan.stepColumns);
    const line = Math.floor(y / plan.stepRows);
    const channel = line * plan.columns + column;
    const inside = column >= 0 && column < plan.columns && line >= 0;
    return inside && channel < now.layer.channels ? channel : null;
  }

  /** Whether another channel can be shown without asking Python. */
  function isHere() {
    return now.values.step === 1 && now.layer.whole !== false && now.layer.field !== "channel";
  }

  function choose(channel) {
    if (channel === null || state.channel === null || channel === state.channel) return;
    if (!isSingle(now.layer) || !isHere()) {
      change({ channel });
      return;
    }
    state.channel = channel;
    showChosen();
    sayChannel(channel);
    showPixel();
  }

  function pointAtChannel(event) {
    const channel = channelAt(event);
    if (channel === null) return;
    sayChannel(channel);
    const single = isSingle(now.layer);
    if (single && isHere() && !state.pinned) choose(channel);
  }

  function clickChannel(event) {
    choose(channelAt(event));
    if (isSingle(now.layer)) pin();
  }

  function moveChannel(event) {
    const last = now.layer.channels - 1;
    const steps = {
      ArrowLeft: -1,
      ArrowRight: 1,
      ArrowUp: -plan.columns,
      ArrowDown: plan.columns,
      Home: -state.channel,
      End: last - state.channel,
    };
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      if (isSingle(now.layer)) pin();
      return;
    }
    if (!(event.key in steps)) return;
    event.preventDefault();
    const next = state.channel + steps[event.key];
    if (next >= 0 && next <= last) choose(next);
  }

  // --------------------------------------------------------------------- the pixel

  function moveTo(row, column) {
    if (state.channel === null) return; // another layer is on its way
    if (row === state.row && column === state.column) return;
    state.row = row;
    state.column = column;
    rowField.set(row, now.layer.rows - 1);
    columnField.set(column, now.layer.columns - 1);
    showPixel();
  }

  function pixelAt(event) {
    const { left, top, width, height } = map.canvas.getBoundingClientRect();
    const { rows, columns } = now.layer;
    const row = Math.floor(((event.clientY - top) / height) * rows);
    const column = Math.floor(((event.clientX - left) / width) * columns);
    return [clamped(row, rows - 1), clamped(column, columns - 1)];
  }

  function pointAtPixel(event) {
    if (!state.pinned) moveTo(...pixelAt(event));
  }

  function pinPixel(event) {
    const [row, column] = pixelAt(event);
    const same = row === state.row && column === state.column;
    state.pinned = !(state.pinned && same);
    moveTo(row, column);
    showPin();
    if (same) showPixel();
  }

  function pin(pinned = !state.pinned) {
    state.pinned = pinned;
    showPin();
    if (state.channel !== null) showPixel();
  }

  function showPin() {
    pinButton.setAttribute("aria-pressed", String(state.pinned));
    const single = now !== null && isSingle(now.layer);
    const free = single ? "pin this unit" : "pin this pixel";
    say(pinButton, state.pinned ? "pinned (Escape lets go)" : free);
    map.mark.classList.toggle("layers-pinned", state.pinned);
  }

  function movePixel(event) {
    const { rows, columns } = now.layer;
    const steps = {
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      PageUp: [-8, 0],
      PageDown: [8, 0],
      Home: [0, -state.column],
      End: [0, columns - 1 - state.column],
    };
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      pin();
      return;
    }
    if (!(event.key in steps)) return;
    event.preventDefault();
    const [down, right] = steps[event.key];
    moveTo(clamped(state.row + down, rows - 1), clamped(state.column + right, columns - 1));
  }

  /** The receptive field of a number: rows and columns of the input; null if not known. */
  function fieldOf(place, fields, row, column) {
    if (place === 0) return pixelPart(row, column);
    if (!fields?.rows[row] || !fields.columns[column]) return null; // or all padding
    return { rows: fields.rows[row], columns: fields.columns[column] };
  }

  /** Everything that changes with the pixel. It runs at every move of the pointer. */
  function showPixel() {
    const { layer } = now;
    const { row, column, channel } = state;
    const single = isSingle(layer);
    const keras = valueAt(now.map, row, column, now.map === now.values ? channel : 0);
    if (!single) markPart(map.mark, pixelPart(row, column), layer);
    const where = single
      ? channelName(channel)
      : `row ${row}, column ${column}, channel ${channel}`;
    say(title, `${layer.name}, ${where}: ${number(keras)}`);
    title.dataset.value = keras;
    say(map.words, `row ${row}, column ${column}: ${number(keras)}`);
    announce(`${where}: ${number(keras)}`);
    showField(fieldOf(state.layer, now.fields, row, column));
    const shows = {
      input: showInput,
      sum: showSum,
      largest: showPool,
      average: showPool,
      copy: showCopy,
      explain: showExplanation,
      value: showValue,
    };
    shows[layer.how](row, column, channel, keras);
  }

  function showField(field) {
    const layers = about.models[state.model].layers;
    markPart(input.mark, field, layers[0]);
    say(
      input.words,
      field
        ? `Receptive field: ${span("row", field.rows)}, ${span("column", field.columns)}.`
        : "",
    );
  }

  /** Show one channel of the layer before, a part of it marked. */
  function showBefore(channel, part, words) {
    before.element.hidden = !now.before;
    if (!now.before) return;
    const { source } = now;
    const key = [state.model, state.image, state.layer, channel, state.shared].join();
    const single = isSingle(source);
    if (before.key !== key) {
      before.key = key;
      const { low, high } = scaleOf(source, channel, state.shared);
      before.size = paintChannel(before.canvas, source, channel, low, high);
      say(before.legend, `${number(low)} to ${number(high)}`);
      const name = single ? `all ${source.channels} units` : `channel ${channel}`;
      say(before.title, `${now.before.name}\n${name}`);
    }
    let marked = part;
    if (single) {
      const y = Math.floor(channel / before.size.columns);
      const x = channel % before.size.columns;
      marked = pixelPart(y, x);
    }
    markPart(before.mark, marked, before.size);
    say(before.words, words);
  }

  /** The part of the layer before under the window, without the padding. */
  function partUnder(row, column) {
    const { layer, source } = now;
    const inside = (axis, place, length) => {
      const under = places(layer.window, axis, place);
      return [Math.max(under[0], 0), Math.min(under.at(-1) + 1, length)];
    };
    return {
      rows: inside(0, row, source.rows),
      columns: inside(1, column, source.columns),
    };
  }

  /** Whether a window sees some of the padding. */
  function hangsOver(row, column) {
    const { layer, source } = now;
    const under = [places(layer.window, 0, row), places(layer.window, 1, column)];
    const [first, last] = [0, -1].map((i) => under.map((indices) => indices.at(i)));
    return !isInside(source, ...first) || !isInside(source, ...last);
  }

  function nothingBut(...shown) {
    const parts = [blocks, unfold, stepsTable.table, powers];
    for (const part of parts) part.hidden = !shown.includes(part);
  }

  /** Put the one table or the grids that this layer needs into the scrolled part. */
  function inBlocks(...elements) {
    const same =
      blocks.children.length === elements.length &&
      elements.every((element, i) => blocks.children[i] === element);
    if (!same) blocks.replaceChildren(...elements);
  }

  function showInput() {
    nothingBut();
    before.element.hidden = true;
    say(sentence, "This is what the model gets. Choose a layer to see what it makes of it.");
  }

  function showValue() {
    nothingBut();
    before.element.hidden = true;
    say(sentence, now.layer.why);
  }

  function showPool(row, column, channel, keras) {
    const { layer, source } = now;
    const { cells, winner, sum, value } = pooled(layer, source, row, column, channel);
    const part = partUnder(row, column);
    showBefore(
      channel,
      part,
      `window: ${span("row", part.rows)}, ${span("column", part.columns)}`,
    );
    const width = part.columns[1] - part.columns[0];
    const drawn = cells.length <= WIDEST_GRID * WIDEST_GRID && width <= WIDEST_GRID;
    nothingBut(drawn ? blocks : null, stepsTable.table);
    if (drawn) {
      inBlocks(poolTable.table);
      say(poolTable.title, `${now.before.name}, channel ${channel}`);
      const rows = [];
      cells.forEach((cell, i) => {
        if (i % width === 0) rows.push([`row ${cell.row}`]);
        const won = cell === winner ? "★ " : "";
        rows.at(-1).push(won + number(cell.value));
      });
      const columns = cells.slice(0, width).map((cell) => `column ${cell.column}`);
      poolTable.fill(["", ...columns], rows);
    }
    if (winner) {
      say(
        sentence,
        `The largest of ${cells.length} values goes on: the one in row ${winner.row}, ` +
          `column ${winner.column}${drawn ? ", with the star" : ""}.`,
      );
      showSteps([[`largest of ${cells.length}`, value]], value, keras);
    } else {
      say(sentence, `The average of ${cells.length} values goes on.`);
      showSteps(
        [
          [`sum of ${cells.length}`, sum],
          ["/ how many", cells.length],
          ["= average", value],
        ],
        value,
        keras,
      );
    }
  }

  function showCopy(row, column, channel, keras) {
    const { layer, source, origins } = now;
    nothingBut(stepsTable.table);
    const from = origin(layer, source, origins, row, column, channel);
    if (!from) {
      before.element.hidden = true;
      say(sentence, "Padding: this number comes from no layer, it is put in.");
      showSteps([["padding", 0]], 0, keras);
      return;
    }
    const flat = isSingle(source);
    const where = flat
      ? `unit ${from.channel}`
      : `row ${from.row}, column ${from.column}, channel ${from.channel}`;
    showBefore(from.channel, pixelPart(from.row, from.column), flat ? "" : where);
    const counted =
      layer.class === "Flatten" && !flat
        ? ` ${channel} = (${from.row} × ${source.columns} + ${from.column}) × ` +
          `${source.channels} + ${from.channel}: Flatten writes row after row, in each ` +
          "column after column, of each pixel channel after channel."
        : "";
    say(sentence, `Nothing is computed: it is ${where} of ${now.before.name}.${counted}`);
    const value = valueAt(source, from.row, from.column, from.channel);
    showSteps([[`${now.before.name}, ${where}`, value]], value, keras);
    if (layer.field === "pixel" && !flat) showOriginsField(from);
  }

  /** A copied number has the receptive field of the one that it copies. */
  async function showOriginsField({ row, column, channel }) {
    const { layer, before: source } = now;
    const fields = await fieldsOf(source, layer.source, channel);
    if (now.layer === layer) showField(fieldOf(layer.source, fields, row, column));
  }

  function showSum(row, column, channel, keras) {
    const { layer, source, kernel } = now;
    const result = weightedSum(layer, source, kernel, row, column, channel);
    const { parts, sum, bias, before: score, value } = result;
    const order = largestFirst(parts);
    const area = layer.window.size[0] * layer.window.size[1];
    const first = firstChannel(layer.window, channel);
    const top = first + order[0];
    if (area > 1) {
      const part = partUnder(row, column);
      const words = `patch: ${span("row", part.rows)}, ${span("column", part.columns)}`;
      showBefore(top, part, `${words}; this channel counts most`);
    } else {
      const single = isSingle(source);
      showBefore(top, pixelPart(row, column), `${single ? "unit" : "channel"} ${top} counts most`);
    }
    const few = area > 1 ? TOP_CHANNELS : TOP_INPUTS;
    const count = Math.min(parts.length, state.all ? MOST_SHOWN : few);
    const shown = order.slice(0, count);
    nothingBut(
      blocks,
      parts.length > few ? unfold : null,
      stepsTable.table,
      layer.activation === "softmax" ? powers : null,
    );
    unfold.setAttribute("aria-expanded", String(state.all));
    const inputs = area > 1 ? "input channels" : "inputs";
    const all = parts.length > MOST_SHOWN ? `the ${MOST_SHOWN} largest` : "all";
    say(unfold, state.all ? `show ${few}` : `show ${all} of ${parts.length} ${inputs}`);
    if (area > 1) showGrids(shown, parts, row, column, channel);
    else showInputs(shown, parts, row, column, channel);
    const words = layer.activation === "linear" ? "" : ` → ${layer.activation}`;
    const plus = layer.bias ? " + bias" : "";
    say(
      sentence,
      `${area > 1 ? "patch × kernel" : "inputs × kernel"}${plus}${words}. ` +
        `${inputs[0].toUpperCase()}${inputs.slice(1)} that count most, by size, stand first.` +
        (hangsOver(row, column) ? " Dashed: padding, zeros outside the picture." : ""),
    );
    const together = shown.reduce((total, i) => total + parts[i], 0);
    const steps = [];
    if (count < parts.length) {
      steps.push([`the ${count} ${inputs} above`, together]);
      const rest = parts.length - count;
      const others = rest === 1 ? `1 other ${inputs.slice(0, -1)}` : `${rest} other ${inputs} together`;
      steps.push([others, sum - together]);
    }
    steps.push([`sum of ${parts.length * area} products`, sum]);
    if (bias !== null) steps.push(["+ bias", bias]);
    if (layer.activation === "softmax") {
      const { shift, total } = result;
      steps.push([`exp(${number(score)} − ${number(shift)})`, result.powers[channel]]);
      steps.push([`/ sum of exp over ${layer.channels} units`, total]);
      steps.push(["= softmax", value]);
      showPowers(result);
    } else if (layer.activation !== "linear") {
      steps.push([`= ${layer.activation}(${number(score)})`, value]);
    } else if (bias !== null) {
      steps.push(["= value", value]);
    }
    showSteps(steps, value, keras);
  }

  const grids = [];

  function showGrids(shown, parts, row, column, channel) {
    const [height, width] = now.layer.window.size;
    if (grids.size !== `${height} × ${width}`) {
      grids.length = 0;
      grids.size = `${height} × ${width}`;
    }
    while (grids.length < shown.length) grids.push(productGrid(height, width));
    inBlocks(...grids.slice(0, shown.length).map(({ table }) => table));
    shown.forEach((inputChannel, i) => {
      fillGrid(grids[i], now, row, column, channel, inputChannel, parts[inputChannel]);
    });
  }

  function showInputs(shown, parts, row, column, channel) {
    const { layer, source, kernel } = now;
    inBlocks(inputsTable.table);
    say(inputsTable.title, `${now.before.name} × kernel of ${channelName(channel)}`);
    const first = firstChannel(layer.window, channel);
    const [y] = places(layer.window, 0, row);
    const [x] = places(layer.window, 1, column);
    const rows = shown.map((i) => [
      String(first + i),
      number(valueAt(source, y, x, first + i)),
      number(weightAt(kernel, layer.window, 0, 0, i, channel)),
      number(parts[i]),
    ]);
    inputsTable.fill(["input", "x", "× kernel", "= product"], rows);
  }

  function showPowers({ scores, powers, total, shift, shares }) {
    const order = largestFirst(powers).slice(0, ROWS_OF_MORE);
    const rows = order.map((i) => [
      unitName(state.layer, i),
      number(scores[i]),
      number(powers[i]),
      number(shares[i]),
    ]);
    const more = powers.length - order.length;
    if (more > 0) {
      const rest = order.reduce((left, i) => left - powers[i], total);
      rows.push([`${more} smaller ones`, "", number(rest), number(rest / total)]);
    }
    rows.push(["sum", "", number(total), number(1)]);
    const power = `exp(score − ${number(shift)})`;
    softmaxTable.fill(["unit", "score", power, "/ sum"], rows);
  }

  function showSteps(steps, value, keras) {
    const rows = steps.map(([text, x]) => [
      text,
      Number.isInteger(x) && text.startsWith("/ how") ? String(x) : number(x),
    ]);
    const difference = Math.abs(value - keras);
    const equal = difference <= 1e-4 * Math.max(1, Math.abs(keras)) || value === keras;
    const verdict = equal ? "equal" : `differs by ${difference.toPrecision(2)}`;
    rows.push(["Keras gives", `${number(keras)} (${verdict})`]);
    stepsTable.fill([], rows);
    stepsTable.table.dataset.value = value;
    stepsTable.table.dataset.keras = keras;
  }

  async function showExplanation(row, column, channel, keras) {
    before.element.hidden = true;
    explanations += 1;
    const mine = explanations;
    if (!state.pinned) {
      nothingBut();
      const how = !isSingle(now.layer) ? "pixel" : "unit";
      say(sentence, `Click the ${how}, or press Enter on it, to ask Python how it is made.`);
      return;
    }
    say(sentence, "Asking Python.");
    try {
      const { answer } = await get({
        what: "explain",
        model: state.model,
        image: state.image,
        layer: state.layer,
        position: [row, column, channel],
      });
      if (mine !== explanations) return;
      nothingBut(blocks, stepsTable.table);
      inBlocks(explainTable.table);
      say(explainTable.title, answer.title);
      explainTable.fill(answer.headings, answer.rows);
      stepsTable.fill(
        [],
        [...answer.below, ["Keras gives", number(keras)]].map(([text, x]) => [
          text,
          x.replace("-", "−"),
        ]),
      );
      stepsTable.table.dataset.value = answer.value;
      stepsTable.table.dataset.keras = keras;
      say(sentence, answer.notes.join(" "));
      if (answer.field) showField({ rows: answer.field[0], columns: answer.field[1] });
    } catch (error) {
      if (mine === explanations) say(sentence, error.message);
    }
  }

  // ------------------------------------------------------------------------- begin

  showPin();
  let width = 0;
  const resized = new ResizeObserver(() => {
    if (el.clientWidth !== width) layOut();
    width = el.clientWidth;
  });
  resized.observe(el);
  change({ layer: state.layer });
  return () => {
    resized.disconnect();
    el.removeEventListener("keydown", onescape);
  };
}

export default { render };
