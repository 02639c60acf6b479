// One call: its facts, its ladder, its recordings, how it sounded.

import { DASH, api, dayAndTime, duration, make, makeTable, timeOfDay } from "/frame/frame.js";
import { stepsOf } from "./steps.js";
import { t } from "./texts.js";

export async function storyOf(id, day) {
  const query = day ? `?day=${encodeURIComponent(day)}` : "";
  return api("GET", `/api/v1/calls/${encodeURIComponent(id)}${query}`);
}

export function paintStory(place, story) {
  place.replaceChildren(
    make("p", {}, make("a", { href: "/calls" }, `← ${t("back")}`)),
    make("div.halves", {}, facts(story), recordings(story)),
    ladder(story), quality(story));
}

const panel = (title, ...children) => make("section.panel", {}, make("h2", {}, title), ...children);

function facts(story) {
  const visit = story.queue_visits.at(-1);
  const rows = [
    ["line", story.line], ["arrived", dayAndTime(story.arrived)],
    ["ended", story.ended ? dayAndTime(story.ended) : t("goes_on")],
    ["ended_by", story.ended_by ? t(`by_${story.ended_by}`) : DASH],
    ["queue", visit?.queue], ["waited", duration(visit?.waited_s)], ["agent", visit?.agent_id],
    ["outcome", visit?.outcome ? t(`o_${visit.outcome}`) : DASH],
  ];
  if (story.reason) rows.push(["reason", story.reason]);
  return panel(t("facts"), make("dl.facts", {}, ...rows.flatMap(([key, value]) =>
    [make("dt", {}, t(key)), make("dd", {}, value ?? DASH)])));
}

function recordings(story) {
  const items = story.recordings.map((recording, index) => {
    const link = make("a", { href: `/recordings/${encodeURIComponent(recording.id)}` },
      t("listen", index + 1));
    const words = recording.transcript_words === null
      ? t("no_transcript") : t("transcript", recording.transcript_words);
    const notes = [recording.agent_id, duration(recording.duration_s), words];
    if (recording.complete === false) notes.push(t("incomplete"));
    return make("li", {}, link, ` · ${notes.join(" · ")}`);
  });
  return panel(t("recordings"), items.length ? make("ul", {}, ...items) : make("p.none", {}, DASH));
}

function ladder(story) {
  const steps = stepsOf(story.events);
  const firstMs = steps.length ? new Date(steps[0].at).getTime() : 0;
  return panel(t("ladder"), make("ol.ladder", {}, ...steps.map((step) => {
    const afterS = (new Date(step.at).getTime() - firstMs) / 1000;
    return make(`li${step.side ? `.${step.side}` : ""}`, {},
      make("time", { dateTime: step.at }, timeOfDay(step.at)),
      make("span.after", {}, `+${afterS.toFixed(1)}`),
      make("span.what", {}, step.words, step.detail ? make("small", {}, step.detail) : null));
  })));
}

function quality(story) {
  const table = makeTable({
    caption: () => t("quality"), empty: () => t("no_legs"), key: (leg) => leg.leg_id,
    columns: [
      { id: "side", title: () => t("side"), value: (leg) => t(`side_${leg.side}`) },
      { id: "mos", title: () => t("mos"), kind: "number", value: (leg) => leg.mos,
        cell: (leg) => leg.mos?.toFixed(1) ?? DASH },
      { id: "lost", title: () => t("lost"), kind: "number", value: (leg) => leg.packets_lost },
      { id: "jitter", title: () => t("jitter"), kind: "number", value: (leg) => leg.jitter_ms,
        cell: (leg) => `${leg.jitter_ms.toFixed(1)} ms` },
    ],
  });
  table.show(story.legs);
  return panel(t("quality"), table.element);
}
