// The sound of one recording: what plays, how fast, and where in it we are. Tells `listeners` of
// each change; keeps to a clip's end when one was asked for.

export const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 2];
const STEP_S = 5;

export class Player {
  constructor(audio, onChange) {
    this.audio = audio;
    this.onChange = onChange;
    this.until = null;
    for (const kind of ["play", "pause", "seeked", "ratechange", "loadedmetadata", "ended"])
      audio.addEventListener(kind, () => this.changed());
  }

  get at() { return this.audio.currentTime; }
  get isPlaying() { return !this.audio.paused && !this.audio.ended; }
  get length() { return Number.isFinite(this.audio.duration) ? this.audio.duration : 0; }

  toggle() { this.isPlaying ? this.pause() : this.play(); }
  play() { this.until = null; return this.start(); }
  pause() { this.audio.pause(); }
  step(sign) { this.seek(this.at + sign * STEP_S); }

  // A clip plays from a little before to its end, and stops there.
  clip(from, to) {
    this.seek(from);
    this.until = to;
    this.start();
  }

  seek(seconds) {
    this.until = null;
    this.audio.currentTime = Math.max(0, Math.min(seconds, this.length || seconds));
    this.changed();
  }

  faster(by) {
    const index = SPEEDS.indexOf(this.audio.playbackRate);
    this.audio.playbackRate = SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, index + by))];
  }

  async start() {
    try { await this.audio.play(); } catch { /* the browser wants a press of a key first */ }
    this.changed();
  }

  changed() {
    this.onChange();
    if (!this.isPlaying || this.frame) return;
    const tick = () => {
      this.frame = null;
      if (this.until !== null && this.at >= this.until) { this.until = null; this.pause(); }
      this.onChange();
      if (this.isPlaying) this.frame = requestAnimationFrame(tick);
    };
    this.frame = requestAnimationFrame(tick);
  }
}
