// The agents, and what one may do with them.

import { asked, confirmed, duration, make, makeTable } from "/frame/frame.js";
import { skillsOf, written } from "./skills.js";
import { reasonWords, t } from "./texts.js";

const KINDS = { talking: "talk", ringing: "warn", ready: "good", wrap_up: "rest", paused: "rest", off: "" };
const ORDER = ["ringing", "talking", "wrap_up", "ready", "paused", "off"];

export function agentTable(desk) {
  const inStateS = (agent) => agent.state === "off" || agent.since === null
    ? null : desk.floor.nowS - agent.since;
  const table = makeTable({
    caption: () => t("agents"), empty: () => t("no_agents"), key: (agent) => agent.id,
    columns: [
      { id: "agent", title: () => t("agent"), value: (agent) => agent.name },
      { id: "team", title: () => t("team"), value: (agent) => agent.team },
      { id: "state", title: () => t("state"), value: (agent) => ORDER.indexOf(agent.state),
        cell: stateCell, mark: (agent) => `${agent.state} ${agent.reason} ${agent.phone}` },
      { id: "in_state", title: () => t("in_state"), kind: "number", value: inStateS,
        cell: (agent) => inStateS(agent) === null ? "" : duration(inStateS(agent)) },
      { id: "acts", title: () => t("acts"), kind: "acts", cell: (agent) => acts(desk, agent),
        mark: (agent) => `${agent.state} ${agent.name} ${desk.mark}` },
    ],
  });
  return {
    element: table.element,
    paint(board) {
      const agents = Object.entries(board.agents).map(([id, agent]) => ({ id, ...agent }));
      table.show(agents.sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state)));
    },
  };
}

const stateCell = (agent) => make("span", {},
  make(`span.badge${KINDS[agent.state] ? `.${KINDS[agent.state]}` : ""}`, {}, t(`state_${agent.state}`)),
  agent.reason ? ` ${reasonWords(agent.reason)}` : "",
  agent.phone ? make("span.late", {}, ` ${t(`phone_${agent.phone}`)}`) : "");

function acts(desk, agent) {
  const path = `/api/v1/agents/${encodeURIComponent(agent.id)}`;
  const button = (word, onclick) => make("button.small", { type: "button", onclick }, t(word));
  const set = (state, reason = "") => desk.act("POST", `${path}/state`, { state, reason });
  const made = [];
  if (desk.mayActFor(agent.id)) {
    if (agent.state === "off") made.push(button("sign_in", () => set("ready")));
    else {
      if (["paused", "wrap_up"].includes(agent.state)) made.push(button("ready", () => set("ready")));
      if (agent.state !== "paused") made.push(button("pause", () => pause(desk, agent, set)));
      made.push(button("sign_out", () => signOut(agent, set)));
    }
  }
  if (desk.options.may_change && desk.options.agents[agent.id])
    made.push(button("skills", () => skills(desk, agent, path)));
  return make("div", {}, ...made);
}

async function pause(desk, agent, set) {
  const wish = await asked({ title: t("pause_title", agent.name), act: t("pause"), fields: [
    { name: "reason", label: t("reason"),
      options: desk.options.reasons.map((reason) => [reason, reasonWords(reason)]) }] });
  if (wish) await set("paused", wish.reason);
}

async function signOut(agent, set) {
  if (await confirmed({ title: t("out_title", agent.name), sentence: t("out_note"),
    act: t("sign_out"), isGrave: true })) await set("off");
}

async function skills(desk, agent, path) {
  const had = desk.options.agents[agent.id];
  const wish = await asked({ title: t("skills_title", agent.name), act: t("go"), fields: [
    { name: "skills", label: t("skills"), type: "area", hint: t("skills_hint"),
      value: written(had.skills) },
    { name: "backup", label: t("backup"), type: "checkbox", value: had.backup }] });
  if (!wish) return;
  const wanted = skillsOf(wish.skills);
  if (wanted && JSON.stringify(wanted) !== JSON.stringify(had.skills))
    await desk.act("PUT", `${path}/skills`, wanted);
  if (wish.backup !== had.backup) await desk.act("PUT", `${path}/backup`, { backup: wish.backup });
}
