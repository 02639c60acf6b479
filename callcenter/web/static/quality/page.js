// Inspectors' work: what is to be scored, the agents' month, the worst talks, the rules.

import {
  DASH, api, asked, attempt, dayAndTime, duration, language, make, makeTable, newest, openPage, put,
  today, words,
} from "/frame/frame.js";

const INSPECTORS = ["inspector", "supervisor", "administrator"];
const t = words({
  en: {
    title: "Quality", work: "Inspections", which: "Which inspections", mine: "mine to score",
    all_open: "all to score", done: "scored", appealed: "appeals", settled: "settled appeals", all: "all",
    draw: "Draw talks", how: "How", random: "at random", by_agent: "so many of each agent",
    worst_first: "worst scores first", chosen: "chosen", count: "How many", inspectors: "Inspectors",
    inspectors_hint: "Names, with commas between; talks go to them in turn.", from: "From", to: "To",
    queue: "Queue", any: "any", calibrate: "Everybody scores every talk, to be compared",
    drawn: (count) => count === 1 ? "1 sheet was given out." : `${count} sheets were given out.`,
    talk: "Talk", agent: "Agent", inspector: "Inspector", plan: "Drawn", state: "State", score: "Score",
    when: "When", open: "to score", no_work: "Nothing here.",
    month: "The agents’ month", which_month: "Month", inspected: "Inspected", mean: "Mean", lowest: "Worst",
    fatal: "Fatal", appeals: "Appeals", upheld: "upheld", judged: "By rules", rules_mean: "Mean by rules",
    no_month: "Nobody was inspected or judged in this month.",
    worst: "The worst talks by the rules", broken: "Broken rules", length: "Length", no_worst: "No talk was judged yet.",
    rules: "The rules and how well they do", rule: "Rule", penalty: "Penalty", precision: "Precision",
    recall: "Recall", cases: "right / missed / wrong", no_rules: "No rules are in force.",
    rules_note: "Measured on the spoken calls that ship with the centre; the speech model’s own word error rate stands beside it.",
    pack: (one, rate) => `${one.title} (${one.pack} ${one.version}), word error rate ${rate}`,
    try: "Try rules on last week’s calls", try_act: "Try", pack_text: "The pack as YAML", days: "Days back",
    tried: (one) => `${one.talks} talks, ${one.hit_talks} hit; mean score ${one.mean_score ?? DASH}, now ${one.mean_score_now ?? DASH}. Nothing of it counts.`,
    agreement: "How far inspectors agree", comparison: "Comparison", item: "Item", same: "Same points",
    kappa: "Kappa", talks: "Talks", no_agreement: "Nobody has been compared yet: draw talks for comparison.",
    pair: (one) => `${one.first} and ${one.second}: mean difference ${one.mean_difference}, distance ${one.mean_distance}`,
  },
  zh: {
    title: "质检", work: "质检任务", which: "选择任务", mine: "待我评分",
    all_open: "全部待评分", done: "已评分", appealed: "申诉中", settled: "已处理申诉", all: "全部",
    draw: "抽取通话", how: "抽取方式", random: "随机", by_agent: "每位坐席若干通",
    worst_first: "规则得分最低优先", chosen: "指定", count: "数量", inspectors: "质检员",
    inspectors_hint: "姓名以逗号分隔，轮流分配。", from: "从", to: "到",
    queue: "队列", any: "不限", calibrate: "每人均评每通，用于校准",
    drawn: (count) => `已分配 ${count} 份质检表。`,
    talk: "通话", agent: "坐席", inspector: "质检员", plan: "抽取", state: "状态", score: "得分",
    when: "时间", open: "待评分", no_work: "暂无任务。",
    month: "坐席月度质检", which_month: "月份", inspected: "质检数", mean: "平均分", lowest: "最低分",
    fatal: "一票否决", appeals: "申诉", upheld: "成立", judged: "规则评分数", rules_mean: "规则平均分",
    no_month: "本月暂无质检或规则评分。",
    worst: "规则得分最低的通话", broken: "命中规则", length: "时长", no_worst: "暂无已评分通话。",
    rules: "规则及其准确度", rule: "规则", penalty: "扣分", precision: "准确率",
    recall: "召回率", cases: "正确 / 漏报 / 误报", no_rules: "暂无生效规则。",
    rules_note: "以随附的标注通话测得；旁边列出语音模型自身的词错误率。",
    pack: (one, rate) => `${one.title}（${one.pack} ${one.version}），词错误率 ${rate}`,
    try: "用上周通话试运行规则", try_act: "试运行", pack_text: "规则包（YAML）", days: "回溯天数",
    tried: (one) => `${one.talks} 通，命中 ${one.hit_talks} 通；平均分 ${one.mean_score ?? DASH}，现为 ${one.mean_score_now ?? DASH}。结果不计入。`,
    agreement: "质检员一致性", comparison: "校准批次", item: "项目", same: "评分相同",
    kappa: "Kappa", talks: "通话数", no_agreement: "尚无校准：请抽取通话用于校准。",
    pair: (one) => `${one.first} 与 ${one.second}：平均差 ${one.mean_difference}，平均距离 ${one.mean_distance}`,
  },
});
const BADGES = { open: ".warn", done: ".good", appealed: ".alarm", settled: ".good" };
const VIEWS = {
  mine: (me) => ({ state: "open", inspector: me.user_id }), all_open: () => ({ state: "open" }),
  appealed: () => ({ state: "appealed" }), done: () => ({ state: "done" }),
  settled: () => ({ state: "settled" }), all: () => ({}),
};
const place = (id) => document.getElementById(id);
const names = new Map();
const agentName = (id) => names.get(id) ?? id;
const share = (value) => value === null || value === undefined ? DASH : `${(value * 100).toFixed(1)} %`;
const talkLink = (id, words) => make("a", { href: `/recordings/${encodeURIComponent(id)}` }, words);
const table = (id, options) => {
  const made = makeTable({ caption: () => t(id), ...options });
  place(id).append(made.element);
  return made;
};

