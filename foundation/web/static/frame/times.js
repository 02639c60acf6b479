// Times as people read them: how long, how long ago, and when, in the centre's time zone.

import { language, locale, words } from "./words.js";

export const DASH = "–";
const t = words({ en: { now: "just now" }, zh: { now: "刚刚" } });
let zone = "UTC";

export function setZone(name) {
  zone = name;
}

// 75 -> "1:15", 3675 -> "1:01:15".
export function duration(seconds) {
  if (seconds === null || seconds === undefined || Number.isNaN(seconds)) return DASH;
  const whole = Math.max(0, Math.floor(seconds));
  const two = (number) => String(number).padStart(2, "0");
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

// `at`: ISO text, a Date, or milliseconds.
export function ago(at, nowMs = Date.now()) {
  if (!at) return DASH;
  const seconds = Math.round((new Date(at).getTime() - nowMs) / 1000);
  if (Math.abs(seconds) < 10) return t("now");
  const [unit, size] = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]]
    .find(([, each]) => Math.abs(seconds) >= each);
  return new Intl.RelativeTimeFormat(language(), { numeric: "auto" })
    .format(Math.round(seconds / size), unit);
}

export const timeOfDay = (at, { withSeconds = true } = {}) => format(at, {
  hour: "2-digit", minute: "2-digit", second: withSeconds ? "2-digit" : undefined,
});

export const dayAndTime = (at) => format(at, {
  year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit",
  second: "2-digit",
});

function format(at, options) {
  if (!at) return DASH;
  return new Intl.DateTimeFormat(locale(), { timeZone: zone, hourCycle: "h23", ...options })
    .format(new Date(at));
}

// 2026-06-22, for <input type="date"> and the API.
export function today() {
  return new Intl.DateTimeFormat("sv-SE", { timeZone: zone }).format(new Date());
}
