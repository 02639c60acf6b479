// An inspector's sheet: scored while one listens, read by the agent, appealed and settled.

import {
  api, asked, attempt, confirmed, dayAndTime, duration, language, make, words,
} from "/frame/frame.js";

const INSPECTORS = ["inspector", "supervisor", "administrator"];
const BADGES = { open: ".warn", done: ".good", appealed: ".alarm", settled: ".good" };
const t = words({
  en: {
    open: "being scored", done: "scored", appealed: "appeal", settled: "appeal settled",
    points: (most) => `of ${most}`, fatal: "Faults that make all points nothing",
    comments: "Comments at a time", comment_here: (time) => `Comment at ${time}`, add: "Add",
    summary: "Reason and measure", save: "Save draft", submit: "Submit", saved: "Saved.",
    sure: "The agent sees the score then, and only an appeal changes it.", submitted: "Submitted.",
    inspect: "Inspect this talk", none: "Nobody has inspected this talk.", remove: "Remove comment",
    appeal: "Appeal", appeal_why: "What is wrong with the score?", appeal_made: "The appeal is made.",
    keep: "Keep the score", change: "Change the score", answer: "Answer to the agent",
    settled_done: "The appeal is settled.", upheld: "The score was changed.", kept: "The score stays.",
    by: (who) => `by ${who}`, score_before: (score) => `before: ${score}`,
    calibration: "comparison of inspectors", jump: (time) => `Play from ${time}`,
  },
  zh: {
    open: "评分中", done: "已评分", appealed: "申诉中", settled: "申诉已处理",
    points: (most) => `满分 ${most}`, fatal: "一票否决项",
    comments: "时间点评语", comment_here: (time) => `在 ${time} 处评语`, add: "添加",
    summary: "原因与改进措施", save: "保存草稿", submit: "提交", saved: "已保存。",
    sure: "提交后坐席可见，仅可通过申诉修改。", submitted: "已提交。",
    inspect: "质检此通话", none: "此通话尚未质检。", remove: "删除评语",
    appeal: "申诉", appeal_why: "对评分有何异议？", appeal_made: "申诉已提交。",
    keep: "维持评分", change: "修改评分", answer: "答复坐席",
    settled_done: "申诉已处理。", upheld: "评分已修改。", kept: "评分维持不变。",
    by: (who) => `质检员 ${who}`, score_before: (score) => `原评分：${score}`,
    calibration: "质检校准", jump: (time) => `从 ${time} 播放`,
  },
});

const name = (entry) => language() === "zh" ? entry.zh : entry.en;
const path = (id, rest = "") => `/api/v1/inspections/${encodeURIComponent(id)}${rest}`;

export class Sheets {
  constructor(place, player, { recordingId, form, me }) {
    Object.assign(this, { place, player, recordingId, form, me });
    this.inspections = [];
    this.drafts = new Map();
  }

  get mayInspect() { return INSPECTORS.includes(this.me.role); }

  async load() {
    const page = await api("GET", `/api/v1/inspections?recording_id=${encodeURIComponent(this.recordingId)}`);
    this.inspections = page.items;
    this.paint();
  }

  paint() {
    const isMine = ({ state, inspector }) => state === "open" && inspector === this.me.user_id;
    const parts = this.inspections.map((one) => isMine(one) ? this.filled(one) : this.read(one));
    if (!parts.length) parts.push(make("p.none", {}, t("none")));
    if (this.mayInspect && !this.inspections.some((one) => one.inspector === this.me.user_id)) {
      const take = make("button", { type: "button" }, t("inspect"));
      take.onclick = () => this.done(() => api("POST", "/api/v1/inspections",
        { recording_id: this.recordingId, inspector: this.me.user_id }));
      parts.push(make("p.row", {}, take));
    }
    this.place.replaceChildren(...parts);
  }

  async done(doing, sentence = "") {
    if (await attempt(doing, sentence) !== undefined) await this.load();
  }

  head(one) {
    return make("div.row", {},
      one.score === null ? null : make("span.total", {}, String(one.score)),
      make(`span.badge${BADGES[one.state]}`, {}, t(one.state)),
      one.calibration ? make("span.badge.rest", {}, t("calibration")) : null,
      make("span.soft", {}, t("by", one.inspector)),
      make("span.soft", {}, dayAndTime(one.submitted ?? one.drawn)));
  }

  // -- to be filled in --

