/** The page: a header, the side, the open channel and the open thread. */

import { goTo, start } from "./client.js";
import { Composer } from "./composer.js";
import { fill, h } from "./dom.js";
import { Home } from "./home.js";
import { icon } from "./icons.js";
import { MessageList } from "./messages.js";
import { startModal } from "./modal.js";
import { channelIcon, sidebar } from "./sidebar.js";
import { directory, isWatched, on, store, whose } from "./store.js";

function iconButton(name, label, onclick, testid) {
  return h("button", { type: "button", class: "icon-button", "aria-label": label, title: label, testid, onclick }, icon(name));
}

const listed = (names) => new Intl.ListFormat("en").format(names);

/** Which apps are connected, or which aren't. */
function connected() {
  if (!store.apps.length) return ["waiting", "No app is installed"];
  const missing = store.apps.filter((app) => !app.connected);
  const apps = missing.length ? missing : store.apps;
  const verb = `${apps.length > 1 ? "are" : "is"}${missing.length ? "n’t" : ""}`;
  return [missing.length ? "waiting" : "connected", `${listed(apps.map((app) => app.name))} ${verb} connected`];
}

/** Shows whether the apps and the stream of events are connected. */
function connection() {
  const node = h("span", { class: "connection", role: "status", testid: "connection" });
  on(["connection"], () => {
    const [state, text] = store.online ? connected() : ["offline", "Reconnecting to the local Slack…"];
    node.dataset.state = state;
    fill(node, h("span", { class: "connection-dot" }), h("span", { class: "connection-text" }, text));
  });
  return node;
}

function topBar() {
  const toggle = iconButton("menu", "Channels and people", () => document.body.classList.toggle("drawer-open"), "drawer");
  toggle.classList.add("drawer-toggle");
  return h("header", { class: "top" }, toggle, h("span", { class: "top-name" }, "Local Slack"), connection());
}

const current = () => directory.channel(store.place.channel);

function channelHeader() {
  const title = h("h1", { class: "channel-title", testid: "channel-title" });
  const about = h("span", { class: "channel-about" });
  const tabs = appTabs();
  on(["workspace", "place"], () => {
    const channel = current();
    if (!channel) return;
    fill(title, channelIcon(channel, "small"), h("span", {}, channel.kind === "im" ? directory.title(channel) : channel.name));
    fill(about, channel.kind === "im" ? "" : members(channel));
  });
  return h("header", { class: "channel-head" }, h("div", { class: "channel-line" }, title, about), tabs);
}

/** Home and Messages, in the direct message with an app that has a Home tab. */
function appTabs() {
  const buttons = [["home", "Home"], ["messages", "Messages"]].map(([id, label]) => h("button",
    { type: "button", class: "tab", role: "tab", testid: `tab-${id}`, data: { tab: id }, onclick: () => goTo({ tab: id }) },
    label));
  const tabs = h("div", { class: "tabs", role: "tablist", "aria-label": "About this app" }, buttons);
  on(["workspace", "place", "views"], () => {
    const channel = current();
    const app = directory.appOfBot(channel?.user);
    tabs.hidden = !directory.hasHome(app);
    for (const button of buttons) button.setAttribute("aria-selected", String(button.dataset.tab === store.place.tab));
  });
  return tabs;
}

function members({ members: ids, apps }) {
  const count = ids.filter((id) => !directory.person(id)?.is_bot).length;
  const names = listed(apps.map((id) => directory.app(id)?.name ?? id));
  return `${count} ${count === 1 ? "person" : "people"}${names && `, ${names} ${apps.length > 1 ? "are" : "is"} here`}`;
}

/** Put the caret into the composer. Not on a phone, where that would open the keyboard. */
function ready(composer) {
  if (matchMedia("(hover: hover) and (width > 760px)").matches) composer.input.focus();
}

