/** The Home tab of an app: a view that the app published for this person (docs.slack.dev: views.publish). */

import { control } from "./api.js";
import { renderBlock } from "./blocks.js";
import { Keyed, h } from "./dom.js";
import { ViewHost } from "./hosts.js";
import { directory, on, store, whose } from "./store.js";

export class Home {
  #blocks = new Keyed();
  #host = null;
  #opened = null;

  constructor() {
    this.body = h("div", { class: "home-body" });
    this.empty = h("p", { class: "home-empty" }, "This app hasn’t published anything here yet.");
    this.node = h("div", { class: "home", tabindex: "0", role: "region", "aria-label": "Home", testid: "home" }, this.body, this.empty);
    on(["views"], () => this.#render());
    on(["place", "workspace"], () => {
      this.#open();
      this.#render();
    });
  }

  /** The app whose direct message is open. */
  #app() {
    return directory.appOfBot(directory.channel(store.place.channel)?.user);
  }

  /** Tell the app, once per visit, that somebody looks at its Home tab. */
  #open() {
    const app = this.#app();
    const here = store.place.tab === "home" && app ? `${whose()} ${app.id}` : null;
    if (here && here !== this.#opened) control.home({ user: store.user, tab: "home", app: app.id });
    this.#opened = here;
  }

  #render() {
    const view = store.homes[this.#app()?.id] ?? null;
    this.empty.hidden = Boolean(view);
    if (view?.id !== this.#host?.view.id) {
      this.#host = view ? new ViewHost(view, () => this.#render()) : null;
      this.#blocks.clear();
    }
    this.#host?.update(view);
    this.#blocks.update(this.body, view?.blocks ?? [], {
      key: (block) => block.block_id,
      sign: (block) => this.#host.sign(block),
      make: (block) => renderBlock(block, this.#host),
    });
  }
}
