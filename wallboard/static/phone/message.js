// SIP messages (RFC 3261) as far as a phone needs them: parse, build, and answer a challenge.

import { hex, md5 } from "./md5.js";

const LONG = { v: "via", f: "from", t: "to", i: "call-id", m: "contact", l: "content-length", c: "content-type" };

export class Message {
  constructor(start, headers = [], body = "") {
    this.start = start;
    this.headers = headers;
    this.body = body;
    const [first, second] = start.split(" ");
    this.isResponse = first === "SIP/2.0";
    this.status = this.isResponse ? Number(second) : 0;
    this.method = this.isResponse ? this.get("cseq").split(" ")[1] : first;
  }

  static parse(text) {
    const end = text.indexOf("\r\n\r\n");
    const [start, ...lines] = (end < 0 ? text : text.slice(0, end)).replace(/\r\n[ \t]+/g, " ").split("\r\n");
    const headers = lines.map((line) => {
      const colon = line.indexOf(":");
      const name = line.slice(0, colon).trim().toLowerCase();
      return [LONG[name] ?? name, line.slice(colon + 1).trim()];
    });
    return new Message(start, headers, end < 0 ? "" : text.slice(end + 4));
  }

  get(name) { return this.headers.find(([key]) => key === name)?.[1] ?? ""; }

  all(name) { return this.headers.filter(([key]) => key === name).map(([, value]) => value); }

  toString() {
    const headers = this.headers.filter(([name]) => name !== "content-length");
    if (this.body) headers.push(["content-type", "application/sdp"]);
    headers.push(["content-length", new TextEncoder().encode(this.body).length]);
    return [this.start, ...headers.map(([name, value]) => `${name}: ${value}`)].join("\r\n") + "\r\n\r\n" + this.body;
  }
}

export function token(bytes = 8) {
  return hex(crypto.getRandomValues(new Uint8Array(bytes)));
}

export function tagOf(address) { return /;tag=([^;\s]+)/.exec(address)?.[1] ?? ""; }

export function uriOf(address) { return /<([^>]*)>/.exec(address)?.[1] ?? address.split(";")[0].trim(); }

export function userOf(address) { return /sips?:([^@;>]*)@/.exec(address)?.[1] ?? ""; }

export function nameOf(address) {
  const name = /^\s*"((?:[^"\\]|\\.)*)"/.exec(address)?.[1] ?? /^\s*([^"<]*)</.exec(address)?.[1] ?? "";
  return name.replace(/\\(.)/g, "$1").trim();
}

// The Authorization for a challenge (RFC 7616, RFC 8760); null for an algorithm that is not known.
export async function answerChallenge(challenge, method, uri, user, password) {
  const said = {};
  for (const [, name, quoted, bare] of challenge.matchAll(/([a-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^,\s]+))/gi)) {
    said[name.toLowerCase()] = quoted ?? bare;
  }
  const algorithm = (said.algorithm ?? "MD5").toUpperCase();
  const digest = { MD5: async (text) => md5(text), "SHA-256": sha256 }[algorithm];
  if (!digest) return null;
  const secret = await digest(`${user}:${said.realm}:${password}`);
  const request = await digest(`${method}:${uri}`);
  const cnonce = token();
  const isNew = (said.qop ?? "").split(",").some((qop) => qop.trim() === "auth");
  const middle = isNew ? `${said.nonce}:00000001:${cnonce}:auth` : said.nonce;
  const response = await digest(`${secret}:${middle}:${request}`);
  const parts = [
    `username="${user}"`, `realm="${said.realm}"`, `nonce="${said.nonce}"`, `uri="${uri}"`,
    `response="${response}"`, `algorithm=${algorithm}`,
  ];
  if (isNew) parts.push("qop=auth", "nc=00000001", `cnonce="${cnonce}"`);
  if (said.opaque !== undefined) parts.push(`opaque="${said.opaque}"`);
  return `Digest ${parts.join(", ")}`;
}

async function sha256(text) {
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))));
}
