/** The open modal: the view on top of the stack, as a dialog. */

import { control } from "./api.js";
import { appMark } from "./avatar.js";
import { renderBlock } from "./blocks.js";
import { showViews } from "./client.js";
import { Keyed, fill, h, uid } from "./dom.js";
import { ViewHost } from "./hosts.js";
import { icon } from "./icons.js";
import { openLayer, stopsIn } from "./overlay.js";
import { on, store } from "./store.js";
import { plain } from "./text.js";

const TROUBLE = "We had some trouble connecting. Try again?";

class Modal {
  #hosts = new Map(); // view id -> ViewHost, for every view of the stack
  #blocks = new Keyed();
  #shownId = null;
  #submitting = false;
  #submitShows = "";
  #resting = null;

  constructor() {
    this.titleId = uid("modal-title");
    this.title = h("h1", { class: "dialog-title", id: this.titleId });
    this.closeAll = h("button", { type: "button", class: "icon-button", "aria-label": "Close", testid: "modal-close",
      onclick: () => this.#close({ all: true }) }, icon("close"));
    this.banner = h("div", { class: "banner", role: "alert", testid: "modal-trouble", hidden: true });
    this.body = h("div", { class: "modal-body" });
    this.cancel = h("button", { type: "button", class: "button", testid: "modal-cancel", onclick: () => this.#close({}) });
    this.submit = h("button", { type: "submit", class: "button primary", testid: "modal-submit" });
    this.footer = h("div", { class: "dialog-footer" }, this.cancel, this.submit);
    this.node = h("form",
      { class: "dialog modal", role: "dialog", "aria-modal": "true", "aria-labelledby": this.titleId, testid: "modal",
        novalidate: true, onsubmit: (event) => this.#submit(event), onkeydown: (event) => this.#key(event) },
      h("div", { class: "dialog-header" }, appMark("tiny"), this.title, this.closeAll),
      this.banner, this.body, this.footer);
    on(["views"], () => this.render());
  }

  get #host() {
    return this.#hosts.get(this.#shownId);
  }

  render() {
    const view = store.stack.at(-1);
    const ids = new Set(store.stack.map(({ id }) => id));
    for (const id of this.#hosts.keys()) if (!ids.has(id)) this.#hosts.delete(id);
    if (!view) {
      this.#hide();
      return;
    }
    const fresh = view.id !== this.#shownId;
    if (fresh) this.#switchTo(view);
    this.#host.update(view);
    this.#draw(view);
    if (!this.removeLayer) this.removeLayer = openLayer(this.node, { onescape: () => this.#close({ all: true }) });
    if (fresh || document.activeElement === this.#resting) this.#focusFirst();
  }

  #switchTo(view) {
    this.#shownId = view.id;
    this.#blocks.clear();
    this.banner.hidden = true;
    this.body.scrollTop = 0;
    this.node.dataset.viewId = view.id;
    if (!this.#hosts.has(view.id)) this.#hosts.set(view.id, new ViewHost(view, () => this.render()));
  }

  #hide() {
    this.removeLayer?.();
    this.removeLayer = null;
    this.#shownId = null;
    this.#blocks.clear();
    fill(this.body);
  }

  #draw(view) {
    const host = this.#host;
    fill(this.title, plain(view.title));
    fill(this.cancel, view.close ? plain(view.close) : view.submit ? "Cancel" : "Close");
    this.#drawSubmit(view);
    const focus = whereFocusIs(this.body);
    this.#blocks.update(this.body, view.blocks, {
      key: (block) => block.block_id,
      sign: (block) => host.sign(block),
      make: (block) => renderBlock(block, host),
    });
    putFocusBack(this.body, focus);
  }

  #drawSubmit(view) {
    this.submit.hidden = !view.submit;
    this.submit.disabled = this.#submitting;
    this.node.setAttribute("aria-busy", String(this.#submitting));
    const shows = JSON.stringify([view.submit ?? null, this.#submitting]);
    if (shows === this.#submitShows) return;  // a browser sends no click if what was pressed is replaced before the release
    this.#submitShows = shows;
    fill(this.submit, this.#submitting ? h("span", { class: "spinner", role: "img", "aria-label": "Working" }) : null,
      view.submit ? h("span", {}, plain(view.submit)) : null);
  }

  /** In a view without inputs ("Loading…"), a button has the focus. Later inputs get it. */
  #focusFirst() {
    const wished = this.body.querySelector("[data-autofocus]");
    const input = wished ?? stopsIn(this.body).find((node) => node.matches("input, textarea"));
    this.#resting = input ? null : this.submit.hidden ? this.closeAll : this.submit;
    (input ?? this.#resting).focus();
  }

  #key(event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.defaultPrevented) this.node.requestSubmit();
  }

  async #submit(event) {
    event.preventDefault();
    const host = this.#host;
    if (this.#submitting || this.submit.hidden) return;
    this.#submitting = true;
    this.banner.hidden = true;
    this.#drawSubmit(host.view);
    await host.flush();
    const answer = await control.submit({ user: store.user, view_id: host.view.id });
    this.#submitting = false;
    if (this.#host === host) this.#answered(host, answer);
  }

  #answered(host, answer) {
    host.errors = answer.errors ?? {};
    if (!answer.ok && !answer.errors) {
      fill(this.banner, icon("alert"), h("span", {}, TROUBLE));
      this.banner.hidden = false;
    }
    showViews({ stack: answer.stack ?? store.stack });
    this.body.querySelector("[aria-invalid=true]:not(div), [aria-invalid=true] input")?.focus();
  }

  #close({ all = false }) {
    control.close({ user: store.user, view_id: this.#shownId, all });
  }
}

const controlsOf = (root, block, action) =>
  [...root.querySelectorAll(`[data-block-id="${CSS.escape(block)}"] [data-action-id="${CSS.escape(action)}"]`)];

/** The place of the caret, to restore it in a block that is drawn again. */
function whereFocusIs(root) {
  const node = document.activeElement;
  const block = node.closest("[data-block-id]")?.dataset.blockId;
  const action = node.dataset.actionId;
  if (!root.contains(node) || !block || !action) return null;
  const range = typeof node.selectionStart === "number" ? [node.selectionStart, node.selectionEnd] : null;
  return { node, block, action, index: controlsOf(root, block, action).indexOf(node), range };
}

function putFocusBack(root, focus) {
  if (!focus || focus.node.isConnected) return;
  const node = controlsOf(root, focus.block, focus.action)[focus.index] ?? stopsIn(root)[0];
  node?.focus();
  if (focus.range && node?.setSelectionRange) node.setSelectionRange(...focus.range);
}

export const startModal = () => new Modal();
