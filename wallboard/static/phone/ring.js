// The bell: two tones a second apart, made here so that there is no file to fetch.

const TONES_HZ = [660, 880];

export class Bell {
  start() {
    if (this.context) return;
    this.context = new AudioContext();
    this.ringOnce();
    this.timer = setInterval(() => this.ringOnce(), 2_500);
  }

  stop() {
    clearInterval(this.timer);
    this.context?.close();
    this.context = null;
  }

  ringOnce() {
    const now = this.context.currentTime;
    const gain = new GainNode(this.context, { gain: 0 });
    gain.connect(this.context.destination);
    for (const [n, frequency] of TONES_HZ.entries()) {
      const at = now + 0.4 * n;
      gain.gain.setTargetAtTime(0.15, at, 0.01);
      gain.gain.setTargetAtTime(0, at + 0.3, 0.03);
      const tone = new OscillatorNode(this.context, { frequency });
      tone.connect(gain);
      tone.start(at);
      tone.stop(at + 0.4);
    }
  }
}
