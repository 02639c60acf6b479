// The supervisor's console: queues, calls and agents of this moment, and what one may do with them.
// Every action goes through the API, which checks the right to it and keeps the audit; its opposite
// is the button that stands there afterwards.

import { api, attempt, openPage, put } from "/frame/frame.js";
import { agentTable } from "./agents.js";
import { callTable } from "./calls.js";
import { emergencyPanel } from "./emergency.js";
import { Floor } from "./live.js";
import { queueTable } from "./queues.js";
import { t } from "./texts.js";

const byId = (id) => document.getElementById(id);

// What the tables share: the floor, one's rights, and the way to act.
const desk = {
  floor: new Floor(),
  options: null,
  mark: 0,   // counts changes of the options, so that buttons are built again
  mayActFor: (agentId) => Boolean(agentId && desk.options.agents[agentId]),
  mayOrder: (queue) => desk.options.queues.includes(queue),
  queueName: (queue) => desk.floor.board?.queues[queue]?.name ?? queue ?? "",
  agentName: (id) => desk.floor.board?.agents[id]?.name ?? id ?? "",
  async act(method, path, body) {
    await attempt(() => api(method, path, body), t("done"));
    await attempt(loadOptions);
    await desk.floor.refresh();
  },
};
const emergency = emergencyPanel(desk);
const tables = { queues: queueTable(desk), calls: callTable(desk), agents: agentTable(desk) };

async function loadOptions() {
  const options = await api("GET", "/api/v1/console");
  if (JSON.stringify(options) === JSON.stringify(desk.options)) return;
  desk.options = options;
  desk.mark += 1;
}

function paint() {
  const { floor } = desk;
  document.body.classList.toggle("stale", !floor.isLive);
  const banner = byId("banner");
  banner.hidden = floor.isLive || !floor.board;
  if (!banner.hidden) put(banner, t(floor.board.core_up ? "web_away" : "core_away"));
  if (!floor.board || !desk.options) return;
  tables.queues.paint(floor.board);
  tables.agents.paint(floor.board);
  tables.calls.paint(floor.calls);
}

async function load() {
  await Promise.all([loadOptions(), emergency.load(), desk.floor.start()]);
  emergency.paint();   // may be switched by those whose options say so
  paint();
}

byId("emergency").append(emergency.element);
for (const [name, table] of Object.entries(tables)) byId(name).append(table.element);
desk.floor.addEventListener("news", paint);
setInterval(paint, 1000);
await openPage({ id: "console", t, load, paint: () => { emergency.paint(); paint(); } });
