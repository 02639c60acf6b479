// The events of a call in the trade's words. Each entry: the side it comes from, and its words of
// the event's facts; an event that is not in here is shown by its name.

import { language } from "/frame/frame.js";

const times = { en: (s) => `${Math.round(s)} s`, zh: (s) => `${Math.round(s)} 秒` };
const CAUSES = {
  waited: ["waited too long", "等待超时"], full: ["the queue was full", "队列已满"],
  expected: ["the wait would have been too long", "预计等待过长"],
  nobody: ["no agent was at work", "无坐席在岗"], moved: ["moved by hand", "人工移动"],
  closed: ["the queue was closed", "队列已关闭"],
};
const WHYS = {
  no_answer: ["not picked up", "未应答"],
  declined: ["declined", "拒接"], unreachable: ["phone not reachable", "话机不可达"],
  withdrawn: ["withdrawn", "已撤回"],
};
const RELEASES = {
  time_up: ["the agent was not free in time", "坐席未及时空闲"],
  agent_left: ["the agent left", "坐席已离开"], given_back: ["by hand", "人工恢复"],
};
const CARDS = {
  taken: ["taken", "已受理"], refused: ["refused", "被拒绝"], timed_out: ["no answer in time", "超时无应答"],
  wrong: ["no valid card", "卡号无效"],
};
const MODES = {
  listen: ["listens", "监听"], whisper: ["whispers to the agent", "耳语"], barge: ["barged in", "强插"],
};
const ENDERS = {
  caller: ["the caller", "客户"], agent: ["the agent", "坐席"], centre: ["the centre", "中心"],
  fault: ["a fault", "故障"],
};
const word = (table, key) => table[key]?.[language() === "zh" ? 1 : 0] ?? key;

