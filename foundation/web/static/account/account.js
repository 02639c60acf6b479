// Who is signed in here.

import { DASH, make, openPage, roleName, words } from "/frame/frame.js";

const t = words({
  en: { title: "My account", who: "Signed in", name: "Name", role: "Role", agent: "Agent" },
  zh: { title: "我的账户", who: "当前登录", name: "用户名", role: "角色", agent: "坐席" },
});

function paint(me) {
  const facts = [["name", me.user_id], ["role", roleName(me.role)], ["agent", me.agent_id ?? DASH]];
  document.getElementById("who").replaceChildren(
    ...facts.flatMap(([key, value]) => [make("dt", {}, t(key)), make("dd", {}, value)]));
}

await openPage({ id: "account", t, paint });
