"""Two hundred people at once use one bot process: everybody gets an answer, or is asked to try again, which works."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from localslack.testing import LocalSlack, Person
from tests.e2e.platform import Platform
from tests.wire.conftest import OPS

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(240)]
PEOPLE = 200
STAFF = """
from django.contrib.auth.models import User
from bot.models import SlackLink
user = User.objects.get(username="ana")
SlackLink.objects.bulk_create(SlackLink(team="T0LOCAL", slack_user=f"U0CROWD{n:03}", user=user) for n in range(COUNT))
"""
STATES = "from bot.models import Run; print(*Run.objects.values_list('state', flat=True))"


@pytest.fixture
def crowd(slack: LocalSlack, platform: Platform) -> list[Person]:
    """Staff members, all in #ops."""
    slack.reset()
    ids = [f"U0CROWD{number:03}" for number in range(PEOPLE)]
    for user in ids:
        slack.control("people", id=user, name=user.lower(), email=f"{user.lower()}@example.com")
    slack.control("channels", id=OPS, members=["U0ANA", *ids])
    platform.shell(STAFF.replace("COUNT", str(PEOPLE)))
    return [slack.person(user) for user in ids]


def form_or_excuse(slack: LocalSlack, person: Person) -> bool:
    """Types the command. True: the form opened. False: the person was told why it did not."""
    before = len(person.ephemerals(OPS))
    assert person.types(OPS, "/runtask nightly")["ack"] == "", "not acknowledged within 3 s"
    slack.wait_for(lambda: person.modal() or len(person.ephemerals(OPS)) > before, 60)
    if person.modal() is not None:
        return True
    excuse = person.ephemerals(OPS)[-1]["text"]
    assert "took too long" in excuse or "can't check with Slack" in excuse
    return False


def run(person: Person) -> dict[str, Any]:
    """The answer to Run. If Slack got none within 3 s, it asks the person to press Run again, and they do."""
    answer = person.submits()
    return answer if answer.get("closed") or answer.get("errors") else person.submits()


def test_everybody_gets_an_answer_in_time(slack: LocalSlack, platform: Platform, crowd: list[Person]) -> None:
    platform.start_bot()
    with ThreadPoolExecutor(PEOPLE) as hands:
        opened = list(hands.map(lambda person: form_or_excuse(slack, person), crowd))
        with_form = [person for person, ok in zip(crowd, opened, strict=True) if ok]
        answers = list(hands.map(run, with_form))
    assert len(with_form) >= PEOPLE // 10, "even a slow machine opens some forms in time"
    accepted = [answer for answer in answers if answer.get("closed")]
    told = [answer["errors"]["schedule"] for answer in answers if answer.get("errors")]
    assert len(accepted) + len(told) == len(answers), "Slack got no answer within 3 s, twice"
    for text in told:
        assert "Nothing was sent" in text or "may already have been sent" in text

    maybe = sum("may already" in text for text in told)
    slack.wait_for(lambda: "sent" not in platform.shell(STATES).split(), 60)
    states = platform.shell(STATES).split()
    assert len(accepted) <= states.count("finished") <= len(accepted) + maybe

    without_form = [person for person, ok in zip(crowd, opened, strict=True) if not ok]
    with ThreadPoolExecutor(4) as hands:
        assert all(hands.map(lambda person: form_or_excuse(slack, person), without_form)), "trying again must help"
    assert platform.stop("slack") == 0
