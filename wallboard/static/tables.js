// Queues and teams, a row each.

import { make, put, sync } from "/frame/make.js";
import { language } from "/frame/words.js";
import { expectedWait } from "./expected.js";
import { DASH, count, duration, grade, percent } from "./figures.js";
import { t } from "./texts.js";

const FEW = 5;                 // rows that have room for figures to be read from six metres
const SOME = 9;

// key of the words, class, what it shows: [words, grade]
const QUEUE_COLUMNS = [
  ["service_level", "", (q) => [percent(q.service_level), q.service_grade]],
  ["waiting", "", (q) => [count(q.waiting), ""]],
  ["longest", "", (q) => [duration(q.longest_wait_s), q.wait_grade]],
  ["expected", "wide", (q) => [expectedWait(q), ""]],
  ["talking", "wide", (q) => [count(q.talking), ""]],
  ["answered_of", "wide", (q) => [`${q.answered}/${q.offered}`, ""]],
  ["abandoned", "wide", (q) => [count(q.abandoned), ""]],
];
const TEAM_COLUMNS = [
  ["ready", "", (team) => [count(team.states.ready - team.unreachable), ""]],
  ["unreachable", "wide", (team) => [count(team.unreachable), team.unreachable ? "warn" : ""]],
  ["talking", "", (team) => [count(team.states.talking + team.states.ringing), ""]],
  ["paused", "", (team) => [count(team.states.paused), ""]],
  ["occupancy", "", (team) => [percent(team.occupancy), ""]],
];

export function paintQueues(board) {
  paintTable("queue", "queues", QUEUE_COLUMNS, board.queues, (id, queue) => queue.name);
  const { service_level: formula } = board.board.formulas;
  put(document.getElementById("queue-formula"), `${t("service_level")}: ${formula[language()]}`);
}

export function paintTeams(board) {
  paintTable("team", "teams", TEAM_COLUMNS, board.teams, (id) => id || t("no_team"));
}

function paintTable(word, id, columns, entries, nameOf) {
  const heads = sync(document.getElementById(`${word}-head`), [word, ...columns.map(([key]) => key)],
    () => make("th", { scope: "col" }));
  heads.forEach((head, index) => {
    put(head, t(head.dataset.key));
    if (index) head.className = columns[index - 1][1];
  });
  const body = document.getElementById(id);
  const rows = sync(body, Object.keys(entries), () => make("tr", {},
    make("th", { scope: "row" }, make("span.name")),
    ...columns.map(([, name]) => make(name ? `td.${name}` : "td", {}, make("span")))));
  const size = rows.length <= FEW ? "few" : rows.length <= SOME ? "some" : "many";
  if (body.dataset.size !== size) body.dataset.size = size;
  for (const row of rows) {
    const entry = entries[row.dataset.key];
    const name = nameOf(row.dataset.key, entry);
    put(row.firstChild.firstChild, name);
    row.firstChild.firstChild.title = name;
    columns.forEach(([, , show], index) => {
      const [words, how] = show(entry);
      const cell = row.children[index + 1];
      put(cell.firstChild, words);
      grade(cell, how);
      cell.classList.toggle("zero", words === "0" || words === DASH);
    });
  }
}
