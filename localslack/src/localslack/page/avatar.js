/** Faces: initials on a colour that depends on the person's id, and a mark for apps. */

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { directory } from "./store.js";

const COLOURS = 8; // --face-0 … in style.css

function colourOf(id) {
  let sum = 0;
  for (const character of id) sum = (sum * 53 + character.codePointAt(0)) % 9973;
  return sum % COLOURS;
}

const initials = (name) => name.split(/\s+/).filter(Boolean).slice(0, 2).map((word) => [...word][0]).join("").toUpperCase();

/** Decorative: the person's name is always next to it. */
export function avatar(id, size = "") {
  if (directory.person(id)?.is_bot) return appMark(size);
  const name = directory.nameOf(id);
  return h("span", { class: `avatar face-${colourOf(id)} ${size}`.trim(), "aria-hidden": "true" }, initials(name));
}

export function appMark(size = "") {
  return h("span", { class: `avatar app-mark ${size}`.trim(), "aria-hidden": "true" }, icon("play"));
}

/** The kind of member, as far as it matters to an app. */
export function standing(person) {
  if (person.is_stranger) return "outsider";
  if (person.is_ultra_restricted || person.is_restricted) return "guest";
  return person.is_admin ? "admin" : "member";
}
