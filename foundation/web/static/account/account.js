// One's own account: password, second factor, and where one is signed in.

import {
  DASH, ago, api, asked, attempt, confirmed, dayAndTime, make, makeTable, openPage, put, roleName,
  shownOnce, signInAgain, words,
} from "/frame/frame.js";
import { browserName } from "./browsers.js";
import { qrCode } from "./qr.js";

const t = words({
  en: {
    title: "My account", who: "Signed in", name: "Name", role: "Role", agent: "Agent",
    change_password: "Change password", old: "Present password", new: "New password",
    rules: "At least ten characters; length is what counts.",
    again: "New password again", differ: "The two new passwords differ.",
    changed: "The password is changed; other sessions have ended.",
    second: "Second factor", second_on: (codes) => `On; ${codes} recovery codes are left.`,
    second_off: "Off: a password is enough.", set_up: "Set up", take_away: "Take away",
    scan: "Scan this with an authenticator app, or type the secret, then enter its code.",
    secret: "Secret", code: "Code of the app", go_on: "Go on",
    recovery: "Recovery codes",
    recovery_note: "Each stands for the app once. Keep them where the telephone is not; they are shown this once.",
    sessions: "Sessions", none: "There are none.", address: "Address", browser: "Browser",
    since: "Since", used: "Last used", acts: "Actions", here: "this one", end: "Sign out",
    everywhere: "Sign out everywhere", everywhere_title: "Sign out everywhere?",
    everywhere_note: "Here, too.",
  },
  zh: {
    title: "我的账户", who: "当前登录", name: "用户名", role: "角色", agent: "坐席",
    change_password: "修改密码", old: "当前密码", new: "新密码",
    rules: "至少 10 个字符，长度最重要。",
    again: "再次输入新密码", differ: "两次输入的新密码不一致。",
    changed: "密码已修改，其他会话已结束。",
    second: "二次验证", second_on: (codes) => `已启用，剩余 ${codes} 个恢复码。`,
    second_off: "未启用，仅需密码。", set_up: "设置", take_away: "取消",
    scan: "用验证器应用扫描二维码或输入密钥，然后填写验证码。",
    secret: "密钥", code: "应用中的验证码", go_on: "继续",
    recovery: "恢复码",
    recovery_note: "每个恢复码可代替验证器使用一次。请与手机分开保存，仅显示这一次。",
    sessions: "登录会话", none: "没有会话。", address: "地址", browser: "浏览器",
    since: "登录时间", used: "最近使用", acts: "操作", here: "当前会话", end: "退出",
    everywhere: "全部退出", everywhere_title: "在所有设备上退出？",
    everywhere_note: "包括当前会话。",
  },
});
const byId = (id) => document.getElementById(id);
let found = null;              // [sessions, second factor]

const sessions = makeTable({
  caption: () => t("sessions"), empty: () => t("none"), key: (session) => session.id,
  columns: [
    { id: "address", title: () => t("address"), value: (session) => session.address },
    { id: "browser", title: () => t("browser"), value: (session) => browserName(session.browser),
      mark: (session) => session.browser,
      cell: (session) => make("span", { title: session.browser }, browserName(session.browser)) },
    { id: "since", title: () => t("since"), value: (session) => session.issued_s,
      cell: (session) => dayAndTime(session.issued_s * 1000) },
    { id: "used", title: () => t("used"), value: (session) => session.used_s,
      cell: (session) => ago(session.used_s * 1000) },
    { id: "acts", title: () => t("acts"), kind: "acts", mark: (session) => session.id,
      cell: (session) => session.is_here
        ? make("span.badge.good", {}, t("here"))
        : make("button.small", { type: "button", onclick: () => end(session) }, t("end")) },
  ],
});

async function end(session) {
  await attempt(() => api("DELETE", `/api/v1/account/sessions/${encodeURIComponent(session.id)}`));
  await again();
}

async function everywhere() {
  const isSure = await confirmed({ title: t("everywhere_title"), sentence: t("everywhere_note"),
    act: t("everywhere"), isGrave: true });
  if (isSure && await attempt(() => api("DELETE", "/api/v1/account/sessions"))) signInAgain();
}

async function changePassword() {
  const field = (name, autocomplete, hint) => ({
    name, label: t(name), type: "password", required: true, autocomplete, hint,
  });
  const wish = await asked({ title: t("change_password"), act: t("change_password"), fields: [
    field("old", "current-password"), field("new", "new-password", t("rules")),
    field("again", "new-password"),
  ] });
  if (!wish) return;
  await attempt(async () => {
    if (wish.new !== wish.again) throw new Error(t("differ"));
    await api("POST", "/api/v1/account/password", { old: wish.old, new: wish.new });
  }, t("changed"));
  await again();
}

async function setUp() {
  const offer = await attempt(() => api("POST", "/api/v1/account/totp/new"));
  const wish = offer && await asked({ title: t("second"), sentence: t("scan"), act: t("go_on"),
    content: [
      qrCode(offer.qr),
      make("p", {}, `${t("secret")}: `, make("code", {}, offer.secret)),
      make("p", {}, make("code", {}, offer.uri)),
    ],
    fields: [{ name: "code", label: t("code"), required: true, inputMode: "numeric",
      autocomplete: "one-time-code" }] });
  if (!wish) return;
  const made = await attempt(() =>
    api("PUT", "/api/v1/account/totp", { secret: offer.secret, code: wish.code }));
  if (made) await shownOnce(t("recovery"), t("recovery_note"), made.recovery_codes.join("\n"));
  await again();
}

async function takeAway() {
  const wish = await asked({ title: t("second"), act: t("take_away"), isGrave: true, fields: [
    { name: "password", label: t("old"), type: "password", required: true,
      autocomplete: "current-password" }] });
  if (wish) await attempt(() => api("POST", "/api/v1/account/totp/off", wish));
  await again();
}

async function load() {
  found = await Promise.all(
    [api("GET", "/api/v1/account/sessions"), api("GET", "/api/v1/account/totp")]);
  paintFound();
}

const again = () => attempt(load);

function paintFound() {
  if (!found) return;
  const [rows, second] = found;
  sessions.show(rows);
  put(byId("second-state"), second.is_on ? t("second_on", second.recovery_codes) : t("second_off"));
  put(byId("second"), t(second.is_on ? "take_away" : "set_up"));
  byId("second").onclick = second.is_on ? takeAway : setUp;
  byId("second").hidden = false;
}

function paint(me) {
  const facts = [["name", me.user_id], ["role", roleName(me.role)], ["agent", me.agent_id ?? DASH]];
  byId("who").replaceChildren(
    ...facts.flatMap(([key, value]) => [make("dt", {}, t(key)), make("dd", {}, value)]));
  paintFound();
}

byId("sessions").append(sessions.element);
byId("password").onclick = changePassword;
byId("everywhere").onclick = everywhere;
await openPage({ id: "account", t, paint, load });
