/**
 * The form of an element's value in `state.values` (docs.slack.dev: view payloads), for example {type: "static_select",
 * selected_option: {…}}. Its initial value is the attribute with the same name and `initial_` before it.
 */

const KEYS = {
  plain_text_input: "value",
  number_input: "value",
  email_text_input: "value",
  url_text_input: "value",
  static_select: "selected_option",
  external_select: "selected_option",
  radio_buttons: "selected_option",
  checkboxes: "selected_options",
  multi_static_select: "selected_options",
  multi_external_select: "selected_options",
  users_select: "selected_user",
  multi_users_select: "selected_users",
  conversations_select: "selected_conversation",
  multi_conversations_select: "selected_conversations",
  channels_select: "selected_channel",
  multi_channels_select: "selected_channels",
  datepicker: "selected_date",
  timepicker: "selected_time",
  datetimepicker: "selected_date_time",
  rich_text_input: "rich_text_value",
};

/** The key of the element's value, or null if it has no value (a button). */
export const keyOf = (element) => KEYS[element.type] ?? null;

const initialKey = (key) => (key === "rich_text_value" ? "initial_value" : `initial_${key.replace(/^selected_/, "")}`);

export function initialOf(element) {
  const key = keyOf(element);
  return element[initialKey(key)] ?? (key.endsWith("s") ? [] : null);
}