let me = null;
let form = { items: [], fatal: [] };
let queues = [];
let isLoaded = false;
let shown = { work: [], months: [], worst: [], rules: [], pairs: [], comparisons: [] };
const newestOf = { work: newest(), months: newest(), pairs: newest() };

const work = table("work", {
  key: (one) => one.id, empty: () => t("no_work"),
  columns: [
    { id: "talk", title: () => t("talk"), isHead: true, mark: (one) => one.id, cell: (one) => talkLink(one.recording_id, one.recording_id) },
    { id: "agent", title: () => t("agent"), value: (one) => agentName(one.agent_id) },
    { id: "inspector", title: () => t("inspector"), value: (one) => one.inspector },
    { id: "plan", title: () => t("plan"), value: (one) => t(one.plan) },
    { id: "state", title: () => t("state"), mark: (one) => one.state, cell: (one) => make(`span.badge${BADGES[one.state]}`, {}, t(one.state)) },
    { id: "score", title: () => t("score"), kind: "number", value: (one) => one.score },
    { id: "when", title: () => t("when"), value: (one) => dayAndTime(one.submitted ?? one.drawn) },
  ],
});
const months = table("months", {
  key: (one) => one.agent_id, empty: () => t("no_month"), sort: { by: "mean" },
  columns: [
    { id: "agent", title: () => t("agent"), isHead: true, value: (one) => agentName(one.agent_id) },
    { id: "inspected", title: () => t("inspected"), kind: "number", value: (one) => one.inspected },
    { id: "mean", title: () => t("mean"), kind: "number", value: (one) => one.mean_score },
    { id: "lowest", title: () => t("lowest"), kind: "number", value: (one) => one.worst_score },
    { id: "fatal", title: () => t("fatal"), kind: "number", value: (one) => one.fatal },
    { id: "appeals", title: () => t("appeals"), kind: "number", value: (one) => `${one.appeals} (${t("upheld")} ${one.upheld})` },
    { id: "judged", title: () => t("judged"), kind: "number", value: (one) => one.judged },
    { id: "rules_mean", title: () => t("rules_mean"), kind: "number", value: (one) => one.rules_mean },
  ],
});
const worst = table("worst", {
  key: (one) => one.recording_id, empty: () => t("no_worst"), sort: { by: "score" },
  columns: [
    { id: "score", title: () => t("score"), kind: "number", value: (one) => one.score },
    { id: "talk", title: () => t("talk"), isHead: true, mark: (one) => one.recording_id, cell: (one) => talkLink(one.recording_id, dayAndTime(one.started)) },
    { id: "agent", title: () => t("agent"), value: (one) => agentName(one.agent_id) },
    { id: "broken", title: () => t("broken"), value: (one) => Object.entries(one.rules).map(([rule, n]) => n > 1 ? `${rule} ×${n}` : rule).join(", ") },
  ],
});
const rules = table("rules", {
  key: (one) => `${one.pack} ${one.rule}`, empty: () => t("no_rules"),
  columns: [
    { id: "rule", title: () => t("rule"), isHead: true, value: (one) => one.rule },
    { id: "penalty", title: () => t("penalty"), kind: "number", value: (one) => one.penalty },
    { id: "precision", title: () => t("precision"), kind: "number", value: (one) => share(one.precision) },
    { id: "recall", title: () => t("recall"), kind: "number", value: (one) => share(one.recall) },
    { id: "cases", title: () => t("cases"), kind: "number", value: (one) => one.right === null ? DASH : `${one.right} / ${one.missed} / ${one.wrong}` },
  ],
});

