// The API as a function: await api("POST", "/api/v1/calls/c-1/move", { queue: "orders" }).
// What it refuses is an ApiError with the server's own sentence.

import { toast } from "./toasts.js";
import { words } from "./words.js";

const t = words({
  en: { away: "The server cannot be reached. Is the network up?" },
  zh: { away: "无法连接服务器，请检查网络。" },
});

export class ApiError extends Error {
  constructor(sentence, status) {
    super(sentence);
    this.status = status;
  }
}

export async function api(method, path, body = undefined) {
  const answer = await sent(method, path, body);
  if (answer.status === 401) {
    signInAgain();
    await new Promise(() => {});  // The page is left: nothing more of it is to be done or told.
  }
  const said = answer.headers.get("content-type")?.includes("json") ? await answer.json() : null;
  if (!answer.ok) throw new ApiError(said?.error ?? `${answer.status} ${answer.statusText}`, answer.status);
  return said;
}

async function sent(method, path, body) {
  const options = { method, headers: { Accept: "application/json" } };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  try { return await fetch(path, options); } catch { throw new ApiError(t("away"), 0); }
}

const RETRY_FIRST_MS = 500;
const RETRY_MOST_MS = 10000;

// Asks again until the server can be reached, and says so meanwhile; what it refuses is thrown.
export async function untilThere(asking) {
  for (let waitMs = RETRY_FIRST_MS; ; waitMs = Math.min(2 * waitMs, RETRY_MOST_MS)) {
    try { return await asking(); } catch (error) {
      if (!(error instanceof ApiError) || error.status) throw error;
      toast(error.message);
    }
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}

// Of questions that overtake each other only the last one's answer counts; undefined for the others.
//   const ask = newest();
//   const page = await ask(() => api("GET", path));
export function newest() {
  let last = 0;
  return async (asking) => {
    const mine = last += 1;
    const said = await asking().catch((error) => { if (mine === last) throw error; });
    return mine === last ? said : undefined;
  };
}

export function signInAgain() {
  location.assign(`/sign-in?next=${encodeURIComponent(location.pathname)}`);
}

// Does it, and tells what came of it: the result, or undefined after a toast with the sentence.
export async function attempt(doing, done = "") {
  try {
    const result = await doing();
    if (done) toast(done, "good");
    return result ?? true;
  } catch (error) {
    toast(error.message, "alarm");
    if (!(error instanceof ApiError)) throw error;
    return undefined;
  }
}
