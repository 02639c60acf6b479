// Agents by state, those longest in it first, with the reason and the time.

import { make, put, sync } from "/frame/make.js";
import { DASH, count, duration } from "./figures.js";
import { t } from "./texts.js";

const STATES = ["ringing", "talking", "wrap_up", "ready", "paused", "off"];
const LONG_WRAP_UP_S = 120;
const LONG_RING_S = 20;
const DENSE_AGENTS = 24;       // more than this many get smaller cards
const MOST_SHOWN = 240;        // of one state; more are a number

export function paintAgents(board, now) {
  const root = document.getElementById("agents");
  const members = Object.fromEntries(STATES.map((state) => [state, []]));
  for (const [id, agent] of Object.entries(board.agents)) members[agent.state].push(id);
  const signedIn = Object.keys(board.agents).length - members.off.length;
  root.classList.toggle("dense", signedIn > DENSE_AGENTS);
  const isWall = document.body.classList.contains("tv");   // who is not here is no news there
  const shown = STATES.filter((state) => members[state].length && !(isWall && state === "off"));
  for (const group of sync(root, shown, makeGroup)) {
    const state = group.dataset.key;
    const [name, number] = group.firstChild.children;
    put(name, t(`state_${state}`));
    put(number, count(members[state].length));
    members[state].sort((a, b) => (board.agents[a].since ?? 0) - (board.agents[b].since ?? 0));
    const listed = members[state].slice(0, MOST_SHOWN);
    for (const item of sync(group.lastChild, listed, makeAgent)) paintAgent(item, board, now);
  }
}

const makeGroup = (state) =>
  make(`div.group.state-${state}`, {}, make("h3", {}, make("span"), make("b")), make("ul"));
const makeAgent = () => make("li.agent", {}, make("span.name"), make("span.detail"), make("span.since"));

function paintAgent(item, board, now) {
  const agent = board.agents[item.dataset.key];
  const inStateS = agent.since == null ? null : now - agent.since;
  const [name, detail, since] = item.children;
  const called = agent.name || t("agent_number", Number(item.dataset.key));
  put(name, called);
  name.title = called;
  put(since, agent.state === "off" ? "" : inStateS == null ? DASH : duration(inStateS));
  put(detail, detailOf(agent));
  item.classList.toggle("alarming", isAlarming(agent, inStateS));
}

function detailOf(agent) {
  if (agent.manner) return t(`manner_${agent.manner}`);
  if (agent.lacks_code) return t("lacks_code");
  if (agent.phone && agent.state === "ready") return t(`phone_${agent.phone}`);
  return agent.reason ? t(`reason_${agent.reason}`, agent.reason) : "";
}

function isAlarming(agent, inStateS) {
  return agent.is_away || (agent.state === "paused" && agent.reason === "rona")
    || (agent.state === "ready" && agent.phone === "away")
    || (agent.state === "wrap_up" && inStateS > LONG_WRAP_UP_S)
    || (agent.state === "ringing" && inStateS > LONG_RING_S);
}
