// The socket: one board, kept up to date over lost connections. Protocol: asyncapi.yaml.

const SILENCE_MS = 12000;      // the server speaks at least every 5 s
const RETRY_FIRST_MS = 500;
const RETRY_MOST_MS = 10000;
const RETRY_REFUSED_MS = 30000;
const REFUSALS = { 4401: "revoked", 4404: "no_board", 1013: "too_many" };
const TABLES = ["tiles", "queues", "teams", "agents", "alarms"];

export function follow({ tv, name, onNews }) {
  const link = {
    name,
    board: null,               // the last snapshot with all deltas applied
    isUp: false,
    refusal: null,             // why the server does not want us
    freshAtS: null,            // server's clock when the figures were last true
    nowS: () => (Date.now() + aheadMs) / 1000,
  };
  let aheadMs = 0;             // server's clock minus ours
  let heardAtMs = 0;
  let retryMs = RETRY_FIRST_MS;
  let socket = null;

  function connect() {
    const asked = new URLSearchParams(tv ? { tv } : { board: name });
    if (link.board) asked.set("after", link.board.seq);
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const mine = new WebSocket(`${scheme}://${location.host}/ws/wallboard?${asked}`);
    socket = mine;
    heardAtMs = Date.now();
    mine.onmessage = ({ data }) => { if (mine === socket) take(JSON.parse(data)); };
    mine.onclose = ({ code }) => { if (mine === socket) lost(REFUSALS[code] ?? null); };
  }

  function take(message) {
    if (message.type === "snapshot") link.board = message;
    else if (link.board && message.seq === link.board.seq + 1) merge(link.board, message);
    else {
      link.board = null;       // a delta is missing: begin again
      return lost(null);
    }
    heardAtMs = Date.now();
    aheadMs = message.at_s * 1000 - heardAtMs;
    link.isUp = true;
    link.refusal = null;
    if (link.board.core_up) link.freshAtS = message.at_s;
    retryMs = RETRY_FIRST_MS;
    onNews();
  }

  function lost(refusal) {
    const old = socket;
    socket = null;
    old?.close();
    link.isUp = false;
    link.refusal = refusal;
    onNews();
    const jitter = 0.7 + 0.6 * Math.random();   // a hall of screens must not knock at once
    setTimeout(reconnect, (refusal ? RETRY_REFUSED_MS : retryMs) * jitter);
    retryMs = Math.min(2 * retryMs, RETRY_MOST_MS);
  }

  async function reconnect() {
    if (!await isRefused()) return connect();
    if (tv) return lost("revoked");
    location.assign(`/sign-in?next=${encodeURIComponent(location.pathname)}`);
  }

  async function isRefused() {   // a refused handshake does not say why; a page does
    const asked = tv ? `/wallboard?tv=${encodeURIComponent(tv)}` : "/api/v1/me";
    try { return (await fetch(asked)).status === 401; } catch { return false; }
  }

  setInterval(() => {
    if (socket && Date.now() - heardAtMs > SILENCE_MS) lost(null);
  }, 1000);
  connect();
  return link;
}

function merge(whole, delta) {
  for (const [key, value] of Object.entries(delta)) {
    if (key === "totals") Object.assign(whole.totals, value);
    else if (TABLES.includes(key)) mergeEntries(whole[key], value);
    else whole[key] = value;
  }
}

function mergeEntries(table, changed) {
  for (const [id, entry] of Object.entries(changed)) {
    if (entry === null) delete table[id];
    else table[id] = { ...table[id], ...entry };
  }
}
