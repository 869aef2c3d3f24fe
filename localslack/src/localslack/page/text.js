/**
 * Slack's text: plain_text and mrkdwn (docs.slack.dev: formatting message text), turned into nodes.
 *
 * In mrkdwn, only <…> is live, and only &amp; &lt; &gt; are entities. So text that an app escaped never becomes a link or
 * a mention. `verbatim` turns off the automatic links of bare addresses and names.
 */

import { slackDate } from "./dates.js";
import { h, safeUrl } from "./dom.js";
import { emoji, withEmoji } from "./emoji.js";
import { directory } from "./store.js";

/** Decode the three entities that Slack knows, and nothing else. */
export function decode(text) {
  return text.replace(/&(lt|gt|amp);/g, (all, name) => ({ lt: "<", gt: ">", amp: "&" })[name]);
}

/** A text object ({type, text, …}) as nodes. */
export function textObject(object) {
  if (!object) return [];
  return object.type === "mrkdwn" ? mrkdwn(object.text, { verbatim: object.verbatim === true }) : [plain(object)];
}

/** The text of a plain_text object or an option, as a person sees it. */
export function plain(object) {
  const text = decode(object?.text ?? "");
  return object?.emoji === false ? text : withEmoji(text);
}

/** mrkdwn with its live sequences as bare text, for notifications and screen readers. */
export function flat(text) {
  return withEmoji(text.replace(/<([^<>]+)>/g, (all, inner) => {
    const node = liveNode(...splitOnce(inner, "|"));
    return node ? node.textContent : all;
  }));
}

/** mrkdwn as nodes: first fences, then quotes line by line, then the text inside a line. */
export function mrkdwn(text, { verbatim = false } = {}) {
  const nodes = [];
  text.split(/```([\s\S]+?)```/).forEach((part, index) => {
    if (index % 2 === 1) nodes.push(h("pre", { class: "pre", tabindex: "0" }, unlinked(part.replace(/^\n|\n$/g, ""))));
    else if (part) nodes.push(...paragraphs(trimAroundFence(part, index > 0), verbatim));
  });
  return nodes;
}

const trimAroundFence = (part, follows) => (follows ? part.replace(/^\n/, "") : part).replace(/\n$/, "");

/** Inside code, Slack shows links by their text. Everything else is literal. */
function unlinked(text) {
  return decode(text.replace(/<((?:https?|mailto):[^<>|]+)(?:\|([^<>]*))?>/g, (all, url, label) => label ?? url));
}

const QUOTED = /^(?:&gt;|>)(?!&gt;|>) ?/;
const QUOTED_TO_THE_END = /^(?:(?:&gt;){3}|>>>) ?/;

function paragraphs(text, verbatim) {
  const nodes = [];
  const lines = text.split("\n");
  let plainLines = [];
  const flush = () => {
    if (plainLines.length) nodes.push(h("span", { class: "text" }, inline(plainLines.join("\n"), verbatim)));
    plainLines = [];
  };
  while (lines.length) {
    const toTheEnd = QUOTED_TO_THE_END.test(lines[0]);
    if (!toTheEnd && !QUOTED.test(lines[0])) {
      plainLines.push(lines.shift());
      continue;
    }
    flush();
    const quote = [];
    if (toTheEnd) quote.push(lines.shift().replace(QUOTED_TO_THE_END, ""), ...lines.splice(0));
    else while (lines.length && QUOTED.test(lines[0])) quote.push(lines.shift().replace(QUOTED, ""));
    nodes.push(h("blockquote", { class: "quote" }, inline(quote.join("\n"), verbatim)));
  }
  flush();
  return nodes;
}

/** One piece of text. The rules are tried at each place. Text that no rule matches is literal. */
function inline(text, verbatim) {
  const nodes = [];
  let literal = "";
  let at = 0;
  const flush = () => {
    if (literal) nodes.push(decode(literal));
    literal = "";
  };
  while (at < text.length) {
    const found = live(text, at) ?? code(text, at) ?? styled(text, at, verbatim) ?? shortcode(text, at)
      ?? (verbatim ? null : automatic(text, at));
    if (found) {
      flush();
      nodes.push(found.node);
      at = found.end;
    } else {
      literal += text[at];
      at += 1;
    }
  }
  flush();
  return nodes;
}

const isWord = (character) => character !== undefined && /[\p{L}\p{N}]/u.test(character);

/** <@U…>, <#C…>, <!here>, <!date^…>, <https://…|label>: the only sequences that are not literal. */
function live(text, at) {
  if (text[at] !== "<") return null;
  const end = text.indexOf(">", at);
  const inner = text.slice(at + 1, end);
  if (end < 0 || !inner || inner.includes("<")) return null;
  const [target, label] = splitOnce(inner, "|");
  return { node: liveNode(target, label) ?? decode(text.slice(at, end + 1)), end: end + 1 };
}

function splitOnce(text, separator) {
  const index = text.indexOf(separator);
  return index < 0 ? [text, null] : [text.slice(0, index), text.slice(index + 1)];
}

