// The wallboard's page: follows /ws/wallboard, keeps the board, paints it.
// Names and sentences come from outside: they are only ever written as textContent.

const TEXTS = {
  en: {
    title: "Wallboard", totals: "Totals", sign_out: "Sign out", theme: "Light or dark",
    other_language: "中文",
    service_level: "Service level", waiting: "Waiting", longest_wait: "Longest wait",
    longest: "Longest", talking: "Talking", agents_ready: "Agents ready",
    answer_rate: "Answer rate", abandoned: "Abandoned", answered: "Answered", offered: "Offered",
    asa: "ASA", aht: "AHT", queues: "Queues", queue: "Queue", agents: "Agents",
    day_curve: "Calls each half hour", notices: "Notices", no_notices: "Nothing to report today.",
    service_note: (target, seconds) => `Target ${target} in ${seconds} s`,
    agents_note: (signed, paused) => `${signed} signed in · ${paused} paused`,
    answer_note: (answered, offered, asa) => `${answered} of ${offered} · ASA ${asa}`,
    abandon_note: (short, rate) => `${short} short · rate ${rate}`,
    live: "Live", connecting: "Connecting …", lost: "No connection", core_lost: "Core away",
    web_away: (time) => `Connection lost. These figures are of ${time}; trying again …`,
    core_away: (time) => `The telephone core does not answer. These figures are of ${time}.`,
    never_up: "The telephone core does not answer.",
    state: {
      talking: "Talking", ringing: "Ringing", ready: "Ready", wrap_up: "Wrap-up",
      paused: "Paused", off: "Signed off",
    },
    reason: {
      rona: "did not pick up", meal: "meal", rest: "rest", break: "break", training: "training",
      meeting: "meeting", unreachable: "phone not reachable",
    },
    manner: {
      hold: "on hold", consult: "consulting", transfer: "transferring", conference: "conference",
    },
    notice: {
      call_lost: "A fault lost a waiting caller.", call_cut: "A fault cut a talk.",
      recording_incomplete: "A recording is incomplete.",
      transcript_failed: "A recording could not be transcribed.",
      line_lost: "A line at another PBX takes no calls.",
      agent_away: "An agent has been away for too long.",
      emergency: "Every caller hears an announcement first:",
      emergency_on: "The emergency announcement was switched on.",
      emergency_off: "The emergency announcement was switched off.",
      surge_began: "Backup agents are called in.",
      surge_over: "Backup agents are let go.",
      wrap_up_overdue: "An agent's call has no code yet, so no call comes.",
    },
  },
  zh: {
    title: "大屏", totals: "总览", sign_out: "退出", theme: "明暗切换", other_language: "English",
    service_level: "服务水平", waiting: "等待", longest_wait: "最长等待", longest: "最长等待",
    talking: "通话中", agents_ready: "示闲坐席", answer_rate: "接起率", abandoned: "放弃",
    answered: "接起", offered: "进线", asa: "平均应答", aht: "平均处理", queues: "队列",
    queue: "队列", agents: "坐席", day_curve: "每半小时话务", notices: "通知",
    no_notices: "今日无异常。",
    service_note: (target, seconds) => `目标 ${seconds} 秒内 ${target}`,
    agents_note: (signed, paused) => `签入 ${signed} · 示忙 ${paused}`,
    answer_note: (answered, offered, asa) => `${answered} / ${offered} · 平均应答 ${asa}`,
    abandon_note: (short, rate) => `短时 ${short} · 放弃率 ${rate}`,
    live: "实时", connecting: "连接中…", lost: "连接中断", core_lost: "核心离线",
    web_away: (time) => `连接中断，正在重连…… 数据停留在 ${time}`,
    core_away: (time) => `话务核心无响应，数据停留在 ${time}`,
    never_up: "话务核心无响应。",
    state: {
      talking: "通话中", ringing: "振铃", ready: "示闲", wrap_up: "话后整理", paused: "示忙",
      off: "签出",
    },
    reason: {
      rona: "未应答", meal: "用餐", rest: "休息", break: "小休", training: "培训",
      meeting: "会议", unreachable: "话机不可达",
    },
    manner: { hold: "保持", consult: "咨询", transfer: "转接", conference: "三方通话" },
    notice: {
      call_lost: "故障导致等待的来电丢失。", call_cut: "故障中断了通话。",
      recording_incomplete: "录音不完整。", transcript_failed: "录音转写失败。",
      line_lost: "外部线路无法接入。",
      agent_away: "坐席离席超时。",
      emergency: "所有来电先播放紧急公告：",
      emergency_on: "紧急公告已开启。",
      emergency_off: "紧急公告已关闭。",
      surge_began: "排队激增,已启用后备坐席。",
      surge_over: "排队缓解,后备坐席退出。",
      wrap_up_overdue: "坐席尚未填写小结代码,暂不派话。",
    },
  },
};

