/**
 * Keeps the store equal to what the server has. The stream only says *that* something changed, and the page then fetches
 * what it is now. So a lost, late or doubled event can't leave the page wrong.
 */

import { control, listen } from "./api.js";
import { emit, hashOf, isWatched, placeIn, store, whose } from "./store.js";
import { dismissAbout, notify } from "./toasts.js";

const LAST_TEAM = "localslack.team";
const LAST_USER = "localslack.user";
const NOWHERE = { channel: null, thread: null, tab: "messages", focus: null };

let unreadAtOpening = 0;

/** Runs one at a time. Calls during a run lead to one more run, which sees what changed since. */
function coalesced(load) {
  let running = null;
  let again = false;
  return async () => {
    again = true;
    running ??= (async () => {
      while (again) {
        again = false;
        await load();
      }
      running = null;
    })();
    return running;
  };
}

const refreshWorkspace = coalesced(async () => {
  const me = whose();
  const state = await control.state(store.user);
  if (!state.ok || me !== whose()) return;
  store.workspaces = state.workspaces;
  store.team = state.team;
  store.me = state.me;
  store.people = new Map(state.people.map((person) => [person.id, person]));
  store.channels = new Map(state.channels.map((channel) => [channel.id, channel]));
  store.apps = state.apps;
  store.mode = state.mode;
  emit("workspace");
  emit("connection");
});

const refreshMessages = coalesced(async () => {
  const { user, place } = store;
  const { channel, thread } = place;
  const me = whose();
  if (!channel) return;
  const [all, inThread] = await Promise.all([
    control.messages(user, channel),
    thread ? control.replies(user, channel, thread) : { ok: true, messages: null },
  ]);
  if (me !== whose() || channel !== store.place.channel || thread !== store.place.thread) return;
  if (all.ok) {
    store.messages = all.messages;
    store.newSince ??= firstUnread(all.messages);
  }
  if (inThread.ok) store.replies = inThread.messages;
  emit("messages");
  if (all.ok && !document.hidden && isWatched(channel)) markRead(user, channel, all.messages.at(-1)?.ts);
});

/** Tell the server, once for each newest message, that it was seen. */
function markRead(user, channel, newest) {
  const place = store.channels.get(channel);
  if (!newest || !place || (place.readUpTo === newest && !place.unread)) return;
  Object.assign(place, { readUpTo: newest, unread: 0 });
  control.read({ user, channel });
}

/** The ts of the first message that was unread when the channel was opened, or null. A line marks it while it is open. */
function firstUnread(messages) {
  const others = messages.filter((message) => message.user !== store.user);
  const first = unreadAtOpening > 0 && unreadAtOpening < others.length ? others.at(-unreadAtOpening) : null;
  unreadAtOpening = 0;
  return first?.ts ?? null;
}

const refreshViews = coalesced(async () => {
  const me = whose();
  const views = await control.views(store.user);
  if (views.ok && me === whose()) showViews(views);
});

/** Show the modals, and the Home tabs if they are given, as the server has them now. */
export function showViews({ stack, homes }) {
  store.stack = stack;
  if (homes !== undefined) store.homes = homes;
  emit("views");
}

async function reload() {
  await refreshWorkspace();
  settle(store.place);
  await Promise.all([refreshMessages(), refreshViews()]);
}

const here = (data) => data.channel === store.place.channel;

function arrived(data) {
  if (here(data)) refreshMessages();
  if (!isWatched(data.channel)) refreshWorkspace(); // its number of unread messages
}

const handlers = {
  hello: reload,
  reset: reload,
  config: refreshWorkspace,
  channel: refreshWorkspace,
  channel_left: reload,
  message: arrived,
  ephemeral: arrived,
  message_changed: (data) => here(data) && refreshMessages(),
  message_deleted: (data) => here(data) && refreshMessages(),
  view: showViews,
  notify: (data) => notify(data, () => goTo({ channel: data.channel, thread: data.thread_ts })),
};

let stop = () => {};

/** Show this person of this workspace from now on: their channels, messages and modals. */
function become(team, user, place) {
  stop();
  Object.assign(store, { team, user, place, messages: null, replies: null, stack: [], homes: {}, channels: new Map() });
  localStorage.setItem(LAST_TEAM, team.id);
  localStorage.setItem(LAST_USER, user);
  emit("views");
  stop = listen(user, handlers, (online) => {
    store.online = online;
    emit("connection");
  });
}

/** Go to a channel, thread or tab by changing the address, so that the back button works and a reload stays here. */
export function goTo({ channel = store.place.channel, thread = null, tab = "messages" }) {
  location.hash = hashOf({ channel, thread, tab });
}

/** Act as another person, or in another workspace (as the same person, if they exist there). */
export const switchTo = ({ team, user }) => {
  location.hash = hashOf({ team, user });
};

/** Show `place`. If it names no channel of this person, show the first channel that has an app. */
function settle(place) {
  const before = store.place;
  store.place = store.channels.has(place.channel) ? place : { ...NOWHERE, channel: firstChannel() };
  if (store.place !== place) history.replaceState(null, "", hashOf(store.place));
  if (store.place.channel !== before.channel || store.messages === null) {
    store.messages = null;
    store.newSince = null;
    unreadAtOpening = store.channels.get(store.place.channel)?.unread ?? 0;
  }
  if (store.place.thread !== before.thread) store.replies = null;
  if (store.place.thread) dismissAbout(store.place.channel, store.place.thread);
  emit("place");
}

function firstChannel() {
  const usable = [...store.channels.values()].filter((one) => !one.is_archived);
  return (usable.find((one) => one.is_member_bot && one.kind !== "im") ?? usable[0])?.id ?? null;
}

function followAddress() {
  const { team, user, ...place } = placeIn(location);
  if ((team && team !== store.team.id) || (user && user !== store.user)) {
    enter({ team: team ?? store.team.id, user: user ?? store.user }, place);
    return;
  }
  settle(place);
  refreshMessages();
}

/** Show the workspace and person that are asked for, or the first ones if they don't exist. */
async function enter({ team, user }, place) {
  const asked = await control.people(team);
  const { people = [], workspaces = [], team: found = store.team } = asked.ok ? asked : await control.people();
  const humans = people.filter((person) => !person.is_bot && !person.deleted).map((person) => person.id);
  const chosen = [user, localStorage.getItem(LAST_USER), humans[0]].find((id) => humans.includes(id)) ?? null;
  store.workspaces = workspaces;
  history.replaceState(null, "", `${location.pathname}${hashOf({ team: found.id, user: chosen, ...place })}`);
  become(found, chosen, place);
}

export async function start() {
  const { team, user, ...place } = placeIn(location);
  addEventListener("hashchange", followAddress);
  document.addEventListener("visibilitychange", () => document.hidden || refreshMessages());
  await enter({ team: team ?? localStorage.getItem(LAST_TEAM), user }, place);
}
