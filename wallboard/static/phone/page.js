// The page of an agent's phone: what is shown, in which words, and which key does what.
// Names and numbers come from outside: they are only ever written as textContent.

import { Call } from "./call.js";
import { Bell } from "./ring.js";
import { Sip } from "./sip.js";

const TEXTS = {
  en: {
    title: "Phone", other_language: "中文", theme: "Light or dark", user: "Phone account", password: "Its password",
    server: "Server", sign_on: "Sign on", sign_off: "Sign off", number: "Number", call: "Call", answer: "Answer",
    decline: "Decline", hang_up: "Hang up", mute: "Mute", hold: "Hold",
    line: { connecting: "Connecting …", registered: "Ready", refused: "Refused", off: "Off" },
    state: { incoming: "is calling", calling: "Calling …", ringing: "Ringing …", ended: "Ended", connecting: "Connecting audio …", held: "On hold" },
    refused: (status) => status === 403 ? "Refused: too many wrong passwords, wait a few minutes." : `Refused (${status}): check account and password.`,
    microphone: "The microphone cannot be used. Allow it for this page; browsers give it to https and localhost only.",
    failed: (status) => `The call failed (${status}).`,
    no_socket: "This centre has no listener for browsers yet. Add “ws:127.0.0.1:5066” (or “wss:…” with a certificate) to sip.listen in callcenter.yaml and start it again.",
  },
  zh: {
    title: "话机", other_language: "English", theme: "明暗切换", user: "话机账号", password: "密码",
    server: "服务器", sign_on: "登录", sign_off: "退出", number: "号码", call: "呼叫", answer: "接听",
    decline: "拒接", hang_up: "挂断", mute: "静音", hold: "保持",
    line: { connecting: "连接中…", registered: "已就绪", refused: "被拒绝", off: "未登录" },
    state: { incoming: "来电", calling: "呼叫中…", ringing: "振铃中…", ended: "已结束", connecting: "正在接通语音…", held: "已保持" },
    refused: (status) => status === 403 ? "登录被拒绝：密码错误次数过多，请稍候再试。" : `登录被拒绝（${status}）：请检查账号和密码。`,
    microphone: "无法使用麦克风。请允许本页使用；浏览器只对 https 和 localhost 开放。",
    failed: (status) => `呼叫失败（${status}）。`,
    no_socket: "本中心尚未开放浏览器话机。请在 callcenter.yaml 的 sip.listen 中加入 “ws:127.0.0.1:5066”（或带证书的 “wss:…”），然后重新启动。",
  },
};
const KEYS = [..."123456789*0#"];
const byId = (id) => document.getElementById(id);

let language = localStorage.getItem("language") ?? (navigator.language.startsWith("zh") ? "zh" : "en");
let text = TEXTS[language] ?? TEXTS.en;
let line = "off";
let sip = null;
let call = null;
const bell = new Bell();

// -- the account -----------------------------------------------------------------------------------

async function prepare() {
  const form = byId("account");
  // Before the settings are asked for: what is typed meanwhile stays.
  form.user.value = sessionStorage.getItem("phone.user") ?? "";
  const settings = await (await fetch("/phone/settings")).json();
  const own = settings.sockets.find(({ scheme }) => (scheme === "wss") === (location.protocol === "https:")) ?? settings.sockets[0];
  if (!own) complain(text.no_socket);
  form.url.value = own ? `${own.scheme}://${own.host || location.hostname}:${own.port}/` : "";
  form.onsubmit = (event) => {
    event.preventDefault();
    sessionStorage.setItem("phone.user", form.user.value);
    signOn({ url: form.url.value, domain: settings.domain, user: form.user.value.trim(), password: form.password.value });
  };
  byId("sign_on").disabled = false;
}

function signOn(account) {
  complain("");
  sip = new Sip(account, {
    onState(state, status) {
      line = state;
      if (state === "refused") complain(text.refused(status));
      show();
    },
    onIncoming: incoming,
  });
  sip.start();
}

function signOff() {
  call?.hangUp();
  sip?.stop();
  byId("account").password.value = "";
}

// -- calls -----------------------------------------------------------------------------------------

