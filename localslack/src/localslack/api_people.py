"""users.*, bots.info, auth.test and apps.connections.open."""

from typing import Any

from localslack.api_call import ApiError, text
from localslack.apps import App
from localslack.members import CREATED, Person
from localslack.shared import Shared
from localslack.workspace import Installation

Json = dict[str, Any]


def info(caller: Installation, args: Json) -> Json:
    """A person with all flags. The e-mail address needs users:read.email (docs.slack.dev: users.info)."""
    person = caller.workspace.people.get(text(args, "user"))
    if person is None:
        raise ApiError("user_not_found")
    return {"ok": True, "user": described(caller, person)}


def lookup_by_email(caller: Installation, args: Json) -> Json:
    """The active person with this address."""
    wanted = text(args, "email").lower()
    for person in caller.workspace.people.values():
        if wanted and person.email.lower() == wanted and not person.deleted:
            return {"ok": True, "user": described(caller, person)}
    raise ApiError("users_not_found")


def bot_info(caller: Installation, args: Json) -> Json:
    """The bot with this id, and its app (docs.slack.dev: bots.info)."""
    bot_id = text(args, "bot")
    for one in caller.workspace.installations:
        if one.bot.bot_id == bot_id:
            ids = {"id": bot_id, "app_id": one.bot.app_id, "user_id": one.bot.user_id}
            return {"ok": True, "bot": {**ids, "name": one.bot.name, "deleted": False, "updated": CREATED, "icons": {}}}
    raise ApiError("bot_not_found")


def auth_test(caller: Installation, _args: Json) -> Json:
    """The token's owner: workspace, user and bot."""
    bot, team = caller.bot, caller.workspace.team
    where = {"url": caller.workspace.url, "team": team.name, "team_id": team.id}
    who = {"user": caller.workspace.people[bot.user_id].name, "user_id": bot.user_id, "bot_id": bot.bot_id}
    return {"ok": True, **where, **who, "is_enterprise_install": False}


def connections_open(shared: Shared, app: App) -> Json:
    """A WebSocket address for Socket Mode. The payloads of all workspaces come to this socket."""
    address = f"ws{shared.base_url.removeprefix('http')}/link/"
    return {"ok": True, "url": f"{address}?ticket={app.sockets.ticket()}&app_id={app.id}"}


def described(caller: Installation, person: Person) -> Json:
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
    bot = next((one.bot for one in caller.workspace.installations if one.bot.user_id == person.id), None)
    if bot is not None:
        profile |= {"bot_id": bot.bot_id, "api_app_id": bot.app_id, "real_name": bot.name}
    elif caller.grant.has("users:read.email") and person.email:
        profile["email"] = person.email
    flags = {
        "is_admin": person.is_admin,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": person.is_restricted,
        "is_ultra_restricted": person.is_ultra_restricted,
        "is_bot": person.is_bot,
        "is_app_user": False,
        "is_email_confirmed": person.is_email_confirmed and not person.is_bot,
    }
    if person.is_stranger:
        flags["is_stranger"] = True
    common = {"id": person.id, "team_id": person.team_id, "name": person.name, "deleted": person.deleted}
    if person.deleted:  # deactivated members have no other flags
        flags = {"is_bot": person.is_bot, "is_app_user": False}
    zone = {"tz": "Europe/London", "tz_label": "Greenwich Mean Time", "tz_offset": 0, "updated": CREATED}
    return common | {"real_name": person.real_name, "profile": profile} | zone | flags