/** The text above the first message. */
function introduction(channel) {
  const name = directory.title(channel);
  const [command] = directory.commands();
  return [
    h("h2", { class: "intro-title" }, channelIcon(channel, "small"), channel.kind === "im" ? name : channel.name),
    h("p", { class: "intro-text" }, channel.kind === "im"
      ? `This is the very beginning of your direct message history with ${name}.`
      : `This is the very beginning of the ${name} channel.`,
    command ? [" Type ", h("code", { class: "code" }, command.command), " to begin."] : null),
  ];
}

/** Why nobody (or not this person) may post here, or null. */
function closedReason(channel) {
  if (channel.is_archived) return "This channel has been archived.";
  return channel.is_read_only && !store.me?.is_admin ? "Only admins may post in this channel." : null;
}

function channelPane() {
  const messages = new MessageList({ label: "Messages" });
  const composer = new Composer();
  const home = new Home();
  const intro = h("div", { class: "intro" });
  const closed = h("div", { class: "closed-note" });
  messages.node.prepend(intro);
  let shown = null;
  let hadThread = false;
  on(["place", "workspace", "messages", "views"], () => {
    const channel = current();
    if (!channel) return;
    const atHome = store.place.tab === "home";
    messages.node.hidden = atHome;
    home.node.hidden = !atHome;
    const reason = closedReason(channel);
    composer.node.hidden = atHome || Boolean(reason);
    closed.hidden = atHome || !reason;
    fill(closed, reason ?? "");
    fill(intro, introduction(channel));
    const where = `${whose()} ${channel.id}`;
    composer.place(where, `Message ${directory.title(channel)}`);
    if (shown !== where) messages.clear();
    const threadClosed = hadThread && !store.place.thread;
    if (shown !== where || threadClosed) ready(composer);
    shown = where;
    hadThread = Boolean(store.place.thread);
  });
  on(["messages"], () => {
    messages.show(store.messages ?? [], { newSince: store.newSince });
    if (store.place.focus && messages.reveal(store.place.focus)) store.place.focus = null;
  });
  return h("main", { class: "channel-pane", id: "main" }, channelHeader(), messages.node, home.node, composer.node, closed);
}

function threadPane() {
  const messages = new MessageList({ label: "Thread", thread: true });
  const composer = new Composer({ thread: true });
  const where = h("span", { class: "thread-where" });
  const close = iconButton("close", "Close thread", () => goTo({}), "thread-close");
  const pane = h("aside", { class: "thread-pane", "aria-label": "Thread", testid: "thread-pane", hidden: true },
    h("header", { class: "thread-head" }, h("h2", { class: "thread-title" }, "Thread"), where, close),
    messages.node, composer.node);
  let shown = null;
  on(["place", "workspace", "messages"], () => {
    const { thread } = store.place;
    const channel = current();
    pane.hidden = !thread || !channel;
    document.body.classList.toggle("thread-open", !pane.hidden);
    if (pane.hidden) {
      shown = null;
      return;
    }
    fill(where, directory.title(channel));
    composer.place(`${whose()} ${thread}`, "Reply…");
    composer.node.hidden = Boolean(closedReason(channel));
    if (shown !== thread) {
      messages.clear();
      ready(composer);
    }
    shown = thread;
    if (store.replies) messages.show(store.replies);
    if (store.place.focus && messages.reveal(store.place.focus)) store.place.focus = null;
  });
  pane.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) goTo({});
  });
  return pane;
}

function titleAndBadge() {
  on(["workspace", "place"], () => {
    const channel = current();
    const unread = [...store.channels.values()].some((one) => one.unread && !isWatched(one.id));
    document.title = `${unread ? "● " : ""}${channel ? `${directory.title(channel)} · ` : ""}${store.team.name || "Local Slack"}`;
  });
}

document.getElementById("app").append(
  topBar(),
  h("div", { class: "frame" }, sidebar(),
    h("div", { class: "drawer-shade", onclick: () => document.body.classList.remove("drawer-open") }),
    h("div", { class: "content" }, channelPane(), threadPane())),
);
titleAndBadge();
startModal();
start();
