/** The control API. Every call answers an object with `ok`; an unreachable server is an answer too. */

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

const get = (path, params = {}) => call(`${path}?${new URLSearchParams(params)}`, {});

const post = (path, body) =>
  call(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

export const control = {
  people: () => get("people"),
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
 * Everything that happens and concerns `user`, as server-sent events; the browser reconnects by itself. `handlers` has a
 * function per event name, and `online` is told when the line is up or down.
 */
export function listen(user, handlers, online) {
  const source = new EventSource(`/control/stream?${new URLSearchParams({ user })}`);
  source.onerror = () => online(false);
  for (const [name, handle] of Object.entries(handlers)) {
    source.addEventListener(name, (event) => handle(JSON.parse(event.data)));
  }
  source.addEventListener("hello", () => online(true));
  return () => source.close();
}
