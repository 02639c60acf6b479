// Skills as they are written in a dialog, a line each.

import { toast } from "/frame/frame.js";
import { t } from "./texts.js";

export const written = (skills) =>
  Object.entries(skills).map(([name, level]) => `${name} ${level}`).join("\n");

// "orders 5\nsupport 3" -> {orders: 5, support: 3}; null after a toast.
export function skillsOf(lines) {
  const found = {};
  for (const line of lines.split("\n").map((each) => each.trim()).filter(Boolean)) {
    const [, name, level] = /^(\S+)\s+(\d+)$/.exec(line) ?? [];
    if (!name) { toast(t("skills_wrong", line)); return null; }
    found[name] = Number(level);
  }
  return found;
}
