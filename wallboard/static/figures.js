// Figures as people read them.

import { locale } from "/frame/words.js";

export const DASH = "–";
export const percent = (share) => share == null ? DASH : `${Math.round(share * 100)}%`;
export const count = (number) => number == null ? DASH : String(number);

export function duration(seconds) {
  if (seconds == null) return DASH;
  const whole = Math.max(0, Math.floor(seconds));
  const two = (number) => String(number).padStart(2, "0");
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

const SHOWN = {
  count, share: percent, seconds: duration,
  gigabytes: (number) => number == null ? DASH : `${Math.round(number)} GB`,
};
export const shown = (unit, value) => SHOWN[unit](value);

// Formatters are dear, and asked for several times a second.
const made = new Map();

function formatted(key, options, atS) {
  const name = `${key} ${options.timeZone}`;
  if (!made.has(name)) made.set(name, new Intl.DateTimeFormat(key.split(" ")[1], options));
  return made.get(name).format(atS * 1000);
}

export function clockTime(board, atS, withSeconds = true) {
  return formatted(`${withSeconds ? "time" : "minute"} en-GB`, {
    timeZone: board?.timezone, hour: "2-digit", minute: "2-digit",
    second: withSeconds ? "2-digit" : undefined,
  }, atS);
}

export function dayName(board, atS) {
  return formatted(`day ${locale()}`, {
    timeZone: board?.timezone, weekday: "long", month: "long", day: "numeric",
  }, atS);
}

export function grade(element, name) {
  for (const each of ["good", "warn", "alarm"]) element.classList.toggle(each, each === name);
}
