"""SECRET_KEY is rotated, and all processes restart with it, while somebody has a form open."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from bot import wiring
from localslack.testing import LocalSlack, Person
from tests.wire.conftest import Schedule
from tests.wire.ended import an_ended_run, newest
from tests.wire.form import fill_from, opened, picked, top

Rotate = Callable[..., None]


@pytest.fixture
def rotated(settings: Any, http_bot: LocalSlack) -> Rotate:
    """A function that replaces SECRET_KEY. Its arguments are the former keys that are still accepted."""

    def rotate(*fallbacks: str) -> None:
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = f"after {settings.SECRET_KEY}", list(fallbacks)
        wiring.platform.cache_clear()
        wiring.slack_app.cache_clear()

    return rotate


def test_a_form_that_was_opened_before_can_be_run(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, rotated: Rotate, settings: Any
) -> None:
    row = schedule(kwargs='{"days": 7}')
    run = an_ended_run(row, kwargs='{"days": 30}')
    opened(http_bot, ana, "/runtask nightly")
    fill_from(http_bot, ana, str(run.pk))
    rotated(settings.SECRET_KEY)
    assert ana.submits()["closed"]
    assert newest().kwargs == '{"days": 30}'


def test_a_form_that_was_opened_before_can_be_filled_in(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, rotated: Rotate, settings: Any
) -> None:
    """The form's place is sealed with the former key, the values that are filled in with the new one."""
    row = schedule(kwargs='{"days": 7}')
    run = an_ended_run(row, kwargs='{"days": 30}')
    opened(http_bot, ana)
    rotated(settings.SECRET_KEY)
    picked(http_bot, ana, "Nightly report")
    fill_from(http_bot, ana, str(run.pk))
    assert ana.submits()["closed"]
    assert newest().kwargs == '{"days": 30}'


def test_a_form_whose_key_is_no_longer_accepted_is_refused(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, rotated: Rotate
) -> None:
    schedule()
    opened(http_bot, ana, "/runtask nightly")
    rotated()
    assert "was not opened for you" in json.dumps([ana.submits(), top(ana)])
