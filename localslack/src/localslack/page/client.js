/**
 * Keeps the store in step with the server. The stream only says *that* something changed; what it is now is fetched, so
 * a lost, late or doubled event can't leave the page wrong.
 */

import { control, listen } from "./api.js";
import { emit, hashOf, placeIn, store } from "./store.js";
import { dismissAbout, notify } from "./toasts.js";

const LAST_USER = "localslack.user";
const NOWHERE = { channel: null, thread: null, tab: "messages", focus: null };

let unreadAtOpening = 0;

/** Runs one at a time; calls made meanwhile lead to one more run, which sees what changed since. */
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
  const { user } = store;
  const state = await control.state(user);
  if (!state.ok || user !== store.user) return;
  store.team = state.team;
  store.me = state.me;
  store.people = new Map(state.people.map((person) => [person.id, person]));
  store.channels = new Map(state.channels.map((channel) => [channel.id, channel]));
  store.app = state.app;
  store.mode = state.mode;
  emit("workspace");
  emit("connection");
});

const refreshMessages = coalesced(async () => {
  const { user, place } = store;
  const { channel, thread } = place;
  if (!channel) return;
  const [all, inThread] = await Promise.all([
    control.messages(user, channel),
    thread ? control.replies(user, channel, thread) : { ok: true, messages: null },
  ]);
  if (user !== store.user || channel !== store.place.channel || thread !== store.place.thread) return;
  if (all.ok) {
    store.messages = all.messages;
    store.newSince ??= firstUnread(all.messages);
  }
  if (inThread.ok) store.replies = inThread.messages;
  emit("messages");
  if (all.ok && !document.hidden) markRead(user, channel, all.messages.at(-1)?.ts);
});

/** Tell the server, once for each newest message, that it was seen. */
function markRead(user, channel, newest) {
  const place = store.channels.get(channel);
  if (!newest || !place || (place.readUpTo === newest && !place.unread)) return;
  Object.assign(place, { readUpTo: newest, unread: 0 });
  control.read({ user, channel });
}

/** The line above the first unread message stays where it was while the channel is open. */
function firstUnread(messages) {
  const others = messages.filter((message) => message.user !== store.user);
  const first = unreadAtOpening > 0 && unreadAtOpening < others.length ? others.at(-unreadAtOpening) : null;
  unreadAtOpening = 0;
  return first?.ts ?? null;
}

const refreshViews = coalesced(async () => {
  const { user } = store;
  const views = await control.views(user);
  if (views.ok && user === store.user) showViews(views);
});

/** Take over the modals (and the Home tab, when given) as the server has them now. */
export function showViews({ stack, home }) {
  store.stack = stack;
  if (home !== undefined) store.home = home;
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
  else refreshWorkspace(); // its number of unread messages
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

/** Be this person from now on: their channels, their messages, their modals. */
function become(user, place) {
  stop();
  Object.assign(store, { user, place, messages: null, replies: null, stack: [], home: null, channels: new Map() });
  localStorage.setItem(LAST_USER, user);
  emit("views");
  stop = listen(user, handlers, (online) => {
    store.online = online;
    emit("connection");
  });
}

/** Go to a channel, thread or tab, by way of the address: the back button works, and a reload stays. */
export function goTo({ channel = store.place.channel, thread = null, tab = "messages" }) {
  location.hash = hashOf({ user: store.user, channel, thread, tab });
}

export const switchTo = (user) => {
  location.hash = hashOf({ user });
};

/** Look at `place`; when it names no channel that this person is in, at the first one with the app. */
function settle(place) {
  const before = store.place;
  store.place = store.channels.has(place.channel) ? place : { ...NOWHERE, channel: firstChannel() };
  if (store.place !== place) history.replaceState(null, "", hashOf({ user: store.user, ...store.place }));
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
  const { user, ...place } = placeIn(location);
  if (user && user !== store.user) {
    become(user, place);
    return;
  }
  settle(place);
  refreshMessages();
}

export async function start() {
  const { user, ...place } = placeIn(location);
  const { people = [] } = await control.people();
  const humans = people.filter((person) => !person.is_bot && !person.deleted).map((person) => person.id);
  const chosen = [user, localStorage.getItem(LAST_USER), humans[0]].find((id) => humans.includes(id)) ?? null;
  history.replaceState(null, "", `${location.pathname}${hashOf({ user: chosen, ...place })}`);
  addEventListener("hashchange", followAddress);
  document.addEventListener("visibilitychange", () => document.hidden || refreshMessages());
  become(chosen, place);
}
