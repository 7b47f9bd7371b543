// Feature maps in grey, the input in colour, and the marks on both.

/** The smallest and the largest value of each channel, worked out once. */
export function ranges(values) {
  if (values.ranges) return values.ranges;
  const { data, channels } = values;
  const low = new Float32Array(channels).fill(Infinity);
  const high = new Float32Array(channels).fill(-Infinity);
  for (let i = 0; i < data.length; i += 1) {
    const channel = i % channels;
    if (data[i] < low[channel]) low[channel] = data[i];
    if (data[i] > high[channel]) high[channel] = data[i];
  }
  values.ranges = { low, high };
  return values.ranges;
}

export function extremes(values) {
  const { low, high } = ranges(values);
  values.extremes ??= {
    low: low.reduce((a, b) => Math.min(a, b)),
    high: high.reduce((a, b) => Math.max(a, b)),
  };
  return values.extremes;
}

/** Black and white of one channel: its own, or those of all channels together. */
export function scaleOf(values, channel, shared) {
  if (shared || isSingle(values)) return extremes(values);
  const { low, high } = ranges(values);
  return { low: low[channel], high: high[channel] };
}

/** Paint a canvas of one pixel a number; null is a gap and stays transparent. */
export function paint(canvas, { rows, columns }, colourOf) {
  canvas.width = columns;
  canvas.height = rows;
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  const pixels = new Uint32Array(image.data.buffer);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const colour = colourOf(row, column);
      if (colour !== null) pixels[row * columns + column] = 0xff000000 | colour;
    }
  }
  context.putImageData(image, 0, 0);
}

/** One number as grey, from 0, black, to 255, white. */
function shade(value, low, high) {
  return high > low ? Math.round((255 * (value - low)) / (high - low)) : 0;
}

export function grey(value, low, high) {
  return 0x010101 * shade(value, low, high);
}

/** Paint one channel; the units of a layer without rows and columns as a square. */
export function paintChannel(canvas, values, channel, low, high) {
  if (!isSingle(values)) {
    paint(canvas, values, (row, column) => grey(valueAt(values, row, column, channel), low, high));
    return values;
  }
  const columns = Math.ceil(Math.sqrt(values.channels));
  const size = { rows: Math.ceil(values.channels / columns), columns };
  paint(canvas, size, (row, column) => {
    const unit = row * columns + column;
    return unit < values.channels ? grey(values.data[unit], low, high) : null;
  });
  return size;
}

/** Paint the input as a picture: in colour if it has three channels, else its first one. */
export function paintPicture(canvas, values) {
  const { low, high } = extremes(values);
  const [from, to] = low < 0 || high > 255 ? [low, high] : [0, high > 1 ? 255 : 1];
  paint(canvas, values, (row, column) => {
    const [red, green, blue] = [0, 1, 2].map((channel) =>
      shade(valueAt(values, row, column, values.channels === 3 ? channel : 0), from, to),
    );
    return red | (green << 8) | (blue << 16);
  });
}

/** The small pictures to choose an image by, as addresses that hold their data. */
export function thumbnailsOf(model) {
  const { images, thumbnail } = model.get("about");
  const [rows, columns] = thumbnail;
  const view = model.get("thumbnails");
  const bytes = new Uint8Array(view.buffer ?? view, view.byteOffset ?? 0);
  const canvas = create("canvas");
  return Array.from({ length: images < 2 ? 0 : images }, (_, i) => {
    paint(canvas, { rows, columns }, (row, column) => {
      const first = 3 * ((i * rows + row) * columns + column);
      return bytes[first] | (bytes[first + 1] << 8) | (bytes[first + 2] << 16);
    });
    return canvas.toDataURL();
  });
}

/** A picture that parts can be marked in: canvas, marks, title above, words below. */
export function panel(label) {
  const canvas = create("canvas", { role: "img", "aria-label": label });
  const mark = create("div", { class: "layers-mark" });
  const title = create("strong", {}, label);
  const words = create("span");
  const bar = create("span", { class: "layers-bar", "aria-hidden": "true" });
  const legend = create("span");
  const picture = create("div", { class: "layers-picture" }, canvas, mark);
  const scale = create("div", { class: "layers-scale" }, bar, legend);
  const element = create("div", { class: "layers-panel" }, title, picture, scale, words);
  return { element, canvas, picture, mark, title, words, bar, legend };
}

/** One pixel as a part of a picture. */
export function pixelPart(row, column) {
  return { rows: [row, row + 1], columns: [column, column + 1] };
}

/** Mark rows and columns [start, stop] of a picture of so many rows and columns. */
export function markPart(mark, part, size) {
  mark.hidden = !part;
  if (!part) return;
  const [top, bottom] = part.rows.map((row) => (100 * row) / size.rows);
  const [left, right] = part.columns.map((column) => (100 * column) / size.columns);
  mark.style.top = `${top}%`;
  mark.style.left = `${left}%`;
  mark.style.height = `${bottom - top}%`;
  mark.style.width = `${right - left}%`;
}
