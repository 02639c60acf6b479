// Light, dark, or as the system has it.

import { stored, store } from "./store.js";

export const LIGHTS = ["auto", "light", "dark"];
const wish = new URLSearchParams(location.search).get("theme");   // ?theme=dark for a wall
let chosen = [wish, stored("light")].find((each) => LIGHTS.includes(each)) ?? "auto";
apply();

export const light = () => chosen;

export function nextLight() {
  chosen = LIGHTS[(LIGHTS.indexOf(chosen) + 1) % LIGHTS.length];
  store("light", chosen);
  apply();
}

function apply() {
  if (chosen === "auto") delete document.documentElement.dataset.light;
  else document.documentElement.dataset.light = chosen;
}
