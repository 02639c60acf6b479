// Short sentences at the lower edge: what was done, and above all what was refused and why.
// They lie in the top layer, so that an open dialog does not hide them. The same sentence is not
// shown twice beside itself: it is told anew.

import { make } from "./make.js";
import { words } from "./words.js";

const t = words({ en: { close: "Close", notes: "Messages" }, zh: { close: "关闭", notes: "消息" } });
const SHOWN_MS = { good: 4000, alarm: 12000 };
const MOST = 4;
let shelf = null;

export function toast(sentence, kind = "alarm") {
  shelf ??= putUp();
  for (const each of shelf.children) if (each.firstChild.textContent === sentence) each.remove();
  const close = make("button.quiet", { type: "button", "aria-label": t("close") }, "×");
  const note = make(`p.toast.${kind}`, { role: kind === "alarm" ? "alert" : "status" },
    make("span", {}, sentence), close);
  const end = () => { note.remove(); if (!shelf.childElementCount) shelf.hidePopover(); };
  close.onclick = end;
  while (shelf.childElementCount >= MOST) shelf.firstElementChild.remove();
  shelf.append(note);
  if (shelf.matches(":popover-open")) shelf.hidePopover();
  shelf.showPopover();   // again, to lie above a dialog that was opened since
  setTimeout(end, SHOWN_MS[kind]);
}

function putUp() {
  const made = make("section.toasts", { popover: "manual", "aria-label": t("notes") });
  document.body.append(made);
  return made;
}
