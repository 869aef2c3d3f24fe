/** Inputs for text, numbers, dates, check boxes and radio buttons. elements.js describes `field`. */

import { h, uid } from "./dom.js";
import { textObject, plain } from "./text.js";

const placeholderOf = (element) => (element.placeholder ? plain(element.placeholder) : null);

/** A one-line input or a text area that grows with its text. */
export function textInput(element, field) {
  const counter = element.max_length ? h("span", { class: "counter", "aria-live": "polite" }) : null;
  const common = {
    ...field.names, class: "input", placeholder: placeholderOf(element), value: field.value() ?? "",
    autocomplete: "off", testid: "text-input",
    oninput: (event) => {
      count(counter, element.max_length, event.target.value);
      field.type(event.target.value || null);
    },
    onkeydown: (event) => {
      if (event.key === "Enter" && field.enter?.(event)) event.preventDefault();
    },
  };
  const node = element.multiline ? growing(common) : h("input", { ...common, ...TEXT_KINDS[element.type](element) });
  return counter ? h("div", { class: "counted" }, node, counter) : node;
}

function growing(props) {
  const area = h("textarea", { ...props, rows: "4" });
  const grow = () => {
    area.style.height = "";
    if (area.scrollHeight) area.style.height = `${area.scrollHeight + 2}px`; // 0 while it is hidden
  };
  area.addEventListener("input", grow);
  new ResizeObserver((_, observer) => {
    observer.disconnect(); // only for the first layout: later, typing sets the height
    grow();
  }).observe(area);
  return area;
}

const TEXT_KINDS = {
  plain_text_input: () => ({ type: "text" }),
  email_text_input: () => ({ type: "text", inputmode: "email" }),
  url_text_input: () => ({ type: "text", inputmode: "url" }),
  number_input: (element) => ({ type: "text", inputmode: element.is_decimal_allowed ? "decimal" : "numeric" }),
};

/** The number of characters that are left, shown when few are left. */
function count(counter, max, value) {
  if (!counter) return;
  const left = max - value.length;
  counter.textContent = left <= Math.max(10, max * 0.1) ? String(left) : "";
  counter.classList.toggle("over", left < 0);
}

/** A rich_text_input without a toolbar. The typed text becomes one section of plain text. */
export function richTextInput(element, field) {
  const wrap = (text) => ({
    type: "rich_text",
    elements: [{ type: "rich_text_section", elements: [{ type: "text", text }] }],
  });
  const textOf = (value) => (value?.elements ?? [])
    .map((part) => (part.elements ?? []).map((leaf) => leaf.text ?? leaf.url ?? "").join("")).join("\n");
  return growing({
    ...field.names, class: "input", placeholder: placeholderOf(element), value: textOf(field.value()), testid: "text-input",
    oninput: (event) => field.type(event.target.value ? wrap(event.target.value) : null),
  });
}

/** The browser's own pickers: they are accessible, and in the person's language. */
export function dateInput(element, field) {
  const { type, show, read } = DATE_KINDS[element.type];
  return h("input", {
    ...field.names, class: "input date-input", type, value: show(field.value()), testid: "text-input",
    onchange: (event) => field.change(read(event.target.value)),
  });
}

const same = (value) => value ?? "";
const orNull = (value) => value || null;

const DATE_KINDS = {
  datepicker: { type: "date", show: same, read: orNull },
  timepicker: { type: "time", show: same, read: orNull },
  datetimepicker: { type: "datetime-local", show: localTime, read: (value) => (value ? new Date(value).getTime() / 1000 : null) },
};

function localTime(seconds) {
  if (!seconds) return "";
  const date = new Date(seconds * 1000);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** checkboxes and radio_buttons: native controls in a group, which has the label. */
export function boxes(element, field) {
  const single = element.type === "radio_buttons";
  const value = field.value();
  const chosen = new Set((single ? [value] : value ?? []).filter(Boolean).map((option) => option.value));
  const name = uid("choice");
  const { id, ...names } = field.names;
  const inputs = element.options.map((option, index) => h("input", {
    type: single ? "radio" : "checkbox", name, id: index === 0 ? id : uid("choice"), value: option.value,
    checked: chosen.has(option.value), testid: "choice", "aria-describedby": names["aria-describedby"],
    "data-action-id": names["data-action-id"], onchange: report,
  }));
  function report() {
    const ticked = element.options.filter((_, index) => inputs[index].checked);
    field.change(single ? ticked[0] ?? null : ticked);
  }
  const rows = element.options.map((option, index) => h("label", { class: "choice", for: inputs[index].id },
    inputs[index],
    h("span", { class: "choice-text" }, textObject(option.text),
      option.description ? h("span", { class: "choice-description" }, textObject(option.description)) : null)));
  return h("div",
    { class: "choices", role: single ? "radiogroup" : "group", "aria-labelledby": names["aria-labelledby"],
      "aria-label": names["aria-label"], "aria-invalid": names["aria-invalid"] },
    rows);
}