function liveNode(target, label) {
  const rest = target.slice(1);
  if (target.startsWith("@")) return mention(rest, label);
  if (target.startsWith("#")) return channelLink(rest, label);
  if (target.startsWith("!date^")) return dateNode(rest, label);
  if (target.startsWith("!subteam^")) return h("span", { class: "mention" }, decode(label ?? "@group"));
  if (target.startsWith("!")) return broadcast(rest);
  return link(decode(target), label === null ? null : withEmoji(decode(label)));
}

/** A person's name as a mention. The reader's own name is highlighted. */
export function mention(id, label = null) {
  const person = directory.person(id);
  const name = person ? directory.nameOf(id) : decode(label ?? id);
  const mine = directory.isMe(id) ? " mention-me" : "";
  return h("span", { class: `mention${mine}`, data: { userId: id } }, `@${name.replace(/^@/, "")}`);
}

/** A channel's name. It is a link if the reader is a member. */
export function channelLink(id, label = null) {
  const channel = directory.channel(id);
  const name = channel?.name ?? (label ? decode(label) : "private channel");
  if (!channel) return h("span", { class: "mention" }, `#${name}`);
  return h("a", { class: "mention", href: directory.channelHash(id), data: { channelId: id } }, `#${name}`);
}

/** @here, @channel, @everyone */
export function broadcast(range) {
  const name = splitOnce(range, "|")[0];
  if (!["here", "channel", "everyone"].includes(name)) return null;
  return h("span", { class: "mention mention-me" }, `@${name}`);
}

function dateNode(target, fallback) {
  const [, timestamp, template, url] = target.split("^");
  const shown = slackDate(timestamp, decode(template ?? "")) ?? decode(fallback ?? "");
  const node = h("time", { class: "date", title: slackDate(timestamp, "{date_long} {time}") }, shown);
  return url ? link(decode(url), node) : node;
}

/** A link that opens a new tab, or null if its address isn't safe. */
export function link(url, content = null) {
  if (!/^(https?|mailto|tel):/i.test(url) || safeUrl(url) === null) return null;
  const shown = content ?? url.replace(/^(mailto|tel):/i, "");
  return h("a", { class: "link", href: url, target: "_blank", rel: "noopener noreferrer" }, shown);
}

function code(text, at) {
  if (text[at] !== "`") return null;
  const end = text.indexOf("`", at + 1);
  const inner = text.slice(at + 1, end);
  if (end < 0 || !inner.trim() || inner.includes("\n")) return null;
  return { node: h("code", { class: "code" }, unlinked(inner)), end: end + 1 };
}

const STYLES = { "*": "strong", _: "em", "~": "s" };

function styled(text, at, verbatim) {
  const mark = text[at];
  if (!Object.hasOwn(STYLES, mark) || isWord(text[at - 1]) || text[at - 1] === mark) return null;
  const end = closing(text, at + 1, mark);
  if (end < 0) return null;
  return { node: h(STYLES[mark], {}, inline(text.slice(at + 1, end), verbatim)), end: end + 1 };
}

/** The end of a style that began before `from`: on the same line, next to text, and not inside a word, code or link. */
function closing(text, from, mark) {
  if (/^\s?$/.test(text[from] ?? "") || text[from] === mark) return -1;
  for (let at = from; at < text.length && text[at] !== "\n"; at += 1) {
    const skip = live(text, at) ?? code(text, at);
    if (skip) at = skip.end - 1;
    else if (text[at] === mark && at > from && !/\s/.test(text[at - 1]) && !isWord(text[at + 1])) return at;
  }
  return -1;
}

const SHORTCODE = /:([a-z0-9_+-]+):/y;

function shortcode(text, at) {
  SHORTCODE.lastIndex = at;
  const [all, name] = (text[at] === ":" && SHORTCODE.exec(text)) || [];
  const character = name ? emoji(name) : null;
  return character ? { node: emojiNode(character, name), end: at + all.length } : null;
}

export function emojiNode(character, name) {
  return h("span", { class: "emoji", role: "img", "aria-label": name.replaceAll("_", " "), title: `:${name}:` }, character);
}

const ADDRESS = /https?:\/\/[^\s<>|]*[^\s<>|.,;:!?)\]}'"*_~`]/y;
const NAME = /([@#])([\p{L}\p{N}_-]+)/uy;

/** Bare addresses, @here and names of channels, which Slack recognises by itself. */
function automatic(text, at) {
  if (isWord(text[at - 1])) return null;
  ADDRESS.lastIndex = at;
  const [address] = (text[at] === "h" && ADDRESS.exec(text)) || [];
  const node = address ? link(decode(address)) : null;
  if (node) return { node, end: at + address.length };
  NAME.lastIndex = at;
  const [all, sign, name] = ("@#".includes(text[at]) && NAME.exec(text)) || [];
  const named = sign === "@" ? broadcast(name) : name && namedChannel(name);
  return named ? { node: named, end: at + all.length } : null;
}

function namedChannel(name) {
  const id = directory.channelNamed(name);
  return id ? channelLink(id) : null;
}
