import js from "@eslint/js";
import { defineConfig } from "eslint/config";

import * as common from "./helpers/explorers/browser/common.js";

const page = [
  ...["document", "getComputedStyle", "matchMedia", "performance", "window"],
  ...["requestAnimationFrame", "cancelAnimationFrame", "setTimeout", "clearTimeout"],
  ...["ImageData", "OffscreenCanvas", "Path2D", "IntersectionObserver", "ResizeObserver"],
  ...["CSS", "Event", "CustomEvent", "MutationObserver", "devicePixelRatio", "console"],
];
const readonly = (names) => Object.fromEntries(names.map((name) => [name, "readonly"]));

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
  {
    // Python joins common.js with each of the others into one module.
    files: ["helpers/explorers/browser/*.js"],
    ignores: ["helpers/explorers/browser/common.js"],
    languageOptions: { globals: readonly(Object.keys(common)) },
  },
  {
    files: ["tests/browser/*.mjs"],
    languageOptions: { globals: readonly(["URL", "process"]) },
  },
]);
