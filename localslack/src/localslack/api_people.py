"""users.*, auth.test and apps.connections.open."""

from typing import Any

from localslack.api_call import ApiError, text
from localslack.slack import Slack
from localslack.workspace import APP_ID, APP_NAME, BOT_ID, BOT_USER, CREATED, TEAM, Person

Json = dict[str, Any]


def info(slack: Slack, args: Json) -> Json:
    """A person with all flags; the e-mail address needs users:read.email (docs.slack.dev: users.info)."""
    person = slack.workspace.people.get(text(args, "user"))
    if person is None:
        raise ApiError("user_not_found")
    return {"ok": True, "user": described(slack, person)}


def lookup_by_email(slack: Slack, args: Json) -> Json:
    """The active person with that address."""
    wanted = text(args, "email").lower()
    for person in slack.workspace.people.values():
        if wanted and person.email.lower() == wanted and not person.deleted:
            return {"ok": True, "user": described(slack, person)}
    raise ApiError("users_not_found")


def auth_test(slack: Slack, _args: Json) -> Json:
    """Who the token belongs to."""
    bot = slack.workspace.people[BOT_USER]
    team = {"url": f"{slack.base_url}/", "team": TEAM["name"], "team_id": TEAM["id"]}
    return {"ok": True, **team, "user": bot.name, "user_id": BOT_USER, "bot_id": BOT_ID, "is_enterprise_install": False}


def connections_open(slack: Slack, _args: Json) -> Json:
    """A WebSocket address for Socket Mode."""
    return {
        "ok": True,
        "url": f"ws{slack.base_url.removeprefix('http')}/link/?ticket={slack.sockets.ticket()}&app_id={APP_ID}",
    }


def described(slack: Slack, person: Person) -> Json:
    """A user object, keys as recorded."""
    profile: Json = {
        "real_name": person.real_name,
        "real_name_normalized": person.real_name,
        "display_name": person.name,
        "display_name_normalized": person.name,
        "status_text": "",
        "status_emoji": "",
        "team": person.team_id,
    }
    if person.is_bot:
        profile |= {"bot_id": BOT_ID, "api_app_id": APP_ID, "real_name": APP_NAME}
    elif slack.config.has_scope("users:read.email") and person.email:
        profile["email"] = person.email
    flags = {
        "is_admin": person.is_admin,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": person.is_restricted,
        "is_ultra_restricted": person.is_ultra_restricted,
        "is_bot": person.is_bot,
        "is_app_user": False,
    }
    if person.is_stranger:
        flags["is_stranger"] = True
    common = {"id": person.id, "team_id": person.team_id, "name": person.name, "deleted": person.deleted}
    if person.deleted:  # deactivated members come without the other flags
        flags = {"is_bot": person.is_bot, "is_app_user": False}
    zone = {"tz": "Europe/London", "tz_label": "Greenwich Mean Time", "tz_offset": 0, "updated": CREATED}
    return common | {"real_name": person.real_name, "profile": profile} | zone | flags
