// What all explorers share. Python joins this file with others into one module, so that
// everything exported can be used in the files after it without an import.

/** Write a number with a fixed count of decimals, zero without a sign, "−" for minus. */
export function number(x, decimals = 3) {
  if (Number.isNaN(x)) return "not a number";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  if (Math.abs(x) >= 1e9) return x.toExponential(decimals).replaceAll("-", "−");
  const text = x.toFixed(decimals);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}

/** "3, 5, 8 and 12 more" */
export function listed(numbers, most = 12) {
  const text = numbers.slice(0, most).join(", ");
  return numbers.length > most ? `${text} and ${numbers.length - most} more` : text;
}

/** "row 3", or "rows 3 to 5" of [3, 6] */
export function span(name, [start, stop]) {
  return stop - start === 1 ? `${name} ${start}` : `${name}s ${start} to ${stop - 1}`;
}

/** The nearest whole number from 0 to `last`. */
export function clamped(x, last) {
  return Math.min(Math.max(Math.round(x), 0), last);
}

/** Turn the bytes of a widget's trait or answer into a Float32Array of their own. */
export function floats(bytes) {
  const view = bytes.buffer ? bytes : new DataView(bytes);
  const { buffer, byteOffset, byteLength } = view;
  return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
}

/**
 * Make an element: create("button", { class: "x", onclick: f, disabled: true }, "text").
 * Functions become listeners, true an empty attribute; null and false are left out.
 */
export function create(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same for the elements of a drawing: line, circle, text. */
export function draw(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  return fill(element, attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") {
      element.addEventListener(name.slice(2), value);
    } else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  element.append(...children);
  return element;
}

/** Let a name break where its parts meet: max_pooling2d_1, MaxPooling2D, 30×30×32. */
export function breakable(name) {
  const parts = name.split(/(?<=[_/])|(?<=[a-z])(?=[A-Z0-9])|(?=×)/);
  return parts.flatMap((part, i) => (i ? [create("wbr"), part] : [part]));
}

/** A part that scrolls in itself where it is too wide, by keyboard too. */
export function scrolled(label, ...children) {
  const settings = { class: "layers-scroll", tabindex: 0, role: "region" };
  return create("div", { ...settings, "aria-label": label }, ...children);
}

/** Set an element's text, only if it is another one: unchanged pixels cost nothing. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Let `parent` hold exactly `count` children: missing ones are made by make(i), superfluous
 * ones hidden, not removed, so that moving a pointer makes no elements.
 */
export function keep(parent, count, make) {
  while (parent.children.length < count) parent.append(make(parent.children.length));
  for (let i = 0; i < parent.children.length; i += 1) {
    const hidden = i >= count;
    if (parent.children[i].hidden !== hidden) parent.children[i].hidden = hidden;
  }
  return parent.children;
}

/**
 * Prepare the element that holds an explorer and return a function that tells screen
 * readers a sentence, at most one in `pause` milliseconds, the last one always.
 */
export function prepare(element, sentence, pause = 500) {
  element.classList.add("layers-explorer");
  element.setAttribute("role", "group");
  element.setAttribute("aria-label", sentence);
  // The notebook's shortcuts, such as "dd: delete the cell", stay away from our keys:
  // JupyterLab looks for the attribute, others for keys that reach the page.
  element.setAttribute("data-lm-suppress-shortcuts", "true");
  element.addEventListener("keydown", (event) => event.stopPropagation());
  const live = create("div", { "aria-live": "polite", class: "layers-unseen" });
  element.append(live);
  let waiting = null;
  let next = "";
  return function announce(text) {
    next = text;
    waiting ??= setTimeout(() => {
      waiting = null;
      say(live, next);
    }, pause);
  };
}

/** Call `draw` at most once a frame, however often the function returned is called. */
export function oncePerFrame(callback) {
  let waiting = false;
  let newest = [];
  return (...values) => {
    newest = values;
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      callback(...newest);
    });
  };
}
