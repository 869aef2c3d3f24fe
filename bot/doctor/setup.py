"""Settings and versions: these can be examined in every project, even in a broken one."""

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from typing import TYPE_CHECKING

from django.apps import apps

from bot.checks.table import BY_ID, SETTINGS
from bot.doctor.findings import Finding, note, ok, problem, warning
from bot.doctor.subject import Subject, complained

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

NO_ADMIN = "this project has none, so there are no pages of runtask; commands and the JSON API do without them"
US = "django-runtask"
SHOWN = ("Django", "celery", "kombu", "django-celery-beat", "django-celery-results", "slack-bolt", "slack-sdk")
NONE = "(not installed)"


def settings(subject: Subject) -> Iterator[Finding]:
    """The complaints that no other area shows."""
    own = {number: found for number, found in subject.complaints.items() if BY_ID[number].area == SETTINGS}
    for number, found in own.items():
        for complaint in found:
            yield complained(f"runtask.{number}", number, complaint)
    if not own:
        yield ok("system checks", "options, apps, databases fit together")
    if not apps.is_installed("django.contrib.admin"):
        yield note(
            "admin", NO_ADMIN, "If you want them, install Django's admin as its documentation says, with its URL."
        )


def versions(_: Subject) -> Iterator[Finding]:
    installed = {"Python": platform.python_version(), **{name: _version(name) for name in SHOWN}}
    yield ok("installed", f"{US} {_version(US)} with " + ", ".join(f"{name} {at}" for name, at in installed.items()))
    for name, wanted in supported().items():
        at = installed[name]
        if at == NONE:
            yield problem(name, "isn't installed", f"pip install '{name}{wanted}'")
        elif not wanted.contains(at, prereleases=True):
            yield warning(name, f"{at} is installed; tested versions: {wanted}", f"pip install '{name}{wanted}'")


def supported() -> dict[str, "SpecifierSet"]:
    """The versions that we support, by package, from our own metadata. Empty without metadata, or without `packaging`."""
    try:
        from packaging.requirements import Requirement  # noqa: PLC0415  # may not be installed

        found = [Requirement(line) for line in requires(US) or []]
    except (ImportError, PackageNotFoundError):
        return {}
    # An extra's requirements have a marker that is false without that extra.
    needed = [package for package in found if package.marker is None or package.marker.evaluate({"extra": ""})]
    return {package.name: package.specifier for package in needed if package.name in SHOWN}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return NONE
