/** The list of messages of a channel or a thread. */

import { control } from "./api.js";
import { appMark, avatar } from "./avatar.js";
import { renderBlocks } from "./blocks.js";
import { goTo } from "./client.js";
import { clock, dayKey, dayLabel, exact, dateOf } from "./dates.js";
import { Keyed, h, safeUrl } from "./dom.js";
import { MessageHost } from "./hosts.js";
import { icon } from "./icons.js";
import { menuButton } from "./menu.js";
import { directory, store } from "./store.js";
import { mrkdwn } from "./text.js";

const TOGETHER_SECONDS = 300; // within this time, messages of one author share a face and a name
const NEAR_BOTTOM = 80;

/** Messages of one author, on the same day and in quick succession, look like one message. */
function continues(message, before) {
  return Boolean(before) && !message.is_ephemeral && !before.is_ephemeral
    && message.user === before.user && nameOf(message) === nameOf(before)
    && dayKey(message.ts) === dayKey(before.ts)
    && dateOf(message.ts) - dateOf(before.ts) < TOGETHER_SECONDS * 1000;
}

const nameOf = (message) => message.username ?? message.bot_profile?.name ?? directory.nameOf(message.user);
const isApp = (message) => Boolean(message.bot_id || directory.person(message.user)?.is_bot);
const faceOf = (message) => (isApp(message) ? appMark() : avatar(message.user));
const counted = (count) => `${count} ${count === 1 ? "reply" : "replies"}`;

export class MessageList {
  #rows = new Keyed();
  #shown = null; // the arguments of the last call of `show`
  #revisions = new Map(); // ts -> how often a choice in it was undone

  /** `thread`: whether this is the thread pane, where there are no links into threads. */
  constructor({ label, thread = false }) {
    this.thread = thread;
    this.list = h("ol", { class: "messages", "aria-label": label });
    this.node = h("div", { class: "scroller", tabindex: "0", role: "log", "aria-live": "off", "aria-label": label }, this.list);
  }

