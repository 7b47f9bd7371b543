// explore_dense: what the page shows; the numbers come from dense_arithmetic.js.

const PITCH = 48; // pixels from one unit of the drawing to the next
const HEAD = 44;
const MOST_WIDE = 5; // pixels of the line of the largest weight

function render({ model, el }) {
  const network = model.get("network");
  const layers = unpack(network, floats(model.get("weights")));
  const rows = floats(model.get("rows"));
  const announce = prepare(el, model.get("sentence"));
  const explorer = new DenseView(network, layers, rows, announce);
  el.append(...explorer.parts);
  explorer.chooseRow(0);
  const watch = new ResizeObserver(() => explorer.place());
  watch.observe(el);
  return () => watch.disconnect();
}

class DenseView {
  constructor(network, layers, rows, announce) {
    Object.assign(this, { network, layers, rows, announce });
    this.names = ["inputs", ...layers.map((layer) => layer.name)];
    this.unitNames = [network.columns, ...layers.map((layer) => layer.names)];
    this.counts = [network.features, ...layers.map((layer) => layer.units)];
    this.decimals = 3;
    this.all = false; // whether the table shows all products of many
    this.chosen = { column: 1, unit: 0 };
    this.pointed = null; // the unit under the pointer goes before the chosen one
    this.update = oncePerFrame(() => this.show());
    this.parts = [this.makeControls(), this.makeInputs(), ...this.makeNetwork()];
    this.parts.push(this.makeArithmetic());
  }

  // ------------------------------------------------------------ making the page

  makeControls() {
    const { features, rows } = this.network;
    const offered = this.rows.length / features;
    const options = Array.from({ length: offered }, (_, i) => {
      const values = [...this.row(i).subarray(0, 4)].map((x) => brief(x));
      return [i, `row ${i}: ${values.join(", ")}${features > 4 ? ", …" : ""}`];
    });
    const [row, rowMenu] = menu("Row", options, (i) => this.chooseRow(Number(i)));
    this.rowMenu = rowMenu;
    const reset = () => this.chooseRow(this.rowNumber);
    this.reset = create("button", { type: "button", onclick: reset });
    const counts = [3, 6, 8].map((count) => [count, count]);
    const [decimals] = menu("Decimals", counts, (count) => {
      this.decimals = Number(count);
      this.place();
      this.update();
    });
    const controls = create("div", { class: "layers-controls" }, row, this.reset, decimals);
    if (Math.max(...this.counts) > this.network.drawn) controls.append(...this.makeChooser());
    if (offered < rows) controls.append(`The menu offers the first ${offered} of ${rows} rows.`);
    return controls;
  }

  /** Menu and field that reach the units that are not drawn. */
  makeChooser() {
    const options = this.names.map((name, i) => [i, `${name} (${this.counts[i]})`]);
    const settings = { type: "number", min: 0, step: 1, value: 0, "aria-label": "Unit" };
    const unit = create("input", settings);
    const choose = () => {
      const column = Number(layer.value);
      const last = this.counts[column] - 1;
      unit.max = last;
      this.choose(column, clamped(Number(unit.value), last));
    };
    const [label, layer] = menu("Layer", options, choose);
    layer.value = 1;
    unit.addEventListener("input", choose);
    const field = create("label", { class: "layers-control" }, "Unit ", unit);
    return [label, field];
  }

  makeInputs() {
    const named = this.network.columns ? " layers-named" : "";
    this.sliders = create("div", { class: `layers-sliders${named}` });
    const legend = create("legend", {}, "Inputs");
    return create("fieldset", { class: "layers-inputs" }, legend, this.sliders);
  }

  makeSlider(i) {
    const { columns, ranges } = this.network;
    const { low, high, step } = range(ranges[i], columns ? 0 : 1);
    const name = called(columns, i, "input");
    const label = create("span", { "aria-hidden": "true" }, ...breakable(name));
    const slider = create("input", {
      type: "range",
      min: low,
      max: high,
      step,
      "aria-label": name,
      oninput: () => this.set(i, Number(slider.value)),
    });
    const field = create("input", {
      type: "number",
      step: "any",
      "aria-label": `${name}, as a number`,
      oninput: () => {
        const valid = field.value !== "" && Number.isFinite(Number(field.value));
        field.setAttribute("aria-invalid", !valid);
        if (valid) this.set(i, Number(field.value), field);
      },
      onchange: () => this.showInput(i), // what is no number goes back to the last one
    });
    const line = create("div", { class: "layers-slider" }, label, slider, field);
    return Object.assign(line, { slider, field });
  }

