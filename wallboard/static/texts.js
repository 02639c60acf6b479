// The board's own words; those of figures and alarms come with the board.

import { words } from "/frame/words.js";

const REASONS = {
  en: { rona: "did not pick up", meal: "meal", rest: "rest", break: "break", training: "training",
    meeting: "meeting", unreachable: "phone not reachable",
    signed_in: "just signed in", away: "away too long" },
  zh: { rona: "未应答", meal: "用餐", rest: "休息", break: "小休", training: "培训", meeting: "会议",
    unreachable: "话机不可达", signed_in: "刚签入", away: "离席超时" },
};
const reasons = (language) => Object.fromEntries(
  Object.entries(REASONS[language]).map(([reason, word]) => [`reason_${reason}`, word]));

const own = words({
  en: {
    totals: "Totals", alarms: "Alarms", boards: "Board",
    queues: "Queues", queue: "Queue", teams: "Teams", team: "Team", no_team: "Without a team",
    agents: "Agents", notices: "Notices", no_notices: "Nothing to report today.",
    day_curve: "The day by half hours", target_word: "Target",
    past: (day) => `Offered on ${day}`,
    service_level: "Service level", waiting: "Waiting", longest: "Longest",
    expected: "Expected", talking: "Talking",
    answered: "Answered", offered: "Offered", abandoned: "Abandoned", asa: "ASA",
    answered_of: "Ans./off.", ready: "Ready", unreachable: "No phone", wrap_up: "Wrap-up", paused: "Paused",
    occupancy: "Occupancy", phone_away: "phone not reachable", phone_busy: "phone busy",
    target: (value) => `Target ${value}`,
    target_in: (share, seconds) => `Target ${share} in ${seconds} s`,
    agent_number: (number) => `Agent ${number}`, lacks_code: "no code yet",
    live: "Live", connecting: "Connecting …", lost: "No connection", core_lost: "Core away",
    web_away: (time) => `Connection lost. These figures are of ${time}; trying again …`,
    core_away: (time) => `The telephone core does not answer. These figures are of ${time}.`,
    never_up: "The telephone core does not answer.",
    revoked: "This link is no longer valid. Ask a supervisor for another.",
    no_board: "There is no such board.", too_many: "Too many screens are connected already.",
    acknowledge: "Take on", acknowledged: (by) => by ? `taken on by ${by}` : "taken on",
    more_alarms: (number) => `and ${number} more`,
    sound_on: "Sound on", sound_off: "Sound off", sound_press: "Press for sound",
    state_talking: "Talking", state_ringing: "Ringing", state_ready: "Ready",
    state_wrap_up: "Wrap-up", state_paused: "Paused", state_off: "Signed off",
    manner_hold: "on hold", manner_consult: "consulting", manner_transfer: "transferring",
    manner_conference: "conference",
    notice_call_lost: "A fault lost a waiting caller.", notice_call_cut: "A fault cut a talk.",
    notice_recording_incomplete: "A recording is incomplete.",
    notice_transcript_failed: "A recording could not be transcribed.", notice_media: "Media:",
    notice_line_lost: "A line at another PBX takes no calls.",
    notice_store_down: "Recordings do not reach their store and wait on this machine:",
    notice_agent_away: "An agent has been away for too long.",
    notice_surge_began: "Backup agents are called in.",
    notice_surge_over: "Backup agents are let go.",
    notice_wrap_up_overdue: "An agent's call has no code yet, so no call comes.",
    emergency: "Every caller hears an announcement first:",
    notice_emergency_on: "The emergency announcement was switched on.",
    notice_emergency_off: "The emergency announcement was switched off.",
    ...reasons("en"),
  },
  zh: {
    totals: "总览", alarms: "告警", boards: "大屏", queues: "队列", queue: "队列", teams: "班组",
    team: "班组", no_team: "未分组", agents: "坐席", notices: "通知", no_notices: "今日无异常。",
    day_curve: "当日半小时曲线", target_word: "目标",
    past: (day) => `${day} 进线`,
    service_level: "服务水平", waiting: "排队", longest: "最长等待",
    expected: "预计等待", talking: "通话中",
    answered: "接起", offered: "进线", abandoned: "放弃", asa: "平均应答", answered_of: "接起/进线",
    ready: "示闲", unreachable: "无话机", wrap_up: "整理", paused: "示忙", occupancy: "占用率",
    phone_away: "话机不可达", phone_busy: "话机占线",
    target: (value) => `目标 ${value}`,
    target_in: (share, seconds) => `目标 ${seconds} 秒内 ${share}`,
    agent_number: (number) => `坐席 ${number}`, lacks_code: "待填代码",
    live: "实时", connecting: "连接中…", lost: "连接中断", core_lost: "核心离线",
    web_away: (time) => `连接中断，正在重连…… 数据停留在 ${time}`,
    core_away: (time) => `话务核心无响应，数据停留在 ${time}`,
    never_up: "话务核心无响应。",
    revoked: "此链接已失效，请向主管索取新链接。", no_board: "没有这个大屏。",
    too_many: "连接的屏幕过多。",
    acknowledge: "处理", acknowledged: (by) => by ? `${by} 处理中` : "处理中",
    more_alarms: (number) => `另有 ${number} 条`,
    sound_on: "声音开", sound_off: "声音关", sound_press: "点击开启声音",
    state_talking: "通话中", state_ringing: "振铃", state_ready: "示闲", state_wrap_up: "话后整理",
    state_paused: "示忙", state_off: "签出",
    manner_hold: "保持", manner_consult: "咨询", manner_transfer: "转接", manner_conference: "三方通话",
    notice_call_lost: "故障导致等待的来电丢失。", notice_call_cut: "故障中断了通话。",
    notice_recording_incomplete: "录音不完整。", notice_transcript_failed: "录音转写失败。",
    notice_media: "媒体：", notice_line_lost: "外部线路无法接入。",
    notice_store_down: "录音无法送入存储，暂留本机：",
    notice_agent_away: "坐席离席超时。", notice_surge_began: "排队激增，已启用后备坐席。",
    notice_surge_over: "排队缓解，后备坐席退出。",
    notice_wrap_up_overdue: "坐席尚未填写小结代码，暂不派话。",
    emergency: "所有来电先播放紧急公告：", notice_emergency_on: "紧急公告已开启。",
    notice_emergency_off: "紧急公告已关闭。",
    ...reasons("zh"),
  },
});

// A reason may be the centre's own word, which stands as it is.
export const t = (key, ...values) => {
  const said = own(key, ...values);
  return said === key && key.startsWith("reason_") ? values[0] : said;
};
