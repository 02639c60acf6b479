// One call: its dialog (sip.js) and its audio (RTCPeerConnection).
//
//   IDLE ─ dial ─▶ CALLING ─ 180 ─▶ RINGING ─ 200 ─▶ TALKING ─ either side ─▶ ENDED
//   INVITE ─▶ INCOMING ─ accept ─▶ TALKING          decline, CANCEL ─────────▶ ENDED

import { nameOf, userOf } from "./message.js";

export class Call {
  // `onChange()` whenever something of it is to be shown.
  constructor(audio, onChange) {
    this.audio = audio;
    this.onChange = onChange;
    this.state = "calling";
    this.status = 0;
    this.isMuted = false;
    this.isHeld = false;
    this.digits = "";
    this.events = {
      onProgress: (status) => { if (status >= 180) this.enter("ringing"); },
      onAnswered: (sdp) => this.answered(sdp),
      onEnded: (status) => this.ended(status),
      onReoffer: (sdp) => this.reoffered(sdp),
    };
  }

  static async dial(sip, number, audio, onChange) {
    const call = new Call(audio, onChange);
    call.peer = number;
    await call.open();
    await call.pc.setLocalDescription(await call.pc.createOffer());
    // The centre has one address and looks for none of ours: there is no candidate to wait for.
    call.dialog = sip.invite(number, call.pc.localDescription.sdp, call.events);
    return call;
  }

  static incoming(dialog, request, audio, onChange) {
    const call = new Call(audio, onChange);
    const from = request.get("from");
    call.peer = nameOf(from) || userOf(from);
    call.state = "incoming";
    call.dialog = dialog;
    call.offer = request.body;
    call.answersItself = request.all("call-info").some((value) => /answer-after=0/.test(value));
    dialog.events = call.events;
    return call;
  }

  get isOver() { return this.state === "ended"; }

  async open() {
    this.pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    this.pc.ontrack = ({ track }) => {
      this.audio.srcObject = new MediaStream([track]);
      this.audio.play().catch(() => null);  // a page that was never touched may not; the first key press lets it
    };
    this.pc.onconnectionstatechange = () => this.onChange();
    const constraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
    this.microphone = await navigator.mediaDevices.getUserMedia({ audio: constraints });
    const [track] = this.microphone.getAudioTracks();
    this.sender = this.pc.addTrack(track, this.microphone);
  }

  async accept() {
    if (this.state !== "incoming") return;
    this.enter("calling");
    try {
      await this.open();
      const answer = await this.answerTo(this.offer);
      if (this.isOver) return this.release();
      this.dialog.accept(answer);
      this.enter("talking");
    } catch (error) {
      if (!this.isOver) this.dialog.reject(488);
      throw error;
    }
  }

  async answerTo(sdp) {
    if (!sdp) {
      await this.pc.setLocalDescription(await this.pc.createOffer());
      return this.pc.localDescription.sdp;
    }
    await this.pc.setRemoteDescription({ type: "offer", sdp });
    await this.pc.setLocalDescription(await this.pc.createAnswer());
    return this.pc.localDescription.sdp;
  }

  async answered(sdp) {
    try {
      await this.pc.setRemoteDescription({ type: "answer", sdp });
      this.enter("talking");
    } catch {
      this.dialog.hangUp();
    }
  }

  async reoffered(sdp) {
    return this.pc ? this.answerTo(sdp) : null;
  }

  press(key) {
    this.digits += key;
    this.sender?.dtmf?.insertDTMF(key, 120, 70);
    this.onChange();
  }

  mute(on) {
    this.isMuted = on;
    this.microphone?.getAudioTracks().forEach((track) => { track.enabled = !on; });
    this.onChange();
  }

  async hold(on) {
    const [transceiver] = this.pc.getTransceivers();
    transceiver.direction = on ? "sendonly" : "sendrecv";
    await this.pc.setLocalDescription(await this.pc.createOffer());
    const answer = await this.dialog.reoffer(this.pc.localDescription.sdp);
    if (answer.status !== 200) return this.pc.setLocalDescription({ type: "rollback" });
    await this.pc.setRemoteDescription({ type: "answer", sdp: answer.body });
    this.isHeld = on;
    this.onChange();
  }

  hangUp() { this.dialog?.hangUp(); }

  decline() { this.dialog.reject(603); }

  ended(status) {
    this.status = status;
    this.release();
    this.enter("ended");
  }

  release() {
    this.microphone?.getTracks().forEach((track) => track.stop());
    this.pc?.close();
    this.audio.srcObject = null;
  }

  enter(state) {
    if (this.isOver) return;
    this.state = state;
    if (state === "talking") this.since = Date.now();
    this.onChange();
  }
}