  makeNetwork() {
    this.edges = draw("svg", { "aria-hidden": "true" });
    this.canvas = create("div", {
      class: "layers-network",
      role: "group",
      "aria-label": `${this.network.name}: arrow keys go from unit to unit`,
      onkeydown: (event) => this.move(event),
      onpointerleave: () => this.point(null),
    });
    const largest = this.layers
      .flatMap((layer) => (layer.kernel ? [layer.kernel] : []))
      .reduce((most, kernel) => kernel.reduce((a, b) => Math.max(a, Math.abs(b)), most), 0);
    this.largest = largest || 1;
    const said = [
      "Blue solid lines are positive weights, orange dashed lines negative ones; wider is " +
        `larger, up to ${number(largest)}. Under a unit's value stands its sum before the ` +
        "activation.",
    ];
    const large = this.names
      .map((name, column) => `${name} (${this.counts[column]})`)
      .filter((_, column) => this.counts[column] > this.network.drawn);
    if (large.length > 0) {
      said.push(
        `Of ${large.join(", ")} the ${this.network.drawn} largest are drawn, by the values ` +
          "of the row; the fields Layer and Unit reach the others.",
      );
    }
    for (const name of this.network.skipped) {
      said.push(`${name} acts in training only and is not drawn.`);
    }
    const hint = "Point at a unit to see its arithmetic; a click keeps it below.";
    const drawing = create("div", { class: "layers-scroll" }, this.canvas);
    return [create("p", {}, said.join(" ")), drawing, create("p", {}, hint)];
  }

  makeArithmetic() {
    this.sentence = create("p", { class: "layers-sentence" });
    this.more = create("button", {
      type: "button",
      onclick: () => {
        this.all = !this.all;
        this.update();
      },
    });
    const [products, shares] = ["", ""].map(() => makeTable("", { rowHeads: true }));
    Object.assign(this, { products, shares });
    const tables = create("div", { class: "layers-tables" }, products.table, shares.table);
    const label = { "aria-label": "Arithmetic of one unit" };
    return create("section", label, this.sentence, scrolled("Tables", tables), this.more);
  }

  // ------------------------------------------------------- what the reader does

  row(i) {
    const { features } = this.network;
    return this.rows.subarray(i * features, (i + 1) * features);
  }

  chooseRow(i) {
    this.rowNumber = i;
    this.rowMenu.value = i;
    this.x = Float64Array.from(this.row(i));
    say(this.reset, `Reset to row ${i}`);
    this.drawUnits();
  }

  set(i, value, typedInto = null) {
    this.x[i] = value;
    this.showInput(i, typedInto);
    this.update();
  }

  choose(column, unit) {
    this.chosen = { column, unit };
    this.pointed = null;
    this.all = false;
    if (this.drawn[column].includes(unit)) this.update();
    else this.drawUnits();
  }

  point(place) {
    this.pointed = place;
    this.update();
  }

  /** Arrow keys: up and down in a layer, left and right to the layer beside. */
  move(event) {
    const steps = { ArrowUp: -1, ArrowDown: 1, Home: -Infinity, End: Infinity };
    const sides = { ArrowLeft: -1, ArrowRight: 1 };
    let { column } = this.chosen;
    let place = this.drawn[column].indexOf(this.chosen.unit);
    if (event.key in sides) {
      const height = place + 0.5 - this.drawn[column].length / 2;
      column = clamped(column + sides[event.key], this.names.length - 1);
      place = height - 0.5 + this.drawn[column].length / 2;
    } else if (event.key in steps) {
      place += steps[event.key];
    } else {
      return;
    }
    event.preventDefault();
    this.nodes[column][clamped(place, this.drawn[column].length - 1)].focus();
  }

  // -------------------------------------------------------------- what is shown

