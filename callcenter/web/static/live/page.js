// Talks that go on now, and the text of one of them. An agent's own talk is shown by itself.

import { api, make, makeTable, openPage, put, timeOfDay, words } from "/frame/frame.js";
import { followTalk } from "/live/words.js";

const EVERY_MS = 3000;
const t = words({
  en: {
    title: "Live text", talks: "Talks", agent: "Agent", queue: "Queue",
    since: "Talks since", acts: "Do", show: "Show", is_shown: "shown below", nobody: "Nobody talks now.", text_of: (name) => `Talk of ${name}`,
  },
  zh: {
    title: "实时文字", talks: "通话", agent: "坐席", queue: "队列",
    since: "通话开始", acts: "操作", show: "查看", is_shown: "显示在下方", nobody: "现在没有通话。", text_of: (name) => `${name} 的通话`,
  },
});

const place = (id) => document.getElementById(id);
const names = new Map();
let me = null;
let talks = null;              // that go on
let shown = null;
let stop = () => {};

const table = makeTable({
  key: (call) => call.id, caption: () => t("talks"), empty: () => t("nobody"),
  columns: [
    { id: "agent", title: () => t("agent"), isHead: true, value: (call) => nameOf(call.agent_id) },
    { id: "queue", title: () => t("queue"), value: (call) => call.queue },
    { id: "since", title: () => t("since"), value: (call) => call.answered_at_s,
      cell: (call) => timeOfDay(call.answered_at_s * 1000) },
    { id: "acts", title: () => t("acts"), kind: "acts", isSorted: false,
      mark: (call) => `${call.id} ${isShown(call)}`, cell: acts },
  ],
});

const nameOf = (id) => names.get(id) ?? id;
const isShown = (call) => call.id === shown?.id;

function acts(call) {
  if (isShown(call)) return make("div", {}, make("span.badge.talk", {}, t("is_shown")));
  return make("div", {}, make("button.small", { type: "button", onclick: () => choose(call) }, t("show")));
}

// On a telephone the text begins below the list.
function choose(call) {
  show(call);
  place("shown").scrollIntoView({ block: "nearest" });
  place("words-title").focus();
}

function show(call) {
  stop();
  shown = call;
  place("shown").hidden = false;
  stop = followTalk(place("words"), call.id);
  paint();
}

function paint() {
  if (talks) table.show(talks);
  if (shown) put(place("words-title"), t("text_of", nameOf(shown.agent_id)));
}

async function read() {
  const [calls, agents] = await Promise.all([api("GET", "/api/v1/calls"), api("GET", "/api/v1/agents")]);
  for (const agent of agents) names.set(agent.id, agent.name);
  const isAgent = me.role === "agent";
  talks = calls.filter((call) =>
    call.phase === "talking" && (!isAgent || call.agent_id === me.agent_id));
  const own = talks.find((call) => call.agent_id === me.agent_id);
  if (own && own.id !== shown?.id && isAgent) show(own);
  paint();
}

place("talks").append(table.element);
await openPage({ id: "live", t, paint, load: (who) => { me = who; return read(); } });
setInterval(() => { if (!document.hidden) read().catch(() => {}); }, EVERY_MS);
