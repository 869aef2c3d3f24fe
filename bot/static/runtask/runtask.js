// Makes the run page faster. Without this script, everything works by reloading pages.
// Not a module: from another origin, such as a CDN, browsers load modules only with CORS headers.

"use strict";

{
  const TYPING = 150; // ms without typing until schedules are searched
  const CHECKING = 400; // ms without typing until the form is checked
  const REFRESHING = [1500, 10000]; // ms until the details are read again, as workers answer in the background
  const FOLLOWING = [500, 2000]; // ms between two reads of a run: at first, at most

  const byId = (id) => document.getElementById(id);
  const element = (tag, className, text) =>
    Object.assign(document.createElement(tag), { className, textContent: text });

  /** Calls `action` after `wait` ms without a further call. */
  function settled(wait, action) {
    let timer;
    return () => {
      clearTimeout(timer);
      timer = setTimeout(action, wait);
    };
  }

  /** Throws if the answer is the log-in page or an error other than 404. */
  async function ask(address, options = {}) {
    const answer = await fetch(address, { redirect: "manual", ...options });
    if (answer.type === "opaqueredirect" || answer.status === 403) throw new Error("logged out");
    if (!answer.ok && answer.status !== 404) throw new Error(`status ${answer.status}`);
    return answer;
  }

  /** Fills the parts with these ids from another page of ours, unless they are equal. Returns that page. */
  async function swap(ids, address, options) {
    const text = await (await ask(address, options)).text();
    const page = new DOMParser().parseFromString(text, "text/html");
    for (const id of ids) {
      const part = byId(id); // only its contents change, as screen readers ignore a new live region
      const fresh = page.getElementById(id);
      if (fresh && fresh.innerHTML !== part.innerHTML) part.replaceChildren(...fresh.childNodes);
    }
    return page;
  }

  /** Puts this HTML into a part. Elements that stay as they are keep the focus, and screen readers don't read them again. */
  function renew(part, html) {
    const fresh = [...new DOMParser().parseFromString(html, "text/html").body.children];
    const wanted = new Set(fresh.map((one) => one.outerHTML));
    const hadFocus = part.contains(document.activeElement);
    for (const old of [...part.children]) if (!wanted.has(old.outerHTML)) old.remove();
    fresh.forEach((one, i) => {
      if (part.children[i]?.outerHTML !== one.outerHTML) part.insertBefore(one, part.children[i] ?? null);
    });
    while (part.children.length > fresh.length) part.lastElementChild.remove();
    if (hadFocus && !part.contains(document.activeElement)) focusOn(part);
  }

  /** Focuses a part whose focused control has gone, so that the Tab key continues there. */
  function focusOn(part) {
    part.tabIndex = -1;
    part.focus();
  }

  function picker(form) {
    const input = form.elements.q;
    const matches = byId("runtask-matches");
    const links = () => [...matches.querySelectorAll("a")];
    const address = () => `${form.action}?${new URLSearchParams({ q: input.value })}`;
    let asking = new AbortController();
    let wanted = input.value; // the query whose matches are shown or being loaded
    let arriving = Promise.resolve();

    function refresh() {
      if (input.value !== wanted) {
        wanted = input.value;
        arriving = load(wanted);
      }
      return arriving;
    }
    async function load(query) {
      asking.abort();
      asking = new AbortController();
      try {
        await swap(["runtask-count", "runtask-matches"], address(), { signal: asking.signal });
      } catch (error) {
        if (error.name !== "AbortError") form.submit(); // the reloaded page shows what is wrong
        throw error;
      }
      history.replaceState(null, "", query ? address() : form.action);
      mark();
    }
    const mark = () => links().forEach((link, i) => link.classList.toggle("runtask-next-pick", i === 0 && input.value !== ""));
    const quietly = () => refresh().catch(() => {});

    input.addEventListener("input", settled(TYPING, quietly));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      try {
        await refresh();
      } catch {
        return;
      }
      if (input.value) links()[0]?.click();
    });
    const step = (event) => {
      const to = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!to) return;
      const stops = [input, ...links()];
      const next = stops[stops.indexOf(document.activeElement) + to];
      if (next) {
        event.preventDefault();
        next.focus();
      }
    };
    input.addEventListener("keydown", step);
    matches.addEventListener("keydown", step);
    input.setSelectionRange(input.value.length, input.value.length);
    mark();
  }

  function runForm(form) {
    const areas = [...form.querySelectorAll("textarea")];
    const button = form.querySelector("[type=submit]");
    const summary = byId("runtask-summary");
    let asking = new AbortController();

    const grow = (area) => {
      if (CSS.supports("field-sizing", "content")) return;
      area.style.height = "auto";
      area.style.height = `${area.scrollHeight + 2}px`;
    };

    function show(problems) {
      for (const area of areas) {
        const own = problems.filter((problem) => problem.field === area.name);
        const parts = own.flatMap(({ sentence, excerpt }) => [
          element("p", "runtask-error", sentence),
          ...(excerpt ? [element("pre", "runtask-excerpt", excerpt)] : []),
        ]);
        byId(`${area.id}_error`).replaceChildren(...parts);
        area.ariaInvalid = own.length ? "true" : null;
      }
      const others = problems.filter((problem) => !areas.some((area) => area.name === problem.field));
      const note = element("div", "runtask-box runtask-bad", "");
      note.append(...others.map(({ sentence }) => element("p", "", sentence)));
      if (summary.textContent.trim() !== note.textContent.trim()) summary.replaceChildren(...(others.length ? [note] : []));
    }

    async function check() {
      asking.abort();
      asking = new AbortController();
      try {
        const answer = await ask(form.dataset.check, { method: "POST", body: new FormData(form), signal: asking.signal });
        show((await answer.json()).problems);
      } catch {
        // Run checks again, and shows what is wrong.
      }
    }

    for (const area of areas) {
      grow(area);
      area.addEventListener("input", () => grow(area));
      area.addEventListener("input", settled(CHECKING, check));
      area.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
      });
    }
    form.querySelector(".runtask-keys").hidden = false;
    form.addEventListener("submit", (event) => {
      if (button.ariaDisabled === "true") {
        event.preventDefault();
        return;
      }
      asking.abort();
      button.ariaDisabled = "true";
      button.value = "Sending…";
    });
    addEventListener("pageshow", (event) => {
      if (event.persisted) location.reload(); // so that a form that was sent is not sent again
    });
    form.querySelector("[data-focus]")?.focus();
    if (!form.querySelector("[data-focus]") && summary.textContent.trim()) {
      summary.tabIndex = -1;
      summary.focus();
    }
  }

  function refreshPreview(form) {
    const address = form.dataset.preview;
    const logIn = byId("runtask-log-in");
    const [first, then] = REFRESHING;
    let timer;

    async function refresh() {
      clearTimeout(timer);
      timer = setTimeout(refresh, then);
      if (document.hidden) return;
      try {
        const page = await swap(["runtask-notes", "runtask-facts"], address);
        const token = page.querySelector("#runtask-form [name=csrfmiddlewaretoken]");
        if (token) form.elements.csrfmiddlewaretoken.value = token.value; // a new log-in has a new token
        logIn.hidden = true;
      } catch (error) {
        if (error.message === "logged out") logIn.hidden = false;
      }
    }

    addEventListener("focus", refresh); // they may have logged in in another tab
    timer = setTimeout(refresh, first);
  }

  function follow(part) {
    const connection = byId("runtask-connection");
    const announcement = byId("runtask-announcement");
    const site = document.title.split(" | ").pop();
    const [first, most] = FOLLOWING;
    let wait = first;
    let words = part.querySelector("strong").textContent;
    let { answers } = part.dataset; // how many people have answered; empty unless the run waits for that
    let reading = false;
    let timer;

    const lost = (text) => {
      connection.hidden = !text;
      if (connection.textContent !== text) connection.textContent = text;
    };

    /** Reads the rest of the page. While somebody can answer, their form stays, as they may be writing in it. */
    async function readRest() {
      const page = await swap(["runtask-rest"], location.href);
      const answer = byId("runtask-answer");
      if (page.querySelector("#runtask-answer form")) return;
      const hadFocus = answer.contains(document.activeElement);
      answer.replaceChildren();
      if (hadFocus) focusOn(part);
    }

    async function read() {
      if (reading) return;
      reading = true;
      try {
        const answer = await ask(part.dataset.follow);
        if (answer.status === 404) {
          lost("This run is not there any more.");
          return;
        }
        const run = await answer.json();
        lost("");
        renew(part, run.html);
        if (answers !== run.answers) {
          await readRest();
          answers = run.answers;
        }
        if (words !== run.words) {
          words = run.words;
          announcement.textContent = words;
          document.title = `${run.title} | ${site}`;
        }
        if (run.is_final) return;
      } catch (error) {
        if (error.message === "logged out") {
          lost("You are logged out, so this page no longer follows the run. Reload it to log in.");
          return;
        }
        lost("The connection to the site is lost; trying again. The run goes on.");
        wait = most;
      } finally {
        reading = false;
      }
      wait = Math.min(most, wait * 1.1);
      if (!document.hidden) timer = setTimeout(read, wait);
    }

    document.addEventListener("visibilitychange", () => {
      clearTimeout(timer);
      if (!document.hidden) read();
    });
    timer = setTimeout(read, wait);
  }

  const search = byId("runtask-search");
  const form = byId("runtask-form");
  const open = document.querySelector("[data-follow]");
  if (search) picker(search);
  if (form) {
    runForm(form);
    refreshPreview(form);
  }
  if (open) follow(open);
}
