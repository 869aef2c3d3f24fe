/** The state of the page, and the listeners to its changes. client.js keeps it equal to what the server has. */

export const store = {
  user: null, // the person whose Slack the page shows
  place: { channel: null, thread: null, tab: "messages", focus: null }, // what the person looks at; kept in the URL's hash
  workspaces: [], // all of them, the first one first
  team: { id: null, name: "" }, // the workspace that the page shows
  me: null,
  people: new Map(),
  channels: new Map(),
  apps: [], // installed in the workspace, the newest last
  mode: "socket",
  online: false, // whether the stream of events is connected
  messages: null, // of the open channel; null while they are being fetched
  replies: null, // of the open thread, its parent first
  newSince: null, // ts of the first message that was unread when the channel was opened
  stack: [], // modals, the visible one last
  homes: {}, // Home tabs by app
};

/** Which person of which workspace the page shows: ids of people are unique in their workspace only. */
export const whose = () => `${store.team.id} ${store.user}`;

/** Whether the person sees this channel's messages. At an app's Home tab, they don't see those of its direct message. */
export const isWatched = (channel) => channel === store.place.channel && store.place.tab === "messages";

const listeners = new Map();

/** Call `listener` whenever one of the topics changes: "workspace", "place", "messages", "views", "connection". */
export function on(topics, listener) {
  for (const topic of topics) listeners.set(topic, [...(listeners.get(topic) ?? []), listener]);
}

export function emit(topic) {
  for (const listener of listeners.get(topic) ?? []) listener();
}

/** Finds people, channels and apps by id, and their names. */
export const directory = {
  person: (id) => store.people.get(id) ?? null,
  channel: (id) => store.channels.get(id) ?? null,
  isMe: (id) => id === store.user,
  nameOf: (id) => store.people.get(id)?.real_name || store.people.get(id)?.name || id,
  channelNamed: (name) => [...store.channels.values()].find((c) => c.name === name && c.kind !== "im")?.id ?? null,
  app: (id) => store.apps.find((app) => app.id === id) ?? null,
  appOfBot: (user) => store.apps.find((app) => app.bot_user_id === user) ?? null,
  hasHome: (app) => Boolean(app && (app.home_tab || store.homes[app.id])),
  channelHash: (id) => hashOf({ channel: id }),
  /** All slash commands. If several apps have the same one, the newest app gets it, as in Slack. */
  commands: () => [...new Map(store.apps.flatMap((app) => app.commands.map((one) => [one.command, one]))).values()],
  /** The shortcuts of a type, each with the id of its app. */
  shortcuts: (type) => store.apps.flatMap((app) =>
    app.shortcuts.filter((one) => one.type === type).map((one) => ({ ...one, app: app.id }))),
  /** The name of a channel: #ops, or the other person of a direct message. */
  title: (channel) => (channel.kind === "im" ? directory.nameOf(channel.user) : `#${channel.name}`),
};

/**
 * The address of a place, by default the current person's in the current workspace. It is the URL's hash, so a reload or
 * a shared link opens the same place. The workspace is part of it only where there are several.
 */
export function hashOf({ team = store.team.id, user = store.user, channel, thread, tab }) {
  const params = new URLSearchParams({ user });
  if (store.workspaces.length > 1) params.set("team", team);
  if (channel) params.set("channel", channel);
  if (thread) params.set("thread", thread);
  if (tab && tab !== "messages") params.set("tab", tab);
  return `#${params}`;
}

/** The place in an address. `search` is that of a permalink (?channel=…&ts=…&thread_ts=…). */
export function placeIn({ hash, search }) {
  const params = new URLSearchParams(hash.replace(/^#/, ""));
  const linked = new URLSearchParams(search);
  return {
    team: linked.get("team") ?? params.get("team"),
    user: params.get("user"),
    channel: linked.get("channel") ?? params.get("channel"),
    thread: linked.get("thread_ts") ?? params.get("thread"),
    tab: params.get("tab") ?? "messages",
    focus: linked.get("ts"),
  };
}
