/** A small menu behind a button: arrows move, Enter chooses, Escape and a click elsewhere close. */

import { h } from "./dom.js";
import { openPopup } from "./popup.js";

/** `items` is [{label, testid, data, choose}]. Gives the button with its menu. */
export function menuButton({ className, label, content, items, testid, describe = {} }) {
  let popup = null;
  const button = h("button",
    { type: "button", class: className, "aria-label": label, "aria-haspopup": "menu", "aria-expanded": "false", testid,
      title: label, onclick: () => (popup ? close() : open()), ...describe },
    content);
  const entries = items.map((item) => h("button",
    { type: "button", role: "menuitem", class: "menu-item", tabindex: "-1", testid: item.testid, data: item.data,
      onclick: () => {
        close();
        item.choose();
      } },
    item.label));
  const menu = h("div", { class: "popup menu", popover: "manual", role: "menu", "aria-label": label }, entries);
  const root = h("span", { class: "menu-root" }, button, menu);

  function open() {
    popup = openPopup(button, menu, { align: "end" });
    button.setAttribute("aria-expanded", "true");
    entries[0]?.focus();
    document.addEventListener("pointerdown", outside, true);
  }

  function close({ refocus = true } = {}) {
    popup?.close();
    popup = null;
    button.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", outside, true);
    if (refocus) button.focus();
  }

  function outside(event) {
    if (!root.contains(event.target)) close({ refocus: false });
  }

  menu.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape" || event.key === "Tab") {
      if (event.key === "Escape") event.preventDefault();
      event.stopPropagation();
      close();
    } else if (step) {
      event.preventDefault();
      const next = entries.indexOf(document.activeElement) + step;
      entries.at(next % entries.length).focus();
    }
  });
  return root;
}
