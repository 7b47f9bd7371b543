// Load an explorer's file as the browser does: in one module with common.js.
import { readFileSync } from "node:fs";

const folder = new URL("../../helpers/explorers/browser/", import.meta.url);

export function explorer(name) {
  const code = ["common.js", name].map((file) => readFileSync(new URL(file, folder), "utf8"));
  return import(`data:text/javascript,${encodeURIComponent(code.join("\n"))}`);
}
