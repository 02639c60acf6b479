// The flows with today's callers: how many took which way, who is where now, who dropped out.

import { api, attempt, make, makeTable, openPage, put, words } from "/frame/frame.js";

const POLL_MS = 2000;
const SVG = "http://www.w3.org/2000/svg";
const t = words({
  en: {
    title: "Flows", flow: "Flow", node: "Node", kind: "What it does", visits: "Callers today",
    here: "There now", left: "Dropped out", none: "There are no flows.", back: "All flows",
    picture: "Picture of the flow", speech: "Questions by voice, today",
    legend: "Numbers on ways: callers of today. ● there now. ✕ hung up or lost there.",
    sums: (visits, here, left) => `${visits} callers today · ${here} there now · ${left} dropped out`,
    understood: "Understood", confirmed: "Confirmed", key: "By key", fell_back: "Fell back",
    unavailable: "Nobody listened", share: "Share understood",
    heard: "Not understood at once", said: "What was said", outcome: "What came of it", meant: "What was meant",
    heard_note: "What you put right is an example for the next caller at once. Dialogues of the flow are tried first.",
    nothing_heard: "All callers were understood.", learnt: "Learnt.", went: (choice) => `went to ${choice}`,
  },
  zh: {
    title: "流程", flow: "流程", node: "节点", kind: "作用", visits: "今日来电",
    here: "当前在此", left: "中途退出", none: "没有流程。", back: "全部流程",
    picture: "流程图", speech: "今日语音提问",
    legend: "连线上的数字：今日来电数。● 当前在此。✕ 在此挂断或丢失。",
    sums: (visits, here, left) => `今日来电 ${visits} · 当前 ${here} · 中途退出 ${left}`,
    understood: "听懂", confirmed: "确认后听懂", key: "改按键", fell_back: "转人工菜单",
    unavailable: "无法识别", share: "听懂率",
    heard: "未能直接听懂", said: "来电者所说", outcome: "结果", meant: "实际意图",
    heard_note: "更正后立即作为示例用于后续来电；更正前先运行流程的测试对话。",
    nothing_heard: "全部听懂。", learnt: "已学习。", went: (choice) => `转到 ${choice}`,
  },
});
const OUTCOMES = ["understood", "confirmed", "key", "fell_back", "unavailable"];
const wanted = decodeURIComponent(location.pathname.split("/")[2] ?? "");
const byId = (id) => document.getElementById(id);
let shown = null;              // the list, or one flow

const count = (id, title) => ({ id, title, kind: "number", value: (row) => row[id] });
const flows = makeTable({
  key: (flow) => flow.name, caption: () => t("title"), empty: () => t("none"), sort: { by: "flow" },
  columns: [
    { id: "flow", title: () => t("flow"), value: (flow) => flow.name, mark: (flow) => flow.name,
      cell: (flow) => make("a", { href: `/flows/${encodeURIComponent(flow.name)}` }, flow.name) },
    count("visits", () => t("visits")), count("here", () => t("here")), count("left", () => t("left")),
  ],
});
const nodes = makeTable({
  key: (node) => node.name, caption: () => t("node"), empty: () => t("none"),
  columns: [
    { id: "node", title: () => t("node"), value: (node) => node.name },
    { id: "kind", title: () => t("kind"), value: (node) => node.kind },
    count("here", () => t("here")), count("left", () => t("left")),
  ],
});
const questions = makeTable({
  key: (node) => node.name, caption: () => t("speech"), empty: () => t("none"),
  columns: [
    { id: "node", title: () => t("node"), value: (node) => node.name },
    ...OUTCOMES.map((outcome) => (
      { id: outcome, title: () => t(outcome), kind: "number", value: (node) => node.speech[outcome] })),
    { id: "share", title: () => t("share"), kind: "number", value: shareOf },
  ],
});

const heard = makeTable({
  key: (one) => one.id, caption: () => t("heard"), empty: () => t("nothing_heard"),
  columns: [
    { id: "node", title: () => t("node"), value: (one) => one.node },
    { id: "said", title: () => t("said"), value: (one) => one.text },
    { id: "outcome", title: () => t("outcome"), value: (one) => one.outcome, mark: (one) => one.outcome + one.choice,
      cell: (one) => make("span", {}, [t(one.outcome), one.choice && t("went", one.choice)].filter(Boolean).join(" · ")) },
    { id: "meant", title: () => t("meant"), isSorted: false, mark: (one) => one.intent, cell: meantCell },
  ],
});

