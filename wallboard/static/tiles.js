// The tiles: one figure each, large; its target and norms on a gauge, its formula printed below.

import { make, put, sync } from "/frame/make.js";
import { language } from "/frame/words.js";
import { DASH, duration, grade, percent, shown } from "./figures.js";
import { t } from "./texts.js";

const SVG = "http://www.w3.org/2000/svg";

export function paintTiles(board) {
  const tiles = document.getElementById("tiles");
  const plan = board.board.tiles;
  tiles.dataset.count = Object.keys(plan).length;
  for (const tile of sync(tiles, Object.keys(plan), makeTile)) {
    const { key } = tile.dataset;
    paintTile(tile, plan[key], board.tiles[key] ?? {});
  }
}

function makeTile() {
  const gauge = document.createElementNS(SVG, "svg");
  gauge.setAttribute("class", "gauge");
  gauge.setAttribute("viewBox", "0 0 100 6");
  gauge.setAttribute("preserveAspectRatio", "none");
  gauge.setAttribute("aria-hidden", "true");
  return make("article.tile", {}, make("h2"), make("p.big"), gauge, make("p.small"), make("p.formula"));
}

function paintTile(tile, plan, { value = null, grade: how = "", beside = [] }) {
  const [title, big, gauge, small, formula] = tile.children;
  const lang = language();
  tile.dataset.figure = plan.figure;
  put(title, [plan.title[lang], plan.of].filter(Boolean).join(" · "));
  const words = shown(plan.unit, value);
  put(big, words);
  big.classList.toggle("long", words.length > 4);
  big.classList.toggle("longest", words.length > 6);
  grade(tile, how);
  paintGauge(gauge, plan, value);
  paintBeside(small, plan, beside);
  const printed = plan.formula ? plan.formula[lang] : "";
  put(formula, printed && plan.within_s ? `${printed} · T ${plan.within_s} s` : printed);
  formula.title = printed;
}

function paintGauge(gauge, plan, value) {
  gauge.classList.toggle("none", plan.unit !== "share" || plan.target == null);
  if (gauge.classList.contains("none")) return;
  const lines = [plan.target, ...plan.norms.map((norm) => norm.value)];
  const signature = JSON.stringify([value, lines]);
  if (gauge.dataset.signature === signature) return;
  gauge.dataset.signature = signature;
  gauge.replaceChildren(
    rect("gauge-track", 0, 100), rect("gauge-value", 0, 100 * (value ?? 0)),
    ...lines.map((share, index) => rect(index ? "gauge-norm" : "gauge-target", 100 * share - 0.5, 1)));
}

function rect(name, x, width) {
  const element = document.createElementNS(SVG, "rect");
  for (const [key, value] of Object.entries({ class: name, x, width, height: 6 })) element.setAttribute(key, value);
  return element;
}

function paintBeside(small, plan, beside) {
  const lang = language();
  const parts = plan.beside.map((each, index) =>
    [each.figure, each.title[lang], shown(each.unit, beside[index] ?? null)]);
  if (plan.target != null) parts.unshift(["target", targetWords(plan), ""]);
  for (const norm of plan.norms) parts.push([`norm ${norm.value}`, norm.words[lang], ""]);
  const found = new Map(parts.map((part) => [part[0], part]));
  for (const item of sync(small, [...found.keys()], () => make("span", {}, make("span"), make("b")))) {
    const [key, words, value] = found.get(item.dataset.key);
    item.dataset.figure = key;
    put(item.firstChild, words);
    put(item.lastChild, value);
  }
}

function targetWords({ unit, target, within_s: seconds }) {
  if (unit === "share") return seconds ? t("target_in", percent(target), seconds) : t("target", percent(target));
  return t("target", unit === "seconds" ? duration(target) : target ?? DASH);
}
