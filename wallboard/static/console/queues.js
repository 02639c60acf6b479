// The queues: opened and closed, added, changed, removed and brought back.

import { DASH, asked, confirmed, duration, make, makeTable } from "/frame/frame.js";
import { expectedWait } from "/wallboard/expected.js";
import { skillsOf } from "./skills.js";
import { t } from "./texts.js";

const percent = (share) => share === null || share === undefined ? DASH : `${Math.round(share * 100)} %`;
const pathOf = (id) => `/api/v1/queues/${encodeURIComponent(id)}`;

export function queueTable(desk) {
  const table = makeTable({
    caption: () => t("queues"), empty: () => t("no_queues"), key: (queue) => queue.id,
    columns: [
      { id: "queue", title: () => t("queue"), value: (queue) => queue.name, cell: nameCell,
        mark: (queue) => `${queue.name} ${stateOf(desk, queue)}` },
      { id: "waiting", title: () => t("waiting"), kind: "number", value: (queue) => queue.waiting },
      { id: "longest", title: () => t("longest"), kind: "number",
        value: (queue) => queue.longest_wait_s, cell: longestCell },
      { id: "expected", title: () => t("expected"), kind: "number",
        value: (queue) => queue.expected_wait_s ?? -1, cell: (queue) => expectedWait(queue, true),
        mark: (queue) => `${queue.expected_wait_s} ${queue.expected_wait_error_s}` },
      { id: "talking", title: () => t("talking"), kind: "number", value: (queue) => queue.talking },
      { id: "service", title: () => t("service_level"), kind: "number",
        value: (queue) => queue.service_level, cell: (queue) => percent(queue.service_level) },
      { id: "offered", title: () => t("offered"), kind: "number", value: (queue) => queue.offered },
      { id: "abandoned", title: () => t("abandoned"), kind: "number",
        value: (queue) => queue.abandoned },
      { id: "acts", title: () => t("acts"), kind: "acts", cell: (queue) => acts(desk, queue),
        mark: (queue) => `${queue.name} ${stateOf(desk, queue)} ${queue.waiting > 0} ${desk.mark}` },
    ],
  });
  const buttons = make("div.row");
  const element = make("div", {}, table.element, buttons);

  function nameCell(queue) {
    const state = stateOf(desk, queue);
    if (state === "open") return make("span", {}, queue.name);
    return make("span", {}, queue.name, " ", make("span.badge.alarm", {}, t(`queue_${state}`)));
  }

  return {
    element,
    paint(board) {
      table.show(Object.entries(board.queues).map(([id, queue]) => ({ id, ...queue })));
      const mark = `${desk.mark} ${t("add_queue")}`;
      if (buttons.dataset.mark === mark) return;
      buttons.dataset.mark = mark;
      buttons.replaceChildren(...(desk.options.may_change ? below(desk) : []));
    },
  };
}

// "gone": only today's figures know it still.
function stateOf(desk, queue) {
  if (desk.options.removed_queues.includes(queue.id)) return "gone";
  return queue.leaving ? "leaving" : queue.closed ? "closed" : "open";
}

function small(word, onclick, ...values) {
  return make("button.small", { type: "button", onclick }, t(word, ...values));
}

function acts(desk, queue) {
  const state = stateOf(desk, queue);
  if (!desk.options.may_change || state === "gone") return "";
  return make("div", {},
    state === "open" ? small("close", () => close(desk, queue))
      : small("open", () => desk.act("PUT", pathOf(queue.id), { closed: false })),
    small("change", () => change(desk, queue)),
    state === "leaving" ? "" : small("remove", () => remove(desk, queue)));
}

function below(desk) {
  const back = desk.options.removed_queues
    .map((id) => small("bring_back", () => desk.act("POST", "/api/v1/queues", { id }), id));
  return [small("add_queue", () => add(desk)), ...back];
}

async function close(desk, queue) {
  if (await confirmed({ title: t("close_title", queue.name), sentence: t("close_note"),
    act: t("close"), isGrave: true })) await desk.act("PUT", pathOf(queue.id), { closed: true });
}

// What callers wait for and how long; the rest of a queue's section is the API's.
const fields = (hint) => [
  { name: "skills", label: t("queue_skills"), type: "area", hint: t("queue_skills_hint") + hint },
  ...["ring_s", "wrap_up_s", "max_wait_s"].map((name) =>
    ({ name, label: t(name), type: "number", min: 0, max: 86400, hint: hint.trim() })),
];

// null after a toast.
function wishes({ skills, ...seconds }) {
  const wanted = {};
  if (skills.trim()) {
    wanted.skills = skillsOf(skills);
    if (!wanted.skills) return null;
  }
  for (const [name, value] of Object.entries(seconds))
    if (Number.isFinite(value)) wanted[name] = value;   // an empty field is no number
  return wanted;
}

async function add(desk) {
  const wish = await asked({ title: t("add_queue"), act: t("add"), fields: [
    { name: "id", label: t("queue_id"), hint: t("queue_id_hint"), required: true, maxLength: 64,
      pattern: "[A-Za-z0-9_.\\-]+" },
    { name: "name", label: t("queue_name"), maxLength: 200 }, ...fields("")] });
  if (!wish) return;
  const { id, name, ...others } = wish;
  const wanted = wishes(others);
  if (wanted) await desk.act("POST", "/api/v1/queues", { id, name, ...wanted });
}

async function change(desk, queue) {
  const wish = await asked({ title: t("change_title", queue.name), act: t("change"), fields: [
    { name: "name", label: t("queue_name"), value: queue.name, maxLength: 200 },
    ...fields(` ${t("stays")}`)] });
  if (!wish) return;
  const { name, ...others } = wish;
  const wanted = wishes(others);
  if (!wanted) return;
  if (name !== queue.name) wanted.name = name;
  if (Object.keys(wanted).length) await desk.act("PUT", pathOf(queue.id), wanted);
}

async function remove(desk, queue) {
  const others = Object.entries(desk.floor.board.queues)
    .filter(([id, other]) => id !== queue.id && stateOf(desk, { id, ...other }) === "open");
  const wish = await asked({ title: t("remove_title", queue.name), sentence: t("remove_note"),
    act: t("remove"), isGrave: true, fields: [
      { name: "then", label: t("remove_callers", queue.waiting), options: [
        ["", t("remove_empty")], ...others.map(([id, other]) => [id, t("remove_to", other.name)])] }] });
  if (!wish) return;
  const query = wish.then ? `move_to=${encodeURIComponent(wish.then)}` : "when_empty=true";
  await desk.act("DELETE", `${pathOf(queue.id)}?${query}`);
}

const longestCell = (queue) => queue.longest_wait_s > 3 * queue.within_s
  ? make("span.late", {}, duration(queue.longest_wait_s)) : duration(queue.longest_wait_s);
