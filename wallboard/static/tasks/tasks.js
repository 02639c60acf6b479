// Messages and unhappy callers, until somebody has taken care of them.

import {
  ago, api, asked, attempt, confirmed, dayAndTime, make, makeTable, newest, openPage, words,
} from "/frame/frame.js";

const POLL_MS = 5000;
const t = words({
  en: {
    title: "Tasks", state: "State", kind: "Kind", mine: "Only mine", all: "All",
    undone: "To be done", open: "Open", taken: "Taken", done: "Done",
    voicemail: "Message", follow_up: "Unhappy caller",
    due: "Due", about: "About", said: "What was said", who: "Who has it", acts: "Actions",
    none: "Nothing is to be done here.",
    overdue: "overdue", line: (line) => `line ${line}`, queue: (queue) => `queue ${queue}`,
    with: (agent) => `talked with ${agent}`, box: (box) => `box ${box}`,
    queued: "is being written down", failed: "could not be written down", wordless: "no word was understood",
    hear: "Hear", take: "Take", release: "Put back", finish: "Done", call: "Call back",
    note: "What came of it", note_hint: "Colleagues read this; it is not in the journal.",
    finish_title: "Is it done?", call_title: "Have the caller called back?",
    call_sentence: "An agent of the queue is rung first, then the caller. The task is yours from now on.",
    from_queue: "By the agents of", called: "The caller will be called back.",
    ended: "Done.", opened: "Since",
  },
  zh: {
    title: "待办", state: "状态", kind: "类型", mine: "只看我的", all: "全部",
    undone: "未完成", open: "待处理", taken: "处理中", done: "已完成",
    voicemail: "留言", follow_up: "不满意回访",
    due: "期限", about: "事由", said: "内容", who: "处理人", acts: "操作",
    none: "没有待办事项。",
    overdue: "已超期", line: (line) => `热线 ${line}`, queue: (queue) => `队列 ${queue}`,
    with: (agent) => `接听坐席 ${agent}`, box: (box) => `信箱 ${box}`,
    queued: "正在转写", failed: "转写失败", wordless: "未识别到内容",
    hear: "播放", take: "领取", release: "放回", finish: "完成", call: "回呼",
    note: "处理结果", note_hint: "同事可见，不写入事件日志。",
    finish_title: "确认完成？", call_title: "安排回呼该来电者？",
    call_sentence: "先呼叫该队列的坐席，再呼叫来电者。此待办将归您处理。",
    from_queue: "由哪个队列的坐席回呼", called: "已安排回呼。",
    ended: "已完成。", opened: "创建于",
  },
});
const STATES = ["", "open", "taken", "done"];
const KINDS = ["", "voicemail", "follow_up"];

const filters = document.getElementById("filters");
let me = null;
let rows = null;
let queues = [];
const newestPage = newest();

const table = makeTable({
  key: (task) => task.id,
  caption: () => t("title"),
  empty: () => t("none"),
  sort: { by: "due" },
  columns: [
    {
      id: "due", title: () => t("due"), value: (task) => task.due,
      mark: (task) => `${task.due} ${task.is_overdue} ${task.state}`, cell: dueCell,
    },
    { id: "kind", title: () => t("kind"), value: (task) => task.kind, mark: (task) => task.kind,
      cell: (task) => make("span", {}, t(task.kind)) },
    { id: "about", title: () => t("about"), value: (task) => task.queue,
      mark: (task) => task.id, cell: aboutCell },
    { id: "said", title: () => t("said"), isSorted: false,
      mark: (task) => JSON.stringify([task.said, task.note]), cell: saidCell },
    { id: "who", title: () => t("who"), value: (task) => task.taken_by, mark: stateMark,
      cell: whoCell },
    { id: "acts", title: () => t("acts"), kind: "acts", isSorted: false, mark: stateMark,
      cell: actsCell },
  ],
});

function stateMark(task) {
  return `${task.state} ${task.taken_by}`;
}

function dueCell(task) {
  const badge = task.is_overdue ? make("span.badge.alarm", {}, t("overdue")) : null;
  const opened = make("small", {}, `${t("opened")} ${dayAndTime(task.opened)}`);
  return make("div", {}, make("div", {}, dayAndTime(task.due), " ", badge), opened);
}

