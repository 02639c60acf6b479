// Who may sign in, and which programs; for administrators.

import {
  DASH, ago, api, asked, attempt, confirmed, dayAndTime, make, makeTable, openPage, roleName,
  shownOnce, words,
} from "/frame/frame.js";

const t = words({
  en: {
    title: "Users", people: "People", tokens: "API tokens", add_user: "Add a user",
    tokens_note: "A token lets a program sign in: Authorization: Bearer cc_…",
    add_token: "Make a token", name: "Name", role: "Role", agent: "Agent", second: "Second factor",
    used: "Last seen", acts: "Actions", yes: "yes", no: "no", locked: "locked",
    nobody: "There are no users.", no_tokens: "No program may sign in.",
    change: "Change", password: "New password", lock: "Lock", unlock: "Unlock",
    sign_out: "Sign out everywhere", reset: "Reset second factor", remove: "Remove",
    agent_hint: "The agent who this person is; a team lead leads that agent's team.",
    password_title: (name) => `A new password for ${name}?`,
    password_note: "The old one ends, and so do the sessions.",
    lock_title: (name) => `Lock ${name} out?`, lock_note: "Whoever is signed in as this user is out.",
    out_title: (name) => `Sign ${name} out everywhere?`,
    reset_title: (name) => `Take ${name}'s second factor away?`,
    reset_note: "A password is enough then, until a new one is set up.",
    remove_title: (name) => `Remove ${name}?`, remove_note: "This cannot be undone.",
    once: "It is shown this once; only its hash is kept.", add: "Add", done: "Done",
    may: "May", reads: "read only", acts_too: "read and act", expires: "Ends", expired: "over",
    days: "Days", revoke: "Revoke", revoke_title: (name) => `Revoke the token ${name}?`,
    revoke_note: "Programs that use it are out at once.", made_by: "Made by", never: "never",
    reads_only: "May only read",
  },
  zh: {
    title: "用户", people: "人员", tokens: "API 令牌", add_user: "添加用户",
    tokens_note: "程序凭令牌登录：Authorization: Bearer cc_…",
    add_token: "新建令牌", name: "名称", role: "角色", agent: "坐席", second: "二次验证",
    used: "最近活动", acts: "操作", yes: "已启用", no: "无", locked: "已锁定",
    nobody: "没有用户。", no_tokens: "尚无令牌。",
    change: "修改", password: "重置密码", lock: "锁定", unlock: "解锁",
    sign_out: "全部退出", reset: "重置二次验证", remove: "删除",
    agent_hint: "此人对应的坐席；班长管理该坐席所在的班组。",
    password_title: (name) => `为 ${name} 生成新密码？`,
    password_note: "旧密码立即失效，所有登录会话结束。",
    lock_title: (name) => `锁定 ${name}？`, lock_note: "该用户的所有会话立即失效。",
    out_title: (name) => `让 ${name} 在所有设备上退出？`,
    reset_title: (name) => `取消 ${name} 的二次验证？`,
    reset_note: "在重新设置之前，仅凭密码即可登录。",
    remove_title: (name) => `删除 ${name}？`, remove_note: "此操作无法撤销。",
    once: "仅显示这一次，系统只保存其散列值。", add: "添加", done: "完成",
    may: "权限", reads: "只读", acts_too: "读取和操作", expires: "到期", expired: "已过期",
    days: "有效天数", revoke: "吊销", revoke_title: (name) => `吊销令牌 ${name}？`,
    revoke_note: "使用它的程序立即失效。", made_by: "创建人", never: "从未",
    reads_only: "只读",
  },
});
const ROLES = ["agent", "team_lead", "inspector", "supervisor", "administrator"];
let me = null;
let found = null;              // [users, tokens]

const button = (text, act, kind = "small") =>
  make(`button.${kind}`, { type: "button", onclick: act }, text);

const users = makeTable({
  caption: () => t("people"), empty: () => t("nobody"), key: (user) => user.user_id,
  sort: { by: "name" },
  columns: [
    { id: "name", title: () => t("name"), value: (user) => user.user_id, cell: nameCell,
      mark: (user) => `${user.user_id} ${user.is_locked}` },
    { id: "role", title: () => t("role"), value: (user) => roleName(user.role) },
    { id: "agent", title: () => t("agent"), value: (user) => user.agent_id ?? "" },
    { id: "second", title: () => t("second"),
      value: (user) => t(user.has_second_factor ? "yes" : "no") },
    { id: "used", title: () => t("used"), value: (user) => user.used_s,
      cell: (user) => user.used_s ? ago(user.used_s * 1000) : DASH },
    { id: "acts", title: () => t("acts"), kind: "acts", cell: userActs,
      mark: (user) => JSON.stringify(user) },
  ],
});

