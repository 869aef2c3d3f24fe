/** The control API of the workspace that the page shows. Every call gives an object with `ok`, even if the server can't be reached. */

import { store } from "./store.js";

const UNREACHABLE = { ok: false, error: "unreachable" };

async function call(path, options) {
  try {
    const response = await fetch(`/control/${path}`, options);
    return await response.json();
  } catch (error) {
    console.warn(`control/${path}: ${error.message}`);
    return UNREACHABLE;
  }
}

const here = () => (store.team.id ? { team: store.team.id } : {});

const get = (path, params = {}) => call(`${path}?${new URLSearchParams({ ...here(), ...params })}`, {});

const post = (path, body) =>
  call(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ ...here(), ...body }) });

export const control = {
  people: (team) => call(`people?${new URLSearchParams(team ? { team } : {})}`, {}),
  state: (user) => get("state", { user }),
  messages: (user, channel) => get("messages", { user, channel }),
  replies: (user, channel, thread) => get("messages", { user, channel, thread_ts: thread }),
  views: (user) => get("views", { user }),
  type: (body) => post("type", body),
  read: (body) => post("read", body),
  home: (body) => post("home", body),
  dm: (body) => post("dm", body),
  shortcut: (body) => post("shortcut", body),
  suggest: (body) => post("suggest", body),
  input: (body) => post("input", body),
  click: (body) => post("click", body),
  submit: (body) => post("submit", body),
  close: (body) => post("close", body),
};

/**
 * The events that concern `user`, as server-sent events. The browser reconnects by itself. `handlers` has a function
 * per event name. `online` is told whether the connection is up.
 */
export function listen(user, handlers, online) {
  const source = new EventSource(`/control/stream?${new URLSearchParams({ ...here(), user })}`);
  source.onerror = () => online(false);
  for (const [name, handle] of Object.entries(handlers)) {
    source.addEventListener(name, (event) => handle(JSON.parse(event.data)));
  }
  source.addEventListener("hello", () => online(true));
  return () => source.close();
}
