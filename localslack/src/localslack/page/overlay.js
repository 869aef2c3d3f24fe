/** Dialogs above the page. Everything below is inert, Tab stays inside, Escape closes, and the focus returns at the end. */

import { h, uid } from "./dom.js";
import { plain, textObject } from "./text.js";

const TABBABLE = "a[href], button, input, select, textarea, [tabindex]";
const layers = [];

const visible = (node) => node.tabIndex >= 0 && !node.disabled && node.getClientRects().length > 0;

/** A radio group is one stop for Tab: its checked button, or the first one. */
const isStop = (node) =>
  node.type !== "radio" || node.checked || !node.form?.querySelector(`input[name="${CSS.escape(node.name)}"]:checked`);

export const stopsIn = (root) => [...root.querySelectorAll(TABBABLE)].filter((node) => visible(node) && isStop(node));

function keepInside(event, root) {
  const stops = stopsIn(root);
  const at = stops.indexOf(document.activeElement);
  const leaving = event.shiftKey ? at === 0 : at === stops.length - 1;
  if (at >= 0 && !leaving) return;
  event.preventDefault();
  (event.shiftKey ? stops.at(-1) : stops[0])?.focus();
}

function settle() {
  const app = document.getElementById("app");
  app.inert = layers.length > 0;
  layers.forEach((layer, index) => {
    layer.inert = index < layers.length - 1;
  });
}

/** Show `dialog` above everything. Escape calls `onescape`. Returns a function that removes the dialog. */
export function openLayer(dialog, { onescape }) {
  const before = document.activeElement;
  const layer = h("div", { class: "layer" }, dialog);
  // On the document: after a click on plain text in the dialog, nothing has the focus.
  const onkey = (event) => {
    if (event.defaultPrevented || layers.at(-1) !== layer) return;
    if (event.key === "Tab") keepInside(event, dialog);
    if (event.key !== "Escape") return;
    event.preventDefault();
    onescape();
  };
  document.addEventListener("keydown", onkey);
  layers.push(layer);
  document.getElementById("layers").append(layer);
  settle();
  return () => {
    document.removeEventListener("keydown", onkey);
    layers.splice(layers.indexOf(layer), 1);
    layer.remove();
    settle();
    if (before?.isConnected) before.focus();
  };
}

/** Slack's confirmation dialog (docs.slack.dev: confirmation dialog object). Resolves to whether it was confirmed. */
export function askConfirm(confirm) {
  return new Promise((resolve) => {
    const [title, text] = [uid("confirm-title"), uid("confirm-text")];
    let close = () => {};
    const answer = (yes) => () => {
      close();
      resolve(yes);
    };
    const style = confirm.style === "danger" ? "danger" : "primary";
    const yes = h("button", { type: "button", class: `button ${style}`, testid: "confirm-yes", onclick: answer(true) },
      plain(confirm.confirm));
    const dialog = h("div",
      { class: "dialog confirm", role: "alertdialog", "aria-modal": "true", "aria-labelledby": title,
        "aria-describedby": text, testid: "confirm" },
      h("h2", { class: "dialog-title", id: title }, plain(confirm.title)),
      h("div", { class: "confirm-text", id: text }, textObject(confirm.text)),
      h("div", { class: "dialog-footer" },
        h("button", { type: "button", class: "button", testid: "confirm-no", onclick: answer(false) }, plain(confirm.deny)),
        yes));
    close = openLayer(dialog, { onescape: answer(false) });
    yes.focus();
  });
}
