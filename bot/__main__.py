"""The `runtask` command: Django's command line, with short names for our commands."""

import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from stat import S_ISVTX

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
NAMING = ("RUNTASK_CELERY_APP", "RUNTASK_IMPORTS")  # variables that can name modules of a stand-alone project


def main() -> None:
    """`runtask slack` runs the command `runtask_slack`, whose long name can't collide with other apps' commands."""
    env.default_settings()
    find_the_project()
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


class FindsNothing:
    """What Python asks for the modules of a folder, for a folder that has none for us."""

    def find_spec(self, _name: str, _target: object = None) -> None:
        return None


def find_the_project() -> None:
    """Lets the project's modules be imported from the current folder, as an installed script can't do that by itself.

    Others may have left a `redis.py` there. So the folder comes last, only if a variable names a module of the project, and
    never if it is one for everybody's files, like /tmp. Celery puts the folder first, for good (celery/fixups/django.py) and
    while it loads tasks (celery/utils/imports.py). So Python finds nothing by the folder's plain name, which Celery uses. Our
    own entry ends with a slash.
    """
    names, here = env.environ(), Path.cwd()
    if str(here) in sys.path:  # PYTHONPATH or `python -m bot` wants it there
        return
    sys.path_importer_cache[str(here)] = FindsNothing()
    is_named = names["DJANGO_SETTINGS_MODULE"] != env.STANDALONE or any(names.get(name) for name in NAMING)
    if is_named and not here.stat().st_mode & S_ISVTX:
        sys.path.append(f"{here}/")


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
