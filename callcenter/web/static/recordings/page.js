// Recordings: the list, and the search over what was said. The address keeps the question.

import {
  api, attempt, dayAndTime, duration, make, makeTable, newest, openPage, put, words,
} from "/frame/frame.js";

const PAGE = 20;
const t = words({
  en: {
    title: "Recordings", find: "Find", said: "What was said", said_hint: "refund \"my order\" 退款",
    agent: "Agent", queue: "Queue", class: "Class", side: "Said by", from: "From", to: "To",
    search: "Search", more: "More", any: "any", caller: "Caller", both: "both",
    phrase_hint: "All words must have been said; words in quotes one after the other. Class and side choose among what was said.",
    found: (count) => count === 1 ? "1 recording found" : `${count} recordings found`,
    listed: (count) => count === 1 ? "1 recording" : `${count} recordings`,
    recording: "Recording", started: "Began", length: "Length", transcript: "Transcript",
    nothing: "No recording matches.", nothing_yet: "Nothing has been recorded yet.", open: "Open", further: (count) => `and ${count} more places`,
    none: "none", talking: "talk goes on", queued: "queued", ready: "ready", failed: "given up", incomplete: "audio is missing",
    menu: "Menu", intent: "Wish", wrap_up: "Wrap-up", at: (time) => `Play from ${time}`,
  },
  zh: {
    title: "录音", find: "查找", said: "说了什么", said_hint: "退款 “我的订单” refund",
    agent: "坐席", queue: "队列", class: "分类", side: "说话方", from: "从", to: "到",
    search: "搜索", more: "更多", any: "不限", caller: "客户", both: "双方",
    phrase_hint: "所有词语都须说过；引号内的词语须连续出现。分类和说话方仅用于查找说过的话。",
    found: (count) => `找到 ${count} 条录音`,
    listed: (count) => `共 ${count} 条录音`,
    recording: "录音", started: "开始", length: "时长", transcript: "转写",
    nothing: "没有符合的录音。", nothing_yet: "还没有录音。", open: "打开", further: (count) => `另有 ${count} 处`,
    none: "无", talking: "通话中", queued: "等待", ready: "完成", failed: "已放弃", incomplete: "音频不完整",
    menu: "菜单", intent: "意图", wrap_up: "小结", at: (time) => `从 ${time} 播放`,
  },
});
const BADGES = { ready: ".good", failed: ".alarm", queued: ".rest", talking: ".talk", none: "" };
const OF_WORDS = ["class", "side"];    // what only a search for words is narrowed by

const place = (id) => document.getElementById(id);
const form = place("find");
const names = new Map();
let choices = { agents: [], queues: [], classes: [] };
let shown = null;              // { isSearch, items, total }
const newestPage = newest();

const href = (id) => `/recordings/${encodeURIComponent(id)}`;
const agentName = (id) => names.get(id) ?? id;
const stateOf = ({ transcript, duration_s, complete }) =>
  duration_s === null && complete === null && transcript === "none" ? "talking" : transcript;
const badge = (recording) => make("span", {},
  make(`span.badge${BADGES[stateOf(recording)]}`, {}, t(stateOf(recording))),
  recording.complete === false ? make("span.badge.warn", {}, t("incomplete")) : null);

const list = makeTable({
  key: (recording) => recording.id, caption: () => t("title"), empty: () => t(question().size ? "nothing" : "nothing_yet"),
  columns: [
    { id: "recording", title: () => t("recording"), isHead: true, mark: (one) => one.id,
      cell: (one) => make("a.code", { href: href(one.id) }, one.id) },
    { id: "started", title: () => t("started"), value: (one) => dayAndTime(one.started) },
    { id: "agent", title: () => t("agent"), value: (one) => agentName(one.agent_id) },
    { id: "queue", title: () => t("queue"), value: (one) => one.queue },
    { id: "length", title: () => t("length"), kind: "number", cell: (one) => duration(one.duration_s) },
    { id: "transcript", title: () => t("transcript"), cell: badge, mark: (one) => `${stateOf(one)} ${one.complete}` },
  ],
});

