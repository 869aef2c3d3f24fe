/** The two hosts of blocks: a message and a view. blocks.js describes hosts. */

import { control } from "./api.js";
import { store } from "./store.js";
import { keyOf } from "./values.js";

const idOf = (block, element) => `${block.block_id}\n${element.action_id}`;
const actionIn = (block, element) => ({ block_id: block.block_id, action_id: element.action_id });

/** A message. As in Slack, the client keeps what was chosen in it, as long as the ids stay. */
export class MessageHost {
  static #chosen = new Map();

  constructor(message, channel, redraw) {
    this.where = { channel, ts: message.ts };
    this.redraw = redraw;
  }

  #id(block, element) {
    return `${this.where.ts}\n${idOf(block, element)}`;
  }

  value(block, element) {
    return MessageHost.#chosen.get(this.#id(block, element)) ?? null;
  }

  change(block, element, value) {
    MessageHost.#chosen.set(this.#id(block, element), value);
    return this.click(block, element, { [keyOf(element)]: value });
  }

  type(block, element, value) {
    MessageHost.#chosen.set(this.#id(block, element), value);
  }

  enter(block, element) {
    this.click(block, element, { value: this.value(block, element) });
    return true;
  }

  click(block, element, extra) {
    return control.click({ user: store.user, ...this.where, ...actionIn(block, element), ...extra });
  }

  suggest(block, element, query) {
    return control.suggest({ user: store.user, ...this.where, ...actionIn(block, element), value: query });
  }

  error() {
    return null;
  }
}

const TYPING_PAUSE_MS = 150;

/**
 * A view and the values in it. The values are the server's `state.values`, except for values that were typed and not sent
 * yet. Each block has a revision, which grows if the server's value differs from the shown one: only then is the block
 * drawn again.
 */
export class ViewHost {
  #unsent = new Map(); // id -> {block, element, value, timer}
  #line = Promise.resolve(); // changes go out one after the other
  #shown = new Map(); // id -> JSON of the value on the page
  #revisions = new Map();

  constructor(view, redraw) {
    this.view = view;
    this.errors = {};
    this.onredraw = redraw;
  }

  /** The same view, after a change by its app or by an answer. A value that somebody is typing stays. */
  update(view) {
    this.view = view;
    for (const block of view.blocks) for (const element of elementsOf(block)) this.#adopt(block, element);
  }

  #adopt(block, element) {
    const id = idOf(block, element);
    if (!this.#shown.has(id) || this.#unsent.has(id) || isTyping(block, element)) return;
    if (this.#shown.get(id) !== JSON.stringify(this.#stored(block, element))) this.#revise(block);
  }

  #revise(block) {
    this.#revisions.set(block.block_id, (this.#revisions.get(block.block_id) ?? 0) + 1);
  }

  #stored(block, element) {
    const state = this.view.state?.values?.[block.block_id]?.[element.action_id];
    return state?.[keyOf(element)] ?? null;
  }

  /** Everything on which a block's node depends. */
  sign(block) {
    return JSON.stringify([block, this.errors[block.block_id] ?? null, this.#revisions.get(block.block_id) ?? 0]);
  }

  value(block, element) {
    const id = idOf(block, element);
    const value = this.#unsent.has(id) ? this.#unsent.get(id).value : this.#stored(block, element);
    this.#shown.set(id, JSON.stringify(value));
    return value;
  }

  type(block, element, value) {
    const id = idOf(block, element);
    clearTimeout(this.#unsent.get(id)?.timer);
    const timer = setTimeout(() => this.#send(id), TYPING_PAUSE_MS);
    this.#unsent.set(id, { block, element, value, timer });
    this.#shown.set(id, JSON.stringify(value));
  }

  change(block, element, value) {
    this.type(block, element, value);
    const answer = this.#send(idOf(block, element));
    if (this.errors[block.block_id]) {
      delete this.errors[block.block_id]; // a choice removes the error; typing keeps it until the next submission
      this.onredraw();
    }
    return answer;
  }

  enter(block, element, event) {
    const triggers = element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
    if (element.multiline || !block.dispatch_action || !triggers.includes("on_enter_pressed")) return false;
    this.type(block, element, event.target.value || null);
    this.#send(idOf(block, element), { enter: true });
    return true;
  }

  #send(id, extra = {}) {
    const change = this.#unsent.get(id);
    if (!change) return this.#line;
    clearTimeout(change.timer);
    const { block, element, value } = change;
    const body = { user: store.user, view_id: this.view.id, ...actionIn(block, element), [keyOf(element)]: value, ...extra };
    const post = block.type === "input" ? control.input : control.click;
    this.#line = this.#line.then(() => post(body)).then((answer) => {
      if (this.#unsent.get(id) === change) this.#unsent.delete(id);
      return answer;
    });
    return this.#line;
  }

  /** Resolves when the server has everything that was typed. */
  async flush() {
    for (const id of [...this.#unsent.keys()]) this.#send(id);
    await this.#line;
  }

  async click(block, element, extra) {
    await this.flush();
    return control.click({ user: store.user, view_id: this.view.id, ...actionIn(block, element), ...extra });
  }

  suggest(block, element, query) {
    return control.suggest({ user: store.user, view_id: this.view.id, ...actionIn(block, element), value: query });
  }

  error(block) {
    return this.errors[block.block_id] ?? null;
  }

  redraw(block) {
    this.#revise(block);
    this.onredraw();
  }
}

/** The elements of a block that have a value. */
function elementsOf(block) {
  const all = [block.element, block.accessory, ...(block.type === "actions" ? block.elements : [])];
  return all.filter((element) => element && keyOf(element));
}

/** Whether the caret is in this element. Then its text is not replaced by the server's value. */
function isTyping(block, element) {
  const active = document.activeElement;
  return Boolean(active?.matches("input, textarea")) && active.dataset.actionId === element.action_id
    && active.closest("[data-block-id]")?.dataset.blockId === block.block_id && !active.matches("[role=combobox]");
}
