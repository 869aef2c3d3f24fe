/**
 * rich_text blocks (docs.slack.dev: rich text block): sections, lists, preformatted text and quotes.
 * Its strings are shown as they are: nothing in them is parsed and there are no entities.
 */

import { slackDate } from "./dates.js";
import { h } from "./dom.js";
import { emoji } from "./emoji.js";
import { broadcast, channelLink, emojiNode, link, mention } from "./text.js";

export function richText(block) {
  return h("div", { class: "rich" }, (block.elements ?? []).map(part));
}

function part(element) {
  const children = element.elements ?? [];
  switch (element.type) {
    case "rich_text_section":
      return h("div", { class: "rich-section" }, children.map(leaf));
    case "rich_text_preformatted":
      return h("pre", { class: "pre", tabindex: "0" }, children.map(leaf));
    case "rich_text_quote":
      return h("blockquote", { class: "quote" }, children.map(leaf));
    case "rich_text_list":
      return list(element, children);
    default:
      return null;
  }
}

function list(element, children) {
  const ordered = element.style === "ordered";
  const indent = element.indent ?? 0;
  const props = { class: `rich-list level-${indent % 3}`, vars: { indent }, role: "list" };
  if (ordered) props.start = String((element.offset ?? 0) + 1);
  return h(ordered ? "ol" : "ul", props, children.map((item) => h("li", {}, (item.elements ?? []).map(leaf))));
}

const LEAVES = {
  text: (element) => element.text ?? "",
  link: (element) => link(element.url ?? "", element.text ?? null) ?? element.text ?? element.url ?? "",
  user: (element) => mention(element.user_id),
  channel: (element) => channelLink(element.channel_id),
  usergroup: () => h("span", { class: "mention" }, "@group"),
  broadcast: (element) => broadcast(element.range ?? "") ?? "",
  emoji: (element) => {
    const character = emoji(element.name);
    return character ? emojiNode(character, element.name) : `:${element.name}:`;
  },
  date: (element) => h("time", { class: "date" }, slackDate(element.timestamp, element.format) ?? element.fallback ?? ""),
  color: (element) => h("span", { class: "color", vars: { color: element.value } }, element.value),
};

const STYLES = { code: "code", bold: "strong", italic: "em", strike: "s", underline: "u", highlight: "mark" };

function leaf(element) {
  let node = LEAVES[element.type]?.(element) ?? "";
  for (const [style, tag] of Object.entries(STYLES)) {
    if (element.style?.[style]) node = h(tag, { class: tag === "code" ? "code" : null }, node);
  }
  return node;
}