const STEPS = {
  CallArrived: ["caller", (f) => [`called ${f.line}`, `呼入 ${f.line}`]],
  CallPlaced: ["", (f) => [`we called, by ${f.trunk}`, `由中心呼出，经 ${f.trunk}`]],
  CallNotReached: ["trouble", (f) => [`not picked up (${f.status})`, `未接通（${f.status}）`]],
  CallRefused: ["trouble", (f) => [`refused: ${f.rule} (${f.status})`, `拒绝：${f.rule}（${f.status}）`]],
  CallAnswered: ["", () => ["answered", "应答"]],
  FlowStarted: ["", (f) => [`in the flow ${f.flow}`, `进入流程 ${f.flow}`]],
  MenuChosen: ["caller", (f) => [f.key ? `pressed ${f.key} (${f.node})` : `pressed nothing (${f.node})`,
    f.key ? `按键 ${f.key}（${f.node}）` : `未按键（${f.node}）`]],
  DigitsEntered: ["caller", (f) => [f.accepted ? `entered digits (${f.node})` : `digits not accepted (${f.node})`,
    f.accepted ? `输入号码（${f.node}）` : `号码未接受（${f.node}）`]],
  CardKeyed: ["caller", (f) => [`keyed a card: ${word(CARDS, f.outcome)} (${f.node})`,
    `输入卡号：${word(CARDS, f.outcome)}（${f.node}）`]],
  SpeechSettled: ["caller", (f) => [`said: ${f.choice || f.outcome} (${f.node})`, `语音：${f.choice || f.outcome}（${f.node}）`]],
  LookupEnded: ["", (f) => [`looked up: ${f.outcome} (${f.node})`, `查询：${f.outcome}（${f.node}）`]],
  CallerSent: ["", (f) => [`sent on by the flow: ${f.outcome}`, `流程转接：${f.outcome}`]],
  SurveyAnswered: ["caller", (f) => [`survey ${f.question}: ${f.score || "–"}`, `评价 ${f.question}：${f.score || "–"}`]],
  CallbackAsked: ["caller", () => ["wants to be called back", "请求回呼"]],
  VoicemailLeft: ["caller", (f) => [`left a message of ${times.en(f.seconds)}`, `留言 ${times.zh(f.seconds)}`]],
  FlowEnded: ["", (f) => [`left the flow ${f.flow} at ${f.node}`, `离开流程 ${f.flow}（${f.node}）`]],
  CallQueued: ["", (f) => [`waits in ${f.queue}, P${3 - f.priority}${f.tier ? ` ${f.tier}` : ""}`,
    `进入队列 ${f.queue}，P${3 - f.priority}${f.tier ? ` ${f.tier}` : ""}`]],
  PositionTold: ["", (f) => [`heard the place: ${f.position}`, `播报排位：${f.position}`]],
  CallPromoted: ["", (f) => [`urgency P${3 - f.priority} ${f.tier}`, `优先级 P${3 - f.priority} ${f.tier}`]],
  CallReserved: ["agent", (f) => [`is to have ${f.agent_id}`, `指定坐席 ${f.agent_id}`]],
  CallReleased: ["", (f) => [`waits for anybody again: ${word(RELEASES, f.why)}`, `恢复排队：${word(RELEASES, f.why)}`]],
  AgentOffered: ["agent", (f) => [`rings at ${f.agent_id}`, `${f.agent_id} 振铃`]],
  OfferFailed: ["trouble", (f) => [`${f.agent_id}: ${word(WHYS, f.why)}`, `${f.agent_id}：${word(WHYS, f.why)}`]],
  AgentAnswered: ["agent", (f) => [`${f.agent_id} picked up`, `${f.agent_id} 接听`]],
  CallBridged: ["agent", (f) => [`caller and ${f.agent_id} talk`, `客户与 ${f.agent_id} 通话`]],
  CallAbandoned: ["trouble", (f) => [`abandoned in ${f.queue}`, `在队列 ${f.queue} 中放弃`]],
  CallOverflowed: ["trouble", (f) => [`led away from ${f.queue}: ${word(CAUSES, f.cause)}`,
    `溢出队列 ${f.queue}：${word(CAUSES, f.cause)}`]],
  CallLost: ["trouble", () => ["lost by a fault", "因故障丢失"]],
  CallLeftForCallback: ["caller", (f) => [`left ${f.queue} to be called back`, `离开队列 ${f.queue}，等待回呼`]],
  CallHeld: ["agent", () => ["on hold", "保持"]],
  CallResumed: ["agent", () => ["taken back from hold", "恢复通话"]],
  GuestInvited: ["agent", (f) => [`${f.way === "consult" ? "asks" : "sends the caller to"} ${f.agent_id ?? f.trunk}`,
    `${f.way === "consult" ? "咨询" : "转接给"} ${f.agent_id ?? f.trunk}`]],
  GuestJoined: ["agent", () => ["the guest picked up", "第三方接听"]],
  GuestLeft: ["agent", () => ["the guest left", "第三方离开"]],
  ConferenceStarted: ["agent", () => ["conference of three", "三方通话"]],
  TalkTransferred: ["agent", () => ["the guest has the caller", "通话已转接"]],
  TalkTaken: ["agent", (f) => [`the talk is ${f.agent_id}'s`, `由 ${f.agent_id} 接管`]],
  TalkEnded: ["agent", (f) => [`${f.agent_id}'s part is over`, `${f.agent_id} 通话结束`]],
  CallSentOn: ["agent", (f) => [`${f.agent_id} sent the caller to ${f.to}`, `${f.agent_id} 将客户转到 ${f.to}`]],
  HandoverRefused: ["trouble", (f) => [`${f.wish} refused: ${f.rule}`, `${f.wish} 被拒绝：${f.rule}`]],
  WrapUpCoded: ["agent", (f) => [`about: ${f.code}`, `小结：${f.code}`]],
  WrapUpOverdue: ["trouble", () => ["the wrap-up code is missing", "缺少小结代码"]],
  MonitorStarted: ["", (f) => [`${f.by} ${word(MODES, f.mode)}`, `${f.by} ${word(MODES, f.mode)}`]],
  MonitorChanged: ["", (f) => [`${f.by} ${word(MODES, f.mode)}`, `${f.by} ${word(MODES, f.mode)}`]],
  MonitorEnded: ["", (f) => [`${f.phone} listens no more`, `${f.phone} 结束监听`]],
  RecordingStarted: ["", () => ["recording began", "开始录音"]],
  RecordingEnded: ["", (f) => [`recording ended, ${times.en(f.duration_s)}`, `录音结束，${times.zh(f.duration_s)}`]],
  TranscriptReady: ["", (f) => [`written down, ${f.words} words`, `转写完成，${f.words} 个词`]],
  TranscriptFailed: ["trouble", () => ["could not be written down", "转写失败"]],
  ActionTaken: ["", (f) => [`${f.by}: ${f.action} ${f.detail}`, `${f.by}：${f.action} ${f.detail}`]],
  CallEnded: ["caller", (f) => [`ended by ${word(ENDERS, f.by)}`, `${word(ENDERS, f.by)}挂断`]],
};
const UNSHOWN = new Set(["LegEnded", "AgentChanged", "AgentReserved"]);   // told elsewhere, or twice

// [{ at, side, words, detail }]
export function stepsOf(events) {
  return events.filter((event) => !UNSHOWN.has(event.kind)).map((event) => {
    const step = STEPS[event.kind];
    if (!step) return { at: event.at, side: "", words: event.kind, detail: JSON.stringify(event.facts) };
    const [side, texts] = step;
    const words = texts(event.facts)[language() === "zh" ? 1 : 0].trim();
    return { at: event.at, side, words, detail: event.facts.reason ?? "" };
  });
}
