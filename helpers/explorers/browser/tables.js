// Tables whose rows are made once and then only given other texts.

export const MOST_ROWS = 36; // a table of more shows the largest, as Python's `explain`
export const ROWS_OF_MORE = 12;

/** Indices, the largest sizes first; equal ones keep their order. */
export function largestFirst(numbers) {
  const indices = Array.from(numbers, (_, i) => i);
  return indices.sort((a, b) => Math.abs(numbers[b]) - Math.abs(numbers[a]) || a - b);
}

/** Make a table; `fill` and `foot` take lists of lists of texts. */
export function makeTable(caption, { rowHeads = false } = {}) {
  const title = create("caption", {}, caption);
  const [head, body, below] = ["thead", "tbody", "tfoot"].map((tag) => create(tag));
  const table = create("table", {}, title, head, body, below);
  const fillPart = (part, lines, makeCell) => {
    keep(part, lines.length, () => create("tr"));
    lines.forEach((texts, i) => {
      const { children } = part.children[i];
      keep(part.children[i], texts.length, makeCell);
      texts.forEach((text, place) => say(children[place], text));
    });
  };
  const makeCell = (place, colspan = null) =>
    rowHeads && place === 0 ? create("th", { scope: "row", colspan }) : create("td");
  return {
    table,
    title,
    body,
    fill(headings, rows) {
      fillPart(head, [headings], () => create("th", { scope: "col" }));
      fillPart(body, rows, (place) => makeCell(place));
    },
    /** Lines below; the first cell of a short one goes over several columns. */
    foot(lines) {
      const columns = head.rows[0].cells.length;
      fillPart(below, lines, (place) => makeCell(place, columns + 1 - lines[0].length));
    },
  };
}
