// A SIP endpoint on a WebSocket (RFC 7118): registers, dials, is rung. Audio is the business of call.js.
//
//   const sip = new Sip({ url, domain, user, password }, { onState, onIncoming });
//   sip.start();  const dialog = sip.invite("8000", sdp, events);

import { Message, answerChallenge, tagOf, token, uriOf } from "./message.js";

const EXPIRES_S = 120;
const ALLOW = "INVITE, ACK, BYE, CANCEL, OPTIONS";
const KEEP_ALIVE_MS = 25_000;
const ANSWER_WITHIN_MS = 32_000;
const RETRY_MS = [1_000, 2_000, 5_000, 10_000];

export class Sip {
  // State is told as "connecting", "registered", "refused" (with a status) or "off".
  constructor(account, { onState, onIncoming }) {
    this.account = account;
    this.onState = onState;
    this.onIncoming = onIncoming;
    this.host = `${token()}.invalid`;
    this.aor = `sip:${account.user}@${account.domain}`;
    this.contact = `<sip:${account.user}@${this.host};transport=ws;ob>`;
    this.waiting = new Map();
    this.dialogs = new Map();
    this.registration = { callId: token(), tag: token(), seq: 0 };
    this.failures = 0;
    this.isWanted = false;
  }

  start() {
    this.isWanted = true;
    this.onState("connecting");
    this.socket = new WebSocket(this.account.url, "sip");
    this.socket.onopen = () => this.register();
    this.socket.onmessage = ({ data }) => this.take(data);
    this.socket.onclose = () => this.lost();
  }

  async stop() {
    this.isWanted = false;
    clearTimeout(this.timer);
    if (this.socket?.readyState === WebSocket.OPEN) await this.sendRegister(0).catch(() => null);
    this.socket?.close();
  }

  lost() {
    clearTimeout(this.timer);
    clearInterval(this.keepAlive);
    for (const { reject } of this.waiting.values()) reject(new Error("the connection broke"));
    this.waiting.clear();
    if (!this.isWanted) return this.onState("off");
    this.onState("connecting");
    const delay = RETRY_MS[Math.min(this.failures++, RETRY_MS.length - 1)];
    this.timer = setTimeout(() => this.start(), delay);
  }

  async register() {
    clearInterval(this.keepAlive);
    this.keepAlive = setInterval(() => this.write("\r\n\r\n"), KEEP_ALIVE_MS);
    const answer = await this.sendRegister(EXPIRES_S).catch(() => null);
    if (answer === null) return;
    if (answer.status !== 200) {
      this.isWanted = false;
      this.socket.close();
      return this.onState("refused", answer.status);
    }
    this.failures = 0;
    this.onState("registered");
    this.timer = setTimeout(() => this.register(), EXPIRES_S * 500);
  }

  sendRegister(expires) {
    const own = this.registration;
    const contact = `${this.contact};reg-id=1;+sip.instance="<urn:uuid:${instance()}>";expires=${expires}`;
    return this.ask("REGISTER", `sip:${this.account.domain}`, () => [
      ["from", `<${this.aor}>;tag=${own.tag}`], ["to", `<${this.aor}>`], ["call-id", own.callId],
      ["cseq", `${++own.seq} REGISTER`], ["contact", contact], ["supported", "path, outbound"],
    ]);
  }

  // Send a request, once more with a password when that is asked for; gives the final answer.
  async ask(method, uri, headers, body = "", onProvisional = () => {}) {
    let answer = await this.send(method, uri, headers(), body, onProvisional);
    if (answer.status === 401 || answer.status === 407) {
      const name = answer.status === 401 ? "www-authenticate" : "proxy-authenticate";
      const { user, password } = this.account;
      for (const challenge of answer.all(name)) {
        const proof = await answerChallenge(challenge, method, uri, user, password);
        if (proof === null) continue;
        const proved = [[name === "www-authenticate" ? "authorization" : "proxy-authorization", proof]];
        answer = await this.send(method, uri, [...headers(), ...proved], body, onProvisional);
        break;
      }
    }
    return answer;
  }

