/** The field for messages and slash commands. Enter sends, Shift+Enter breaks the line, `/` suggests commands, `@` people. */

import { control } from "./api.js";
import { appMark, avatar } from "./avatar.js";
import { Keyed, fill, h, uid } from "./dom.js";
import { icon } from "./icons.js";
import { directory, store } from "./store.js";

const MARKS = [["bold", "Bold", "*"], ["italic", "Italic", "_"], ["strike", "Strikethrough", "~"], ["code", "Code", "`"]];

const WHOM = /(^|\s)@\S*$/; // a name that is being typed

export class Composer {
  #drafts = new Map(); // where -> text
  #where = null;
  #rows = new Keyed();
  #matches = [];
  #active = 0;

  /** `thread`: whether messages go to the open thread. */
  constructor({ thread = false } = {}) {
    this.thread = thread;
    this.listId = uid("commands");
    this.input = h("textarea",
      { class: "composer-input", rows: "1", testid: thread ? "thread-composer" : "composer",
        "aria-autocomplete": "list", "aria-controls": this.listId, autocomplete: "off",
        oninput: () => this.#changed(), onkeydown: (event) => this.#key(event), onblur: () => this.#suggest([]) });
    this.list = h("div", { class: "suggestions", id: this.listId, role: "listbox", "aria-label": "Commands", hidden: true,
      onmousedown: (event) => event.preventDefault() });
    this.problem = h("div", { class: "composer-problem", role: "alert", testid: "composer-problem" });
    this.send = h("button",
      { type: "button", class: "send", testid: thread ? "thread-send" : "send", "aria-label": "Send now", title: "Send now",
        disabled: true, onclick: () => this.#submit() },
      icon("send"));
    this.node = h("div", { class: "composer-area" }, this.list,
      h("div", { class: "composer" }, this.input,
        h("div", { class: "composer-tools" }, MARKS.map((mark) => this.#markButton(mark)), this.send)),
      this.problem);
  }

  #markButton([name, label, mark]) {
    return h("button", { type: "button", class: "icon-button", "aria-label": label, title: label,
      onmousedown: (event) => event.preventDefault(), onclick: () => this.#wrap(mark) }, icon(name));
  }

  /** Put the mark around the selected text. */
  #wrap(mark) {
    const { selectionStart: from, selectionEnd: to, value } = this.input;
    this.input.setRangeText(`${mark}${value.slice(from, to)}${mark}`, from, to, "end");
    if (from === to) this.input.selectionEnd -= mark.length;
    this.input.focus();
    this.#changed();
  }

  /** Write to this place from now on. Each place keeps its draft. */
  place(where, label) {
    this.input.placeholder = label;
    this.input.setAttribute("aria-label", label);
    if (where === this.#where) return;
    if (this.#where) this.#drafts.set(this.#where, this.input.value);
    this.#where = where;
    this.#set(this.#drafts.get(where) ?? "");
    fill(this.problem);
  }

  #set(text) {
    this.input.value = text;
    this.#changed();
    if (document.activeElement !== this.input) this.#suggest([]);
  }

  #changed() {
    const { input } = this;
    input.style.height = "";
    if (input.scrollHeight) input.style.height = `${input.scrollHeight}px`; // 0 while it is hidden
    this.send.disabled = !input.value.trim();
    fill(this.problem);
    const typed = /^\/\S*$/.test(input.value) && !this.thread ? input.value : WHOM.exec(input.value)?.[0].trim();
    const offers = typed?.startsWith("/") ? this.#offers() : whom();
    this.#suggest(typed ? offers.filter(({ name }) => name.toLowerCase().startsWith(typed.toLowerCase())) : []);
  }

  /** Slash commands, and the apps' global shortcuts, which Slack lists in the same menu. */
  #offers() {
    return [
      ...directory.commands().map((one) => ({ name: one.command, hint: one.usage_hint ?? "", text: one.description ?? "" })),
      ...directory.shortcuts("global")
        .map((one) => ({ name: `/${one.name}`, hint: "", text: "Shortcut", shortcut: one.callback_id, app: one.app })),
    ];
  }

  #suggest(matches) {
    this.#matches = matches;
    this.#active = 0;
    this.list.hidden = !matches.length;
    this.#rows.update(this.list, matches, {
      key: ({ name }) => name,
      sign: JSON.stringify,
      make: (offer) => h("div", { class: "suggestion", role: "option", id: uid("command"), testid: "command-option",
        data: { command: offer.name }, onclick: () => this.#take(offer) },
        offer.user && !directory.appOfBot(offer.user) ? avatar(offer.user, "small") : appMark("small"),
        h("span", { class: "suggestion-main" },
          h("span", { class: "suggestion-name" }, offer.name, offer.hint ? h("span", { class: "suggestion-hint" }, ` ${offer.hint}`) : null),
          h("span", { class: "suggestion-text" }, offer.text))),
    });
    this.#mark(0);
  }

  #mark(index) {
    this.#active = index;
    this.#matches.forEach(({ name }, at) => {
      const row = this.#rows.get(name);
      row.classList.toggle("active", at === index);
      row.setAttribute("aria-selected", String(at === index));
    });
    const active = this.#rows.get(this.#matches[index]?.name);
    if (active) this.input.setAttribute("aria-activedescendant", active.id);
    else this.input.removeAttribute("aria-activedescendant");
  }

  #take(offer) {
    if (offer.shortcut) {
      this.#set("");
      control.shortcut({ user: store.user, app: offer.app, callback_id: offer.shortcut });
    } else this.#set(`${offer.user ? this.input.value.replace(WHOM, "$1") : ""}${offer.name} `);
    this.input.focus();
  }

  #key(event) {
    if (event.isComposing) return;
    const offer = this.#matches[this.#active];
    const count = this.#matches.length;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (count && step) this.#mark((this.#active + step + count) % count);
    else if (count && event.key === "Escape") this.#suggest([]);
    else if (offer && event.key === "Tab" && !event.shiftKey) this.#take(offer);
    else if (event.key === "Enter" && !event.shiftKey) this.#enter(offer);
    else return;
    event.preventDefault();
  }

  /** Send a fully typed command. Complete a suggested command first. */
  #enter(offer) {
    if (offer && !this.input.value.endsWith(offer.name)) this.#take(offer);
    else this.#submit();
  }

  async #submit() {
    const text = this.input.value.trim();
    if (!text) return;
    const where = this.#where;
    const { channel, thread } = store.place;
    this.#set("");
    const sent = text.startsWith("/") ? text : withMentions(text);
    const answer = await control.type({ user: store.user, channel, text: sent, ...(this.thread ? { thread_ts: thread } : {}) });
    if (answer.ok || answer.dispatched) return;
    if (where === this.#where && !this.input.value) this.#set(text);
    fill(this.problem, problemText(text, answer.error));
  }
}

/** People and bots who can be mentioned. */
function whom() {
  return [...store.people.keys()].map((user) => ({ name: `@${directory.nameOf(user)}`, hint: "", text: "", user }));
}

/** `<@U…>` for typed names, as Slack's client sends it. The longest name first, as another one may begin like it. */
function withMentions(text) {
  const longestFirst = whom().sort((one, other) => other.name.length - one.name.length);
  return longestFirst.reduce((found, { name, user }) => found.replaceAll(name, `<@${user}>`), text);
}

function problemText(text, error) {
  if (error === "not supported in threads") return `${text.split(" ")[0]} is not supported in threads. Sorry!`;
  if (error === "unreachable") return "Your message wasn’t sent: the local Slack can’t be reached.";
  return `Your message wasn’t sent (${error}).`;
}
