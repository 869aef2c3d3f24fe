/** All kinds of selects: the sources of their options, and the values that a choice has in the view's state. */

import { Combobox } from "./combobox.js";
import { plain } from "./text.js";
import { directory, store } from "./store.js";

/** The pause after a keystroke before the app is asked. Slack has one, too, but doesn't document how long it is. */
const TYPING_PAUSE_MS = 120;

const text = (string) => ({ type: "plain_text", text: string, emoji: false });

function matching(groups, query) {
  const needle = query.trim().toLocaleLowerCase();
  const fits = (option) => plain(option.text).toLocaleLowerCase().includes(needle);
  return groups.map((group) => ({ ...group, options: group.options.filter(fits) })).filter(({ options }) => options.length);
}

/** An app's answer, or an element's own options, as groups. Options without a group are one group without a label. */
const grouped = ({ options, option_groups: groups }) => groups ?? (options?.length ? [{ options }] : []);

const people = () => [...store.people.values()]
  .filter((person) => !person.deleted)
  .map((person) => ({ text: text(directory.nameOf(person.id)), value: person.id }));

const options = (channels) => channels.map((channel) => ({ text: text(directory.title(channel)), value: channel.id }));

/** Whether the element's `filter` lets a conversation through. */
function passes(channel, { include, exclude_external_shared_channels: noShared, exclude_bot_users: noBots } = {}) {
  const kind = channel.kind === "channel" ? "public" : channel.kind;
  return (!include || include.includes(kind))
    && !(noShared && channel.is_shared)
    && !(noBots && channel.kind === "im" && directory.person(channel.user)?.is_bot);
}

/** The kinds whose options the client knows. Their value in the state is an id. */
const KNOWN = {
  users: people,
  conversations: ({ filter }) => options([...store.channels.values()].filter((channel) => passes(channel, filter))),
  channels: () => options([...store.channels.values()].filter((channel) => channel.kind === "channel")),
};

async function asked(element, field, query) {
  const answer = await field.suggest(query);
  const least = element.min_query_length ?? 3;
  if (answer.too_short) return { groups: [], note: least === 1 ? "Type to search" : `Type at least ${least} characters` };
  if (!answer.ok) return { groups: [], note: "Couldn’t load the options. Try again?" };
  return { groups: grouped(answer) };
}

const kindOf = (element) => element.type.replace(/^multi_/, "").replace(/_select$/, "");

function source(element, field) {
  const kind = kindOf(element);
  if (kind === "external") return (query) => asked(element, field, query);
  const groups = kind === "static" ? grouped(element) : [{ options: KNOWN[kind](element) }];
  return (query) => ({ groups: matching(groups, query) });
}

/** The node of a select element. elements.js describes `field`. */
export function select(element, field) {
  const many = element.type.startsWith("multi_");
  const known = KNOWN[kindOf(element)]?.(element);
  const chosen = [field.value() ?? []].flat();
  const box = new Combobox({
    load: source(element, field),
    delay: kindOf(element) === "external" ? TYPING_PAUSE_MS : 0,
    selected: known ? known.filter((option) => chosen.includes(option.value)) : chosen,
    many,
    max: element.max_selected_items,
    clearable: field.optional && !many,
    placeholder: element.placeholder ? plain(element.placeholder) : many ? "Choose options" : "Choose an option",
    names: field.names,
    onchange: (options) => {
      const values = known ? options.map((option) => option.value) : options;
      field.change(many ? values : values[0] ?? null);
    },
  });
  return box.node;
}
