// The grids patch × kernel = product, one for each input channel of a convolution.

/** Make the grid of one input channel. */
export function productGrid(height, width) {
  const title = create("caption");
  const cells = Array.from({ length: 3 * height * width }, (_, i) => {
    const first = i % (3 * width) > 0 && i % width === 0; // of the kernel, of the products
    return create("td", { class: first ? "layers-first" : null });
  });
  const rows = Array.from({ length: height }, (_, i) =>
    create("tr", {}, ...cells.slice(3 * width * i, 3 * width * (i + 1))),
  );
  const headings = ["patch", "× kernel", "= product"].map((text) =>
    create("th", { colspan: width, scope: "colgroup" }, text),
  );
  const head = create("thead", {}, create("tr", {}, ...headings));
  const body = create("tbody", {}, ...rows);
  const table = create("table", { class: "layers-products" }, title, head, body);
  return { table, title, cells };
}

/** Write one input channel's patch, kernel and products into its grid. */
export function fillGrid(grid, now, row, column, channel, inputChannel, sum) {
  const { source, kernel } = now;
  const { window } = now.layer;
  const inSource = firstChannel(window, channel) + inputChannel;
  say(grid.title, `${now.before.name}, channel ${inSource}: adds ${number(sum)}`);
  const columns = places(window, 1, column);
  const width = columns.length;
  places(window, 0, row).forEach((y, i) => {
    columns.forEach((x, j) => {
      const value = valueAt(source, y, x, inSource);
      const weight = weightAt(kernel, window, i, j, inputChannel, channel);
      const first = i * 3 * width + j;
      [value, weight, value * weight].forEach((one, k) => {
        say(grid.cells[first + k * width], number(one));
      });
      grid.cells[first].classList.toggle("layers-padding", !isInside(source, y, x));
    });
  });
}
