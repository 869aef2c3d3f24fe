"""Classifies Slack's error codes. A code's class says whether a message or a Home tab must wait, go elsewhere, or be simpler.

docs.slack.dev: reference/methods/chat.postMessage, chat.update, conversations.history, conversations.replies,
conversations.open and views.publish, each under "Errors". A test checks that each documented code is in exactly one of these sets.
"""

from collections.abc import Callable
from typing import Any

from slack_sdk.errors import SlackApiError

from bot.core.ports import ChannelClosed, InstallationRefused, MessageRefused, NotDelivered, RateLimited
from bot.core.reasons import Code, Reason
from bot.core.text import clip, one_line
from bot.slack.client import error_code, retry_after


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


DETAILS = 120  # characters kept of Slack's explanation, at most

# About the place: a direct message may work.
PLACE = _codes("""
    channel_not_found not_in_channel is_archived is_inactive no_permission channel_is_limited_access posting_to_channel_denied
    restricted_action restricted_action_read_only_channel restricted_action_thread_only_channel
    restricted_action_non_threadable_channel restricted_action_thread_locked ekm_access_denied
    cannot_reply_to_message thread_not_found message_not_found cant_update_message edit_window_closed
    user_not_found user_disabled users_not_found user_not_visible messages_tab_disabled
    method_not_supported_for_channel_type invalid_user_combination team_not_found
    slack_connect_canvas_sharing_blocked slack_connect_clip_sharing_blocked slack_connect_file_link_sharing_blocked
    slack_connect_file_upload_sharing_blocked slack_connect_lists_sharing_blocked
""")
# About the installation: nothing works until somebody, or Slack, has mended it.
INSTALLATION = _codes("""
    invalid_auth not_authed account_inactive token_revoked token_expired not_allowed_token_type missing_scope
    team_access_not_granted org_login_required accesslimited access_denied two_factor_setup_required team_added_to_org
    enterprise_is_restricted forbidden_team method_deprecated deprecated_endpoint bot_not_found as_user_not_supported
""")
# About this message: a simpler one may work.
MESSAGE = _codes("""
    invalid_blocks invalid_blocks_format msg_blocks_too_long msg_blocks_too_many msg_too_long no_text block_mismatch markdown_text_conflict
    invalid_metadata_format invalid_metadata_schema metadata_too_large metadata_must_be_sent_from_app
    invalid_attachments too_many_attachments attachment_payload_limit_exceeded too_many_contact_cards
    cant_broadcast_message no_dual_broadcast_content_update duplicate_channel_not_found duplicate_message_not_found
    draft_already_deleted draft_already_sent draft_has_conflict draft_not_found
    file_deleted file_is_deleted file_not_found file_share_limit_reached max_file_sharing_exceeded missing_file_data
    blocked_file_type slack_connect_blocked_file_type unable_to_share_files
    invalid_arguments invalid_arg_name invalid_array_arg invalid_charset invalid_form_data invalid_post_type missing_post_type
    missing_argument invalid_cursor invalid_metadata_filter_keys invalid_ts_latest invalid_ts_oldest
    not_enough_users too_many_users users_list_not_supplied bots_not_found
    view_too_large duplicate_external_id missing_profile_id not_enabled not_implemented
""")
# About this moment: a later try may work. An unknown code counts as one of these, so that it loses no message.
MOMENT = _codes("""
    fatal_error internal_error request_timeout service_unavailable update_failed external_channel_migrating
    streaming_state_conflict hash_conflict list_record_comment_fetch_failed
""")
LIMITED = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
CLASSES = {ChannelClosed: PLACE, InstallationRefused: INSTALLATION, MessageRefused: MESSAGE, NotDelivered: MOMENT}


def meaning(exc: SlackApiError, *, is_optional: bool = False) -> NotDelivered:
    """The error to raise. `is_optional`: we can do without this call, so a missing scope or a limit concerns only the call."""
    code = error_code(exc)
    messages = exc.response.get("response_metadata", {}).get("messages", [])
    details = " ".join(map(str, messages or [exc.response.get("needed", "")]))  # `needed`: the missing scope
    reason = Reason(code=Code.SLACK_REFUSED, params={"error": code, "details": clip(one_line(details), DETAILS)})
    has_pause = any(name.lower() == "retry-after" for name in exc.response.headers)
    if exc.response.status_code == 429 or (code in LIMITED and has_pause):
        return RateLimited(reason, retry_after(exc), is_aside=is_optional)
    if code in LIMITED:  # such as the workspace's limit: nobody knows how long it lasts, so we wait longer each time
        limited = NotDelivered(reason)
        limited.maybe_posted = False
        return limited
    if is_optional and code == "missing_scope":
        return MessageRefused(reason)
    kind = next((kind for kind, codes in CLASSES.items() if code in codes), NotDelivered)
    return kind(reason)


def call(method: Callable[..., Any], *, is_optional: bool = False, **arguments: Any) -> Any:
    """Calls Slack and returns its answer. Raises NotDelivered or a subclass of it."""
    try:
        return method(**arguments)
    except SlackApiError as exc:
        raise meaning(exc, is_optional=is_optional) from exc
    except OSError as exc:  # no connection, a lost one, or no answer in time
        raise NotDelivered(Reason(code=Code.SLACK_UNREACHABLE, params={"error": error_code(exc)})) from exc