const STATES = ["ringing", "talking", "wrap_up", "ready", "paused", "off"];
const SILENCE_MS = 12000;      // the server speaks at least every 5 s
const RETRY_FIRST_MS = 500;
const RETRY_MOST_MS = 10000;
const KEEP_SIGNED_IN_MS = 30 * 60 * 1000;
const LONG_WRAP_UP_S = 120;
const LONG_RING_S = 20;
const DENSE_AGENTS = 36;       // more than this many get smaller cards

const byId = (id) => document.getElementById(id);
const wish = new URLSearchParams(location.search);   // ?lang=zh&theme=dark for a screen on a wall

// -- what we know ------------------------------------------------------------------------------

let board = null;              // the last snapshot with all deltas applied
let serverAheadMs = 0;         // server's clock minus ours
let heardAtMs = 0;             // our clock at the last message
let linkUp = false;
let freshAtS = null;           // server's clock when the figures were last true
let language = wish.get("lang") ?? stored("language")
  ?? (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");
let text = TEXTS[language] ?? TEXTS.en;

function stored(key) {
  try { return localStorage.getItem(`wallboard.${key}`); } catch { return null; }
}

function store(key, value) {
  try { localStorage.setItem(`wallboard.${key}`, value); } catch { /* a private window: fine */ }
}

const nowS = () => (Date.now() + serverAheadMs) / 1000;

// -- the socket --------------------------------------------------------------------------------

let retryMs = RETRY_FIRST_MS;
let socket = null;

function connect() {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const mine = new WebSocket(`${scheme}://${location.host}/ws/wallboard`);
  socket = mine;
  heardAtMs = Date.now();
  mine.onmessage = ({ data }) => take(JSON.parse(data));
  mine.onclose = () => { if (mine === socket) lost(); };
}

function take(message) {
  if (message.type === "snapshot") board = message;
  else if (board && message.seq === board.seq + 1) merge(board, message);
  else return lost();          // a delta is missing: begin again
  heardAtMs = Date.now();
  serverAheadMs = message.at_s * 1000 - heardAtMs;
  linkUp = true;
  if (board.core_up) freshAtS = message.at_s;
  retryMs = RETRY_FIRST_MS;
  paintSoon();
}

function merge(whole, delta) {
  for (const [key, value] of Object.entries(delta)) {
    if (key === "totals") Object.assign(whole.totals, value);
    else if (key === "queues" || key === "teams" || key === "agents") mergeEntries(whole[key], value);
    else whole[key] = value;
  }
}

function mergeEntries(table, changed) {
  for (const [id, entry] of Object.entries(changed)) {
    if (entry === null) delete table[id];
    else table[id] = { ...table[id], ...entry };
  }
}

function lost() {
  const old = socket;
  socket = null;
  old?.close();
  linkUp = false;
  paintSoon();
  const jitter = 0.7 + 0.6 * Math.random();   // a hall of screens must not knock at once
  setTimeout(reconnect, retryMs * jitter);
  retryMs = Math.min(2 * retryMs, RETRY_MOST_MS);
}

async function reconnect() {
  if (await isSignedOut()) location.assign("/sign-in?next=/wallboard");
  else connect();
}

async function isSignedOut() {   // a refused socket does not say why; the API does
  try { return (await fetch("/api/v1/me")).status === 401; } catch { return false; }
}

setInterval(() => {
  if (socket && Date.now() - heardAtMs > SILENCE_MS) lost();
}, 1000);
setInterval(() => { fetch("/api/v1/me").catch(() => {}); }, KEEP_SIGNED_IN_MS);

// -- words -------------------------------------------------------------------------------------

const DASH = "–";
const percent = (share) => share == null ? DASH : `${Math.round(share * 100)}%`;
const count = (number) => number == null ? DASH : String(number);

function duration(seconds) {
  if (seconds == null) return DASH;
  const whole = Math.max(0, Math.floor(seconds));
  const two = (number) => String(number).padStart(2, "0");
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

function clockTime(atS, withSeconds = true) {
  return new Intl.DateTimeFormat("en-GB", {
    timeZone: board?.timezone, hour: "2-digit", minute: "2-digit",
    second: withSeconds ? "2-digit" : undefined,
  }).format(atS * 1000);
}

function dayName(atS) {
  return new Intl.DateTimeFormat(language === "zh" ? "zh-CN" : "en-GB", {
    timeZone: board?.timezone, weekday: "long", month: "long", day: "numeric",
  }).format(atS * 1000);
}

// -- thresholds --------------------------------------------------------------------------------

function serviceGrade({ service_level, target }) {
  if (service_level == null) return "";
  if (service_level >= target) return "good";
  return service_level >= target - 0.1 ? "warn" : "alarm";
}

function waitGrade(waitS, { within_s }) {
  if (waitS == null || waitS <= within_s) return "";
  return waitS <= 3 * within_s ? "warn" : "alarm";
}

function agentIsAlarming(agent, inStateS) {
  return (agent.state === "paused" && agent.reason === "rona")
    || (agent.state === "wrap_up" && inStateS > LONG_WRAP_UP_S)
    || (agent.state === "ringing" && inStateS > LONG_RING_S);
}

// -- painting ----------------------------------------------------------------------------------

let painting = false;

function paintSoon() {
  if (painting) return;
  painting = true;
  setTimeout(() => { painting = false; paint(); }, 0);
}

function paint() {
  paintLink();
  if (!board) return;
  put(byId("clock"), clockTime(nowS()));
  put(byId("day"), dayName(nowS()));
  paintTotals(board.totals);
  paintQueues();
  paintAgents();
  paintChart();
  paintNotices();
}

function put(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

function grade(element, name) {
  for (const each of ["good", "warn", "alarm"]) element.classList.toggle(each, each === name);
}

function paintLink() {
  const live = linkUp && board?.core_up;
  const link = byId("link");
  link.className = `link ${live ? "up" : board ? "down" : ""}`;
  put(link, live ? text.live : linkUp ? text.core_lost : board ? text.lost : text.connecting);
  document.body.classList.toggle("stale", !live);
  const banner = byId("banner");
  banner.hidden = live || !board;
  put(banner, bannerWords());
}

function bannerWords() {
  if (linkUp && freshAtS == null) return text.never_up;
  return (linkUp ? text.core_away : text.web_away)(clockTime(freshAtS ?? nowS()));
}

function paintTotals(totals) {
  const states = Object.values(board.agents).map((agent) => agent.state);
  const inState = (...names) => states.filter((state) => names.includes(state)).length;
  const signedIn = states.length - inState("off");
  put(byId("service_level"), percent(totals.service_level));
  put(byId("service_note"), text.service_note(percent(totals.target), totals.within_s));
  byId("gauge-value").setAttribute("width", 100 * (totals.service_level ?? 0));
  byId("gauge-target").setAttribute("x", 100 * totals.target - 0.4);
  grade(byId("tile-service"), serviceGrade(totals));
  put(byId("waiting"), count(totals.waiting));
  put(byId("longest_wait"), duration(totals.longest_wait_s));
  grade(byId("tile-waiting"), waitGrade(totals.longest_wait_s, totals));
  put(byId("talking"), count(totals.talking));
  put(byId("aht"), duration(totals.aht_s));
  put(byId("agents_ready"), count(inState("ready")));
  put(byId("agents_note"), text.agents_note(signedIn, inState("paused")));
  grade(byId("tile-ready"), totals.waiting && !inState("ready") ? "warn" : "");
  put(byId("answer_rate"), percent(totals.answer_rate));
  put(byId("answer_note"), text.answer_note(totals.answered, totals.offered, duration(totals.asa_s)));
  put(byId("abandoned"), count(totals.abandoned));
  put(byId("abandon_note"), text.abandon_note(totals.short_abandoned, percent(totals.abandon_rate)));
}

// Keeps one element for each key, in the order given; `make` builds a new one.
function sync(parent, keys, make) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  const wanted = keys.map((key) => {
    const child = old.get(key) ?? make(key);
    child.dataset.key = key;
    old.delete(key);
    return child;
  });
  for (const child of old.values()) child.remove();
  wanted.forEach((child, index) => {
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
  });
  return wanted;
}

function make(tag, className = "", ...children) {
  const element = document.createElement(tag);
  element.className = className;
  element.append(...children);
  return element;
}

const QUEUE_COLUMNS = [
  (q) => [percent(q.service_level), serviceGrade(q)],
  (q) => [count(q.waiting), "", q.waiting === 0],
  (q) => [duration(q.longest_wait_s), waitGrade(q.longest_wait_s, q), q.longest_wait_s == null],
  (q) => [count(q.talking), "", q.talking === 0],
  (q) => [count(q.offered), "", q.offered === 0],
  (q) => [count(q.answered), "", q.answered === 0],
  (q) => [count(q.abandoned), "", q.abandoned === 0],
  (q) => [duration(q.asa_s), ""],
  (q) => [duration(q.aht_s), ""],
];
const COLUMN_CLASSES = ["", "", "", "", "wide", "wide", "wide", "wide", "widest"];

function paintQueues() {
  const rows = sync(byId("queues"), Object.keys(board.queues), () => make("tr", "",
    make("td"), ...COLUMN_CLASSES.map((name) => make("td", name, make("span")))));
  for (const row of rows) {
    const queue = board.queues[row.dataset.key];
    put(row.children[0], queue.name);
    QUEUE_COLUMNS.forEach((column, index) => {
      const [words, name, isZero] = column(queue);
      const cell = row.children[index + 1];
      put(cell.firstChild, words);
      grade(cell, name);
      cell.classList.toggle("zero", Boolean(isZero) || words === DASH);
    });
  }
}

function paintAgents() {
  const members = Object.fromEntries(STATES.map((state) => [state, []]));
  for (const [id, agent] of Object.entries(board.agents)) members[agent.state].push(id);
  document.body.classList.toggle("dense", Object.keys(board.agents).length > DENSE_AGENTS);
  const shown = STATES.filter((state) => members[state].length);
  for (const group of sync(byId("agents"), shown, makeGroup)) {
    const state = group.dataset.key;
    const [name, number] = group.firstChild.children;
    put(name, text.state[state]);
    put(number, String(members[state].length));
    members[state].sort((a, b) => (board.agents[a].since ?? 0) - (board.agents[b].since ?? 0));
    sync(group.lastChild, members[state], makeAgent).forEach(paintAgent);
  }
}

const makeGroup = (state) =>
  make("div", `group state-${state}`, make("h3", "", make("span"), make("b")), make("ul"));
const makeAgent = () =>
  make("li", "agent", make("span", "name"), make("span", "since"), make("span", "detail"));

function paintAgent(item) {
  const agent = board.agents[item.dataset.key];
  const inStateS = agent.since == null ? null : nowS() - agent.since;
  const [name, since, detail] = item.children;
  put(name, agent.name);
  name.title = agent.name;
  put(since, agent.state === "off" ? "" : duration(inStateS));
  put(detail, text.manner[agent.manner] ?? text.reason[agent.reason] ?? agent.reason);
  item.classList.toggle("alarm", agentIsAlarming(agent, inStateS));
}

function paintNotices() {
  const list = byId("notices");
  const items = board.notices.map((notice) => {
    const time = make("time", "", clockTime(notice.at_s, false));
    const words = [text.notice[notice.kind], notice.text, notice.call_id].filter(Boolean).join(" ");
    return make("li", "", time, words);
  });
  if (board.emergency) {
    const words = board.emergency[language] ?? Object.values(board.emergency)[0] ?? "";
    items.unshift(make("li", "emergency", `${text.notice.emergency} ${words}`));
  }
  if (!items.length) items.push(make("li", "none", text.no_notices));
  if (list.textContent !== items.map((item) => item.textContent).join("")) list.replaceChildren(...items);
}

// -- the day's curve ---------------------------------------------------------------------------

const INTERVAL_S = 1800;
const INTERVALS_SHOWN = 16;
const SVG = "http://www.w3.org/2000/svg";

function paintChart() {
  const chart = byId("chart");
  const { clientWidth: width, clientHeight: height } = chart;
  const nowStart = Math.floor(nowS() / INTERVAL_S) * INTERVAL_S;
  const first = board.intervals[0]?.at_s ?? nowStart;
  const from = Math.min(first, nowStart - (INTERVALS_SHOWN - 1) * INTERVAL_S);
  const signature = JSON.stringify([width, height, from, nowStart, board.intervals, language]);
  if (chart.dataset.signature === signature || !width) return;
  chart.dataset.signature = signature;
  const slots = Math.round((nowStart - from) / INTERVAL_S) + 1;
  chart.replaceChildren(...chartParts(width, height, from, slots));
}

function chartParts(width, height, from, slots) {
  const [left, bottom, top] = [34, 24, 8];
  const most = niceMost(Math.max(1, ...board.intervals.map((interval) => interval.offered)));
  const slot = (width - left) / slots;
  const y = (number) => top + (height - bottom - top) * (1 - number / most);
  const parts = [];
  for (const number of [0, most / 2, most]) {
    if (!Number.isInteger(number)) continue;
    parts.push(svg("line", { class: "grid", x1: left, x2: width, y1: y(number), y2: y(number) }));
    parts.push(svg("text", { x: left - 8, y: y(number) + 4, "text-anchor": "end" }, String(number)));
  }
  const every = Math.max(2, 2 * Math.ceil(slots / 20));
  for (let index = 0; index < slots; index += 1) {
    const at = from + index * INTERVAL_S;
    if (Math.round(at / INTERVAL_S) % every === 0)
      parts.push(svg("text", { x: left + index * slot, y: height - 6 }, clockTime(at, false)));
  }
  for (const interval of board.intervals) {
    const x = left + ((interval.at_s - from) / INTERVAL_S) * slot + slot * 0.12;
    const bar = (name, low, high) => parts.push(svg("rect", {
      class: name, x, width: slot * 0.76, y: y(high), height: Math.max(0, y(low) - y(high)), rx: 2,
    }));
    bar("offered", 0, interval.offered);
    bar("answered", 0, interval.answered);
    bar("abandoned", interval.answered, interval.answered + interval.abandoned);
  }
  return parts;
}

const niceMost = (number) =>
  [2, 4, 6, 10, 20, 30, 40, 60, 100, 200, 300, 400, 600, 1000, 2000, 4000]
  .find((each) => each >= number) ?? number;

function svg(tag, attributes, words = "") {
  const element = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.textContent = words;
  return element;
}

// -- language and light ------------------------------------------------------------------------

function speak(name) {
  language = name in TEXTS ? name : "en";
  text = TEXTS[language];
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = text.title;
  for (const element of document.querySelectorAll("[data-text]")) put(element, text[element.dataset.text]);
  for (const element of document.querySelectorAll("[data-label]"))
    element.setAttribute("aria-label", text[element.dataset.label]);
  put(byId("language"), text.other_language);
  paint();
}

const darkRoom = matchMedia("(prefers-color-scheme: dark)");

function light() {
  const theme = wish.get("theme") ?? stored("theme") ?? (darkRoom.matches ? "dark" : "light");
  document.documentElement.dataset.theme = theme;
}

byId("language").onclick = () => {
  const other = language === "zh" ? "en" : "zh";
  store("language", other);
  speak(other);
};
byId("theme").onclick = () => {
  const other = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  wish.delete("theme");
  store("theme", other);
  light();
};
darkRoom.onchange = light;
new ResizeObserver(() => board && paintChart()).observe(byId("chart"));
setInterval(paint, 1000);
light();
speak(language);
connect();
