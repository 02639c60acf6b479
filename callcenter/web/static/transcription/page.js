// How far the transcripts are: lag, speed, what waits, what was given up.

import {
  DASH, api, attempt, confirmed, dayAndTime, duration, make, makeTable, openPage, put, words,
} from "/frame/frame.js";

const EVERY_MS = 3000;
const t = words({
  en: {
    title: "Transcription", progress: "Progress", jobs: "Talks that wait", dead: "Given up",
    lag: "Lag", lag_note: "age of the oldest talk without a transcript", waiting: "Waiting",
    working: "Being transcribed", failed: "Given up", speed: "Speed",
    speed_value: (speed) => `${speed.toFixed(1)} ×`, speed_note: "seconds of one channel for each CPU-second",
    audio: "Audio waiting", workers: "Transcribers", resting: "resting: calls need the machine",
    done: "Done since the start", recording: "Recording", state: "State", priority: "Priority",
    attempts: "Attempts", waited: "Has waited", length: "Length", acts: "Do", leased: "in work",
    queued: "waits", retry_in: (seconds) => `again in ${seconds}`, first: "First",
    first_done: "It is next.", agent: "Agent", queue: "Queue", started: "Talk of", problem: "Why",
    retry: "Try again", retry_done: "It is tried again.", retry_all: "Try all again",
    retry_all_ask: (count) => `All ${count} get three attempts again.`,
    no_jobs: "No talk waits for its transcript.", no_dead: "Nothing was given up.",
    part_done: (percent) => `${percent} % done`,
  },
  zh: {
    title: "转写", progress: "进度", jobs: "等待转写的通话", dead: "已放弃",
    lag: "延迟", lag_note: "最早一通未转写通话的等待时间", waiting: "等待",
    working: "转写中", failed: "已放弃", speed: "速度",
    speed_value: (speed) => `${speed.toFixed(1)} 倍`, speed_note: "每 CPU 秒转写的单声道秒数",
    audio: "待转写音频", workers: "转写进程", resting: "暂停：机器正忙于通话",
    done: "启动以来完成", recording: "录音", state: "状态", priority: "优先级",
    attempts: "次数", waited: "已等待", length: "时长", acts: "操作", leased: "进行中",
    queued: "等待", retry_in: (seconds) => `${seconds} 后重试`, first: "优先",
    first_done: "下一个就转写它。", agent: "坐席", queue: "队列", started: "通话时间", problem: "原因",
    retry: "重试", retry_done: "正在重试。", retry_all: "全部重试",
    retry_all_ask: (count) => `全部 ${count} 条将重新获得三次机会。`,
    no_jobs: "没有等待转写的通话。", no_dead: "没有放弃的录音。",
    part_done: (percent) => `已完成 ${percent}%`,
  },
});

const place = (id) => document.getElementById(id);
const names = new Map();
let told = null;
let mayChange = false;

const link = (id) => make("a.code", { href: `/recordings/${encodeURIComponent(id)}` }, id);
const button = (label, act) => make("div", {}, make("button.small", { type: "button", onclick: act }, label));

const jobs = makeTable({
  key: (job) => job.recording_id, caption: () => t("jobs"), empty: () => t("no_jobs"),
  columns: [
    { id: "recording", title: () => t("recording"), isHead: true, cell: (job) => link(job.recording_id), mark: (job) => job.recording_id },
    { id: "state", title: () => t("state"), cell: stateOf, mark: (job) => `${job.state} ${job.done} ${Math.ceil(job.due_in_s)}` },
    { id: "priority", title: () => t("priority"), kind: "number", value: (job) => job.priority },
    { id: "attempts", title: () => t("attempts"), kind: "number", value: (job) => job.attempts },
    { id: "waited", title: () => t("waited"), kind: "number", cell: (job) => duration(job.waited_s) },
    { id: "length", title: () => t("length"), kind: "number", cell: (job) => duration(job.audio_s) },
    { id: "acts", title: () => t("acts"), kind: "acts", isSorted: false, cell: jobActs, mark: (job) => `${job.state} ${mayChange}` },
  ],
});
const dead = makeTable({
  key: (letter) => letter.id, caption: () => t("dead"), empty: () => t("no_dead"),
  columns: [
    { id: "recording", title: () => t("recording"), isHead: true, cell: (letter) => link(letter.id), mark: (letter) => letter.id },
    { id: "started", title: () => t("started"), value: (letter) => dayAndTime(letter.started) },
    { id: "queue", title: () => t("queue"), value: (letter) => letter.queue },
    { id: "agent", title: () => t("agent"), value: (letter) => names.get(letter.agent_id) ?? letter.agent_id },
    { id: "problem", title: () => t("problem"), value: (letter) => letter.transcript_problem },
    { id: "acts", title: () => t("acts"), kind: "acts", isSorted: false, cell: deadActs, mark: () => String(mayChange) },
  ],
});

function stateOf(job) {
  if (job.state === "leased") {
    const percent = Math.round(job.done * 100);
    return make("span", {}, make("span.badge.talk", {}, t("leased")), " ",
      make("progress", { max: 1, value: job.done, "aria-label": t("part_done", percent) }));
  }
  const word = job.due_in_s > 0 ? t("retry_in", duration(Math.ceil(job.due_in_s))) : t("queued");
  return make(`span.badge${job.due_in_s > 0 ? ".warn" : ""}`, {}, word);
}

function jobActs(job) {
  if (!mayChange || job.state === "leased") return "";
  return button(t("first"), () => change(`${job.recording_id}/raise`, { priority: 10 }, t("first_done")));
}

function deadActs(letter) {
  if (!mayChange) return "";
  return button(t("retry"), () => change(`${letter.id}/retry`, undefined, t("retry_done")));
}

async function change(path, body, done) {
  await attempt(() => api("POST", `/api/v1/transcription/${path}`, body), done);
  await read();
}

function tile(name, value, note = "") {
  return make("div", {}, make("dt", {}, t(name)),
    make("dd", {}, value, note ? make("small", {}, note) : null));
}

function paint() {
  if (!told) return;
  place("tiles").replaceChildren(
    tile("lag", duration(told.lag_s), t("lag_note")),
    tile("waiting", String(told.waiting)),
    tile("working", String(told.working), told.resting ? t("resting") : ""),
    tile("failed", String(told.failed)),
    tile("audio", duration(told.waiting_audio_s)),
    tile("speed", told.speed === null ? DASH : t("speed_value", told.speed), t("speed_note")),
    tile("workers", String(told.workers.length), told.workers.map((each) => each.name).join(", ")),
    tile("done", String(told.done)));
  jobs.show(told.jobs);
  dead.show(told.dead_letters);
  place("retry-all").hidden = !mayChange || told.failed === 0;
}

async function read() {
  try {
    told = await api("GET", "/api/v1/transcription");
    place("away").hidden = true;
  } catch (error) {
    put(place("away"), error.message);
    place("away").hidden = false;
  }
  paint();
}

place("jobs").append(jobs.element);
place("dead").append(dead.element);
place("retry-all").onclick = async () => {
  const question = { title: t("retry_all"), sentence: t("retry_all_ask", told.failed), act: t("retry_all") };
  if (await confirmed(question)) await change("retry", undefined, t("retry_done"));
};

async function load(me) {
  mayChange = ["supervisor", "administrator"].includes(me.role);
  for (const agent of await api("GET", "/api/v1/agents")) names.set(agent.id, agent.name);
  await read();
}

await openPage({ id: "transcription", t, paint, load });
setInterval(() => { if (!document.hidden) read(); }, EVERY_MS);