  send(method, uri, headers, body, onProvisional) {
    const branch = `z9hG4bK${token()}`;
    const request = new Message(`${method} ${uri} SIP/2.0`, [
      ["via", `SIP/2.0/WS ${this.host};branch=${branch}`], ["max-forwards", "70"], ...headers,
    ], body);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.settle(branch, null), method === "INVITE" ? 180_000 : ANSWER_WITHIN_MS);
      this.waiting.set(branch, { request, resolve, reject, onProvisional, timer });
      this.write(String(request));
    });
  }

  settle(branch, answer) {
    const asked = this.waiting.get(branch);
    if (asked === undefined) return;
    if (answer !== null && answer.status < 200) return asked.onProvisional(answer, asked.request);
    clearTimeout(asked.timer);
    this.waiting.delete(branch);
    if (answer === null) return asked.reject(new Error("no answer"));
    // RFC 3261 17.1.1.3: the ACK of a refusal belongs to the transaction.
    if (answer.method === "INVITE" && answer.status >= 300) this.write(String(ackOf(asked.request, answer)));
    asked.resolve(answer);
  }

  write(text) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(text);
  }

  async take(data) {
    const text = typeof data === "string" ? data : await data.text();
    if (!text.trim()) return;
    const message = Message.parse(text);
    if (message.isResponse) {
      this.settle(/;branch=([^;\s]+)/.exec(message.get("via"))?.[1], message);
    } else {
      this.serve(message);
    }
  }

  serve(request) {
    const dialog = this.dialogs.get(request.get("call-id"));
    if (dialog !== undefined) return dialog.serve(request);
    if (request.method === "INVITE" && !tagOf(request.get("to"))) return this.ring(request);
    if (request.method !== "ACK") this.answer(request, request.method === "OPTIONS" ? 200 : 481);
  }

  ring(request) {
    const dialog = Dialog.incoming(this, request);
    this.dialogs.set(dialog.callId, dialog);
    this.onIncoming(dialog, request);
  }

  answer(request, status, { tag = "", body = "" } = {}) {
    const headers = request.headers
      .filter(([name]) => ["via", "from", "to", "call-id", "cseq", "record-route"].includes(name))
      .map(([name, value]) => (name === "to" && tag && !tagOf(value) ? [name, `${value};tag=${tag}`] : [name, value]));
    if (status < 300) headers.push(["contact", this.contact], ["allow", ALLOW]);
    this.write(String(new Message(`SIP/2.0 ${status} ${REASONS[status] ?? "Answer"}`, headers, body)));
  }

  invite(number, body, events) {
    const dialog = Dialog.outgoing(this, `sip:${number}@${this.account.domain}`, events);
    this.dialogs.set(dialog.callId, dialog);
    dialog.invite(body);
    return dialog;
  }
}

const REASONS = { 100: "Trying", 180: "Ringing", 200: "OK", 481: "No Such Call", 486: "Busy Here", 487: "Request Terminated", 488: "Not Acceptable Here", 603: "Decline" };

// One call's dialog. `events`: onProgress(status), onAnswered(sdp), onEnded(status), onReoffer(sdp) -> sdp.
export class Dialog {
  constructor(sip, { callId, localTag, local, remote, target }) {
    Object.assign(this, { sip, callId, localTag, local, remote, target });
    this.seq = 1;
    this.routes = [];
    this.isOver = false;
    this.isUp = false;
    this.events = {};
  }

  static outgoing(sip, uri, events) {
    const localTag = token();
    const local = `<${sip.aor}>;tag=${localTag}`;
    const dialog = new Dialog(sip, { callId: token(), localTag, local, remote: `<${uri}>`, target: uri });
    dialog.events = events;
    return dialog;
  }

  static incoming(sip, request) {
    const localTag = token();
    const local = `${request.get("to")};tag=${localTag}`;
    const dialog = new Dialog(sip, {
      callId: request.get("call-id"), localTag, local, remote: request.get("from"), target: uriOf(request.get("contact")),
    });
    dialog.routes = request.all("record-route");
    dialog.request = request;
    sip.answer(request, 180, { tag: localTag });
    return dialog;
  }

