// One recording, played with what was said and what was made of it; all of it by keys, too.

import {
  ApiError, api, dayAndTime, duration, language, make, openPage, put, words,
} from "/frame/frame.js";
import { Player, SPEEDS } from "./player.js";
import { Said, putNone } from "./said.js";
import { Sheets } from "./sheet.js";
import { Wave } from "./wave.js";

const t = words({
  en: {
    player: "Player", caller: "Caller", agent: "Agent", place: "Place in the recording",
    play: "Play", pause: "Pause", back: "Five seconds back", on: "Five seconds on",
    next_hit: "Next finding", speed: "Speed", by_keys: "Keys",
    key_list: "Space or K: play and pause · ← →: 5 seconds · Home, End: begin, end · N and P: next and previous finding · + and −: faster, slower",
    said: "What was said", rules: "What the rules found", inspection: "Inspection",
    score: "score", nothing: "The rules found nothing.", unjudged: "Not judged yet.",
    no_text: "There is no transcript.",
    queued: "It is being written down; open the page again in a moment.", incomplete: "audio is missing", call: "Call",
    model: (name, share) => `Heard by the speech model ${name}, which gets ${share} of the words wrong.`,
    mood: "Mood", heading: (agent) => `Talk of ${agent}`, open_end: "goes on",
    pause_mark: "paused", card: "card digits", hold: "hold", consultation: "consultation",
    conference: "conference", supervisor: "supervisor", transfer: "transfer",
  },
  zh: {
    player: "播放器", caller: "客户", agent: "坐席", place: "录音位置",
    play: "播放", pause: "暂停", back: "后退五秒", on: "前进五秒",
    next_hit: "下一处命中", speed: "倍速", by_keys: "快捷键",
    key_list: "空格或 K：播放、暂停 · ← →：前后 5 秒 · Home、End：开头、结尾 · N、P：下一处、上一处命中 · + −：加速、减速",
    said: "通话内容", rules: "规则命中", inspection: "人工质检",
    score: "分", nothing: "规则未命中。", unjudged: "尚未评分。",
    no_text: "没有转写文本。", queued: "正在转写，请稍后重新打开本页。", incomplete: "音频不完整", call: "通话",
    model: (name, share) => `由语音模型 ${name} 识别，其词错误率为 ${share}。`,
    mood: "情绪", heading: (agent) => `${agent} 的通话`, open_end: "进行中",
    pause_mark: "暂停录音", card: "卡号输入", hold: "保持", consultation: "咨询",
    conference: "三方通话", supervisor: "班长介入", transfer: "转接",
  },
});
const MARK_COLOURS = { pause: "warn", card: "warn", hold: "rest", transfer: "talk", conference: "talk" };
const place = (id) => document.getElementById(id);
const recordingId = decodeURIComponent(location.pathname.split("/").pop());
const base = `/api/v1/recordings/${encodeURIComponent(recordingId)}`;

// What this user may not see, or what is not there (yet), is null.
async function had(path) {
  try { return await api("GET", path); } catch (error) {
    if (error instanceof ApiError && [403, 404, 409].includes(error.status)) return null;
    throw error;
  }
}

// What there is of the talk; null is what there is not, or not for this user.
let talk = null;               // { recording, agentName, transcript, marks, verdict, findings }
let sheets = null;

async function fetched(me) {
  const [recording, agents] = await Promise.all([
    me.role === "agent" ? null : had(base), api("GET", "/api/v1/agents"),
  ]);
  const isEnded = recording !== null && recording.duration_s !== null;
  const [transcript, peaks, marks, quality] = await Promise.all([
    recording?.transcript === "ready" ? had(`${base}/transcript`) : null,
    isEnded ? had(`${base}/peaks`) : null,
    recording ? had(`${base}/marks`) : null,
    recording ? had(`/api/v1/quality/recordings/${encodeURIComponent(recordingId)}`) : null,
  ]);
  const verdict = quality?.current ?? null;
  const moods = (verdict?.marks ?? []).map((mark) => ({ ...mark, isMood: true }));
  const findings = [...verdict?.hits ?? [], ...moods].sort((a, b) => a.start - b.start);
  const agentName = agents.find((one) => one.id === recording?.agent_id)?.name ?? recording?.agent_id ?? "";
  return { recording, isEnded, agentName, transcript, peaks, marks, verdict, findings };
}

const player = new Player(place("audio"), follow);
const wave = new Wave(place("wave"), (seconds) => player.seek(seconds));
const said = new Said(place("said"), t, (seconds) => { player.seek(seconds); player.play(); });
const length = () => player.length || talk?.recording?.duration_s || 0;

function follow() {
  put(place("play"), t(player.isPlaying ? "pause" : "play"));
  put(place("clock"), `${duration(player.at)} / ${duration(length())}`);
  place("speed").value = String(player.audio.playbackRate);
  const slider = place("wave");
  slider.setAttribute("aria-valuemax", String(Math.round(length())));
  slider.setAttribute("aria-valuenow", String(Math.round(player.at)));
  slider.setAttribute("aria-valuetext", duration(player.at));
  wave.length = length();
  wave.move(player.at);
  said.follow(player.at, player.isPlaying);
}