  /** Draw the units anew: of a large layer, those with the largest values for this row. */
  drawUnits() {
    const results = compute(this.layers, this.x);
    this.drawn = [this.x, ...results.map((result) => result.outputs)].map((values, column) => {
      const wanted = column === this.chosen.column ? this.chosen.unit : null;
      return unitsToDraw(values, this.network.drawn, wanted);
    });
    this.sliders.replaceChildren(...this.drawn[0].map((i) => this.makeSlider(i)));
    this.drawn[0].forEach((i) => this.showInput(i));
    this.heads = this.names.map((name, column) => {
      const layer = column ? this.layers[column - 1] : { activation: "given" };
      const does = layer.mean ? "standardized" : layer.activation;
      return create("div", { class: "layers-head" }, create("b", {}, name), ` ${does}`);
    });
    this.nodes = this.drawn.map((units, column) =>
      units.map((unit) => this.makeNode(column, unit)),
    );
    this.drawEdges();
    this.canvas.replaceChildren(this.edges, ...this.heads, ...this.nodes.flat());
    this.place();
    this.show();
  }

  makeNode(column, unit) {
    const output = create("b");
    const sum = create("span");
    const word = create("span", { class: "layers-word" }, "sum ");
    const settings = {
      type: "button",
      class: "layers-node",
      tabindex: -1,
      onfocus: () => this.choose(column, unit),
      onclick: () => this.choose(column, unit), // Safari does not focus what is clicked
      onpointerenter: () => this.point({ column, unit }),
    };
    const node = create("button", settings, output, create("span", {}, word, sum));
    return Object.assign(node, { output, sum, word });
  }

  drawEdges() {
    this.edges.replaceChildren();
    this.groups = this.drawn.map((units, column) =>
      units.map((unit) => {
        const group = draw("g");
        this.edges.append(group);
        if (column === 0) return group;
        const layer = this.layers[column - 1];
        this.drawn[column - 1].forEach((source, place) => {
          const weight = layer.kernel ? layer.kernel[source * layer.units + unit] : 1;
          if (!layer.kernel && source !== unit) return;
          const sign = weight < 0 ? "layers-negative" : "layers-positive";
          const wide = Math.max(0.5, (MOST_WIDE * Math.abs(weight)) / this.largest);
          const line = draw("line", {
            class: layer.kernel ? sign : "layers-passed",
            "stroke-width": layer.kernel ? wide : 1,
          });
          group.append(Object.assign(line, { place }));
        });
        return group;
      }),
    );
  }

  /** Put units and lines where they belong in the width there is. */
  place() {
    const columns = this.names.length;
    const room = this.canvas.parentElement.clientWidth;
    const wide = 12 + 7.6 * this.longest();
    const narrow = room < columns * (wide + 32); // then without the word "sum"
    this.canvas.classList.toggle("layers-narrow", narrow);
    const pitch = room < columns * (wide + 8) ? wide + 24 : Math.floor(room / columns);
    const most = Math.max(...this.drawn.map((units) => units.length));
    const x = (column) => (column + 0.5) * pitch;
    const y = (column, place) =>
      HEAD + (place + 0.5 + (most - this.drawn[column].length) / 2) * PITCH;
    const size = { width: pitch * columns, height: HEAD + most * PITCH };
    this.canvas.style.width = `${size.width}px`;
    this.canvas.style.height = `${size.height}px`;
    for (const side in size) this.edges.setAttribute(side, size[side]);
    this.heads.forEach((head, column) => {
      head.style.left = `${x(column) - pitch / 2}px`;
      head.style.width = `${pitch}px`;
    });
    this.nodes.forEach((nodes, column) =>
      nodes.forEach((node, place) => {
        node.style.left = `${x(column)}px`;
        node.style.top = `${y(column, place) - (PITCH - 6) / 2}px`;
        for (const line of this.groups[column][place].children) {
          line.setAttribute("x1", x(column - 1));
          line.setAttribute("y1", y(column - 1, line.place));
          line.setAttribute("x2", x(column));
          line.setAttribute("y2", y(column, place));
        }
      }),
    );
  }

  /** Letters of the longest line in a unit, such as "12: −0.123" or a column's name. */
  longest() {
    const lengths = this.drawn.flatMap((units, column) =>
      units.map((unit) => {
        const name = this.unitNames[column]?.[unit] ?? String(unit);
        if (this.hasSum(column) || !this.unitNames[column]) {
          return name.length + 5 + this.decimals;
        }
        return Math.max(name.length, 5 + this.decimals);
      }),
    );
    return Math.max(...lengths);
  }

  /** Whether a unit shows the sum that went into its activation. */
  hasSum(column) {
    return column > 0 && this.layers[column - 1].activation !== "linear";
  }

