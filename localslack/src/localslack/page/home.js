/** The app's Home tab: a view that the app published for this person (docs.slack.dev: views.publish). */

import { control } from "./api.js";
import { renderBlock } from "./blocks.js";
import { Keyed, h } from "./dom.js";
import { ViewHost } from "./hosts.js";
import { on, store } from "./store.js";

export class Home {
  #blocks = new Keyed();
  #host = null;
  #opened = null;

  constructor() {
    this.body = h("div", { class: "home-body" });
    this.empty = h("p", { class: "home-empty" }, "This app hasn’t published anything here yet.");
    this.node = h("div", { class: "home", tabindex: "0", role: "region", "aria-label": "Home", testid: "home" }, this.body, this.empty);
    on(["views"], () => this.#render());
    on(["place", "workspace"], () => this.#open());
  }

  /** The app is told that somebody looks at its Home tab, once per visit. */
  #open() {
    const { place, user, channels } = store;
    const here = place.tab === "home" && channels.has(place.channel) ? `${user} ${place.channel}` : null;
    if (here && here !== this.#opened) control.home({ user, tab: "home" });
    this.#opened = here;
  }

  #render() {
    const view = store.home;
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
