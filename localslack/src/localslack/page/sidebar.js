/** The left side: workspaces, people, and the channels and direct messages of the current person. */

import { avatar, standing } from "./avatar.js";
import { goTo, switchTo } from "./client.js";
import { Keyed, fill, h, uid } from "./dom.js";
import { icon } from "./icons.js";
import { directory, isWatched, on, store } from "./store.js";

/** The workspaces, if there are several: the page shows one at a time. */
function workspaces() {
  const rows = new Keyed();
  const list = h("div", { class: "rail-workspaces", role: "group", "aria-label": "Switch between workspaces" });
  on(["workspace"], () => rows.update(list, store.workspaces, {
    key: (team) => team.id,
    sign: (team) => JSON.stringify([team, team.id === store.team.id, store.workspaces.length]),
    make: store.workspaces.length > 1 ? workspaceButton : workspaceTile,
  }));
  return list;
}

const letter = (team) => [...team.name][0]?.toUpperCase() ?? "";

const workspaceTile = (team) => h("span", { class: "workspace-tile", "aria-hidden": "true" }, letter(team));

function workspaceButton(team) {
  return h("button",
    { type: "button", class: "workspace-tile", testid: "workspace-switch", data: { teamId: team.id }, title: team.name,
      "aria-label": team.name, "aria-pressed": String(team.id === store.team.id),
      onclick: () => switchTo({ team: team.id, user: store.user }) },
    letter(team));
}

/** The people: the page shows one person's Slack at a time. */
function rail() {
  const rows = new Keyed();
  const list = h("div", { class: "rail-people", role: "group", "aria-label": "Switch between people" });
  on(["workspace"], () => rows.update(list, [...store.people.values()].filter(isHuman), {
    key: (person) => person.id,
    sign: (person) => JSON.stringify([person, person.id === store.user]),
    make: personButton,
  }));
  return h("nav", { class: "rail", "aria-label": "People" },
    workspaces(), list);
}

const isHuman = (person) => !person.is_bot && !person.deleted && person.id !== "USLACKBOT";

function personButton(person) {
  const current = person.id === store.user;
  const kind = standing(person);
  return h("button",
    { type: "button", class: "person", testid: "person-switch", data: { userId: person.id },
      "aria-pressed": String(current), title: [person.real_name, person.email, kind].filter(Boolean).join(" · "),
      "aria-label": `${person.real_name}, ${kind}`, onclick: () => switchTo({ user: person.id }) },
    avatar(person.id), h("span", { class: "person-name" }, person.real_name.split(" ")[0]),
    kind === "guest" || kind === "outsider" ? h("span", { class: "person-kind" }, kind) : null);
}

const isApp = (channel) => channel.kind === "im" && directory.person(channel.user)?.is_bot;

const SECTIONS = [
  ["Channels", (channel) => channel.kind !== "im"],
  ["Direct messages", (channel) => channel.kind === "im" && !isApp(channel)],
  ["Apps", isApp],
];

function section([title, belongs]) {
  const rows = new Keyed();
  const id = uid("section");
  const list = h("ul", { class: "channels", "aria-labelledby": id });
  const node = h("section", { class: "channel-section" }, h("h2", { class: "section-title", id }, title), list);
  on(["workspace", "place"], () => {
    const channels = [...store.channels.values()].filter(belongs);
    node.hidden = !channels.length;
    rows.update(list, channels, {
      key: (channel) => channel.id,
      sign: (channel) => JSON.stringify([channel, directory.title(channel), channel.id === store.place.channel, isWatched(channel.id)]),
      make: channelRow,
    });
  });
  return node;
}

export function channelIcon(channel, size = "tiny") {
  if (channel.kind === "im") return avatar(channel.user, size);
  return icon(channel.kind === "private" ? "lock" : "hash", "channel-icon");
}

function channelRow(channel) {
  const current = channel.id === store.place.channel;
  const unread = isWatched(channel.id) ? 0 : channel.unread;
  const name = channel.kind === "im" ? directory.title(channel) : channel.name;
  const kind = { private: "private channel ", im: "direct message with ", channel: "channel " }[channel.kind];
  return h("li", {}, h("button",
    { type: "button", class: `channel${unread ? " unread" : ""}${channel.is_archived ? " archived" : ""}`,
      testid: "channel", data: { channelId: channel.id }, "aria-current": current ? "page" : null,
      "aria-label": `${kind}${name}${unread ? `, ${unread} unread` : ""}`, onclick: () => open(channel) },
    channelIcon(channel), h("span", { class: "channel-name" }, name),
    channel.is_shared ? h("span", { class: "channel-tag" }, "shared") : null,
    unread ? h("span", { class: "badge", testid: "unread" }, unread > 99 ? "99+" : String(unread)) : null));
}

/** An app opens at its Home tab, or at its messages if some are unread (github.com/slackapi/bolt-python/issues/1079). */
function open(channel) {
  document.body.classList.remove("drawer-open");
  const atHome = directory.hasHome(directory.appOfBot(channel.user)) && !channel.unread;
  goTo({ channel: channel.id, tab: atHome ? "home" : "messages" });
}

export function sidebar() {
  const name = h("span", { class: "workspace-name" });
  const me = h("span", { class: "workspace-me" });
  on(["workspace"], () => {
    fill(name, store.team.name);
    fill(me, store.me ? `You are ${store.me.real_name}` : "");
  });
  return h("div", { class: "side", id: "side" }, rail(),
    h("nav", { class: "sidebar", "aria-label": "Channels" },
      h("header", { class: "sidebar-head" }, name, me),
      h("div", { class: "sidebar-scroll" }, SECTIONS.map(section))));
}
