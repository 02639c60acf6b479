// The calls of the present, and what one may do to them.

import { asked, confirmed, duration, make, makeTable, store, stored } from "/frame/frame.js";
import { t } from "./texts.js";

const KINDS = { arrived: "", waiting: "warn", talking: "talk", after_talk: "rest" };
const ORDER = ["waiting", "talking", "arrived", "after_talk"];

export function callTable(desk) {
  const table = makeTable({
    caption: () => t("calls"), empty: () => t("no_calls"), key: (call) => call.id,
    columns: [
      { id: "phase", title: () => t("phase"), value: (call) => ORDER.indexOf(call.phase),
        cell: phaseCell, mark: (call) => `${call.phase} ${call.manner}` },
      { id: "queue", title: () => t("queue"), value: (call) => desk.queueName(call.queue) },
      { id: "agent", title: () => t("agent"),
        value: (call) => desk.agentName(call.agent_id ?? call.reserved_for),
        cell: (call) => call.reserved_for && call.phase === "waiting"
          ? make("span", {}, t("reserved_for", desk.agentName(call.reserved_for)))
          : desk.agentName(call.agent_id),
        mark: (call) => [call.agent_id, call.reserved_for, desk.mark].join(" ") },
      { id: "urgency", title: () => t("urgency"),
        value: (call) => call.queue ? [call.priority, call.tier].filter(Boolean).join(" ") : "" },
      { id: "since", title: () => t("since"), kind: "number", value: (call) => sinceS(desk, call),
        cell: (call) => duration(sinceS(desk, call)) },
      { id: "call", title: () => t("call"), value: (call) => call.arrived_at_s, cell: linkCell,
        mark: (call) => call.id },
      { id: "acts", title: () => t("acts"), kind: "acts", cell: (call) => acts(desk, call),
        mark: (call) => [call.phase, call.manner, call.queue, call.agent_id, call.reserved_for,
          desk.mark].join(" ") },
    ],
  });
  const order = (a, b) =>
    ORDER.indexOf(a.phase) - ORDER.indexOf(b.phase) || a.arrived_at_s - b.arrived_at_s;
  return { element: table.element, paint(calls) { table.show([...calls].sort(order)); } };
}

const sinceS = (desk, call) => call.phase === "waiting"
  ? call.waited_s + desk.floor.nowS - call.asked_at_s
  : desk.floor.nowS - (call.answered_at_s ?? call.arrived_at_s);

const phaseCell = (call) => make("span", {},
  make(`span.badge${KINDS[call.phase] ? `.${KINDS[call.phase]}` : ""}`, {}, t(`phase_${call.phase}`)),
  call.manner ? ` ${t(`manner_${call.manner}`)}` : "");

const linkCell = (call) =>
  make("a", { href: `/calls/${encodeURIComponent(call.id)}` }, call.id.slice(0, 10));

function acts(desk, call) {
  const path = `/api/v1/calls/${encodeURIComponent(call.id)}`;
  const button = (word, onclick) => make("button.small", { type: "button", onclick }, t(word));
  const made = [];
  if (call.phase === "waiting" && desk.mayOrder(call.queue)) made.push(
    button("priority", () => promote(desk, call, path)),
    button("move", () => move(desk, call, path)),
    call.reserved_for
      ? button("give_back", () => desk.act("DELETE", `${path}/take`))
      : button("take", () => take(desk, path)));
  if (call.phase === "talking" && desk.mayActFor(call.agent_id)) made.push(
    button("listen", () => listen(desk, path)),
    button("stop_listen", () => desk.act("DELETE", `${path}/monitor`)),
    call.manner === "hold"
      ? button("resume", () => desk.act("POST", `${path}/resume`))
      : button("hold", () => desk.act("POST", `${path}/hold`)),
    button("transfer", () => transfer(desk, path)));
  if (call.phase === "talking" && desk.mayActFor(call.agent_id) && desk.options.phone)
    made.push(button("pull", () => pull(desk, path)));
  if (desk.options.may_change) made.push(button("hang_up", () => hangUp(desk, path)));
  return make("div", {}, ...made);
}

async function promote(desk, call, path) {
  const fields = [{ name: "priority", label: t("priority"), value: call.priority,
    options: ["P0", "P1", "P2", "P3"].map((each) => [each, each]) }];
  if (desk.options.tiers.length) fields.push({ name: "tier", label: t("tier"), value: call.tier,
    options: [["", t("no_tier")], ...desk.options.tiers.map((each) => [each, each])] });
  const wish = await asked({ title: t("priority"), act: t("go"), fields });
  if (wish) await desk.act("POST", `${path}/priority`, wish);
}

async function move(desk, call, path) {
  const others = Object.entries(desk.floor.board.queues)
    .filter(([id, queue]) => id !== call.queue && !queue.closed);
  const wish = await asked({ title: t("move_title"), act: t("move"), fields: [
    { name: "queue", label: t("to_queue"), required: true,
      options: others.map(([id, queue]) => [id, queue.name]) }] });
  if (wish?.queue) await desk.act("POST", `${path}/move`, wish);
}

// Who is free comes first; of who is busy the caller may wait for a while.
async function take(desk, path) {
  const states = ["ready", "wrap_up", "talking", "ringing"];
  const of = (id) => desk.floor.board.agents[id];
  const able = Object.keys(desk.options.agents)
    .filter((id) => of(id) && states.includes(of(id).state) && of(id).phone !== "away")
    .sort((a, b) => states.indexOf(of(a).state) - states.indexOf(of(b).state));
  const wish = await asked({ title: t("take_title"), sentence: t("take_note"), act: t("take"), fields: [
    { name: "agent", label: t("agent"), required: true,
      options: able.map((id) => [id, `${of(id).name} · ${t(`state_${of(id).state}`)}`]) },
    { name: "wait", label: t("take_wait"), value: "",
      options: [["", t("take_now")], ["60", t("take_for", 1)], ["180", t("take_for", 3)],
        ["600", t("take_for", 10)]] }] });
  if (!wish?.agent) return;
  const body = { agent: wish.agent };
  if (wish.wait) body.reserve_s = Number(wish.wait);
  await desk.act("POST", `${path}/take`, body);
}

async function listen(desk, path) {
  const modes = ["listen", "whisper", "barge"];
  const wish = await asked({ title: t("listen"), act: t("go"), fields: [
    { name: "mode", label: t("mode"), value: "listen",
      options: modes.map((mode) => [mode, t(`mode_${mode}`)]) },
    { name: "phone", label: t("phone"), hint: t("phone_hint"), required: true,
      value: stored("console.phone") ?? desk.options.phone, pattern: "[A-Za-z0-9_.\\-]+" }] });
  if (!wish) return;
  store("console.phone", wish.phone);
  await desk.act("POST", `${path}/monitor`, wish);
}

async function transfer(desk, path) {
  const wish = await asked({ title: t("transfer_title"), act: t("transfer"), isGrave: true, fields: [
    { name: "to", label: t("to"), hint: t("to_hint"), required: true,
      pattern: "[A-Za-z0-9+*#:_.\\-]+", maxLength: 64 }] });
  if (wish) await desk.act("POST", `${path}/transfer`, wish);
}

async function pull(desk, path) {
  if (await confirmed({ title: t("pull_title"), sentence: t("pull_note"), act: t("pull"), isGrave: true }))
    await desk.act("POST", `${path}/transfer`, { to: desk.options.phone });
}

async function hangUp(desk, path) {
  if (await confirmed({ title: t("hang_up_title"), sentence: t("hang_up_note"), act: t("hang_up"),
    isGrave: true })) await desk.act("POST", `${path}/hangup`);
}