// It has a hundred lines: it scrolls by itself, by keys too.
Object.assign(rules.element, { tabIndex: 0, className: "table long", role: "group" });

function paint() {
  rules.element.setAttribute("aria-label", t("rules"));
  const which = place("which");
  const value = which.value || (INSPECTORS.includes(me?.role) ? "mine" : "all");
  const views = INSPECTORS.includes(me?.role) ? Object.keys(VIEWS) : ["all", "done", "appealed", "settled"];
  which.replaceChildren(...views.map((view) => make("option", { value: view }, t(view))));
  which.value = value;
  if (!isLoaded) return;
  work.show(shown.work);
  months.show(shown.months);
  if (!INSPECTORS.includes(me?.role)) return;
  worst.show(shown.worst);
  rules.show(shown.rules.flatMap((pack) => pack.rules.map((rule) => ({ ...rule, pack: pack.pack }))));
  place("rules").querySelectorAll("p.soft").forEach((line) => line.remove());
  place("rules").prepend(...shown.rules.map((pack) =>
    make("p.soft", {}, t("pack", pack, share(pack.word_error_rate)))));
  paintAgreement();
}

function paintAgreement() {
  const select = place("comparison");
  const value = select.value;
  select.replaceChildren(...shown.comparisons.map((one) =>
    make("option", { value: one.name }, `${dayAndTime(one.drawn)} · ${one.sheets}`)));
  if (value) select.value = value;
  select.closest("label").hidden = !shown.comparisons.length;
  const labels = new Map(form.items.map((item) => [item.id, language() === "zh" ? item.zh : item.en]));
  place("agreement").replaceChildren(...(shown.pairs.length ? shown.pairs.map((pair) => {
    const made = makeTable({
      caption: () => t("agreement"), key: (one) => one.item, empty: () => t("no_agreement"),
      columns: [
        { id: "item", title: () => t("item"), isHead: true, value: (one) => labels.get(one.item) ?? one.item },
        { id: "same", title: () => t("same"), kind: "number", value: (one) => share(one.same) },
        { id: "kappa", title: () => t("kappa"), kind: "number", value: (one) => one.kappa ?? DASH },
        { id: "talks", title: () => t("talks"), kind: "number", value: (one) => one.talks },
      ],
    });
    made.show(pair.items);
    return make("div", {}, make("p", {}, t("pair", pair)), made.element);
  }) : [make("p.none", {}, t("no_agreement"))]));
}

async function loadWork() {
  const wanted = new URLSearchParams({ limit: 200, ...VIEWS[place("which").value](me) });
  const page = await newestOf.work(() => api("GET", `/api/v1/inspections?${wanted}`));
  if (page) shown.work = page.items;
}

async function loadMonth() {
  const month = place("month").value;
  const found = await newestOf.months(
    async () => month ? api("GET", `/api/v1/inspections/month?month=${month}`) : []);
  if (found) shown.months = found;
}

