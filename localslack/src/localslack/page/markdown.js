/** The markdown block (docs.slack.dev: markdown block): the common part of Markdown as nodes. */

import { h } from "./dom.js";
import { withEmoji } from "./emoji.js";
import { decode, link } from "./text.js";

export function markdown(text) {
  const lines = decode(text).split("\n");
  const nodes = [];
  while (lines.length) {
    const rule = BLOCKS.find(({ opens }) => opens.test(lines[0]));
    nodes.push(rule.take(lines));
  }
  return h("div", { class: "rich" }, nodes);
}

/** Take the lines that match, and remove what matched. */
function takeWhile(lines, pattern) {
  const taken = [];
  while (lines.length && pattern.test(lines[0])) taken.push(lines.shift().replace(pattern, ""));
  return taken;
}

const BULLET = /^\s*[-*+]\s+/;
const NUMBER = /^\s*\d+[.)]\s+/;
const QUOTE = /^>\s?/;
const HEADING = /^(#{1,6})\s+(.*)$/;

const BLOCKS = [
  { opens: /^```/, take: fence },
  { opens: HEADING, take: heading },
  { opens: /^\s*([-*_])(\s*\1){2,}\s*$/, take: (lines) => (lines.shift(), h("hr", { class: "divider" })) },
  { opens: BULLET, take: (lines) => items("ul", takeWhile(lines, BULLET)) },
  { opens: NUMBER, take: (lines) => items("ol", takeWhile(lines, NUMBER)) },
  { opens: QUOTE, take: (lines) => h("blockquote", { class: "quote" }, inline(takeWhile(lines, QUOTE).join("\n"))) },
  { opens: /^/, take: (lines) => h("div", { class: "rich-section" }, inline(lines.shift()) || "\n") },
];

function fence(lines) {
  lines.shift();
  const end = lines.findIndex((line) => line.startsWith("```"));
  const body = lines.splice(0, end < 0 ? lines.length : end);
  lines.shift();
  return h("pre", { class: "pre", tabindex: "0" }, body.join("\n"));
}

function heading(lines) {
  const [, marks, title] = HEADING.exec(lines.shift());
  return h("div", { class: "rich-heading", role: "heading", "aria-level": String(marks.length + 1) }, inline(title));
}

const items = (tag, texts) => h(tag, { class: "rich-list", role: "list" }, texts.map((text) => h("li", {}, inline(text))));

const INLINE = [
  [/`([^`]+)`/, (inner) => h("code", { class: "code" }, inner)],
  [/\[([^\]]+)\]\(([^()\s]+)\)/, (label, url) => link(url, inline(label)) ?? label],
  [/\*\*(\S(?:.*?\S)?)\*\*/, (inner) => h("strong", {}, inline(inner))],
  [/~~(\S(?:.*?\S)?)~~/, (inner) => h("s", {}, inline(inner))],
  [/\*(\S(?:.*?\S)?)\*/, (inner) => h("em", {}, inline(inner))],
  [/(?<![\p{L}\p{N}])_(\S(?:.*?\S)?)_(?![\p{L}\p{N}])/u, (inner) => h("em", {}, inline(inner))],
  [/(https?:\/\/[^\s<>]*[^\s<>.,;:!?)])/, (url) => link(url)],
];

/** The earliest match wins. At the same place, the earlier rule wins. */
function inline(text) {
  const found = INLINE.map(([pattern, make]) => ({ match: pattern.exec(text), make })).filter(({ match }) => match);
  if (!found.length) return text ? [withEmoji(text)] : [];
  const { match, make } = found.reduce((first, other) => (other.match.index < first.match.index ? other : first));
  const [all, ...groups] = match;
  const before = text.slice(0, match.index);
  return [withEmoji(before), make(...groups), ...inline(text.slice(match.index + all.length))];
}
