/** What the page knows, and who wants to hear when that changes. client.js keeps it in step with the server. */

export const store = {
  user: null, // whose Slack this is
  place: { channel: null, thread: null, tab: "messages", focus: null }, // where they are looking; the URL's hash
  team: { name: "" },
  me: null,
  people: new Map(),
  channels: new Map(),
  app: { commands: [], shortcuts: [], connected: 0 },
  mode: "socket",
  online: false, // whether the stream of events is up
  messages: null, // of the open channel; null while they are being fetched
  replies: null, // of the open thread, its parent first
  newSince: null, // ts of the first message that was unread when the channel was opened
  stack: [], // modals, the visible one last
  home: null,
};

const listeners = new Map();

/** Call `listener` whenever one of the topics changes: "workspace", "place", "messages", "views", "connection". */
export function on(topics, listener) {
  for (const topic of topics) listeners.set(topic, [...(listeners.get(topic) ?? []), listener]);
}

export function emit(topic) {
  for (const listener of listeners.get(topic) ?? []) listener();
}

/** Names for ids, and what follows from them. */
export const directory = {
  person: (id) => store.people.get(id) ?? null,
  channel: (id) => store.channels.get(id) ?? null,
  isMe: (id) => id === store.user,
  nameOf: (id) => store.people.get(id)?.real_name || store.people.get(id)?.name || id,
  channelNamed: (name) => [...store.channels.values()].find((c) => c.name === name && c.kind !== "im")?.id ?? null,
  channelHash: (id) => hashOf({ user: store.user, channel: id }),
  /** The name a channel goes by: #ops, or the other person of a direct message. */
  title: (channel) => (channel.kind === "im" ? directory.nameOf(channel.user) : `#${channel.name}`),
};

/** The address of a place. Kept in the URL's hash, so that reloading the page or sharing its address keeps the place. */
export function hashOf({ user, channel, thread, tab }) {
  const params = new URLSearchParams({ user });
  if (channel) params.set("channel", channel);
  if (thread) params.set("thread", thread);
  if (tab && tab !== "messages") params.set("tab", tab);
  return `#${params}`;
}

/** The place that an address means; `search` has the form of a permalink (?channel=…&ts=…&thread_ts=…). */
export function placeIn({ hash, search }) {
  const params = new URLSearchParams(hash.replace(/^#/, ""));
  const linked = new URLSearchParams(search);
  return {
    user: params.get("user"),
    channel: linked.get("channel") ?? params.get("channel"),
    thread: linked.get("thread_ts") ?? params.get("thread"),
    tab: params.get("tab") ?? "messages",
    focus: linked.get("ts"),
  };
}
