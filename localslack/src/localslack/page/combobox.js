/**
 * A select with typeahead, for one or several choices: an ARIA combobox with a list box (w3.org/WAI/ARIA/apg).
 *
 * `load(query)` returns {groups: [{label?, options: [{text, value, description?}]}], note?}. Answers may overtake each
 * other, so each question has a number, and only the answer to the newest question is shown. Until it comes, the old
 * options stay visible, but nobody can choose them.
 */

import { Keyed, fill, h, uid } from "./dom.js";
import { icon } from "./icons.js";
import { openPopup } from "./popup.js";
import { plain } from "./text.js";

export class Combobox {
  #query = "";
  #asked = 0;
  #timer = null;
  #popup = null;
  #options = []; // flat, as shown
  #active = -1;
  #chips = new Keyed();

  /** settings: {load, delay, selected: [option], many, max, clearable, placeholder, names, onchange(selected)} */
  constructor(settings) {
    this.settings = settings;
    this.selected = settings.selected;
    this.listId = uid("options");
    this.input = this.#makeInput();
    this.list = h("div", { class: "popup options", popover: "manual", id: this.listId, role: "listbox", "aria-label": "Options",
      onmousedown: (event) => event.preventDefault() });
    this.chips = h("span", { class: "chips" });
    this.clear = h("button", { type: "button", class: "select-clear", "aria-label": "Clear", testid: "select-clear",
      onclick: () => this.#choose([]) }, icon("close"));
    this.node = h("div",
      { class: `select${settings.many ? " many" : ""}`, onmousedown: (event) => this.#pressed(event) },
      this.chips, this.input, this.clear, icon("chevron", "select-chevron"), this.list);
    this.#showSelection();
  }

  #makeInput() {
    return h("input", {
      ...this.settings.names,
      class: "select-input", type: "text", role: "combobox", autocomplete: "off", spellcheck: "false",
      testid: "select-input", "aria-expanded": "false", "aria-controls": this.listId, "aria-autocomplete": "list",
      "aria-haspopup": "listbox",
      oninput: () => this.#typed(),
      onkeydown: (event) => this.#key(event),
      onblur: () => this.#close(),
    });
  }

  get #isOpen() {
    return this.#popup !== null;
  }

  #showSelection() {
    const { many, placeholder, clearable } = this.settings;
    this.input.value = !many && this.selected.length ? plain(this.selected[0].text) : "";
    this.input.placeholder = many && this.selected.length ? "" : placeholder;
    this.clear.hidden = !(clearable && this.selected.length);
    if (many) this.#showChips();
  }

  #showChips() {
    this.#chips.update(this.chips, this.selected, {
      key: (option) => option.value,
      sign: (option) => JSON.stringify(option),
      make: (option) => h("span", { class: "chip", testid: "chip" }, plain(option.text),
        h("button", { type: "button", class: "chip-remove", "aria-label": `Remove ${plain(option.text)}`,
          onclick: () => this.#choose(this.selected.filter((other) => other.value !== option.value)) }, icon("close"))),
    });
  }

  #pressed(event) {
    if (event.target.closest("button, .options")) return;
    if (event.target !== this.input) event.preventDefault();
    this.input.focus();
    if (this.#isOpen && event.target !== this.input) this.#close();
    else this.#open();
  }

  #open(query = "") {
    if (this.#isOpen) return;
    this.#query = query;
    if (!query && !this.settings.many) this.input.select();
    this.#popup = openPopup(this.node, this.list, { matchWidth: true });
    this.input.setAttribute("aria-expanded", "true");
    this.node.classList.add("open");
    this.#options = [];
    this.#ask(0);
  }

  #close() {
    clearTimeout(this.#timer);
    this.#asked += 1;
    this.#popup?.close();
    this.#popup = null;
    this.#mark(-1);
    this.input.setAttribute("aria-expanded", "false");
    this.node.classList.remove("open");
    this.#showSelection();
  }

  #typed() {
    const typed = this.input.value;
    if (!this.#isOpen) this.#open(typed);
    this.#query = typed;
    this.#ask(this.settings.delay);
  }