function foundItem({ recording, hits, hit_count }) {
  const head = make("div.row", {},
    make("a", { href: href(recording.id) }, dayAndTime(recording.started)),
    make("span", {}, agentName(recording.agent_id)), make("span.soft", {}, recording.queue),
    make("span.soft", {}, duration(recording.duration_s)));
  const places = hits.map((hit) => make("li", {}, make("a", { href: hit.play_url },
    make("span", {}, duration(hit.start_s)), make("span.soft", {}, t(hit.side)),
    make("span.words", {}, `${hit.before} `, make("mark", {}, hit.match), ` ${hit.after}`))));
  const rest = hit_count - hits.length;
  if (rest > 0) places.push(make("li.soft", {}, t("further", rest)));
  return make("li", {}, head, make("ul", {}, ...places));
}

function select(name, options) {
  const element = form.elements[name];
  const value = element.value || wanted.get(name) || "";
  element.replaceChildren(make("option", { value: "" }, t("any")),
    ...options.map(([each, text]) => make("option", { value: each }, text)));
  element.value = value;
}

function paint() {
  select("agent_id", choices.agents.map((one) => [one.id, one.name]));
  select("queue", choices.queues.map((one) => [one.id, one.name]));
  select("class", choices.classes.map((one) => [one.name, `${t(one.kind)}: ${one.name}`]));
  select("side", [["caller", t("caller")], ["agent", t("agent")]]);
  form.elements.side.options[0].textContent = t("both");
  offerChoices();
  paintFound();
}

function offerChoices() {
  const hasWords = form.elements.q.value.trim() !== "";
  for (const name of OF_WORDS) form.elements[name].disabled = !hasWords;
}

function paintFound() {
  if (!shown) return;
  put(place("found-title"), t(shown.isSearch ? "found" : "listed", shown.total));
  place("hits").hidden = !shown.isSearch || !shown.items.length;
  list.element.hidden = shown.isSearch && shown.items.length > 0;
  if (shown.isSearch) place("hits").replaceChildren(...shown.items.map(foundItem));
  list.show(shown.isSearch ? [] : shown.items);
  place("more").hidden = shown.items.length >= shown.total;
}

// What is asked: the filled fields.
function question() {
  const fields = [...new FormData(form)].filter(([, value]) => value !== "");
  return new URLSearchParams(fields);
}

async function ask(offset = 0) {
  const asked = question();
  if (!offset) history.replaceState(null, "", asked.size ? `?${asked}` : location.pathname);
  const isSearch = asked.has("q");
  const parameters = new URLSearchParams(asked);
  parameters.set("limit", PAGE);
  parameters.set("offset", offset);
  const page = await newestPage(
    () => api("GET", `/api/v1/${isSearch ? "search" : "recordings"}?${parameters}`));
  if (!page) return;
  const before = offset ? shown.items : [];
  shown = { isSearch, items: [...before, ...page.items], total: page.total };
  paintFound();
}

const wanted = new URLSearchParams(location.search);
for (const name of ["q", "from", "to"]) form.elements[name].value = wanted.get(name) ?? "";
place("list").append(list.element);
form.oninput = offerChoices;
form.onsubmit = (event) => { event.preventDefault(); attempt(ask); };
// What is typed is asked for by Enter or the button: both make a change of the field, too, before.
form.onchange = ({ target }) => { if (target.name !== "q") attempt(ask); };
place("more").onclick = () => attempt(() => ask(shown.items.length));

async function load() {
  const [agents, queues, classes] = await Promise.all(
    ["agents", "queues", "search/classes"].map((path) => api("GET", `/api/v1/${path}`)));
  choices = { agents, queues, classes };
  for (const agent of agents) names.set(agent.id, agent.name);
  paint();
  await ask();
}

await openPage({ id: "recordings", t, paint, load });