  /** Show these messages. If the reader was at the bottom, stay there. */
  show(messages, { newSince = null } = {}) {
    const { node } = this;
    const stick = this.#shown === null || node.scrollHeight - node.scrollTop - node.clientHeight < NEAR_BOTTOM;
    this.#shown = [messages, { newSince }];
    this.#rows.update(this.list, this.#items(messages, newSince), {
      key: (item) => item.key,
      sign: (item) => JSON.stringify(item),
      make: (item) => (item.message ? this.#row(item) : divider(item)),
    });
    if (stick) node.scrollTop = node.scrollHeight;
    // A screen reader reads new messages, not the whole history.
    requestAnimationFrame(() => node.setAttribute("aria-live", "polite"));
  }

  /** Forget the shown messages: those of another channel start at the bottom. */
  clear() {
    this.#rows.clear();
    this.node.setAttribute("aria-live", "off");
    this.list.replaceChildren();
    this.#shown = null;
  }

  /** Scroll to a message and highlight it for a moment. Permalinks need it. */
  reveal(ts) {
    const node = this.#rows.get(ts);
    node?.scrollIntoView({ block: "center" });
    node?.classList.add("revealed");
    return Boolean(node);
  }

  #items(messages, newSince) {
    const items = [];
    messages.forEach((message, index) => {
      const before = messages[index - 1];
      const newDay = !before || dayKey(before.ts) !== dayKey(message.ts);
      if (newDay && !this.thread) items.push({ key: `day ${dayKey(message.ts)}`, label: dayLabel(message.ts) });
      if (message.ts === newSince) items.push({ key: "new", label: "New", isNew: true });
      const afterRoot = this.thread && index === 1;
      if (afterRoot) items.push({ key: "replies", label: counted(messages[0].reply_count ?? 0), isCount: true });
      const grouped = continues(message, before) && !afterRoot && message.ts !== newSince;
      items.push({ key: message.ts, message, grouped, reader: store.user, revision: this.#revisions.get(message.ts) });
    });
    return items;
  }

  #row({ message, grouped }) {
    const row = h("li",
      { class: `message${grouped ? " grouped" : ""}${message.is_ephemeral ? " is-ephemeral" : ""}`, testid: "message",
        data: { ts: message.ts, userId: message.user ?? "" } },
      grouped ? h("span", { class: "message-side" }, time(message)) : h("span", { class: "message-side" }, faceOf(message)),
      h("div", { class: "message-main" },
        message.is_ephemeral ? onlyYou() : null,
        grouped ? h("span", { class: "sr-only" }, nameOf(message)) : byline(message),
        h("div", { class: "message-body", testid: "message-body" }, body(message, () => this.#redraw(message.ts))),
        this.thread ? null : threadLink(message)),
      this.#tools(message));
    return row;
  }

  #redraw(ts) {
    this.#revisions.set(ts, (this.#revisions.get(ts) ?? 0) + 1);
    this.show(...this.#shown);
  }

  #tools(message) {
    if (message.is_ephemeral) return null;
    const reply = h("button",
      { type: "button", class: "icon-button", title: "Reply in thread", "aria-label": "Reply in thread",
        testid: "reply-in-thread", onclick: () => goTo({ thread: message.thread_ts ?? message.ts }) },
      icon("reply"));
    const shortcuts = messageShortcuts(message);
    if (this.thread && !shortcuts) return null;
    return h("div", { class: "message-tools" }, this.thread ? null : reply, shortcuts);
  }
}

function messageShortcuts(message) {
  const shortcuts = directory.shortcuts("message");
  if (!shortcuts.length) return null;
  const run = ({ app, callback_id }) =>
    control.shortcut({ user: store.user, app, callback_id, channel: store.place.channel, ts: message.ts });
  return menuButton({
    className: "icon-button", label: "More actions", content: icon("more"), testid: "message-actions",
    items: shortcuts.map((one) => ({ label: one.name, testid: "message-shortcut", choose: () => run(one) })),
  });
}

function divider({ label, isNew, isCount }) {
  const kind = isNew ? " is-new" : isCount ? " is-count" : "";
  return h("li", { class: `day${kind}`, role: "separator", "aria-label": label },
    h("span", { class: "day-label" }, label));
}

function onlyYou() {
  return h("div", { class: "only-you", testid: "ephemeral" }, icon("eye"), "Only visible to you");
}

function time(message) {
  return h("time", { class: "time", title: exact(message.ts), datetime: dateOf(message.ts).toISOString() }, clock(message.ts));
}

function byline(message) {
  return h("div", { class: "byline" },
    h("span", { class: "author", testid: "author" }, nameOf(message)),
    isApp(message) ? h("span", { class: "app-badge", testid: "app-badge" }, "APP") : null,
    time(message));
}

/** The blocks, or the text if there are none, then attachments, and a mark if the message was edited. */
function body(message, redraw) {
  const host = new MessageHost(message, store.place.channel, redraw);
  const edited = message.edited ? h("span", { class: "edited", title: exact(message.edited.ts) }, " (edited)") : null;
  const main = message.blocks?.length
    ? [h("div", { class: "blocks" }, renderBlocks(message.blocks, host)), edited]
    : h("div", { class: "message-text" }, mrkdwn(message.text ?? ""), edited);
  return [main, (message.attachments ?? []).map((attachment) => attached(attachment, host))];
}

/** A legacy attachment: its blocks or its texts, beside a coloured bar. */
function attached(attachment, host) {
  const colour = /^#?[0-9a-f]{6}$/i.test(attachment.color ?? "") ? `#${attachment.color.replace("#", "")}` : null;
  const title = attachment.title_link && safeUrl(attachment.title_link)
    ? h("a", { class: "link", href: attachment.title_link, target: "_blank", rel: "noopener noreferrer" }, attachment.title)
    : attachment.title;
  return h("div", { class: "attachment", vars: colour ? { bar: colour } : {} },
    attachment.pretext ? h("div", {}, mrkdwn(attachment.pretext)) : null,
    title ? h("strong", {}, title) : null,
    attachment.blocks ? renderBlocks(attachment.blocks, host) : h("div", {}, mrkdwn(attachment.text ?? attachment.fallback ?? "")));
}

function threadLink(message) {
  if (!message.reply_count) return null;
  const faces = (message.reply_users ?? []).slice(0, 4).map((id) => avatar(id, "tiny"));
  const latest = message.latest_reply ? `Last reply ${dayLabel(message.latest_reply).toLowerCase()} at ${clock(message.latest_reply)}` : "";
  return h("button",
    { type: "button", class: "thread-link", testid: "open-thread", onclick: () => goTo({ thread: message.ts }) },
    faces, h("span", { class: "thread-count" }, counted(message.reply_count)), h("span", { class: "thread-latest" }, latest),
    icon("chevron", "thread-chevron"));
}