  showInput(i, typedInto = null) {
    const line = this.sliders.children[this.drawn[0].indexOf(i)];
    line.slider.value = this.x[i];
    line.slider.setAttribute("aria-valuetext", brief(this.x[i], 8));
    if (line.field === typedInto) return;
    line.field.value = Number(this.x[i].toPrecision(7)); // float32 holds seven digits
    line.field.removeAttribute("aria-invalid");
  }

  show() {
    const results = compute(this.layers, this.x);
    const { column, unit } = this.pointed ?? this.chosen;
    this.nodes.forEach((nodes, i) =>
      nodes.forEach((node, place) => {
        this.showNode(node, results, i, this.drawn[i][place]);
        const shown = i === column && this.drawn[i][place] === unit;
        this.groups[i][place].classList.toggle("layers-fed", shown);
        node.classList.toggle("layers-shown", shown);
      }),
    );
    this.showArithmetic(results, column, unit);
  }

  showNode(node, results, column, unit) {
    const chosen = column === this.chosen.column && unit === this.chosen.unit;
    node.tabIndex = chosen ? 0 : -1;
    node.setAttribute("aria-pressed", chosen);
    const value = column ? results[column - 1].outputs[unit] : this.x[unit];
    const text = number(value, this.decimals);
    const names = this.unitNames[column];
    const name = called(names, unit, column ? "unit" : "input");
    let label = `${column ? `${this.names[column]} ` : ""}${name}: ${text}`;
    const sum = this.hasSum(column);
    node.word.hidden = !sum;
    if (sum) {
      const shown = number(results[column - 1].sums[unit], this.decimals);
      say(node.sum, shown);
      label += `, sum ${shown}`;
    } else if (names) {
      say(node.sum, name); // the line below is free for it
    }
    say(node.output, names && !sum ? text : `${names ? name : unit}: ${text}`);
    node.setAttribute("aria-label", label);
  }

  showArithmetic(results, column, unit) {
    const { decimals, products, shares } = this;
    const n = (x) => number(x, decimals);
    if (column === 0) {
      const name = called(this.network.columns, unit, "input");
      const text = `${name}: ${n(this.x[unit])} is given, not computed.`;
      say(this.sentence, text);
      this.announce(text);
      for (const hidden of [products.table, shares.table, this.more]) hidden.hidden = true;
      return;
    }
    const layer = this.layers[column - 1];
    const found = arithmetic(layer, results[column - 1], unit, decimals, this.all);
    say(this.sentence, found.sentence);
    this.announce(`${layer.name} ${found.sentence}`);

    const names = this.unitNames[column - 1];
    products.table.hidden = false;
    say(products.title, `${layer.name}, ${called(layer.names, unit)}: ${n(found.value)}`);
    products.table.tHead.hidden = !layer.kernel;
    products.fill(
      ["input", "x", "kernel", "product"],
      found.rows.map(([i, ...numbers]) => [names?.[i] ?? String(i), ...numbers.map(n)]),
    );
    products.foot(found.steps.map(([text, x]) => [text, n(x)]));

    shares.table.hidden = found.shares.length === 0;
    if (found.shares.length > 0) {
      const { total } = softmax(results[column - 1].sums, SAFE);
      say(shares.title, `softmax over the ${layer.units} units of ${layer.name}`);
      const lines = found.shares.map(([i, ...numbers]) => [
        `${i === unit ? "→ " : ""}${layer.names?.[i] ?? i}`,
        ...numbers.map(n),
      ]);
      shares.fill(["unit", "sum", "power", "share"], lines);
      found.shares.forEach(([i], place) => {
        shares.body.rows[place].toggleAttribute("aria-current", i === unit);
      });
      const rest = layer.units - found.shares.length;
      const sumOf = (place) => found.shares.reduce((sum, share) => sum + share[place], 0);
      const others = [[`the ${rest} others`, "", n(total - sumOf(2)), n(1 - sumOf(3))]];
      shares.foot([...(rest ? others : []), ["sum", "", n(total), n(1)]]);
    }
    const many = layer.kernel !== null && layer.inputs > MOST_ROWS;
    const manyShares = found.shares.length > 0 && layer.units > MOST_ROWS;
    this.more.hidden = !many && !manyShares;
    say(this.more, this.all ? "Show the largest only" : "Show all");
  }
}

export default { render };
