// Past calls: /calls searches, /calls/ID tells one call step by step.

import {
  api, attempt, dayAndTime, duration, make, makeTable, newest, openPage, put, today,
} from "/frame/frame.js";
import { paintStory, storyOf } from "./story.js";
import { t } from "./texts.js";

const OUTCOMES = ["answered", "abandoned", "overflowed", "callback", "unqueued", "refused", "lost",
  "not_reached", "dialled", "cancelled", "open"];
const BADGES = { answered: "good", abandoned: "warn", overflowed: "warn", lost: "alarm", refused: "alarm" };
const PAGE = 100;
const byId = (id) => document.getElementById(id);
const asked = new URLSearchParams(location.search);
const callId = decodeURIComponent(/^\/calls\/(.+)$/.exec(location.pathname)?.[1] ?? "");
let names = { queues: {}, agents: {} };
let found = null;              // { items, total, sees_numbers, is_cut }
const newestPage = newest();
let story = null;

const agentName = (id) => names.agents[id] ?? id ?? "";
const queueName = (id) => names.queues[id] ?? id ?? "";

const table = makeTable({
  caption: () => t("title"), empty: () => t("none"), key: (call) => call.id,
  onRow: (call) => location.assign(hrefOf(call)),
  columns: [
    { id: "arrived", title: () => t("arrived"), value: (call) => call.arrived, cell: arrivedCell,
      mark: (call) => call.arrived },
    { id: "number", title: () => t("number"), value: (call) => call.number ?? "" },
    { id: "line", title: () => t("line"), value: (call) => call.line },
    { id: "queue", title: () => t("queue"), value: (call) => queueName(call.queue) },
    { id: "agent", title: () => t("agent"), value: (call) => agentName(call.agent_id) },
    { id: "outcome", title: () => t("outcome"), value: (call) => t(`o_${call.outcome}`),
      cell: outcomeCell, mark: (call) => call.outcome },
    { id: "waited", title: () => t("waited"), kind: "number", value: (call) => call.wait_s,
      cell: (call) => call.queue ? duration(call.wait_s) : "" },
    { id: "talked", title: () => t("talked"), kind: "number", value: (call) => call.talk_s,
      cell: (call) => call.talk_s ? duration(call.talk_s) : "" },
    { id: "recordings", title: () => t("recordings"), cell: recordingsCell,
      mark: (call) => call.recordings.join(" ") },
  ],
});

function hrefOf(call) {
  return `/calls/${encodeURIComponent(call.id)}?day=${call.day}`;
}

function arrivedCell(call) {
  return make("a", { href: hrefOf(call) }, dayAndTime(call.arrived));
}

function outcomeCell(call) {
  const kind = BADGES[call.outcome];
  return make(`span.badge${kind ? `.${kind}` : ""}`, {}, t(`o_${call.outcome}`));
}

function recordingsCell(call) {
  return make("span", {}, ...call.recordings.flatMap((id, index) =>
    [make("a", { href: `/recordings/${encodeURIComponent(id)}` }, t("listen", index + 1)), " "]));
}

function putFilters() {
  const form = byId("filters");
  const had = form.elements.from ? Object.fromEntries(new FormData(form)) : Object.fromEntries(asked);
  const options = (table) => [["", t("any")], ...Object.entries(table)];
  form.replaceChildren(
    field("from", make("input", { type: "date", name: "from", value: had.from || today() })),
    field("to", make("input", { type: "date", name: "to", value: had.to || today() })),
    field("queue", select("queue", options(names.queues), had.queue)),
    field("agent", select("agent_id", options(names.agents), had.agent_id)),
    field("outcome", select("outcome",
      [["", t("any")], ...OUTCOMES.map((each) => [each, t(`o_${each}`)])], had.outcome)),
    ...(found.sees_numbers ? [field("number", make("input",
      { name: "number", value: had.number ?? "", inputMode: "tel", pattern: "[0-9+]*" }))] : []),
    make("button.act", { type: "submit" }, t("search")));
}

const field = (word, input) => make("label", {}, make("span", {}, t(word)), input);
const select = (name, options, value = "") => make("select", { name }, ...options.map(([each, text]) =>
  make("option", { value: each, selected: each === value }, text)));

async function search(offset = 0) {
  const query = new URLSearchParams({ limit: PAGE, offset });
  const form = byId("filters");
  const wanted = form.elements.from ? new FormData(form) : asked.entries();
  for (const [name, value] of wanted) if (value && name !== "lang" && name !== "theme") query.set(name, value);
  const page = await newestPage(() => api("GET", `/api/v1/history?${query}`));
  if (!page) return;
  found = { ...page, items: offset ? [...found.items, ...page.items] : page.items };
  paintFound();
}

function paintFound() {
  table.show(found.items);
  put(byId("count"), t("count", found.items.length, found.total) + (found.is_cut ? ` ${t("cut")}` : ""));
  byId("more").hidden = found.items.length >= found.total;
}

function paint() {
  put(byId("title"), callId ? t("call_title", callId) : t("title"));
  byId("search").hidden = Boolean(callId);
  byId("story").hidden = !callId;
  if (story) paintStory(byId("story"), story);
  if (!found) return;
  putFilters();
  paintFound();
}

async function load() {
  if (callId) {
    story = await storyOf(callId, asked.get("day"));
  } else {
    await loadNames();
    await search();
  }
  paint();
}

async function loadNames() {
  const lists = await Promise.all([api("GET", "/api/v1/queues"), api("GET", "/api/v1/agents")]);
  const [queues, agents] = lists.map((list) => Object.fromEntries(list.map(({ id, name }) => [id, name])));
  names = { queues, agents };
}

byId("found").append(table.element);
byId("filters").onsubmit = (event) => { event.preventDefault(); attempt(search); };
byId("more").onclick = () => attempt(() => search(found.items.length));
await openPage({ id: "calls", t, paint, load });