function aboutCell(task) {
  const facts = [
    task.kind === "voicemail" ? t("box", task.detail) : task.detail,
    task.queue ? t("queue", task.queue) : "",
    task.line ? t("line", task.line) : "",
    task.agent_id ? t("with", task.agent_id) : "",
  ].filter(Boolean);
  return make("div", {}, ...facts.map((fact) => make("div", {}, fact)));
}

function saidCell(task) {
  const parts = [];
  if (task.said) {
    const { state, text, language: spoken } = task.said;
    const words = state === "ready" ? text || t("wordless") : t(state === "none" ? "queued" : state);
    const said = make("div.said", {}, words);
    if (state === "ready" && spoken) said.lang = spoken;
    parts.push(said, hearButton(task));
  }
  if (task.note) parts.push(make("small.note", {}, task.note));
  return make("div", {}, ...parts);
}

function hearButton(task) {
  const button = make("button.small.quiet", { type: "button" }, t("hear"));
  button.onclick = () => {
    const audio = make("audio", { controls: true, src: `/api/v1/tasks/${task.id}/audio` });
    button.replaceWith(audio);
    audio.play().catch(() => {});
  };
  return button;
}

function whoCell(task) {
  const kind = { open: "warn", taken: "talk", done: "good" }[task.state];
  return make("div", {}, make(`span.badge.${kind}`, {}, t(task.state)), " ", task.taken_by || "",
    task.changed ? make("div", {}, make("small", {}, ago(task.changed))) : null);
}

function actsCell(task) {
  const acts = make("div");
  if (me.role === "inspector" || task.state === "done") return acts;
  const isMine = task.taken_by === me.user_id;
  const mayPutBack = isMine || ["team_lead", "supervisor", "administrator"].includes(me.role);
  if (task.state === "open") acts.append(act("take", () => doing(task, "take")));
  if (task.state === "taken" && mayPutBack) acts.append(act("release", () => doing(task, "release")));
  if (task.state === "open" || isMine) acts.append(act("call", () => callBack(task)));
  if (task.state === "open" || isMine || mayPutBack) acts.append(act("finish", () => finish(task), "act"));
  return acts;
}

function act(name, onclick, kind = "quiet") {
  return make(`button.small.${kind}`, { type: "button", onclick }, t(name));
}

async function doing(task, verb, body = {}, said = "") {
  await attempt(() => api("POST", `/api/v1/tasks/${task.id}/${verb}`, body), said);
  await attempt(load);
}

async function finish(task) {
  const fields = [{ name: "note", label: t("note"), type: "area", hint: t("note_hint"), maxLength: 2000 }];
  const wish = await asked({ title: t("finish_title"), act: t("finish"), fields });
  if (wish) await doing(task, "done", wish, t("ended"));
}

async function callBack(task) {
  const question = { title: t("call_title"), sentence: t("call_sentence"), act: t("call") };
  if (task.queue) {
    if (await confirmed(question)) await doing(task, "call-back", {}, t("called"));
    return;
  }
  const options = queues.map((queue) => [queue.id, queue.name]);
  const wish = await asked({ ...question, fields: [{ name: "queue", label: t("from_queue"), options }] });
  if (wish) await doing(task, "call-back", wish, t("called"));
}

async function load() {
  const given = new FormData(filters);
  const query = new URLSearchParams();
  for (const name of ["state", "kind"]) if (given.get(name)) query.set(name, given.get(name));
  if (given.has("mine")) query.set("mine", "true");
  const page = await newestPage(() => api("GET", `/api/v1/tasks?${query}`));
  if (!page) return;
  rows = page.items;
  table.show(rows);
}

function paint(user) {
  me = user;
  fillOptions("state", STATES, (state) => t(state || "undone"));
  fillOptions("kind", KINDS, (kind) => t(kind || "all"));
  if (rows) table.show(rows);
}

function fillOptions(name, values, title) {
  const select = filters.elements[name];
  const chosen = select.value;
  select.replaceChildren(...values.map((value) => make("option", { value }, title(value))));
  select.value = chosen;
}

async function keepFresh() {
  if (!document.hidden && !document.querySelector("dialog")) await load().catch(() => {});
  setTimeout(keepFresh, POLL_MS);
}

document.getElementById("list").append(table.element);
filters.onchange = () => attempt(load);
async function loadFirst() {
  queues = await api("GET", "/api/v1/queues");
  await load();
}

await openPage({ id: "tasks", t, paint, load: loadFirst });
setTimeout(keepFresh, POLL_MS);
