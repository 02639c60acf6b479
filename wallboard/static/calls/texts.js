// The words of past calls.

import { words } from "/frame/frame.js";

export const t = words({
  en: {
    title: "Calls", call_title: (id) => `Call ${id}`, back: "All calls",
    from: "From", to: "To", queue: "Queue", agent: "Agent", line: "Line", outcome: "Outcome",
    number: "Number", any: "any", search: "Search", more: "Show more",
    none: "No call matches.", count: (shown, total) => `${shown} of ${total} calls`,
    cut: "There are more; ask for fewer days.",
    arrived: "Arrived", waited: "Waited", talked: "Talked", recordings: "Recordings",
    listen: (number) => `Listen ${number}`, ended_by: "Ended by",
    o_open: "open", o_refused: "refused", o_answered: "answered", o_abandoned: "abandoned",
    o_overflowed: "overflowed", o_lost: "lost", o_callback: "called back", o_not_reached: "not reached",
    o_unqueued: "no queue", o_dialled: "dialled", o_cancelled: "cancelled",
    by_caller: "the caller", by_agent: "the agent", by_centre: "the centre", by_fault: "a fault",
    facts: "The call", ladder: "Step by step", ended: "Ended", goes_on: "goes on", reason: "Reason",
    recording: "Recording", transcript: (number) => `${number} words were written down`,
    no_transcript: "no transcript yet", incomplete: "incomplete",
    quality: "How it sounded", mos: "MOS", lost: "Lost packets", jitter: "Jitter", side: "Side",
    side_caller: "caller", side_agent: "agent", side_guest: "guest", no_legs: "No leg has ended yet.",
  },
  zh: {
    title: "通话记录", call_title: (id) => `通话 ${id}`, back: "全部通话",
    from: "起", to: "止", queue: "队列", agent: "坐席", line: "线路", outcome: "结果",
    number: "号码", any: "全部", search: "查询", more: "显示更多",
    none: "没有符合条件的通话。", count: (shown, total) => `显示 ${shown} / 共 ${total} 条`,
    cut: "结果过多，请缩短日期范围。",
    arrived: "呼入时间", waited: "等待", talked: "通话", recordings: "录音",
    listen: (number) => `录音 ${number}`, ended_by: "结束方",
    o_open: "进行中", o_refused: "拒绝", o_answered: "接起", o_abandoned: "放弃",
    o_overflowed: "溢出", o_lost: "故障丢失", o_callback: "转回呼", o_not_reached: "未接通",
    o_unqueued: "未排队", o_dialled: "外呼", o_cancelled: "取消",
    by_caller: "客户", by_agent: "坐席", by_centre: "中心", by_fault: "故障",
    facts: "通话信息", ladder: "通话过程", ended: "结束", goes_on: "进行中", reason: "原因",
    recording: "录音", transcript: (number) => `已转写 ${number} 个词`,
    no_transcript: "尚无转写", incomplete: "不完整",
    quality: "通话质量", mos: "MOS", lost: "丢包", jitter: "抖动", side: "方向",
    side_caller: "客户", side_agent: "坐席", side_guest: "第三方", no_legs: "尚无通话腿结束。",
  },
});
