// Questions before something is done: yes or no, or a small form. Escape is always "no".
//   if (await confirmed({ title, sentence, act: "Hang up", isGrave: true })) …
//   const wish = await asked({ title, act: "Move", fields: [{ name: "queue", label, options }] });

import { make } from "./make.js";
import { words } from "./words.js";

const t = words({
  en: { cancel: "Cancel", copy: "Copy", copied: "Copied", close: "Close" },
  zh: { cancel: "取消", copy: "复制", copied: "已复制", close: "关闭" },
});
let made = 0;

export async function confirmed(question) {
  return await asked(question) !== null;
}

// `fields`: { name, label, type = "text", value, options: [[value, words]], hint, required, … }.
// Gives an object of the fields' values, or null.
// `content`: elements between sentence and fields.
export function asked({ title, sentence = "", act, isGrave = false, fields = [], content = [] }) {
  const id = `dialog-${made += 1}`;
  const no = make("button.quiet", { type: "button", value: "no" }, t("cancel"));
  const yes = make(`button${isGrave ? ".grave" : ".act"}`, { type: "submit", value: "yes" }, act);
  const form = make("form", { method: "dialog" },
    make("h2", { id }, title),
    sentence ? make("p", {}, sentence) : null,
    ...content,
    ...fields.map(fieldElement),
    make("div.buttons", {}, no, yes));
  const dialog = make("dialog", { "aria-labelledby": id }, form);
  no.onclick = () => dialog.close("no");
  document.body.append(dialog);
  dialog.showModal();
  // What is grave is not done by a key that was meant for something else.
  if (isGrave && !fields.length) no.focus();
  return new Promise((resolve) => {
    dialog.onclose = () => {
      const values = dialog.returnValue === "yes" ? valuesOf(form, fields) : null;
      dialog.remove();
      resolve(values);
    };
  });
}

// Something that is told this once, such as a password; gone when the dialog is closed.
export function shownOnce(title, sentence, secret) {
  const id = `dialog-${made += 1}`;
  const copy = make("button", { type: "button" }, t("copy"));
  copy.onclick = async () => {
    await navigator.clipboard.writeText(secret);
    copy.textContent = t("copied");
  };
  const close = make("button.act", { type: "submit" }, t("close"));
  const dialog = make("dialog", { "aria-labelledby": id },
    make("form", { method: "dialog" }, make("h2", { id }, title), make("p", {}, sentence),
      make("pre.secret", {}, secret),
      make("div.buttons", {}, navigator.clipboard ? copy : null, close)));
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.onclose = () => { dialog.remove(); resolve(); };
  });
}

function fieldElement({ name, label, options, type = "text", value, hint, ...others }) {
  const input = options
    ? make("select", { name, ...others }, ...options.map(([each, text]) =>
      make("option", { value: each, selected: each === value }, text)))
    : make(type === "area" ? "textarea" : "input",
      { name, ...(type === "area" ? {} : { type }), ...fieldValue(type, value), ...others });
  const note = hint ? make("small", {}, hint) : null;
  return type === "checkbox"
    ? make("label.check", {}, input, make("span", {}, label), note)
    : make("label", {}, make("span", {}, label), input, note);
}

const fieldValue = (type, value) =>
  type === "checkbox" ? { checked: Boolean(value) } : { value: value ?? "" };

function valuesOf(form, fields) {
  return Object.fromEntries(fields.map(({ name, type }) => {
    const input = form.elements[name];
    if (type === "checkbox") return [name, input.checked];
    return [name, type === "number" ? input.valueAsNumber : input.value];
  }));
}
