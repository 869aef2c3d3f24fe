"""The bot sends the same message as beat's own scheduler, field by field, on Redis and on RabbitMQ."""

from pathlib import Path

import pytest

from tests.parity import page
from tests.parity.cases import CASES, Case
from tests.parity.compare import RESULT, differing, intended
from tests.parity.conftest import BROKERS, All

pytestmark = [pytest.mark.service, pytest.mark.django_db]  # the first test sends all cases
PAGE = Path(__file__).parents[2] / "docs" / "parity.md"
by_name = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@pytest.mark.parametrize("broker", BROKERS)
@by_name
def test_the_message_equals_beats_except_for_the_intended_differences(compared: All, broker: str, case: Case) -> None:
    ways = compared[broker, case.name].ways
    beat, ours = ways["beat"], ways["runtask"]
    if case.is_nothing:
        assert (beat.messages, ours.messages) == ([], [])
        assert beat.because
        assert ours.because
    elif "sent" in case.differs:
        assert len(beat.messages) + len(ours.messages) == 1
        assert bool(ours.because) != bool(ours.messages)
    elif "headers.expires" in case.differs and not beat.messages:
        # RabbitMQ drops an expired message at once; Celery 5.5.0 fails at an `expires` without a zone
        assert broker == "RabbitMQ" or beat.because
        assert len(ours.messages) == 1
    else:
        (message,), (own,) = beat.messages, ours.messages
        assert differing(message, own) == intended(message, case), (message, own)
        assert own.get(RESULT, False) is False
        assert own["headers.runtask_requester"] == "ada"


@by_name
def test_the_row_is_left_as_it_was(compared: All, case: Case) -> None:
    assert all(compared[broker, case.name].is_untouched for broker in BROKERS)


def test_the_page_agrees_with_these_messages(compared: All, request: pytest.FixtureRequest) -> None:
    made = page.page(compared)
    if request.config.getoption("--write-docs"):
        PAGE.write_text(made, encoding="utf-8")
    written = PAGE.read_text(encoding="utf-8")
    if page.versions() not in written:
        pytest.skip(f"the page is of other versions than {page.versions()}")
    assert written == made, "run: pytest tests/parity --write-docs"
