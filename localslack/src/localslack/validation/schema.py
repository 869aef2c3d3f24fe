"""The properties that Slack knows (docs.slack.dev/reference/block-kit). Others are refused by name.

These are missing here, so they are refused: `video` and `workflow_button`, which need permissions that apps here don't
have, and newer blocks (card, carousel, container, context_actions, data_table).
"""

_SELECT = frozenset({"type", "action_id", "placeholder", "confirm", "focus_on_load"})
_MULTI = _SELECT | {"max_selected_items"}
_TYPED = frozenset({"type", "action_id", "placeholder", "focus_on_load", "initial_value", "dispatch_action_config"})
_PICKER = frozenset({"type", "action_id", "placeholder", "confirm", "focus_on_load"})
_CHOICES = frozenset({"type", "action_id", "options", "confirm", "focus_on_load"})

ELEMENT_FIELDS: dict[str, frozenset[str]] = {
    "button": frozenset({"type", "text", "action_id", "url", "value", "style", "confirm", "accessibility_label"}),
    "static_select": _SELECT | {"options", "option_groups", "initial_option"},
    "external_select": _SELECT | {"initial_option", "min_query_length"},
    "users_select": _SELECT | {"initial_user"},
    "conversations_select": _SELECT
    | {"initial_conversation", "default_to_current_conversation", "response_url_enabled", "filter"},
    "channels_select": _SELECT | {"initial_channel", "response_url_enabled"},
    "multi_static_select": _MULTI | {"options", "option_groups", "initial_options"},
    "multi_external_select": _MULTI | {"initial_options", "min_query_length"},
    "multi_users_select": _MULTI | {"initial_users"},
    "multi_conversations_select": _MULTI | {"initial_conversations", "default_to_current_conversation", "filter"},
    "multi_channels_select": _MULTI | {"initial_channels"},
    "overflow": frozenset({"type", "action_id", "options", "confirm"}),
    "checkboxes": _CHOICES | {"initial_options"},
    "radio_buttons": _CHOICES | {"initial_option"},
    "plain_text_input": _TYPED | {"multiline", "min_length", "max_length"},
    "number_input": _TYPED | {"is_decimal_allowed", "min_value", "max_value"},
    "email_text_input": _TYPED,
    "url_text_input": _TYPED,
    "rich_text_input": _TYPED,
    "datepicker": _PICKER | {"initial_date"},
    "timepicker": _PICKER | {"initial_time", "timezone"},
    "datetimepicker": _PICKER - {"placeholder"} | {"initial_date_time"},
    "file_input": frozenset({"type", "action_id", "filetypes", "max_files"}),
    "image": frozenset({"type", "image_url", "slack_file", "alt_text"}),
}

_BLOCK = frozenset({"type", "block_id"})
BLOCK_FIELDS: dict[str, frozenset[str]] = {
    "section": _BLOCK | {"text", "fields", "accessory", "expand"},
    "header": _BLOCK | {"text"},
    "divider": _BLOCK,
    "context": _BLOCK | {"elements"},
    "actions": _BLOCK | {"elements"},
    "input": _BLOCK | {"label", "element", "hint", "optional", "dispatch_action"},
    "image": _BLOCK | {"image_url", "slack_file", "alt_text", "title"},
    "rich_text": _BLOCK | {"elements"},
    "markdown": _BLOCK | {"text"},
    "table": _BLOCK | {"rows", "column_settings"},
    "task_card": _BLOCK | {"task_id", "title", "details", "output", "sources", "status"},
    "plan": _BLOCK | {"title", "tasks"},
    "alert": _BLOCK | {"text", "level"},
}
# Blocks that only one surface has.
ONLY_IN = {**dict.fromkeys(("markdown", "table", "task_card", "plan"), "message"), "alert": "modal"}

VIEW_FIELDS: dict[str, frozenset[str]] = {
    "modal": frozenset(
        {
            "type", "title", "blocks", "close", "submit", "private_metadata", "callback_id", "clear_on_close",
            "notify_on_close", "external_id",
        }
    ),
    "home": frozenset({"type", "blocks", "private_metadata", "callback_id", "external_id"}),
}  # fmt: skip
