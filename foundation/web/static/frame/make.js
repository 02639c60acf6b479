// Elements without markup: what comes from outside is only ever text.
//   make("button.quiet", { type: "button", onclick: go }, "Go")

export function make(kind, properties = {}, ...children) {
  const [tag, ...names] = kind.split(".");
  const element = document.createElement(tag);
  if (names.length) element.className = names.join(" ");
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (name.startsWith("on") || name in element && !name.startsWith("aria")) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

// Writes only what differs: a screen reader must not hear the same again four times a second.
export function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// Keeps one child for each key, in the order given, so that focus and scrolling survive news.
export function sync(parent, keys, build) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  const wanted = keys.map((key) => {
    const child = old.get(String(key)) ?? build(key);
    child.dataset.key = key;
    old.delete(String(key));
    return child;
  });
  for (const child of old.values()) child.remove();
  wanted.forEach((child, index) => {
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
  });
  return wanted;
}
