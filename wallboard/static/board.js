// The wallboard's page: follows /ws/wallboard, keeps the board, paints it.
//   /wallboard?board=NAME&lang=zh&theme=dark   as somebody who is signed in
//   /wallboard?tv=TOKEN                        a screen on a wall: no navigation, nobody signed in
// Names and sentences come from outside: they are only ever written as text.

import { put } from "/frame/make.js";
import { fill, language, onLanguage } from "/frame/words.js";
import "/frame/light.js";
import { paintAgents } from "./agents.js";
import { paintAlarms, setUpSound } from "./alarms.js";
import { paintCurve } from "./curve.js";
import { clockTime, dayName } from "./figures.js";
import { follow } from "./link.js";
import { paintQueues, paintTeams } from "./tables.js";
import { paintTiles } from "./tiles.js";
import { t } from "./texts.js";

const byId = (id) => document.getElementById(id);
const wish = new URLSearchParams(location.search);
const tv = wish.get("tv");
const KEEP_SIGNED_IN_MS = 30 * 60 * 1000;
const PANELS = {
  queues: paintQueues, teams: paintTeams, agents: paintAgents, curve: paintCurve,
  notices: paintNotices,
};

let me = null;                 // who is signed in; null on a wall
let isThere = () => {};
const hasBoard = new Promise((resolve) => { isThere = resolve; });
const link = follow({ tv, name: wish.get("board") ?? "default", onNews: paintSoon });

let painting = false;

function paintSoon() {
  if (painting) return;
  painting = true;
  setTimeout(() => { painting = false; paint(); }, 0);
}

function paint() {
  paintLink();
  const { board } = link;
  if (!board) return;
  const now = link.nowS();
  const title = board.board.title[language()];
  put(byId("title"), title);
  if (tv) document.title = title;
  put(byId("clock"), clockTime(board, now));
  put(byId("day"), dayName(board, now));
  paintAlarms(board, me);
  paintTiles(board);
  for (const [name, paintPanel] of Object.entries(PANELS)) {
    const panel = byId(`panel-${name}`);
    panel.hidden = !board.board.panels.includes(name);
    if (!panel.hidden) paintPanel(board, now);
  }
  isThere();
}

function paintLink() {
  const live = link.isUp && link.board?.core_up;
  const lamp = byId("link");
  lamp.className = `link ${live ? "up" : link.board ? "down" : ""}`;
  put(lamp, t(live ? "live" : link.isUp ? "core_lost" : link.board ? "lost" : "connecting"));
  document.body.classList.toggle("stale", !live);
  const banner = byId("banner");
  banner.hidden = live || !(link.board || link.refusal);
  put(banner, banner.hidden ? "" : bannerWords());
}

function bannerWords() {
  if (!link.isUp && link.refusal) return t(link.refusal);
  if (link.isUp && link.freshAtS == null) return t("never_up");
  const time = clockTime(link.board, link.freshAtS ?? link.nowS());
  return t(link.isUp ? "core_away" : "web_away", time);
}

function paintNotices(board) {
  const items = board.notices.slice(0, 8).map((notice) => {
    const item = document.createElement("li");
    const time = document.createElement("time");
    time.textContent = clockTime(board, notice.at_s, false);
    item.append(time, [t(`notice_${notice.kind}`), notice.text].filter(Boolean).join(" "));
    return item;
  });
  if (board.emergency) {
    const said = board.emergency[language()] ?? Object.values(board.emergency)[0] ?? "";
    const item = document.createElement("li");
    item.className = "emergency";
    item.textContent = `${t("emergency")} ${said}`;
    items.unshift(item);
  }
  if (!items.length) {
    items.push(document.createElement("li"));
    items[0].className = "none";
    items[0].textContent = t("no_notices");
  }
  const list = byId("notices");
  if (list.textContent !== items.map((item) => item.textContent).join("")) list.replaceChildren(...items);
}

function speak() {
  document.documentElement.lang = language() === "zh" ? "zh-CN" : "en";
  fill(document.querySelector("main"), t);
  paint();
}

async function chooseBoards(api) {
  const boards = await api("GET", "/api/v1/boards");
  const select = byId("boards");
  select.hidden = boards.length < 2;
  onLanguage(() => {
    select.setAttribute("aria-label", t("boards"));
    select.replaceChildren(...boards.map(({ name, title }) =>
      new Option(title[language()], name, false, name === link.name)));
  });
  select.onchange = () => {
    wish.set("board", select.value);
    location.search = wish.toString();
  };
}

document.documentElement.lang = language() === "zh" ? "zh-CN" : "en";
setUpSound(() => link.board);
setInterval(paint, 1000);
new ResizeObserver(() => link.board && paint()).observe(byId("curve"));
if (tv) {
  document.body.classList.add("open", "tv");
  onLanguage(speak);
  await hasBoard;
  document.documentElement.dataset.complete = "";   // as the frame says it of other pages
} else {
  const { openPage, api } = await import("/frame/frame.js");
  const load = () => Promise.all([hasBoard, chooseBoards(api)]);
  await openPage({ id: "wallboard", t, load, paint: (who) => { me = who; speak(); } });
  setInterval(() => { fetch("/api/v1/me").catch(() => {}); }, KEEP_SIGNED_IN_MS);
}
