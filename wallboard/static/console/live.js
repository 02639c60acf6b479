// The floor as it is now: follows /ws/wallboard, and asks for the calls when something has changed.

import { api, ApiError } from "/frame/frame.js";

const SILENCE_MS = 12000;      // the server speaks at least every 5 s
const RETRY_FIRST_MS = 500;
const RETRY_MOST_MS = 10000;
const CALLS_EVERY_MS = 1000;

export class Floor extends EventTarget {
  board = null;                // the last snapshot with all deltas applied
  calls = [];                  // of the present
  #aheadMs = 0;                // server's clock minus ours
  #heardAtMs = 0;
  #socket = null;
  #retryMs = RETRY_FIRST_MS;
  #asking = false;
  #started = null;
  #hasBoard = () => {};
  #isStale = true;             // calls may have changed since they were asked for

  // Until the board and the calls are there for the first time.
  start() {
    this.#started ??= this.#follow();
    return this.#started;
  }

  async #follow() {
    setInterval(() => {
      if (this.#socket && Date.now() - this.#heardAtMs > SILENCE_MS) this.#lost();
    }, 1000);
    const hasBoard = new Promise((resolve) => { this.#hasBoard = resolve; });
    this.#connect();
    await hasBoard;
    await this.#askCalls();
    setInterval(() => this.#askCalls(), CALLS_EVERY_MS);
  }

  get isLive() { return Boolean(this.#socket && this.board?.core_up); }
  get nowS() { return (Date.now() + this.#aheadMs) / 1000; }

  // After an action of ours: the answer must not wait for the next second.
  async refresh() {
    this.#isStale = true;
    await this.#askCalls();
  }

  #connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const mine = new WebSocket(`${scheme}://${location.host}/ws/wallboard`);
    this.#socket = mine;
    this.#heardAtMs = Date.now();
    mine.onmessage = ({ data }) => { if (mine === this.#socket) this.#take(JSON.parse(data)); };
    mine.onclose = () => { if (mine === this.#socket) this.#lost(); };
  }

  #take(message) {
    if (message.type === "snapshot") this.board = message;
    else if (message.seq === this.board?.seq + 1) merge(this.board, message);
    else return this.#lost();  // a delta is missing: begin again
    this.#heardAtMs = Date.now();
    this.#aheadMs = message.at_s * 1000 - this.#heardAtMs;
    this.#retryMs = RETRY_FIRST_MS;
    this.#isStale = true;
    this.#hasBoard();
    this.#tell();
  }

  #lost() {
    const old = this.#socket;
    this.#socket = null;
    old?.close();
    this.#tell();
    setTimeout(() => this.#connect(), this.#retryMs * (0.7 + 0.6 * Math.random()));
    this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MOST_MS);
    // A refused socket does not say why; this leads to the sign-in page when the session is over.
    api("GET", "/api/v1/me").catch(() => {});
  }

  async #askCalls() {
    if (!this.#isStale || this.#asking || document.hidden) return;
    this.#asking = true;
    this.#isStale = false;
    try {
      const calls = await api("GET", "/api/v1/calls");
      const asked_at_s = this.nowS;
      this.calls = calls.filter((call) => call.phase !== "ended")
        .map((call) => ({ ...call, asked_at_s }));
      this.#tell();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#isStale = true;    // the banner tells of the lost connection
    } finally { this.#asking = false; }
  }

  #tell() { this.dispatchEvent(new Event("news")); }
}

// Tables are objects of entries; a null entry is gone, and only changed members come.
function merge(whole, delta) {
  for (const [key, value] of Object.entries(delta)) {
    if (isTable(value) && isTable(whole[key])) mergeEntries(whole[key], value);
    else whole[key] = value;
  }
}

const isTable = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

function mergeEntries(table, changed) {
  for (const [id, entry] of Object.entries(changed)) {
    if (entry === null) delete table[id];
    else table[id] = isTable(entry) && isTable(table[id]) ? { ...table[id], ...entry } : entry;
  }
}