function paint() {
  place("speed").replaceChildren(...SPEEDS.map((speed) => make("option", { value: String(speed) }, `${speed}×`)));
  if (talk) paintTalk(talk);
  sheets?.paint();
  follow();
}

function paintTalk({ recording, agentName, transcript, marks, verdict, findings }) {
  put(place("heading"), recording ? t("heading", agentName) : recordingId);
  place("facts").replaceChildren(...(recording ? facts(recording) : []));
  place("lanes").replaceChildren(...lanes(marks ?? [], findings));
  place("hit").disabled = !findings.length;
  if (transcript) said.show(transcript, agentName || t("agent"), findings.filter((one) => one.kind === "forbidden"));
  const why = t(recording?.transcript === "queued" ? "queued" : "no_text");
  putNone(place("no-text"), transcript ? "" : recording?.transcript_problem || why);
  paintVerdict(verdict, findings);
}

function facts(recording) {
  return [
    make("span", {}, dayAndTime(recording.started)), make("span.soft", {}, recording.queue),
    make("a", { href: `/calls/${encodeURIComponent(recording.call_id)}` }, t("call")),
    recording.complete === false ? make("span.badge.warn", {}, t("incomplete")) : null,
  ].filter(Boolean);
}

function lanes(marks, findings) {
  const whole = length();
  if (!whole) return [];
  const told = marks.map((mark) => ({
    from: mark.from_s, to: mark.to_s ?? whole, colour: MARK_COLOURS[mark.kind] ?? "rest",
    words: [t(mark.kind === "pause" ? "pause_mark" : mark.kind), mark.party].filter(Boolean).join(" "),
  }));
  // What was not said is nowhere: its window is most of the talk, and would hide what has a place.
  const found = findings.filter((one) => one.kind !== "required").map((one) => ({
    from: one.start, to: one.end, colour: one.isMood ? "warn" : "alarm", words: sentence(one),
  }));
  return [told, found].filter((lane) => lane.length).map((lane) => make("div.lane", {},
    ...lane.map(({ from, to, colour, words: label }) => {
      const button = make(`button.${colour}`, { type: "button", title: label, "aria-label": label });
      button.style.left = `${Math.min(98, from / whole * 100)}%`;
      button.style.width = `${Math.max(0, (to - from) / whole * 100)}%`;
      button.onclick = () => player.clip(Math.max(0, from - 1), to + 1);
      return button;
    })));
}

const sentence = (one) => one.text[language()] ?? one.text.en ?? one.rule ?? one.mood;

function paintVerdict(verdict, findings) {
  place("verdict").replaceChildren(...(verdict
    ? [make("span.total", {}, String(verdict.score)), make("span.soft", {}, `${t("score")} · ${verdict.pack} ${verdict.version}`)]
    : [make("span.soft", {}, t("unjudged"))]));
  if (verdict && !findings.length) place("verdict").append(make("span", {}, t("nothing")));
  place("hits").replaceChildren(...findings.map((one) => {
    const button = make("button.quiet", { type: "button" },
      make("span.soft", {}, `${duration(one.start)} ${t(one.side === "agent" ? "agent" : "caller")} `),
      sentence(one), one.penalty ? make("span.badge.alarm", {}, `−${one.penalty}`) : null);
    button.onclick = () => player.clip(Math.max(0, one.start - 1), one.end + 1);
    return make("li", {}, button);
  }));
  const rate = verdict?.word_error_rate;
  put(place("model"), rate === null || rate === undefined ? ""
    : t("model", verdict.model, `${(rate * 100).toFixed(1)} %`));
}

function finding(sign) {
  const findings = talk?.findings ?? [];
  const after = findings.filter((one) => one.start - 1 > player.at + 0.2);
  const before = findings.filter((one) => one.end < player.at - 0.5);
  const found = sign > 0 ? after[0] ?? findings[0] : before.at(-1) ?? findings.at(-1);
  if (found) player.clip(Math.max(0, found.start - 1), found.end + 1);
}

const KEYS = {
  " ": () => player.toggle(), k: () => player.toggle(), ArrowLeft: () => player.step(-1),
  ArrowRight: () => player.step(1), Home: () => player.seek(0), End: () => player.seek(length()),
  n: () => finding(1), p: () => finding(-1), "+": () => player.faster(1), "-": () => player.faster(-1),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.target.closest("input, textarea, select, dialog, button, a, summary") && event.key !== "Escape") return;
  const act = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
place("play").onclick = () => player.toggle();
place("back").onclick = () => player.step(-1);
place("on").onclick = () => player.step(1);
place("hit").onclick = () => finding(1);
place("speed").onchange = ({ target }) => { player.audio.playbackRate = Number(target.value); };

async function load(me) {
  talk = await fetched(me);
  if (talk.isEnded) place("audio").src = `${base}/audio`;
  wave.show(talk.peaks, length());
  const { form } = await api("GET", "/api/v1/inspections/form");
  sheets = new Sheets(place("sheet"), player, { recordingId, form, me });
  await sheets.load();
  paint();
  const wanted = Number(new URLSearchParams(location.search).get("t"));
  if (wanted > 0) player.seek(wanted);
}

await openPage({ id: "recordings", t, paint, load });
