// What was said, as sentences of words: a word is played by a press, the one being said is marked.

import { duration, make, put } from "/frame/frame.js";

export class Said {
  constructor(list, t, onWord) {
    this.list = list;
    this.t = t;
    this.onWord = onWord;
    this.words = [];
    this.now = null;
  }

  show(transcript, agentName, hits) {
    const left = new Map([["caller", []], ["agent", []]]);
    for (const word of transcript.words) left.get(word.side).push(word);
    this.words = [];
    this.now = null;
    this.list.replaceChildren(...transcript.sentences.map((sentence) => {
      const own = left.get(sentence.side);
      const count = own.findIndex((word) => word.start > sentence.end);
      const words = own.splice(0, count < 0 ? own.length : count);
      return this.line(sentence, words, agentName, hits);
    }));
  }

  line(sentence, words, agentName, hits) {
    const speaker = sentence.side === "agent" ? agentName : this.t("caller");
    const time = make("button.time", { type: "button" }, duration(sentence.start));
    time.onclick = () => this.onWord(sentence.start);
    return make(`li.${sentence.side}`, {}, time,
      make("div", {}, make("span.speaker", {}, speaker),
        make("span.text", {}, ...spelt(sentence.text, words).map((piece) => this.piece(piece, hits)))));
  }

  piece({ text, word }, hits) {
    if (!word) return text;
    const isHit = hits.some((hit) => hit.side === word.side && hit.start < word.end && word.start < hit.end);
    const element = make(`span.word${isHit ? ".hit" : ""}`, {}, text);
    element.onclick = () => this.onWord(word.start);
    this.words.push({ ...word, element });
    return element;
  }

  follow(at, isPlaying) {
    const found = this.words.find((word) => word.start <= at && at < word.end) ?? null;
    if (found === this.now) return;
    this.now?.element.classList.remove("now");
    this.now = found;
    if (!found) return;
    found.element.classList.add("now");
    if (isPlaying) this.scroll(found.element);
  }

  scroll(element) {
    const line = element.closest("li");
    const [top, bottom] = [line.offsetTop - this.list.offsetTop, line.offsetTop + line.offsetHeight - this.list.offsetTop];
    if (top < this.list.scrollTop || bottom > this.list.scrollTop + this.list.clientHeight)
      this.list.scrollTop = top - this.list.clientHeight / 3;
  }
}

// The sentence's text in pieces: each word with its times, and what stands between (spaces, commas).
// A word that the readable text has changed is found by its place in the order.
function spelt(text, words) {
  const pieces = [];
  let at = 0;
  for (const word of words) {
    const found = text.toLowerCase().indexOf(word.text.toLowerCase(), at);
    if (found < 0) continue;
    if (found > at) pieces.push({ text: text.slice(at, found) });
    pieces.push({ text: text.slice(found, found + word.text.length), word });
    at = found + word.text.length;
  }
  if (at < text.length) pieces.push({ text: text.slice(at) });
  return pieces;
}

export const putNone = (element, sentence) => {
  put(element, sentence);
  element.hidden = !sentence;
};
