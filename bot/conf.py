"""The bot's own options: from `RUNTASK = {...}` in Django's settings, else from the environment, else the default."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.apps import apps
from django.conf import settings

from bot import env
from bot.core.secrets import WORDS, joined
from bot.env import BadEnvironment, variable

PREFIX = "RUNTASK_"  # variables begin with it; keys of the RUNTASK dict don't
# A channel id, or an installation and a channel id (`T…/A…/C…`), or an empty text.
CHANNEL = re.compile(r"(?:(?:[TE][A-Z0-9]{1,31}/A[A-Z0-9]{1,31}/)?[CDG][A-Z0-9]{1,31})?")
DOMAIN = re.compile(r"[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+")
LOG_LINE = "{asctime} {levelname} {name}: {message}"
BAD_SETUP = 2  # exit code of our commands if somebody must correct the set-up first
STAFF, PERMISSIONS = "staff", "permissions"  # values of RUNTASK_ALLOW: who may do something that no rule restricts
STATE, FULL = "state", "full"  # values of RUNTASK_EXTERNAL: what messages say in channels that another company can read
NEEDED_APPS = ("bot", "django_celery_beat")
PLATFORM = "platform"  # the alias of the platform's database, in a sidecar that has its own


def slash_command(raw: str) -> str:
    """Requires what the manifest's schema allows: a slash and 1 to 31 characters without white space."""
    if not re.fullmatch(r"/\S{1,31}", raw.strip()):
        raise ValueError("must be a slash and a name, like /runtask, of at most 32 characters")
    return raw.strip()


def key_words(raw: str) -> tuple[str, ...]:
    """The words in lower case, with `_` instead of `-`: `API-Key` becomes `api_key`."""
    words = env.words(raw.lower().replace("-", "_"))
    if nameless := [word for word in words if not joined(word)]:
        raise ValueError(f"must be words of letters and digits; {nameless[0]!r} has none")
    return words


def domains(raw: str) -> tuple[str, ...]:
    """Domains of e-mail addresses, in lower case."""
    found = env.words(raw.lower())
    if not found or not all(DOMAIN.fullmatch(domain) for domain in found):
        raise ValueError("must be domains as they stand after the @, like example.com, separated by commas")
    return found


def scrape_token(raw: str) -> str:
    """Requires 16 visible ASCII characters. The operator must choose them at random: nothing else protects `/metrics`."""
    if not re.fullmatch(r"[!-~]{16,}", raw.strip()):
        raise ValueError(
            "must be at least 16 letters, digits and signs, all of them ASCII, chosen at random, without spaces"
        )
    return raw.strip()


def queue_name(raw: str) -> str:
    """Allows 200 characters; RabbitMQ's own limit is 255 bytes. RabbitMQ reserves names that begin with `amq.`."""
    if not re.fullmatch(r"(?!amq\.)[\w.:\-]{1,200}", raw.strip(), re.ASCII):
        raise ValueError("must be a queue's name of letters, digits and . : _ -, which doesn't begin with amq.")
    return raw.strip()


def queue_expiry(raw: str) -> float:
    """RabbitMQ takes the expiry in milliseconds, as a number of at most 32 bits. So the maximum is about 46 days."""
    seconds = env.seconds(raw)
    if not 60 <= seconds <= 4_000_000:
        raise ValueError("must be a number of seconds from 60 to 4,000,000 (46 days)")
    return seconds


def announcements(raw: str) -> dict[str, str]:
    """Channel ids by schedule name. The name `*` stands for all other schedules. `raw` is JSON, or one id for all schedules."""
    wrong = ValueError(
        "must be a channel's id, like C0123456789 (not its name; Slack shows the id at the end of the channel's details),"
        ' or JSON like {"nightly report": "C0123456789"}; with several installations each channel needs its own: T…/A…/C…'
    )
    try:
        given = json.loads(raw) if raw.lstrip().startswith("{") else {"*": raw.strip()}
    except ValueError:
        raise wrong from None
    if not all(isinstance(channel, str) and CHANNEL.fullmatch(channel) for channel in given.values()):
        raise wrong
    return dict(given)


