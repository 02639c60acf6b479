// The emergency announcement: what every caller hears first, switched on and off for all at once.

import { api, asked, attempt, confirmed, dayAndTime, make } from "/frame/frame.js";
import { t } from "./texts.js";

const OWN = "";   // words that are given now, instead of a prepared announcement

export function emergencyPanel(desk) {
  const element = make("div.row");
  let status = null;

  async function load() {
    status = await api("GET", "/api/v1/emergency");
    paint();
  }

  async function send(method, body) {
    await desk.act(method, "/api/v1/emergency", body);
    await attempt(load);
  }

  async function switchOn() {
    const wish = await asked({ title: t("emergency"), sentence: t("emergency_note"),
      act: t("emergency_on"), isGrave: true, fields: [
        { name: "name", label: t("prepared"), value: status.prepared[0] ?? OWN,
          options: [...status.prepared.map((name) => [name, name]), [OWN, t("own_words")]] },
        { name: "en", label: t("words_en"), type: "area", maxLength: 500 },
        { name: "zh", label: t("words_zh"), type: "area", maxLength: 500 },
        { name: "then", label: t("then"), options: [
          ["continue", t("then_continue")], ["hang_up", t("then_hang_up")]] },
        { name: "to_waiting", label: t("to_waiting"), type: "checkbox" },
      ] });
    if (!wish) return;
    const text = Object.fromEntries(["en", "zh"].filter((each) => wish[each].trim())
      .map((each) => [each, wish[each].trim()]));
    await send("POST", wish.name ? { name: wish.name }
      : { text, then: wish.then, to_waiting: wish.to_waiting });
  }

  async function switchOff() {
    if (await confirmed({ title: t("emergency_off_title"), sentence: t("emergency_off_note"),
      act: t("emergency_off") })) await send("DELETE");
  }

  function paint() {
    if (!status) return;
    const said = status.announcement;
    const words = said && (said.name || Object.values(said.text).join(" · ") || said.prompt);
    const button = make(`button.${said ? "act" : "grave"}`, { type: "button" },
      t(said ? "emergency_off" : "emergency_on"));
    button.onclick = said ? switchOff : switchOn;
    element.replaceChildren(
      make(`span.badge.${said ? "alarm" : "good"}`, {}, t(said ? "is_on" : "is_off")),
      said ? make("span", {}, `${words} · ${said.by} · ${dayAndTime(said.since)}`) : "",
      desk.options?.may_change ? button : "");
  }

  return { element, paint, load };
}
