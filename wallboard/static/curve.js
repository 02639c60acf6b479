// The day by half hours: callers as bars, the service level as a line with its target and norms,
// an earlier day's callers as a faint line.

import { make } from "/frame/make.js";
import { language } from "/frame/words.js";
import { clockTime, percent } from "./figures.js";
import { t } from "./texts.js";

const INTERVAL_S = 1800;
const LEAST_SLOTS = 16;
const TIME_EMS = 3;   // the width of "00:00"
const SVG = "http://www.w3.org/2000/svg";

export function paintCurve(board, now) {
  const chart = document.getElementById("curve");
  const { clientWidth: width, clientHeight: height } = chart;
  const slot = Math.floor(now / INTERVAL_S) * INTERVAL_S;
  const lines = [{ value: board.totals.target, words: { en: t("target_word"), zh: t("target_word") }, ours: true },
    ...board.board.norms.filter((norm) => norm.figure === "service_level")];
  const signature = JSON.stringify(
    [width, height, slot, board.intervals, board.past, lines, language()]);
  if (chart.dataset.signature === signature || !width) return;
  chart.dataset.signature = signature;
  const size = parseFloat(getComputedStyle(chart).fontSize);
  chart.replaceChildren(...draw({ board, width, height, size, slot, lines }));
  paintLegend(board);
}

function paintLegend(board) {
  const keys = ["answered", "abandoned", "offered", "service_level", ...(board.past ? ["past"] : [])];
  document.getElementById("legend").replaceChildren(...keys.map((key) =>
    make(`span.key.key-${key}`, {}, key === "past" ? t("past", pastDay(board)) : t(key))));
}

function pastDay(board) {
  return new Intl.DateTimeFormat(language() === "zh" ? "zh-CN" : "en-GB", {
    weekday: "short", month: "numeric", day: "numeric", timeZone: "UTC",
  }).format(new Date(`${board.past.day}T12:00:00Z`));
}

function draw({ board, width, height, size, slot, lines }) {
  const points = board.intervals;
  const past = board.past?.intervals ?? [];
  const starts = [...points, ...past].map((point) => point.at_s);
  const from = Math.min(slot - (LEAST_SLOTS - 1) * INTERVAL_S, ...starts);
  const until = Math.max(slot, ...starts);
  const slots = Math.round((until - from) / INTERVAL_S) + 1;
  const frame = {
    left: size * 2.6, right: width - size * 3.2, top: size * 0.8, bottom: height - size * 1.7, size, board,
  };
  const step = (frame.right - frame.left) / slots;
  const most = niceMost(Math.max(1, ...[...points, ...past].map((point) => point.offered)));
  const scale = {
    from, slots, step, most,
    x: (atS) => frame.left + ((atS - from) / INTERVAL_S) * step,
    y: (number) => frame.bottom - (frame.bottom - frame.top) * (number / most),
    level: (share) => frame.bottom - (frame.bottom - frame.top) * share,
  };
  const [rules, words] = norms(lines, frame, scale);
  return [
    ...grid(frame, scale), ...bars(points, scale), ...pastLine(past, scale), ...rules,
    ...levelLine(points, scale), ...words,
  ];
}

function grid(frame, { from, slots, step, most, y }) {
  const parts = [];
  for (const number of [0, most / 2, most]) {
    if (!Number.isInteger(number)) continue;
    parts.push(svg("line", { class: "grid", x1: frame.left, x2: frame.right, y1: y(number), y2: y(number) }));
    parts.push(svg("text", { x: frame.left - frame.size * 0.4, y: y(number) + frame.size * 0.35, "text-anchor": "end" }, String(number)));
  }
  for (const share of [0, 0.5, 1]) {
    const at = frame.bottom - (frame.bottom - frame.top) * share;
    parts.push(svg("text", { class: "level-axis", x: frame.right + frame.size * 0.4, y: at + frame.size * 0.35 }, percent(share)));
  }
  const every = Math.max(2, 2 * Math.ceil((slots * frame.size * 3.6) / (2 * (frame.right - frame.left))));
  for (let index = 0; index < slots; index += 1) {
    const at = from + index * INTERVAL_S, x = frame.left + index * step;
    if (Math.round(at / INTERVAL_S) % every === 0 && x + frame.size * TIME_EMS <= frame.right)
      parts.push(svg("text", { x, y: frame.bottom + frame.size * 1.35 }, clockTime(frame.board, at, false)));
  }
  return parts;
}

function bars(points, { x, y, step }) {
  return points.flatMap((point) => {
    const bar = (name, low, high) => svg("rect", {
      class: name, x: x(point.at_s) + step * 0.12, width: step * 0.76, y: y(high),
      height: Math.max(0, y(low) - y(high)), rx: 2,
    });
    return [bar("offered", 0, point.offered), bar("answered", 0, point.answered),
      bar("abandoned", point.answered, point.answered + point.abandoned)];
  });
}

function pastLine(points, { x, y, step }) {
  if (!points.length) return [];
  return [svg("polyline", { class: "past", points: points.map((point) =>
    `${(x(point.at_s) + step / 2).toFixed(1)},${y(point.offered).toFixed(1)}`).join(" ") })];
}

function levelLine(points, { x, level, step }) {
  const known = points.filter((point) => point.service_level != null).map((point) =>
    [x(point.at_s) + step / 2, level(point.service_level)]);
  return [
    svg("polyline", { class: "level", points: known.map((pair) => pair.map((each) => each.toFixed(1)).join(",")).join(" ") }),
    ...known.map(([cx, cy]) => svg("circle", { class: "level-dot", cx, cy, r: Math.min(5, step / 3) })),
  ];
}

function norms(lines, frame, { level }) {
  let lowest = frame.top + frame.size * 0.2;   // labels must not lie on each other
  const rules = [], labels = [];
  for (const { value, words, ours } of [...lines].sort((a, b) => b.value - a.value)) {
    const at = level(value);
    lowest = Math.max(at + frame.size * 0.35, lowest + frame.size * 1.1);
    rules.push(svg("line", { class: ours ? "target" : "norm", x1: frame.left, x2: frame.right, y1: at, y2: at }));
    labels.push(svg("text", { class: "norm-words", x: frame.left + frame.size * 0.3, y: lowest },
      `${words[language()]}${ours ? ` ${percent(value)}` : ""}`));
  }
  return [rules, labels];
}

const niceMost = (number) =>
  [2, 4, 6, 10, 20, 30, 40, 60, 100, 200, 300, 400, 600, 1000, 2000, 4000]
  .find((each) => each >= number) ?? number;

function svg(tag, attributes, words = "") {
  const element = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.textContent = words;
  return element;
}
