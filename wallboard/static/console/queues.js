// The queues, and opening and closing them.

import { DASH, confirmed, duration, make, makeTable } from "/frame/frame.js";
import { t } from "./texts.js";

const percent = (share) => share === null || share === undefined ? DASH : `${Math.round(share * 100)} %`;

export function queueTable(desk) {
  const table = makeTable({
    caption: () => t("queues"), empty: () => t("no_queues"), key: (queue) => queue.id,
    columns: [
      { id: "queue", title: () => t("queue"), value: (queue) => queue.name, cell: nameCell,
        mark: (queue) => `${queue.name} ${queue.closed}` },
      { id: "waiting", title: () => t("waiting"), kind: "number", value: (queue) => queue.waiting },
      { id: "longest", title: () => t("longest"), kind: "number",
        value: (queue) => queue.longest_wait_s, cell: longestCell },
      { id: "talking", title: () => t("talking"), kind: "number", value: (queue) => queue.talking },
      { id: "service", title: () => t("service_level"), kind: "number",
        value: (queue) => queue.service_level, cell: (queue) => percent(queue.service_level) },
      { id: "offered", title: () => t("offered"), kind: "number", value: (queue) => queue.offered },
      { id: "abandoned", title: () => t("abandoned"), kind: "number",
        value: (queue) => queue.abandoned },
      { id: "acts", title: () => t("acts"), kind: "acts", cell: acts,
        mark: (queue) => `${queue.closed} ${desk.options.may_change}` },
    ],
  });

  function acts(queue) {
    if (!desk.options.may_change) return "";
    const put = (closed) =>
      desk.act("PUT", `/api/v1/queues/${encodeURIComponent(queue.id)}`, { closed });
    const button = make("button.small", { type: "button" }, t(queue.closed ? "open" : "close"));
    button.onclick = async () => {
      if (queue.closed || await confirmed({ title: t("close_title", queue.name),
        sentence: t("close_note"), act: t("close"), isGrave: true })) await put(!queue.closed);
    };
    return make("div", {}, button);
  }

  return {
    element: table.element,
    paint(board) {
      table.show(Object.entries(board.queues).map(([id, queue]) => ({ id, ...queue })));
    },
  };
}

function nameCell(queue) {
  if (!queue.closed) return make("span", {}, queue.name);
  return make("span", {}, queue.name, " ", make("span.badge.alarm", {}, t("closed")));
}

const longestCell = (queue) => queue.longest_wait_s > 3 * queue.within_s
  ? make("span.late", {}, duration(queue.longest_wait_s)) : duration(queue.longest_wait_s);
