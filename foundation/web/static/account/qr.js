// A QR code from its rows of 0 and 1, as an SVG: dark on light in every light, or no camera reads it.

const SVG = "http://www.w3.org/2000/svg";
const QUIET = 4;   // modules of margin, as the standard wants

export function qrCode(rows) {
  const size = rows.length + 2 * QUIET;
  const dark = rows.flatMap((row, y) => [...row].flatMap((module, x) =>
    module === "1" ? [`M${x + QUIET} ${y + QUIET}h1v1h-1z`] : []));
  const svg = element("svg", { viewBox: `0 0 ${size} ${size}`, class: "qr", role: "img", "aria-label": "QR" });
  svg.append(element("rect", { width: size, height: size, fill: "#ffffff" }),
    element("path", { d: dark.join(""), fill: "#000000" }));
  return svg;
}

function element(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}