  headers(method, seq = this.seq) {
    const own = [
      ["from", this.local], ["to", this.remote], ["call-id", this.callId], ["cseq", `${seq} ${method}`],
      ...this.routes.map((route) => ["route", route]),
    ];
    return method === "INVITE" ? [...own, ["contact", this.sip.contact], ["allow", ALLOW]] : own;
  }

  async invite(body) {
    const onProvisional = (answer, request) => {
      this.inviting = request;
      if (this.isCancelled) this.sendCancel();
      else this.events.onProgress?.(answer.status);
    };
    const headers = () => { this.seq++; return this.headers("INVITE"); };
    const answer = await this.sip.ask("INVITE", this.target, headers, body, onProvisional).catch(() => null);
    if (answer === null || answer.status >= 300) return this.end(answer?.status ?? 408);
    this.remote = answer.get("to");
    this.target = uriOf(answer.get("contact"));
    this.routes = answer.all("record-route").reverse();
    this.acknowledge();
    if (this.isCancelled) return this.hangUp();
    this.isUp = true;
    this.events.onAnswered?.(answer.body);
  }

  acknowledge() {
    const via = ["via", `SIP/2.0/WS ${this.sip.host};branch=z9hG4bK${token()}`];
    const headers = [via, ["max-forwards", "70"], ...this.headers("ACK")];
    this.sip.write(String(new Message(`ACK ${this.target} SIP/2.0`, headers)));
  }

  async reoffer(body) {
    const headers = () => { this.seq++; return this.headers("INVITE"); };
    const answer = await this.sip.ask("INVITE", this.target, headers, body);
    if (answer.status === 200) this.acknowledge();
    return answer;
  }

  accept(body) {
    this.isUp = true;
    this.sip.answer(this.request, 200, { tag: this.localTag, body });
  }

  reject(status) {
    this.sip.answer(this.request, status, { tag: this.localTag });
    this.end(status);
  }

  hangUp() {
    if (this.isOver) return;
    if (this.isUp || this.isCancelled) {
      this.seq++;
      this.sip.ask("BYE", this.target, () => this.headers("BYE")).catch(() => null);
      this.end(0);
    } else if (this.request) {
      this.reject(486);
    } else {
      // RFC 3261 9.1: not before there was a provisional answer.
      this.isCancelled = true;
      if (this.inviting) this.sendCancel();
    }
  }

  sendCancel() {
    if (this.hasCancelled) return;
    this.hasCancelled = true;
    const same = this.inviting.headers.filter(([name]) => ["via", "from", "to", "call-id", "route", "max-forwards"].includes(name));
    const seq = this.inviting.get("cseq").split(" ")[0];
    const uri = this.inviting.start.split(" ")[1];
    this.sip.write(String(new Message(`CANCEL ${uri} SIP/2.0`, [...same, ["cseq", `${seq} CANCEL`]])));
  }

  async serve(request) {
    switch (request.method) {
      case "ACK": return;
      case "BYE":
        this.sip.answer(request, 200);
        return this.end(0);
      case "CANCEL":
        this.sip.answer(request, 200, { tag: this.localTag });
        return this.isUp ? undefined : this.reject(487);
      case "INVITE": {
        const body = await this.events.onReoffer?.(request.body).catch(() => null);
        return this.sip.answer(request, body ? 200 : 488, { body: body ?? "" });
      }
      default: return this.sip.answer(request, 200);
    }
  }

  end(status) {
    if (this.isOver) return;
    this.isOver = true;
    this.sip.dialogs.delete(this.callId);
    this.events.onEnded?.(status);
  }
}

function ackOf(request, answer) {
  const same = request.headers.filter(([name]) => ["via", "from", "call-id", "route", "max-forwards"].includes(name));
  const seq = request.get("cseq").split(" ")[0];
  const headers = [...same, ["to", answer.get("to")], ["cseq", `${seq} ACK`]];
  return new Message(`ACK ${request.start.split(" ")[1]} SIP/2.0`, headers);
}

// RFC 5626 4.1: the same over restarts of the page.
function instance() {
  const known = localStorage.getItem("phone.instance");
  if (known) return known;
  const made = [8, 4, 4, 4, 12].map((digits) => token(digits / 2)).join("-");
  localStorage.setItem("phone.instance", made);
  return made;
}
