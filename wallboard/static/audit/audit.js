// Who did what, when, to whom; and who was refused recordings and the like.

import {
  api, attempt, dayAndTime, make, makeTable, newest, openPage, put, today, words,
} from "/frame/frame.js";

const t = words({
  en: {
    title: "Audit", note: "Every action that was done, and who was refused recordings, verdicts, messages and past calls.",
    from: "From", to: "To", by: "Who", action: "Action", target: "Whom", detail: "Details", at: "When",
    search: "Search", none: "Nobody did anything.", count: (shown, total) => `${shown} of ${total} actions`,
  },
  zh: {
    title: "操作日志", note: "所有已执行的操作，以及被拒绝的录音、质检结果、留言和历史通话访问。",
    from: "起", to: "止", by: "操作人", action: "操作", target: "对象", detail: "详情", at: "时间",
    search: "查询", none: "没有操作记录。", count: (shown, total) => `显示 ${shown} / 共 ${total} 条`,
  },
});
// The audit's own words, for Chinese readers; in English they are shown as they are kept.
const ACTIONS = {
  "agent ready": "坐席示闲", "agent paused": "坐席示忙", "agent off": "坐席签出", "hang up": "挂断",
  "monitor listen": "监听", "monitor whisper": "耳语", "monitor barge": "强插",
  "stop monitor": "停止监听", priority: "调整优先级", move: "移动来电", "wrap-up extended": "延长整理",
  "wrap-up coded": "填写小结", "wrap-up finished": "结束整理", "agent changed": "修改坐席",
  "queue changed": "修改队列", "live changes undone": "撤销临时修改", reload: "重载配置",
  "party erased": "删除号码", "access refused": "拒绝访问", "user added": "添加用户", "user's role": "修改角色",
  "user's password": "修改密码", "user locked": "锁定用户", "user unlocked": "解锁用户",
  "user signed out everywhere": "全部退出", "user's second factor": "二次验证",
  "recovery code used": "使用恢复码", "user removed": "删除用户", "token added": "新建令牌",
  "token revoked": "吊销令牌", hold: "保持", resume: "恢复", transfer: "转接", consult: "咨询",
  complete: "完成转接", conference: "三方通话", "take-back": "取回",
  "agent added": "新增坐席", "agent removed": "删除坐席", "queue added": "新增队列",
  "queue removed": "删除队列", taken: "指定接听", "given back": "放回排队", "ask callback": "登记回呼",
  "cancel callback": "取消回呼", record: "开始录音", "stop recording": "停止录音",
  "pause recording": "暂停录音", "resume recording": "继续录音", "take card": "收取卡号",
  "cancel card": "取消收取卡号", "alarm acknowledged": "确认告警", "emergency on": "开启紧急公告",
  "emergency off": "关闭紧急公告", "tv link made": "新建大屏链接", "tv link revoked": "吊销大屏链接",
  "transcript raised": "转写提前", "transcript retried": "重试转写", "talks judged again": "重新质检",
  "heard corrected": "更正识别意图", "recording key added": "新增录音密钥",
  "recordings rewrapped": "重新封装录音密钥",
};
const byId = (id) => document.getElementById(id);
const isCall = (target) => /^c-/.test(target);
const isChinese = () => document.documentElement.lang === "zh-CN";
let found = null;              // { items, total }
const newestPage = newest();

const table = makeTable({
  caption: () => t("title"), empty: () => t("none"), key: (action) => action.seq,
  columns: [
    { id: "at", title: () => t("at"), value: (action) => action.at,
      cell: (action) => dayAndTime(action.at) },
    { id: "by", title: () => t("by"), value: (action) => action.by },
    { id: "action", title: () => t("action"), value: (action) => action.action,
      cell: (action) => (isChinese() && ACTIONS[action.action]) || action.action },
    { id: "target", title: () => t("target"), value: (action) => action.target, cell: targetCell,
      mark: (action) => action.target },
    { id: "detail", title: () => t("detail"), value: (action) => action.detail },
  ],
});

function targetCell({ target }) {
  return isCall(target)
    ? make("a", { href: `/calls/${encodeURIComponent(target)}` }, target)
    : make("span", {}, target);
}

async function search() {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(byId("filters"))) if (value) query.set(name, value);
  const page = await newestPage(() => api("GET", `/api/v1/audit?${query}`));
  if (!page) return;
  found = page;
  paint();
}

function paint() {
  if (!found) return;
  table.show(found.items);
  put(byId("count"), t("count", found.items.length, found.total));
}

function load() {
  const { from, to } = byId("filters").elements;
  from.value ||= today();
  to.value ||= today();
  return search();
}

byId("found").append(table.element);
byId("filters").onsubmit = (event) => { event.preventDefault(); attempt(search); };
await openPage({ id: "audit", t, paint, load });
