// "Mozilla/5.0 (X11; Linux x86_64) … Chrome/140.0.0.0 Safari/537.36" -> "Chrome 140, Linux".
// A browser names those before it, too, so the rarer name is looked for first.

const BROWSERS = [
  ["Edge", /Edg\w*\/(\d+)/], ["Opera", /OPR\/(\d+)/], ["Firefox", /(?:Firefox|FxiOS)\/(\d+)/],
  ["Chrome", /(?:Chrome|CriOS)\/(\d+)/], ["Safari", /Version\/(\d+).*Safari/],
];
const SYSTEMS = [
  ["Android", /Android/], ["iOS", /iPhone|iPad/], ["Windows", /Windows/], ["macOS", /Mac OS X/],
  ["ChromeOS", /CrOS/], ["Linux", /Linux/],
];

export function browserName(agent) {
  for (const [name, pattern] of BROWSERS) {
    const version = pattern.exec(agent)?.[1];
    if (!version) continue;
    const system = SYSTEMS.find(([, each]) => each.test(agent))?.[0];
    return system ? `${name} ${version}, ${system}` : `${name} ${version}`;
  }
  return agent;
}
