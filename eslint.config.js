import js from "@eslint/js";
import { defineConfig } from "eslint/config";

import { filesOf } from "./tests/browser/joined.mjs";

const page = [
  ...["document", "getComputedStyle", "matchMedia", "performance", "window"],
  ...["requestAnimationFrame", "cancelAnimationFrame", "setTimeout", "clearTimeout"],
  ...["ImageData", "OffscreenCanvas", "Path2D", "IntersectionObserver", "ResizeObserver"],
  ...["CSS", "Event", "CustomEvent", "MutationObserver", "devicePixelRatio", "console"],
];
const readonly = (names) => Object.fromEntries(names.map((name) => [name, "readonly"]));

// Python joins the files of an explorer: each uses what those before it export. A file of
// several explorers has these names in all of them.
const known = {};
for (const files of ["dense", "layers"].map(filesOf)) {
  let before = [];
  for (const file of files) {
    const path = `helpers/explorers/browser/${file}`;
    known[path] = (known[path] ?? before).filter((name) => before.includes(name));
    before = [...before, ...Object.keys(await import(`./${path}`))];
  }
}
const joined = Object.entries(known).map(([path, names]) => ({
  files: [path],
  languageOptions: { globals: readonly(names) },
}));

export default defineConfig([
  {
    files: ["**/*.js", "**/*.mjs"],
    plugins: { js },
    extends: ["js/recommended"],
    rules: { eqeqeq: "error", "no-var": "error", "prefer-const": "error" },
  },
  {
    files: ["helpers/explorers/browser/*.js"],
    languageOptions: { globals: readonly(page) },
  },
  ...joined,
  {
    files: ["tests/browser/*.mjs"],
    languageOptions: { globals: readonly(["URL", "process"]) },
  },
]);
