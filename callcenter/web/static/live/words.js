// What is said in a talk, shown while it is said; for any page.
//   import { followTalk } from "/live/words.js";   (its style: /live/page.css)
//   const stop = followTalk(element, callId);
// The element is filled and kept up to date until the talk is over or `stop` is called.

import { duration, make, onLanguage, put, sync, words } from "/frame/frame.js";

const AGAIN_MS = 2000;
const t = words({
  en: {
    caller: "Caller", agent: "Agent", quiet: "Nothing has been said yet.",
    off: "This talk is not followed: its queue does not show live text, or the machine is busy.",
    over: "The talk is over.", refused: "The text of this talk is not for you, or it is over.",
    away: "The connection is gone; it is made again.", said: "What is said",
  },
  zh: {
    caller: "客户", agent: "坐席", quiet: "还没有人说话。",
    off: "本通话没有实时文字：所在队列未开启，或机器正忙。",
    over: "通话已结束。", refused: "您无权查看此通话的文字，或通话已结束。",
    away: "连接已断开，正在重连。", said: "通话内容",
  },
});

export function followTalk(element, callId) {
  const parts = make("ol", { "aria-live": "polite" });
  const state = make("p.soft", { role: "status" });
  element.replaceChildren(make("div.live-words", { tabIndex: 0, role: "region", "aria-label": t("said") }, parts), state);
  const talk = { parts: [], saying: {}, live: false, word: "" };
  let socket = null;
  let timer = null;
  let isStopped = false;

  function connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    let wasOpen = false;
    socket = new WebSocket(`${scheme}://${location.host}/ws/calls/${encodeURIComponent(callId)}/transcript`);
    socket.onopen = () => { wasOpen = true; };
    socket.onmessage = ({ data }) => take(JSON.parse(data));
    socket.onclose = () => {
      if (isStopped || talk.word === "over") return;
      talk.word = wasOpen ? "away" : "refused";
      if (wasOpen) timer = setTimeout(connect, AGAIN_MS);
      paint();
    };
  }

  function take(message) {
    if (message.type === "over") {
      talk.word = "over";
      talk.saying = {};
    } else {
      const before = message.all ? [] : talk.parts;
      talk.parts = [...before, ...message.parts];
      talk.saying = message.saying;
      talk.word = message.live ? "" : "off";
    }
    paint();
  }

  function paint() {
    const saying = Object.entries(talk.saying).filter(([, text]) => text)
      .map(([side, text]) => ({ number: `saying-${side}`, side, text, isSaying: true }));
    const all = [...talk.parts, ...saying].sort((a, b) => (a.start_s ?? Infinity) - (b.start_s ?? Infinity));
    const found = new Map(all.map((part) => [String(part.number), part]));
    const isAtEnd = parts.parentElement.scrollTop + parts.parentElement.clientHeight
      >= parts.parentElement.scrollHeight - 40;
    for (const line of sync(parts, [...found.keys()], newLine)) {
      const part = found.get(line.dataset.key);
      line.className = `${part.side}${part.isSaying ? " saying" : ""}`;
      put(line.children[0], part.isSaying ? "…" : duration(part.start_s));
      put(line.children[1], t(part.side));
      put(line.children[2], part.text);
    }
    put(state, talk.word ? t(talk.word) : all.length ? "" : t("quiet"));
    parts.parentElement.setAttribute("aria-label", t("said"));
    if (isAtEnd) parts.parentElement.scrollTop = parts.parentElement.scrollHeight;
  }

  const newLine = () => make("li", {}, make("span.soft"), make("span.side"), make("span.text"));

  onLanguage(paint);
  connect();
  return () => { isStopped = true; clearTimeout(timer); socket.close(); };
}