@dataclass(frozen=True, kw_only=True)
class Conf:
    """The options, stand-alone and in a project (docs/configuration.md). Times are in seconds."""

    bot_token: str = variable("SLACK_BOT_TOKEN", env.text, "", secret=True)
    app_token: str = variable("SLACK_APP_TOKEN", env.text, "", secret=True)  # for Socket Mode
    signing_secret: str = variable("SLACK_SIGNING_SECRET", env.text, "", secret=True)  # for HTTP mode
    api_url: str = variable("SLACK_API_URL", env.url("https", "http"), "https://slack.com/api/")
    base_url: str = variable("RUNTASK_BASE_URL", env.url("https", "http"), "")  # the site; empty: no links to it
    command: str = variable("RUNTASK_COMMAND", slash_command, "/runtask")
    link_by_email: bool = variable("RUNTASK_LINK_BY_EMAIL", env.flag, False)
    allow: str = variable("RUNTASK_ALLOW", env.one_of(STAFF, PERMISSIONS), STAFF)
    external: str = variable("RUNTASK_EXTERNAL", env.one_of(STATE, FULL), STATE)
    email_domains: tuple[str, ...] = variable("RUNTASK_EMAIL_DOMAINS", domains, ())  # for links by e-mail; empty: any
    profile_ttl: float = variable("RUNTASK_PROFILE_TTL", env.seconds, 900.0)  # until Slack is asked for a profile again
    deadline: float = variable("RUNTASK_DEADLINE", env.seconds, 1800.0)  # until a run without a report is overdue
    keep: float = variable("RUNTASK_KEEP", env.seconds, 90 * 86_400.0)  # until runs that have ended are deleted
    keep_values: float | None = variable("RUNTASK_KEEP_VALUES", env.seconds, None)  # None: as long as the run
    keep_audit: float = variable("RUNTASK_KEEP_AUDIT", env.seconds, 2 * 365 * 86_400.0)  # for audit records
    secret_keys: tuple[str, ...] = variable(
        "RUNTASK_SECRET_KEYS",
        key_words,
        WORDS,
    )
    celery_app: str = variable("RUNTASK_CELERY_APP", env.text, "")  # empty: the project's current app
    outcomes: str = variable("RUNTASK_OUTCOMES", env.one_of("auto", "rows", "backend", "events", "none"), "auto")
    events_queue: str = variable("RUNTASK_EVENTS_QUEUE", queue_name, "runtask.events")
    # The number of messages in that queue. If more come, RabbitMQ drops the oldest.
    events_length: int = variable("RUNTASK_EVENTS_LENGTH", env.count, 100_000)
    # If nobody reads the queue for so long, RabbitMQ deletes it.
    events_expires: float = variable("RUNTASK_EVENTS_EXPIRES", queue_expiry, 7 * 86_400.0)
    announce: Mapping[str, str] | None = variable("RUNTASK_ANNOUNCE", announcements, None)
    metrics_token: str = variable("RUNTASK_METRICS_TOKEN", scrape_token, "", secret=True)  # empty: no `/metrics`
    kill: bool = variable("RUNTASK_KILL", env.flag, False)  # whether Stop may terminate running tasks
    threads: int = variable("RUNTASK_THREADS", env.count, 16)  # the size of each thread pool

    @property
    def audits_values(self) -> bool:
        """Whether audit records hold the values of changed arguments. They don't if values are deleted earlier than records."""
        return self.keep_values is None or self.keep_values >= self.keep_audit

    def missing(self, *names: str) -> list[str]:
        """A sentence for each of the variables `names` that is not set."""
        given = {item.name: getattr(self, attribute) for attribute, item in VARIABLES.items()}
        return [f"{name} is not set" for name in names if not given[name]]


VARIABLES = dict(zip(Conf.__dataclass_fields__, env.variables(Conf), strict=True))  # by the attribute of Conf
NEEDED_FOR = {  # the variables that a command, or the endpoint for Slack (`http`), needs
    "slack": ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"),
    "notify": ("SLACK_BOT_TOKEN",),
    "http": ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"),
}


def values(given: Any, environ: Mapping[str, str]) -> dict[str, Any]:
    """The environment, overridden by `given`, the setting RUNTASK. Raises BadEnvironment unless that is a dict of options."""
    if not isinstance(given, Mapping):
        raise BadEnvironment([f"RUNTASK must be a dict of options; it is of type {type(given).__name__}"])
    known = {item.name.removeprefix(PREFIX): item.name for item in VARIABLES.values()}
    if unknown := sorted(set(given) - set(known), key=str):
        raise BadEnvironment(
            [f"RUNTASK[{key!r}] is not an option; there are {', '.join(sorted(known))}" for key in unknown]
        )
    return {**environ, **{known[key]: value for key, value in given.items()}}


@cache
def conf() -> Conf:
    """The options of this process. Raises BadEnvironment."""
    return env.read(Conf, values(getattr(settings, "RUNTASK", {}), env.environ()))


def secret_keys() -> tuple[str, ...]:
    """The words of secret keys. If the options can't be read, nobody runs anything, but links and rules still change: the default
    words are enough for their audit records.
    """
    try:
        return conf().secret_keys
    except BadEnvironment:
        return WORDS


def is_sidecar() -> bool:
    """Whether this is the stand-alone project beside a platform (docs/sidecar.md)."""
    return bool(getattr(settings, "RUNTASK_SIDECAR", False))


def is_apart() -> bool:
    """Whether this is a sidecar with a database of its own, which only reads the platform's database."""
    return is_sidecar() and PLATFORM in settings.DATABASES


def missing_apps() -> list[str]:
    """Needed apps that aren't in INSTALLED_APPS. Without them the bot has no pages, and a system check says why."""
    return [name for name in NEEDED_APPS if not apps.is_installed(name)]
