// The language of all pages: English or Chinese. At first the browser's, then the one chosen last.
// A page brings its own words: const t = words({ en: {…}, zh: {…} }); t("key", ...values).

import { stored, store } from "./store.js";

const LANGUAGES = ["en", "zh"];
const wish = new URLSearchParams(location.search).get("lang");   // ?lang=zh for a screen on a wall
const told = new EventTarget();
let chosen = [wish, stored("language"), navigator.language.toLowerCase().slice(0, 2)]
  .find((each) => LANGUAGES.includes(each)) ?? "en";

export const language = () => chosen;
export const locale = () => chosen === "zh" ? "zh-CN" : "en-GB";

export function speak(name) {
  chosen = name;
  store("language", name);
  told.dispatchEvent(new Event("language"));
}

// Calls back now and whenever the language changes.
export function onLanguage(callback) {
  told.addEventListener("language", callback);
  callback();
}

// An entry may be a string or a function of values. A word that one language lacks is told on the
// console, which fails the page's test.
export function words(tables) {
  const keys = LANGUAGES.map((each) => Object.keys(tables[each]).sort().join(" "));
  if (keys[0] !== keys[1]) console.error("not the same words in en and zh:", ...keys);
  return (key, ...values) => {
    const entry = tables[chosen][key] ?? tables.en[key] ?? key;
    return typeof entry === "function" ? entry(...values) : entry;
  };
}

// Fills every element that names its words: data-text, data-label (aria-label), data-hint.
export function fill(root, t) {
  for (const element of root.querySelectorAll("[data-text]"))
    element.textContent = t(element.dataset.text);
  for (const element of root.querySelectorAll("[data-label]"))
    element.setAttribute("aria-label", t(element.dataset.label));
  for (const element of root.querySelectorAll("[data-hint]"))
    element.placeholder = t(element.dataset.hint);
}
