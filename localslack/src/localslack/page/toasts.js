/** Notifications as on a phone: they show the message's fallback text and not its blocks. */

import { appMark, avatar } from "./avatar.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { directory } from "./store.js";
import { flat } from "./text.js";

const SHOWN_MS = 8000;
const AT_MOST = 3;

export function notify({ channel, ts, thread_ts: thread, from, text }, open) {
  const place = directory.channel(channel);
  const where = place && place.kind !== "im" ? ` in ${directory.title(place)}` : "";
  const body = h("button", { type: "button", class: "toast-open", onclick: () => {
    shown.remove();
    open();
  } },
  directory.person(from) ? avatar(from, "small") : appMark("small"),
  h("span", { class: "toast-body" },
    h("span", { class: "toast-title" }, directory.nameOf(from), h("span", { class: "toast-where" },
      `${thread ? " in a thread" : ""}${where}`)),
    h("span", { class: "toast-text", testid: "toast-text" }, flat(text))));
  const shown = toast(body, { about: `${channel} ${thread ?? ts}` });
}

/** Show this for a while. It may be about a control that is no longer on the page. */
export function toast(body, data = {}) {
  const shown = h("div", { class: "toast", testid: "toast", role: "group", "aria-label": "Notification", data }, body,
    h("button", { type: "button", class: "icon-button toast-close", "aria-label": "Dismiss", onclick: () => shown.remove() },
      icon("close")));
  const region = document.getElementById("toasts");
  region.append(shown);
  while (region.children.length > AT_MOST) region.firstElementChild.remove();
  leaveLater(shown);
  return shown;
}

/** Remove the notifications about a thread: it was opened. */
export function dismissAbout(channel, thread) {
  for (const toast of document.querySelectorAll(`[data-about="${CSS.escape(`${channel} ${thread}`)}"]`)) toast.remove();
}

/** Remove the toast after a while, but not while it has the pointer or the focus. */
function leaveLater(toast) {
  let timer = setTimeout(() => toast.remove(), SHOWN_MS);
  const stay = () => clearTimeout(timer);
  const go = () => {
    clearTimeout(timer);
    timer = setTimeout(() => toast.remove(), SHOWN_MS);
  };
  toast.addEventListener("pointerenter", stay);
  toast.addEventListener("pointerleave", go);
  toast.addEventListener("focusin", stay);
  toast.addEventListener("focusout", go);
}