function meantCell(one) {
  const choices = shown.nodes.find((node) => node.name === one.node)?.choices ?? [];
  const select = make("select", {}, ...["", ...choices].map((value) =>
    make("option", { value, selected: value === one.intent }, value || "–")));
  select.setAttribute("aria-label", t("meant"));
  select.onchange = async () => {
    const path = `/api/v1/triage/heard/${one.id}`;
    if (!await attempt(() => api("PUT", path, { intent: select.value }), t("learnt"))) select.value = one.intent;
    await loadHeard();
  };
  return select;
}

async function loadHeard() {
  if (!shown.asks) return;
  byId("heard").hidden = false;
  heard.show((await api("GET", `/api/v1/triage/heard?flow=${encodeURIComponent(wanted)}&limit=50`)).items);
}

function shareOf({ speech }) {
  const asked = OUTCOMES.reduce((sum, outcome) => sum + speech[outcome], 0);
  return asked ? `${Math.round(100 * (speech.understood + speech.confirmed) / asked)} %` : "";
}

async function load() {
  shown = await api("GET", `/api/v1/flows${wanted ? `/${encodeURIComponent(wanted)}` : ""}`);
  if (wanted && !document.querySelector("#picture svg")) await draw();
  paint();
}

// By the parser and not by innerHTML: the picture is an element among ours, and never a script.
async function draw() {
  const answer = await fetch(`/api/v1/flows/${encodeURIComponent(wanted)}/picture`);
  const picture = new DOMParser().parseFromString(await answer.text(), "image/svg+xml");
  const svg = document.importNode(picture.documentElement, true);
  for (const box of svg.querySelectorAll(".box")) {
    const rect = box.querySelector("rect");
    const [x, y, width] = ["x", "y", "width"].map((name) => Number(rect.getAttribute(name)));
    box.append(mark("here", x + width - 4, y - 4), mark("left", x + 4, y - 4));
  }
  document.querySelector("#picture .scroll").replaceChildren(svg);
  byId("picture").hidden = false;
}

function mark(kind, x, y) {
  const text = document.createElementNS(SVG, "text");
  text.setAttribute("class", kind);
  text.setAttribute("x", x);
  text.setAttribute("y", y);
  return text;
}

function paint() {
  put(byId("title"), wanted ? `${t("flow")} ${wanted}` : t("title"));
  if (!shown) return;
  if (wanted) paintFlow(); else flows.show(shown);
}

function paintFlow() {
  put(byId("sums"), t("sums", shown.visits, shown.here, shown.left));
  nodes.show(shown.nodes);
  const asked = shown.nodes.filter((node) => node.speech);
  byId("speech").hidden = asked.length === 0;
  questions.show(asked);
  const most = Math.max(1, ...shown.ways.map((way) => way.count));
  shown.ways.forEach((way, number) => {
    const label = document.querySelector(`[data-way="${number}"]`);
    if (!label) return;
    put(label, [way.words, way.count || ""].filter(Boolean).join(" · "));
    label.classList.toggle("taken", way.count > 0);
    label.previousElementSibling.setAttribute("stroke-width", 1.2 + 4 * way.count / most);
  });
  for (const node of shown.nodes) {
    const box = document.querySelector(`[data-node="${CSS.escape(node.name)}"]`);
    if (!box) continue;
    put(box.querySelector(".here"), node.here ? `● ${node.here}` : "");
    put(box.querySelector(".left"), node.left ? `✕ ${node.left}` : "");
    box.classList.toggle("busy", node.here > 0);
  }
}

async function keepFresh() {
  if (!document.hidden) await load().catch(() => {});
  setTimeout(keepFresh, POLL_MS);
}

byId("list").append((wanted ? nodes : flows).element);
byId("speech").append(questions.element);
byId("heard").append(heard.element);
if (wanted) byId("title").before(make("a", { href: "/flows", id: "back" }));
await openPage({
  id: "flows", t,
  paint() {
    if (byId("back")) put(byId("back"), t("back"));
    paint();
  },
  async load() {
    await load();
    if (wanted) await loadHeard();
  },
});
setTimeout(keepFresh, POLL_MS);
