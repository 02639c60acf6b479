// Alarms in a strip above everything, and as sound for those who want it.

import { make, put, sync } from "/frame/make.js";
import { stored, store } from "/frame/store.js";
import { language, onLanguage } from "/frame/words.js";
import { clockTime } from "./figures.js";
import { t } from "./texts.js";

const MOST_SHOWN = 6;
const LEADS = ["supervisor", "team_lead", "administrator"];
const AGAIN_MS = 10000;
const TONES_HZ = { alarm: [880, 660, 880], warning: [660] };

export function paintAlarms(board, me) {
  const list = document.getElementById("alarms");
  const wanted = board.board.panels.includes("alarms") ? Object.entries(board.alarms) : [];
  wanted.sort(([, a], [, b]) => rank(a) - rank(b) || b.since - a.since);
  list.hidden = !wanted.length;
  const shown = wanted.slice(0, MOST_SHOWN).map(([id]) => id);
  for (const item of sync(list, shown, makeAlarm)) paintAlarm(item, board, me);
  const more = wanted.length - shown.length;
  list.dataset.more = more > 0 ? t("more_alarms", more) : "";
}

const rank = (alarm) => (alarm.is_acknowledged ? 2 : 0) + (alarm.level === "alarm" ? 0 : 1);

function makeAlarm(id) {
  const done = make("button", { type: "button" });
  done.onclick = async () => {
    const { api, attempt } = await import("/frame/frame.js");
    await attempt(() => api("POST", `/api/v1/alarms/${id}/acknowledge`));
  };
  return make("li", {}, make("span.mark", {}, "▲"), make("span.words"), make("time"), done);
}

function paintAlarm(item, board, me) {
  const alarm = board.alarms[item.dataset.key];
  const [, words, time, done] = item.children;
  item.className = `${alarm.level} ${alarm.is_acknowledged ? "acknowledged" : ""}`;
  const by = alarm.is_acknowledged ? ` · ${t("acknowledged", alarm.acknowledged_by)}` : "";
  put(words, alarm.words[language()] + by);
  words.title = words.textContent;
  put(time, clockTime(board, alarm.since, false));
  done.hidden = alarm.is_acknowledged || !LEADS.includes(me?.role);
  put(done, t("acknowledge"));
}

// -- sound -------------------------------------------------------------------------------------
// A browser lets a page sound only after somebody has pressed something on it.

let context = null;
let isWanted = new URLSearchParams(location.search).get("sound") === "1" || stored("sound") === "on";

export function setUpSound(boardNow) {
  const button = document.getElementById("sound");
  button.hidden = false;
  button.onclick = () => {
    isWanted = !(isWanted && context?.state === "running");
    store("sound", isWanted ? "on" : "off");
    if (isWanted) wake();
    paintButton(button);
    if (isWanted) play("warning");
  };
  onLanguage(() => paintButton(button));
  if (isWanted) wake();        // works on a wall whose browser is told to allow it
  setInterval(() => { paintButton(button); soundFor(boardNow()); }, 1000);
}

function wake() {
  context ??= new AudioContext();
  context.resume().catch(() => {});
}

function paintButton(button) {
  const isOn = isWanted && context?.state === "running";
  put(button, t(isOn ? "sound_on" : isWanted ? "sound_press" : "sound_off"));
  button.setAttribute("aria-pressed", String(isOn));
  button.classList.toggle("wants", isWanted && !isOn);
}

let soundedAtMs = 0;

function soundFor(board) {
  if (!isWanted || context?.state !== "running" || Date.now() - soundedAtMs < AGAIN_MS) return;
  const loud = Object.values(board?.alarms ?? {}).filter((alarm) => alarm.sound && !alarm.is_acknowledged);
  if (!loud.length) return;
  soundedAtMs = Date.now();
  play(loud.some((alarm) => alarm.level === "alarm") ? "alarm" : "warning");
}

function play(level) {
  TONES_HZ[level].forEach((hertz, index) => {
    const tone = context.createOscillator();
    const gain = context.createGain();
    const start = context.currentTime + 0.28 * index;
    tone.frequency.value = hertz;
    gain.gain.setValueAtTime(0, start);
    gain.gain.linearRampToValueAtTime(0.3, start + 0.02);
    gain.gain.linearRampToValueAtTime(0, start + 0.25);
    tone.connect(gain).connect(context.destination);
    tone.start(start);
    tone.stop(start + 0.26);
    tone.onended = () => { tone.disconnect(); gain.disconnect(); };
  });
}
