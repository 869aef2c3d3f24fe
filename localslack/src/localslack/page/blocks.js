/**
 * Block Kit's layout blocks (docs.slack.dev: blocks) as nodes.
 *
 * `host` is the message or view that contains the blocks:
 *   value(block, element)          the element's value
 *   change(block, element, value)  answers {ok, …} once the server knows
 *   type(block, element, value)    the same, while typing
 *   enter(block, element, event)   Enter in a one-line input
 *   click(block, element, extra)   returns the server's answer
 *   suggest(block, element, query)
 *   error(block)                   text of the error at an input block, or null
 *   redraw(block)                  show the block again, after a change was undone
 */

import { h, uid } from "./dom.js";
import { renderElement, unsupported, warning } from "./elements.js";
import { icon } from "./icons.js";
import { markdown } from "./markdown.js";
import { askConfirm } from "./overlay.js";
import { richText } from "./richtext.js";
import { plain, textObject } from "./text.js";
import { initialOf } from "./values.js";

const RENDERERS = {
  section,
  header: (block) => h("div", { class: "header", role: "heading", "aria-level": "3" }, plain(block.text)),
  context,
  divider: () => h("hr", { class: "divider" }),
  actions,
  input,
  rich_text: richText,
  image,
  markdown: (block) => markdown(block.text),
  table,
  alert,
};

export function renderBlock(block, host) {
  const render = RENDERERS[block.type];
  const body = render ? render(block, host) : unsupported(block.type);
  return h("div", { class: `block block-${block.type}`, data: { blockId: block.block_id ?? "" } }, body);
}

export const renderBlocks = (blocks, host) => blocks.map((block) => renderBlock(block, host));

/** The `field` of an element in this block. A `confirm` object asks the person first. */
function fieldOf(block, element, host, names) {
  const sure = async (act) => (element.confirm && !(await askConfirm(element.confirm)) ? null : act());
  return {
    names: { ...names, "data-action-id": element.action_id, "data-autofocus": element.focus_on_load ? "" : null },
    optional: block.optional === true,
    value: () => host.value(block, element) ?? initialOf(element),
    type: (value) => host.type(block, element, value),
    enter: (event) => host.enter(block, element, event),
    suggest: (query) => host.suggest(block, element, query),
    click: (extra) => sure(() => host.click(block, element, extra)),
    change: async (value) => {
      const answer = await sure(() => host.change(block, element, value));
      if (answer === null) host.redraw(block);
      else if (answer.ack_error || !answer.ok) warn(names.id, answer.ack_error ?? answer.error);
    },
  };
}

function warn(id, error) {
  const block = document.getElementById(id)?.closest(".block");
  block?.querySelector(".element-warning")?.remove();
  block?.append(warning(error));
}

/** An element outside an input block has no label: its name is the section's text and its own placeholder. */
function loose(block, element, host) {
  const names = [h("span", {}, textObject(block.text)).textContent, element.placeholder && plain(element.placeholder)];
  const label = element.type === "button" ? null : names.filter(Boolean).join(": ") || null;
  return renderElement(element, fieldOf(block, element, host, { id: uid("element"), "aria-label": label }));
}

function section(block, host) {
  return h("div", { class: "section" },
    h("div", { class: "section-body" },
      block.text ? h("div", { class: "section-text" }, textObject(block.text)) : null,
      block.fields ? h("div", { class: "section-fields" },
        block.fields.map((field) => h("div", { class: "section-field" }, textObject(field)))) : null),
    block.accessory ? h("div", { class: "accessory" }, loose(block, block.accessory, host)) : null);
}

function context(block) {
  return h("div", { class: "context" }, block.elements.map((element) => (element.type === "image"
    ? h("img", { class: "context-image", src: element.image_url, alt: plain({ text: element.alt_text }) })
    : h("span", { class: "context-text" }, textObject(element)))));
}

function actions(block, host) {
  return h("div", { class: "actions" },
    block.elements.map((element) => h("div", { class: "action" }, loose(block, element, host))));
}

const GROUPS = new Set(["checkboxes", "radio_buttons"]);

function input(block, host) {
  const [id, labelId, hintId, errorId] = ["input", "label", "hint", "error"].map(uid);
  const error = host.error(block);
  const { element } = block;
  const names = {
    id,
    "aria-labelledby": labelId,
    "aria-describedby": [error && errorId, block.hint && hintId].filter(Boolean).join(" ") || null,
    "aria-invalid": error ? "true" : null,
    "aria-required": block.optional ? null : "true",
  };
  const optional = block.optional ? h("span", { class: "optional" }, " (optional)") : null;
  const label = GROUPS.has(element.type)
    ? h("div", { class: "label", id: labelId }, plain(block.label), optional)
    : h("label", { class: "label", id: labelId, for: id }, plain(block.label), optional);
  return h("div", { class: `field${error ? " invalid" : ""}`, testid: "field", data: { blockId: block.block_id } },
    label,
    renderElement(element, fieldOf(block, element, host, names)),
    error ? h("div", { class: `field-error${error.includes("\n") ? " excerpt" : ""}`, id: errorId, testid: "field-error" }, error)
      : null,
    block.hint ? h("div", { class: "hint", id: hintId }, plain(block.hint)) : null);
}

function image(block) {
  const alt = plain({ text: block.alt_text });
  return h("figure", { class: "image" },
    block.title ? h("figcaption", { class: "image-title" }, plain(block.title)) : null,
    block.image_url ? h("img", { class: "image-itself", src: block.image_url, alt, loading: "lazy" }) : unsupported("slack_file"));
}

function table(block) {
  const cell = (content) => (content.type === "rich_text" ? richText(content) : String(content.text ?? content.value ?? ""));
  const [first = [], ...rest] = block.rows ?? [];
  return h("div", { class: "table-scroll", tabindex: "0" }, h("table", { class: "table" },
    h("thead", {}, h("tr", {}, first.map((content) => h("th", { scope: "col" }, cell(content))))),
    h("tbody", {}, rest.map((row) => h("tr", {}, row.map((content) => h("td", {}, cell(content))))))));
}

const ALERTS = { default: "info", info: "info", warning: "alert", error: "alert", success: "check" };

function alert(block) {
  const level = block.level ?? "default";
  return h("div", { class: `alert alert-${level}`, role: "note", testid: "alert", data: { level } },
    icon(ALERTS[level]), h("div", { class: "alert-text" }, textObject(block.text)));
}
