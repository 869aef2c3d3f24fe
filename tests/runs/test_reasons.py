"""What people say of a run, when they ask for it or decline it, is kept without secrets."""

import json
from collections.abc import Iterator

import pytest

from bot import conf
from bot.core.audit import Act, Record
from bot.core.entry import Entry
from bot.core.model import ScheduleId
from bot.core.scrub import MASK
from bot.models import Answer, atomic
from bot.runs import audit
from tests.audit import records
from tests.factories import a_schedule
from tests.runs.approving import says_no, waiting
from tests.runs.conftest import Door
from tests.runs.ruled import person

pytestmark = pytest.mark.django_db
TYPED, STORED, HEADER = "typed-sk-123456", "stored-sk-123456", "header-sk-123456"
SAID = f"retry with {TYPED} instead of {STORED} ({HEADER}); token=any-other"
KEPT = f"retry with {MASK} instead of {MASK} ({MASK}); token={MASK}"


@pytest.fixture(params=[False, True], ids=["readable", "not JSON"])
def with_secrets(door: Door, request: pytest.FixtureRequest) -> Door:
    """Of the stored values, also if nobody can read them: people then type all values anew."""
    stored = json.dumps({"days": 7, "token": STORED}) + "," * request.param
    door.catalog.schedules[ScheduleId(7)] = a_schedule(kwargs=stored, headers=json.dumps({"token": HEADER}))
    return door


def details() -> str:
    return json.dumps([row.details for row in records()], ensure_ascii=False)


def test_the_reason_of_a_run_is_kept_without_secrets(with_secrets: Door) -> None:
    run = waiting(with_secrets, kwargs=json.dumps({"days": 7, "token": TYPED}), reason=SAID)
    assert run.reason == KEPT
    assert records(action=Act.RUN_ASKED)[0].details["reason"] == KEPT
    assert "sk-123456" not in details()


def test_the_reason_of_a_no_is_kept_without_secrets(with_secrets: Door) -> None:
    run = waiting(with_secrets, kwargs=json.dumps({"days": 7, "token": TYPED}))
    says_no(with_secrets, run, person("cara", "leads"), SAID)
    assert Answer.objects.get().why == KEPT
    assert records(action=Act.RUN_DECLINED)[0].details["why"] == KEPT
    assert "sk-123456" not in details()


@pytest.fixture
def own_words(settings: pytest.FixtureRequest) -> Iterator[None]:
    settings.RUNTASK = {**settings.RUNTASK, "SECRET_KEYS": "pin code"}  # type: ignore[attr-defined]
    conf.conf.cache_clear()
    yield
    conf.conf.cache_clear()


@pytest.mark.usefixtures("own_words")
def test_records_go_by_the_secret_words_of_the_site_and_keep_their_codes() -> None:
    with atomic():
        audit.append(
            Record(act=Act.PAUSED, entry=Entry.COMMAND, details={"reason": "pin=4711, token=9", "code": "paused"})
        )
    assert records()[0].details == {"reason": f"pin={MASK}, token=9", "code": "paused"}
