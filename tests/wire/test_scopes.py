"""What the bot does where somebody has installed it without one of the optional scopes. test_thread.py has the history scopes."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.core.reasons import Code
from bot.models import Notice, NoticeState
from bot.slack.ids import Id
from localslack.testing import LocalSlack, Person
from tests.runs.ruled import in_force
from tests.wire.conftest import MANIFEST, OPS, Schedule
from tests.wire.test_approvals import OPEN, RULE, asks, lead, root_of
from tests.wire.test_destinations import ends
from tests.wire.test_thread import all_words, finished, run

QUIET = "C0QUIET"  # a public channel without the bot


@pytest.fixture
def without(http_bot: LocalSlack) -> Callable[..., LocalSlack]:
    """A function that installs the app without these scopes."""

    def install(*scopes: str) -> LocalSlack:
        before = http_bot.look("config")["config"]
        http_bot.use_manifest(MANIFEST, without=scopes)
        http_bot.config(mode=before["mode"], http_url=before["http_url"])
        return http_bot

    return install


@pytest.mark.usefixtures("delivering")
def test_without_chat_write_public_the_thread_is_a_direct_message(
    without: Callable[..., LocalSlack], ana: Person, schedule: Schedule
) -> None:
    slack = without("chat:write.public")
    ends(run(slack, ana, schedule(), channel=QUIET))
    root, _ = finished(slack, ana, ana.dm())
    assert "I'm not a member of it" in all_words(root)
    assert ana.messages(QUIET) == []


@pytest.mark.usefixtures("delivering")
def test_without_im_write_messages_that_can_go_nowhere_are_parked_with_the_reason(
    without: Callable[..., LocalSlack], ana: Person, schedule: Schedule
) -> None:
    slack = without("im:write", "chat:write.public")
    run(slack, ana, schedule(), channel=QUIET)
    slack.wait_for(lambda: Notice.objects.filter(kind="root", state=NoticeState.PARKED).exists())
    reason = Notice.objects.get(kind="root").reason
    assert reason is not None
    assert (reason.code, dict(reason.params)) == (
        Code.NO_CHANNEL_NO_DIRECT_MESSAGE,
        {"channel": "not_in_channel", "direct": "missing_scope"},
    )
    ends(run(slack, ana, schedule("Elsewhere")))
    finished(slack, ana, OPS)  # it blocks no other message


@pytest.mark.usefixtures("delivering")
def test_without_im_write_the_thread_says_that_no_approver_was_told(
    without: Callable[..., LocalSlack], ana: Person, schedule: Schedule
) -> None:
    slack = without("im:write")
    in_force(RULE)
    cara = lead(slack, "cara", "U0CARA")
    asks(slack, ana, schedule())
    root = root_of(slack, ana, *OPEN, text="No approver got a direct message: the app lacks Slack's scope `im:write`")
    assert cara.messages(cara.dm()) == []
    cara.clicks_in(OPS, root["ts"], Id.APPROVE)
    root = root_of(slack, ana, Id.STOP)
    assert "direct message" not in all_words(root)


def test_without_users_read_email_nobody_is_linked_by_e_mail(without: Callable[..., LocalSlack], ana: Person) -> None:
    slack = without("users:read.email")
    ana.types(OPS, "/runtask")
    told: list[dict[str, Any]] = slack.wait_for(lambda: ana.ephemerals(OPS))
    assert "Your Slack account isn't linked" in told[-1]["text"]
