// The frame round every page: navigation by role, language, light, who is signed in.
//   const { me } = await openPage({ id: "calls", t, paint, load });
// `t` are the page's own words. `paint(me)` writes what the page has: before anything has come, and
// after each change of language. `load(me)` fetches what is shown first, and paints it. When that is
// done <html> has the attribute data-complete: whoever looks at a page waits for it.
// Everything else a page needs is exported from here too.

import { api, attempt, untilThere } from "./api.js";
import { light, nextLight } from "./light.js";
import { make, put, sync } from "./make.js";
import { setZone } from "./times.js";
import { fill, language, onLanguage, speak, words } from "./words.js";

export { ApiError, api, attempt, newest, signInAgain, untilThere } from "./api.js";
export { asked, confirmed, shownOnce } from "./dialogs.js";
export { make, put, sync } from "./make.js";
export { stored, store } from "./store.js";
export { makeTable } from "./table.js";
export { DASH, ago, dayAndTime, duration, timeOfDay, today } from "./times.js";
export { toast } from "./toasts.js";
export { fill, language, locale, onLanguage, words } from "./words.js";

const t = words({
  en: {
    skip: "To the content", pages: "Pages", menu: "Menu", other: "中文", sign_out: "Sign out",
    light_auto: "Light: as the system", light_light: "Light", light_dark: "Dark",
    agent: "Agent", team_lead: "Team lead", inspector: "Inspector", supervisor: "Supervisor",
    administrator: "Administrator",
  },
  zh: {
    skip: "跳到内容", pages: "页面", menu: "菜单", other: "English", sign_out: "退出",
    light_auto: "明暗：随系统", light_light: "浅色", light_dark: "深色",
    agent: "坐席", team_lead: "班长", inspector: "质检员", supervisor: "主管",
    administrator: "管理员",
  },
});
const SIGNS = { auto: "◐", light: "☀", dark: "☾" };

export const roleName = (role) => t(role);

export async function openPage({ id, t: pageWords, paint = () => {}, load = () => {} }) {
  const me = await untilThere(() => api("GET", "/frame/me"));
  setZone(me.timezone);
  const head = putUpHead(id, me);
  onLanguage(() => {
    document.documentElement.lang = language() === "zh" ? "zh-CN" : "en";
    head();
    fill(document.querySelector("main"), pageWords);
    paint(me);
  });
  document.body.classList.add("open");
  await attempt(() => untilThere(() => load(me)));
  document.documentElement.dataset.complete = "";
  return { me };
}

function putUpHead(id, me) {
  const links = make("ul", { id: "frame-pages" });
  const menu = make("button.quiet.menu", { type: "button", "aria-expanded": "false" });
  menu.setAttribute("aria-controls", links.id);
  menu.onclick = () =>
    menu.setAttribute("aria-expanded", String(menu.getAttribute("aria-expanded") !== "true"));
  const tongue = make("button.quiet", { type: "button", id: "language" });
  tongue.onclick = () => speak(language() === "zh" ? "en" : "zh");
  const lamp = make("button.quiet", { type: "button", id: "light" });
  const out = make("button.quiet");
  const who = make("span.who");
  const nav = make("nav", {}, menu, links);
  const skip = make("a.skip", { href: "#content" });
  document.querySelector("main").id = "content";
  document.querySelector("main").tabIndex = -1;
  document.body.prepend(skip, make("header.frame", {}, nav,
    make("div.tools", {}, who, tongue, lamp,
      make("form", { method: "post", action: "/sign-out" }, out))));
  lamp.onclick = () => { nextLight(); paintLamp(lamp); };

  return () => {
    put(skip, t("skip"));
    put(menu, t("menu"));
    nav.setAttribute("aria-label", t("pages"));
    put(tongue, t("other"));
    tongue.lang = language() === "zh" ? "en" : "zh-CN";
    put(out, t("sign_out"));
    put(who, `${me.user_id} · ${t(me.role)}`);
    paintLamp(lamp);
    paintLinks(links, id, me.pages);
  };
}

function paintLamp(lamp) {
  put(lamp, SIGNS[light()]);
  lamp.title = t(`light_${light()}`);
  lamp.setAttribute("aria-label", t(`light_${light()}`));
}

function paintLinks(links, id, pages) {
  const found = new Map(pages.map((page) => [page.id, page]));
  for (const item of sync(links, [...found.keys()], () => make("li", {}, make("a")))) {
    const page = found.get(item.dataset.key);
    const link = item.firstChild;
    link.href = page.path;
    put(link, language() === "zh" ? page.title_zh : page.title_en);
    if (page.id !== id) continue;
    link.setAttribute("aria-current", "page");
    document.title = link.textContent;
  }
}