async function dial() {
  const number = byId("dial").number.value.replace(/[\s()-]/g, "");
  if (!number || (call && !call.isOver)) return;
  complain("");
  try {
    call = await Call.dial(sip, number, byId("voice"), show);
  } catch {
    complain(text.microphone);
  }
  show();
}

function incoming(dialog, request) {
  if (call && !call.isOver) return dialog.reject(486);
  complain("");
  call = Call.incoming(dialog, request, byId("voice"), show);
  show();
  if (call.answersItself) answer();
}

function answer() {
  call.accept().catch(() => complain(text.microphone));
}

function hangUp() {
  if (call?.state === "incoming") call.decline();
  else call?.hangUp();
}

function press(key) {
  if (call?.state === "talking") call.press(key);
  else if (!call || call.isOver) byId("dial").number.value += key;
}

// -- what is shown ---------------------------------------------------------------------------------

function show() {
  const state = call && !call.isOver ? call.state : "none";
  byId("line").textContent = text.line[line];
  byId("line").classList.toggle("on", line === "registered");
  byId("account").hidden = !["off", "refused"].includes(line);
  byId("phone").hidden = !byId("account").hidden;
  byId("peer").textContent = call ? call.peer : "";
  byId("digits").textContent = call && !call.isOver ? call.digits : "";
  byId("dial").hidden = state !== "none";
  byId("answer").hidden = state !== "incoming";
  byId("call").hidden = state !== "none";
  byId("call").disabled = line !== "registered";
  byId("mute").hidden = byId("hold").hidden = state !== "talking";
  byId("mute").setAttribute("aria-pressed", String(Boolean(call?.isMuted)));
  byId("hold").setAttribute("aria-pressed", String(Boolean(call?.isHeld)));
  byId("hang_up").hidden = state === "none";
  byId("hang_up").textContent = state === "incoming" ? text.decline : text.hang_up;
  if (state === "incoming" && !call.answersItself) bell.start();
  else bell.stop();
  if (call?.isOver && call.status >= 300 && call.status !== 487) complain(text.failed(call.status));
  document.body.dataset.call = call ? call.state : "none";
  document.body.dataset.audio = call?.pc?.connectionState ?? "";
  tick();
}

function tick() {
  byId("state").textContent = call ? stateOf(call) : "";
}

function stateOf(one) {
  if (one.state !== "talking") return text.state[one.state];
  if (one.isHeld) return text.state.held;
  if (one.pc.connectionState !== "connected") return text.state.connecting;
  const seconds = Math.floor((Date.now() - one.since) / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

function complain(words) {
  byId("trouble").textContent = words;
  byId("trouble").hidden = !words;
}

function speak(name) {
  language = name in TEXTS ? name : "en";
  text = TEXTS[language];
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = text.title;
  for (const each of document.querySelectorAll("[data-text]")) each.textContent = text[each.dataset.text];
  for (const each of document.querySelectorAll("[data-label]")) {
    each.setAttribute(each.tagName === "INPUT" ? "placeholder" : "aria-label", text[each.dataset.label]);
  }
  byId("language").textContent = text.other_language;
  show();
}

function light(theme) {
  document.documentElement.dataset.theme = theme;
  localStorage.setItem("theme", theme);
}

for (const key of KEYS) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = key;
  button.onclick = () => press(key);
  byId("keys").append(button);
}
byId("dial").onsubmit = (event) => { event.preventDefault(); dial(); };
byId("call").onclick = dial;
byId("answer").onclick = answer;
byId("hang_up").onclick = hangUp;
byId("mute").onclick = () => call.mute(!call.isMuted);
byId("hold").onclick = () => call.hold(!call.isHeld).catch(() => show());
byId("sign_off").onclick = signOff;
byId("language").onclick = () => {
  const other = language === "zh" ? "en" : "zh";
  localStorage.setItem("language", other);
  speak(other);
};
byId("theme").onclick = () => light(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
document.onkeydown = (event) => {
  if (call?.state === "talking" && KEYS.includes(event.key)) press(event.key);
};
window.onbeforeunload = (event) => { if (call && !call.isOver) event.preventDefault(); };
setInterval(tick, 500);

light(localStorage.getItem("theme") ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"));
speak(language);
prepare();