async function loadInspectors() {
  const [page, packs, comparisons] = await Promise.all([
    api("GET", "/api/v1/quality/results?limit=20"), api("GET", "/api/v1/quality/rules"),
    api("GET", "/api/v1/inspections/calibrations"),
  ]);
  Object.assign(shown, { worst: page.items, rules: packs, comparisons });
  await loadPairs(place("comparison").value || comparisons[0]?.name);
}

async function loadPairs(name) {
  const found = await newestOf.pairs(
    async () => name ? api("GET", `/api/v1/inspections/calibrations/${encodeURIComponent(name)}`) : []);
  if (found) shown.pairs = found;
}

async function draw() {
  const back = new Date(Date.now() - 7 * 86400e3).toISOString().slice(0, 10);
  const wish = await asked({ title: t("draw"), act: t("draw"), fields: [
    { name: "how", label: t("how"), options: ["random", "by_agent", "worst_first"].map((each) => [each, t(each)]) },
    { name: "count", label: t("count"), type: "number", value: 10, min: 1, max: 500, required: true },
    { name: "inspectors", label: t("inspectors"), value: me.user_id, required: true, hint: t("inspectors_hint") },
    { name: "since", label: t("from"), type: "date", value: back, required: true },
    { name: "until", label: t("to"), type: "date", value: today(), required: true },
    { name: "queue", label: t("queue"), options: [["", t("any")], ...queues.map((one) => [one.id, one.name])] },
    { name: "calibrate", label: t("calibrate"), type: "checkbox" },
  ] });
  if (!wish) return;
  const inspectors = wish.inspectors.split(/[,，]/).map((each) => each.trim()).filter(Boolean);
  const body = { ...wish, inspectors, queue: wish.queue || null };
  const made = await attempt(() => api("POST", "/api/v1/inspections/draw", body));
  if (made === undefined) return;
  await attempt(async () => { await Promise.all([loadWork(), loadInspectors()]); }, t("drawn", made.inspection_ids.length));
  paint();
}

async function tryRules() {
  const wish = await asked({ title: t("try"), act: t("try_act"), fields: [
    { name: "pack", label: t("pack_text"), type: "area", required: true },
    { name: "days", label: t("days"), type: "number", value: 7, min: 1, max: 366, required: true }] });
  if (!wish) return;
  const trial = await attempt(() => api("POST", "/api/v1/quality/try", wish));
  if (trial === undefined) return;
  const made = makeTable({
    caption: () => t("try"), key: (one) => one.recording_id, empty: () => t("no_work"),
    columns: [
      { id: "talk", title: () => t("talk"), isHead: true, mark: (one) => one.recording_id, cell: (one) => talkLink(one.recording_id, dayAndTime(one.started)) },
      { id: "agent", title: () => t("agent"), value: (one) => agentName(one.agent_id) },
      { id: "score", title: () => t("score"), kind: "number", value: (one) => one.score },
      { id: "broken", title: () => t("broken"), value: (one) => one.hits.map((hit) => `${duration(hit.start)} ${hit.text[language()] ?? hit.rule}`).join(" · ") },
    ],
  });
  made.show(trial.calls);
  place("trial").hidden = false;
  place("trial").replaceChildren(make("p", {}, t("tried", trial)), made.element);
}

const again = (load) => async () => { await attempt(load); paint(); };
place("which").onchange = again(loadWork);
place("month").onchange = again(loadMonth);
place("comparison").onchange = again(() => loadPairs(place("comparison").value));
place("draw").onclick = draw;
place("try").onclick = tryRules;

async function load() {
  const [agents, queuesFound, formFound] = await Promise.all([
    api("GET", "/api/v1/agents"), api("GET", "/api/v1/queues"), api("GET", "/api/v1/inspections/form"),
  ]);
  for (const agent of agents) names.set(agent.id, agent.name);
  queues = queuesFound;
  form = formFound.form;
  place("month").value = today().slice(0, 7);
  const isInspector = INSPECTORS.includes(me.role);
  place("inspectors").hidden = place("draw").hidden = !isInspector;
  await Promise.all([loadWork(), loadMonth(), isInspector ? loadInspectors() : null]);
  isLoaded = true;
  paint();
}

await openPage({ id: "quality", t, load, paint: (who) => { me = who; paint(); } });