const tokens = makeTable({
  caption: () => t("tokens"), empty: () => t("no_tokens"), key: (token) => token.id,
  sort: { by: "name" },
  columns: [
    { id: "name", title: () => t("name"), value: (token) => token.name },
    { id: "role", title: () => t("role"), value: (token) => roleName(token.role) },
    { id: "may", title: () => t("may"),
      value: (token) => t(token.reads_only ? "reads" : "acts_too") },
    { id: "made_by", title: () => t("made_by"), value: (token) => token.made_by },
    { id: "expires", title: () => t("expires"), value: (token) => token.expires_s,
      cell: (token) => token.is_expired ? t("expired") : dayAndTime(token.expires_s * 1000) },
    { id: "used", title: () => t("used"), value: (token) => token.used_s,
      cell: (token) => token.used_s ? ago(token.used_s * 1000) : t("never") },
    { id: "acts", title: () => t("acts"), kind: "acts", cell: tokenActs,
      mark: (token) => token.id },
  ],
});

function nameCell(user) {
  if (!user.is_locked) return make("span", {}, user.user_id);
  return make("span", {}, user.user_id, " ", make("span.badge.alarm", {}, t("locked")));
}

function userActs(user) {
  const isMe = user.user_id === me.user_id;
  const path = `/api/v1/users/${encodeURIComponent(user.user_id)}`;
  const acts = [
    button(t("change"), () => changeUser(user)),
    button(t("password"), () => newPassword(user, path)),
    button(t("sign_out"), () => sure(t("out_title", user.user_id), "", t("sign_out"),
      () => api("DELETE", `${path}/sessions`))),
  ];
  if (user.has_second_factor) acts.push(button(t("reset"), () => sure(
    t("reset_title", user.user_id), t("reset_note"), t("reset"), () => api("DELETE", `${path}/totp`))));
  if (!isMe) acts.push(
    user.is_locked
      ? button(t("unlock"), () => act(() => api("POST", `${path}/lock`, { is_locked: false })))
      : button(t("lock"), () => sure(t("lock_title", user.user_id), t("lock_note"), t("lock"),
        () => api("POST", `${path}/lock`, { is_locked: true }))),
    button(t("remove"), () => sure(t("remove_title", user.user_id), t("remove_note"), t("remove"),
      () => api("DELETE", path))));
  return make("div", {}, ...acts);
}

function tokenActs(token) {
  const path = `/api/v1/tokens/${encodeURIComponent(token.id)}`;
  return make("div", {}, button(t("revoke"), () => sure(
    t("revoke_title", token.name), t("revoke_note"), t("revoke"), () => api("DELETE", path))));
}

const roleField = (value) =>
  ({ name: "role", label: t("role"), value, options: ROLES.map((role) => [role, roleName(role)]) });
const agentField = (value) =>
  ({ name: "agent_id", label: t("agent"), value: value ?? "", hint: t("agent_hint") });
const nameField = () =>
  ({ name: "name", label: t("name"), required: true, pattern: "[A-Za-z0-9_.@\\-]+", maxLength: 64 });

async function addUser() {
  const wish = await asked({ title: t("add_user"), act: t("add"),
    fields: [nameField(), roleField("agent"), agentField("")] });
  if (!wish) return;
  const body = { user_id: wish.name, role: wish.role, agent_id: wish.agent_id || null };
  const made = await act(() => api("POST", "/api/v1/users", body));
  if (made) await shownOnce(made.user_id, t("once"), made.password);
}

async function changeUser(user) {
  const wish = await asked({ title: user.user_id, act: t("change"),
    fields: [roleField(user.role), agentField(user.agent_id)] });
  if (wish) await act(() => api("PUT", `/api/v1/users/${encodeURIComponent(user.user_id)}`,
    { role: wish.role, agent_id: wish.agent_id || null }));
}

async function newPassword(user, path) {
  const isSure = await confirmed({ title: t("password_title", user.user_id),
    sentence: t("password_note"), act: t("password"), isGrave: true });
  const made = isSure && await act(() => api("POST", `${path}/password`));
  if (made) await shownOnce(made.user_id, t("once"), made.password);
}

async function addToken() {
  const wish = await asked({ title: t("add_token"), act: t("add"), fields: [
    nameField(), roleField("supervisor"), agentField(""),
    { name: "reads_only", label: t("reads_only"), type: "checkbox", value: true },
    { name: "days", label: t("days"), type: "number", value: 90, min: 1, max: 3660, required: true },
  ] });
  if (!wish) return;
  const made = await act(() =>
    api("POST", "/api/v1/tokens", { ...wish, agent_id: wish.agent_id || null }));
  if (made) await shownOnce(wish.name, t("once"), made.token);
}

async function sure(title, sentence, text, doing) {
  if (await confirmed({ title, sentence, act: text, isGrave: true })) await act(doing);
}

async function act(doing) {
  const result = await attempt(doing, t("done"));
  await attempt(load);
  return result;
}

async function load() {
  found = await Promise.all([api("GET", "/api/v1/users"), api("GET", "/api/v1/tokens")]);
  paint();
}

function paint() {
  if (!found) return;
  users.show(found[0]);
  tokens.show(found[1]);
}

document.getElementById("users").append(users.element);
document.getElementById("tokens").append(tokens.element);
document.getElementById("add-user").onclick = addUser;
document.getElementById("add-token").onclick = addToken;
await openPage({ id: "users", t, load, paint: (who) => { me = who; paint(); } });
