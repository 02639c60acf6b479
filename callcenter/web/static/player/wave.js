// Both voices as an outline: the caller above, the agent below, played part in full colour.

const HEIGHT = 144;
const MOST = 128;

export class Wave {
  constructor(canvas, onSeek) {
    this.canvas = canvas;
    this.peaks = null;
    this.length = 0;
    this.at = 0;
    const place = (event) => {
      const box = canvas.getBoundingClientRect();
      onSeek((event.clientX - box.left) / box.width * this.length);
    };
    canvas.onpointerdown = (event) => { canvas.setPointerCapture(event.pointerId); place(event); };
    canvas.onpointermove = (event) => { if (event.buttons) place(event); };
    new ResizeObserver(() => this.draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  show(peaks, length) {
    this.peaks = peaks;
    this.length = length;
    this.draw();
  }

  move(at) {
    this.at = at;
    this.draw();
  }

  draw() {
    const { canvas } = this;
    const width = Math.round(canvas.clientWidth * devicePixelRatio);
    const height = Math.round(HEIGHT * devicePixelRatio);
    if (!width) return;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const pen = canvas.getContext("2d");
    pen.clearRect(0, 0, width, height);
    const played = this.length ? this.at / this.length * width : 0;
    const [talk, rest, edge, ink] = ["--talk", "--rest", "--edge", "--ink"].map((name) => this.colour(name));
    if (this.peaks) {
      this.side(pen, this.peaks.caller, width, height / 4, height / 4, played, talk);
      this.side(pen, this.peaks.agent, width, height * 3 / 4, height / 4, played, rest);
    }
    pen.globalAlpha = 1;
    pen.fillStyle = edge;
    pen.fillRect(0, height / 2, width, 1);
    pen.fillStyle = ink;
    pen.fillRect(Math.round(played), 0, Math.max(1, devicePixelRatio), height);
  }

  // A canvas knows no light-dark(): the browser resolves it for an element's own colour.
  colour(name) {
    this.canvas.style.color = `var(${name})`;
    return getComputedStyle(this.canvas).color;
  }

  side(pen, columns, width, middle, reach, played, colour) {
    pen.fillStyle = colour;
    for (let x = 0; x < width; x += 1) {
      const first = Math.floor(x / width * columns.length);
      const last = Math.max(first + 1, Math.floor((x + 1) / width * columns.length));
      let [low, high] = [0, 0];
      for (let index = first; index < last && index < columns.length; index += 1) {
        low = Math.min(low, columns[index][0]);
        high = Math.max(high, columns[index][1]);
      }
      pen.globalAlpha = x <= played ? 1 : 0.45;
      const top = middle - high / MOST * reach;
      pen.fillRect(x, top, 1, Math.max(1, (high - low) / MOST * reach));
    }
  }
}