  filled(one) {
    const draft = this.drafts.get(one.id) ?? { comments: [...one.comments] };
    this.drafts.set(one.id, draft);
    const form = make("form.sheet", {}, this.head(one),
      make("fieldset.items", {}, ...this.form.items.map((item) => pointsField(item, one.points[item.id]))),
      make("fieldset.items", {}, make("legend", {}, t("fatal")),
        ...this.form.fatal.map((fault) => make("label.check", {},
          make("input", { type: "checkbox", name: "fatal", value: fault.id, checked: one.fatal.includes(fault.id) }),
          make("span", {}, name(fault))))));
    const list = make("ul.comments");
    const text = make("input", { type: "text", maxLength: 1000 });
    const label = make("span");
    const add = make("button", { type: "button" }, t("add"));
    const tell = () => { label.textContent = t("comment_here", duration(this.player.at)); };
    const paintComments = () => list.replaceChildren(...draft.comments
      .sort((a, b) => a.at_s - b.at_s).map((comment) => this.comment(comment, () => {
        draft.comments.splice(draft.comments.indexOf(comment), 1);
        paintComments();
      })));
    text.onfocus = tell;
    text.onkeydown = (event) => { if (event.key === "Enter") { event.preventDefault(); add.click(); } };
    add.onclick = () => {
      if (!text.value.trim()) return;
      draft.comments.push({ at_s: Math.round(this.player.at * 10) / 10, text: text.value.trim() });
      text.value = "";
      paintComments();
    };
    tell();
    paintComments();
    const summary = make("textarea", { name: "summary", maxLength: 4000, value: one.summary });
    const save = make("button", { type: "button" }, t("save"));
    save.onclick = () => this.write(one, form, draft, false);
    form.onsubmit = (event) => { event.preventDefault(); this.write(one, form, draft, true); };
    form.append(make("h3", {}, t("comments")), list,
      make("div.row", {}, make("label", {}, label, text), add),
      make("label", {}, make("span", {}, t("summary")), summary),
      make("div.row", {}, save, make("button.act", { type: "submit" }, t("submit"))));
    return form;
  }

  async write(one, form, draft, submit) {
    if (submit && !await confirmed({ title: t("submit"), sentence: t("sure"), act: t("submit") })) return;
    const points = {};
    for (const item of this.form.items) {
      const value = form.elements[`points_${item.id}`].valueAsNumber;
      if (!Number.isNaN(value)) points[item.id] = value;
    }
    const fatal = [...form.querySelectorAll("[name=fatal]:checked")].map((box) => box.value);
    await this.done(() => api("PUT", path(one.id), {
      points, fatal, comments: draft.comments, summary: form.elements.summary.value, submit,
    }), t(submit ? "submitted" : "saved"));
  }

  // -- to be read --

  read(one) {
    const part = make("div.sheet", {}, this.head(one),
      make("dl.facts", {}, ...this.form.items.filter(({ id }) => id in one.points).flatMap((item) => [
        make("dt", {}, name(item)), make("dd", {}, `${one.points[item.id]} ${t("points", item.points)}`)])),
      ...this.form.fatal.filter(({ id }) => one.fatal.includes(id))
        .map((fault) => make("p", {}, make("span.badge.alarm", {}, name(fault)))),
      make("ul.comments", {}, ...one.comments.map((comment) => this.comment(comment))),
      one.summary ? make("p", {}, one.summary) : null);
    if (one.appeal) part.append(...this.appeal(one.appeal));
    const acts = this.acts(one);
    if (acts.length) part.append(make("div.row", {}, ...acts));
    return part;
  }

  appeal(made) {
    const said = [make("p", {}, make("strong", {}, t("appeal")), ` ${made.text}`)];
    if (made.settled) said.push(make("p", {},
      make("strong", {}, t(made.upheld ? "upheld" : "kept")),
      ` ${made.answer} `, make("span.soft", {}, t("by", made.settled_by)),
      made.upheld ? make("span.soft", {}, ` ${t("score_before", made.score_before)}`) : null));
    return said;
  }

  acts(one) {
    const button = (words, onclick) => make("button", { type: "button", onclick }, words);
    if (one.state === "done" && this.me.agent_id === one.agent_id && !one.calibration)
      return [button(t("appeal"), () => this.ask(one))];
    if (one.state === "appealed" && this.mayInspect && one.inspector !== this.me.user_id)
      return [button(t("keep"), () => this.settle(one, false)), button(t("change"), () => this.settle(one, true))];
    return [];
  }

  async ask(one) {
    const wish = await asked({ title: t("appeal"), act: t("appeal"), fields: [
      { name: "text", label: t("appeal_why"), type: "area", required: true, maxLength: 4000 }] });
    if (wish) await this.done(() => api("POST", path(one.id, "/appeal"), wish), t("appeal_made"));
  }

  async settle(one, changes) {
    const fields = [{ name: "answer", label: t("answer"), type: "area", required: true, maxLength: 4000 }];
    if (changes) for (const item of this.form.items) fields.push({
      name: item.id, label: `${name(item)} (${t("points", item.points)})`, type: "number", min: 0,
      max: item.points, step: "any", required: true, value: one.points[item.id] });
    const wish = await asked({ title: t(changes ? "change" : "keep"), act: t(changes ? "change" : "keep"), fields });
    if (!wish) return;
    const { answer, ...points } = wish;
    await this.done(() => api("POST", path(one.id, "/settle"),
      { answer, points: changes ? points : null }), t("settled_done"));
  }

  comment(comment, remove = null) {
    const time = make("button.small", { type: "button" }, duration(comment.at_s));
    time.setAttribute("aria-label", t("jump", duration(comment.at_s)));
    time.onclick = () => this.player.seek(comment.at_s);
    const away = remove && make("button.quiet.small", { type: "button", "aria-label": t("remove"), onclick: remove }, "×");
    return make("li", {}, time, make("span", {}, comment.text), away);
  }
}

const pointsField = (item, value) => make("label", {}, make("span", {}, name(item)),
  make("input", {
    type: "number", name: `points_${item.id}`, min: 0, max: item.points, step: "any", value: value ?? "",
    placeholder: t("points", item.points), required: true,
  }));