  #ask(delay) {
    clearTimeout(this.#timer);
    this.#asked += 1;
    const number = this.#asked;
    this.#wait();
    const ask = async () => {
      const answer = await this.settings.load(this.#query);
      if (number === this.#asked) this.#show(answer);
    };
    if (delay) this.#timer = setTimeout(ask, delay);
    else ask();
  }

  /** Dim the old options. If there are none, say that options are loading. */
  #wait() {
    this.list.setAttribute("aria-busy", "true");
    if (!this.#options.length) fill(this.list, h("div", { class: "options-note" }, h("span", { class: "spinner" }), "Loading…"));
    this.#popup?.place();
  }

  #show({ groups, note }) {
    this.#options = [];
    const sections = groups.map((group) => this.#section(group));
    const empty = this.#options.length ? null : h("div", { class: "options-note", testid: "options-note" }, note ?? "No results");
    fill(this.list, sections, empty);
    this.list.setAttribute("aria-busy", "false");
    this.list.scrollTop = 0;
    this.#mark(this.#firstChoice());
    this.#popup?.place();
  }

  #section({ label, options }) {
    const rows = options.map((option) => this.#row(option));
    if (!label) return rows;
    const id = uid("group");
    return h("div", { role: "group", class: "option-group", "aria-labelledby": id, testid: "option-group" },
      h("div", { class: "option-group-label", id }, plain(label)), rows);
  }

  #row(option) {
    const index = this.#options.length;
    const chosen = this.selected.some((other) => other.value === option.value);
    const node = h("div",
      { class: "option", role: "option", id: uid("option"), testid: "select-option", "aria-selected": String(chosen),
        data: { value: option.value },
        onmousemove: () => this.#active !== index && this.#mark(index, { scroll: false }),
        onclick: () => this.#pick(index) },
      h("span", { class: "option-text" }, plain(option.text)),
      option.description ? h("span", { class: "option-description" }, plain(option.description)) : null,
      icon("check", "option-check"));
    this.#options.push({ option, node });
    return node;
  }

  /** The chosen option if nothing was typed, else the first option, which is the best match. */
  #firstChoice() {
    const chosen = this.#options.findIndex(({ node }) => node.getAttribute("aria-selected") === "true");
    if (!this.#query && chosen >= 0 && !this.settings.many) return chosen;
    return this.#options.length ? 0 : -1;
  }

  #mark(index, { scroll = true } = {}) {
    this.#options[this.#active]?.node.classList.remove("active");
    this.#active = index;
    const node = this.#options[index]?.node;
    node?.classList.add("active");
    if (scroll) node?.scrollIntoView({ block: "nearest" });
    if (node) this.input.setAttribute("aria-activedescendant", node.id);
    else this.input.removeAttribute("aria-activedescendant");
  }

  #key(event) {
    const handled = this.#isOpen ? this.#keyWhileOpen(event.key) : this.#keyWhileClosed(event.key);
    if (handled) event.preventDefault();
  }

  #keyWhileOpen(key) {
    const count = this.#options.length;
    if (key === "ArrowDown" && count) this.#mark((this.#active + 1) % count);
    else if (key === "ArrowUp" && count) this.#mark((Math.max(this.#active, 0) - 1 + count) % count);
    else if (key === "Enter") this.#pick(this.#active);
    else if (key === "Escape" || key === "Tab") this.#close();
    else return this.#removesLast(key);
    return key !== "Tab";
  }

  #keyWhileClosed(key) {
    if (!["ArrowDown", "ArrowUp", "Enter"].includes(key)) return this.#removesLast(key);
    this.#open();
    return true;
  }

  #removesLast(key) {
    if (key !== "Backspace" || !this.settings.many || this.input.value || !this.selected.length) return false;
    this.#choose(this.selected.slice(0, -1));
    return true;
  }

  #pick(index) {
    const picked = this.#options[index]?.option;
    if (!picked || this.list.getAttribute("aria-busy") === "true") return;
    const { many, max } = this.settings;
    if (!many) {
      this.#close();
      this.#choose([picked]);
      return;
    }
    const without = this.selected.filter((other) => other.value !== picked.value);
    const removed = without.length < this.selected.length;
    if (!removed && max && this.selected.length >= max) return;
    this.#close();
    this.#choose(removed ? without : [...this.selected, picked]);
  }

  #choose(selected) {
    this.selected = selected;
    this.#showSelection();
    this.input.focus();
    this.settings.onchange(selected);
  }
}
