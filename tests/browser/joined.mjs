// An explorer's files, joined into one module as Python joins them for the browser.
import { readFileSync } from "node:fs";

const explorers = new URL("../../helpers/explorers/", import.meta.url);
export const read = (file) => readFileSync(new URL(file, explorers), "utf8");

/** The files of `explore_<name>`, in their order: browser_code("common.js", …) in Python. */
export function filesOf(name) {
  const [, names] = read(`${name}.py`).match(/browser_code\(([^]*?)\)\n/);
  return names.match(/\w+\.js/g);
}

export function explorer(name) {
  const code = filesOf(name).map((file) => read(`browser/${file}`));
  return import(`data:text/javascript,${encodeURIComponent(code.join("\n"))}`);
}
