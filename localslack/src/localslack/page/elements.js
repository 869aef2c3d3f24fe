/**
 * Interactive elements (docs.slack.dev: block elements).
 *
 * An element gets a `field`:
 *   names          id, aria-* and data attributes for the control itself
 *   optional       whether the choice may be cleared
 *   value()        its current value, in the form of state.values
 *   change(value)  the person chose something
 *   type(value)    the person is typing; it may be called again before the last value was sent
 *   enter(event)   Enter in a one-line input; returns true if it was handled
 *   click(extra)   the person pressed it; returns the server's answer
 *   suggest(query) ask the app for options
 */

import { h, safeUrl } from "./dom.js";
import { icon } from "./icons.js";
import { boxes, dateInput, richTextInput, textInput } from "./inputs.js";
import { menuButton } from "./menu.js";
import { select } from "./choices.js";
import { plain } from "./text.js";
import { toast } from "./toasts.js";

const RENDERERS = {
  button,
  workflow_button: button,
  overflow,
  image: (element) => h("img", { class: "accessory-image", src: element.image_url, alt: plain({ text: element.alt_text }) }),
  plain_text_input: textInput,
  email_text_input: textInput,
  url_text_input: textInput,
  number_input: textInput,
  rich_text_input: richTextInput,
  datepicker: dateInput,
  timepicker: dateInput,
  datetimepicker: dateInput,
  checkboxes: boxes,
  radio_buttons: boxes,
};

export function renderElement(element, field) {
  if (element.type.endsWith("_select")) return select(element, field);
  const render = RENDERERS[element.type];
  return render ? render(element, field) : unsupported(element.type);
}

/** A note in place of an element that the page can't show. */
export function unsupported(type) {
  return h("span", { class: "unsupported" }, `The local Slack doesn’t show “${type}”.`);
}

function button(element, field) {
  const style = ["primary", "danger"].includes(element.style) ? element.style : "";
  const node = h("button",
    { ...field.names, type: "button", class: `button ${style}`, testid: "button",
      "aria-label": element.accessibility_label, onclick: () => press(node, element, field) },
    plain(element.text));
  return node;
}

async function press(node, element, field) {
  if (element.url && safeUrl(element.url)) window.open(element.url, "_blank", "noopener");
  await waiting(node, () => field.click({ value: element.value }));
}

/** Show that the app is working, and a warning next to the control if the press failed. */
async function waiting(node, act) {
  node.parentElement?.querySelector(":scope > .element-warning")?.remove();
  node.classList.add("waiting");
  const answer = await act();
  node.classList.remove("waiting");
  const trouble = answer && (answer.ack_error ?? (answer.ok ? null : answer.error));
  if (!trouble) return;
  if (node.isConnected) node.after(warning(trouble));
  else toast(warning(trouble)); // its message was edited meanwhile
}

/** Slack's small warning sign, next to an element whose use failed. */
export function warning(error) {
  const text = `Something went wrong (${error})`;
  return h("span", { class: "element-warning", role: "alert", title: text, testid: "element-warning" }, icon("alert"), text);
}

function overflow(element, field) {
  const { id, ...describe } = field.names;
  const root = menuButton({
    className: "button overflow",
    label: "More options",
    content: icon("more"),
    testid: "overflow",
    describe: { ...describe, id },
    items: element.options.map((option) => ({
      label: plain(option.text),
      testid: "overflow-option",
      data: { value: option.value },
      choose: () => {
        if (option.url && safeUrl(option.url)) window.open(option.url, "_blank", "noopener");
        return waiting(root, () => field.click({ selected_option: option }));
      },
    })),
  });
  return root;
}
