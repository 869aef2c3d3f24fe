"""The `runtask` command: Django's command line, with short names for our commands."""

import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from bot import env
from bot.conf import BAD_SETUP, NEEDED_FOR, Conf

COMMANDS = (
    "demo",
    "slack",
    "notify",
    "staff",
    "token",
    "manifest",
    "doctor",
    "events",
    "cleanup",
    "rules",
    "pause",
    "resume",
    "audit",
)


def main() -> None:
    """`runtask slack` runs the command `runtask_slack`, whose long name can't collide with other apps' commands."""
    env.default_settings()
    if (here := str(Path.cwd())) not in sys.path:  # otherwise, an installed script can't import from the current folder
        sys.path.insert(0, here)
    arguments = sys.argv[1:]
    command = arguments[0] if arguments else ""
    needed = () if {"-h", "--help"} & set(arguments) else NEEDED_FOR.get(command, ())
    if env.environ()["DJANGO_SETTINGS_MODULE"] == env.STANDALONE and (problems := stand_alone_problems(needed)):
        stop(str(env.BadEnvironment(problems)))
    if command in COMMANDS:
        arguments[0] = f"runtask_{command}"
    try:
        if problem := unloadable_settings():
            stop(problem)
        execute_from_command_line(["runtask", *arguments])
    except (env.BadEnvironment, ImproperlyConfigured) as exc:
        stop(str(exc))


def stand_alone_problems(needed: Sequence[str]) -> list[str]:
    """A sentence for each variable that can't be read, and for each variable in `needed` that isn't set."""
    problems: list[str] = []
    env.read(env.Project, env.environ(), problems)
    options = env.read(Conf, env.environ(), problems)
    return problems + options.missing(*needed)


def unloadable_settings() -> str:
    """Why DJANGO_SETTINGS_MODULE can't be imported. Empty if it can. Errors other than ImportError are raised."""
    try:
        _ = settings.INSTALLED_APPS  # loads them
    except ImportError as exc:
        last = traceback.extract_tb(exc.__traceback__)[-1]
        place = "" if last.filename.startswith("<") else f" ({last.filename}, line {last.lineno})"
        name = env.environ()["DJANGO_SETTINGS_MODULE"]
        return f"DJANGO_SETTINGS_MODULE={name} can't be imported from {Path.cwd()}: {exc}{place}"
    return ""


def stop(reason: str) -> None:
    sys.stderr.write(f"{reason}\n")
    sys.exit(BAD_SETUP)


if __name__ == "__main__":
    main()
