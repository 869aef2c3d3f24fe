"""On MariaDB, no UPDATE can find its rows by an index that contains the state, because this could end in a deadlock."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from django.db import connection

from bot.core.model import RunId
from bot.core.ports import ChannelClosed, MessageRefused, NotDelivered, NotSent
from bot.core.report import Report
from bot.models import Notice, Run
from bot.runs import claims, clock, outbox, start, stop
from bot.runs.approvals import Tending
from bot.runs.budget import Budget
from bot.runs.refusals import NothingSent
from tests.factories import INSTALLATION, NOW, a_schedule, an_actor, slack_says, unreachable
from tests.fakes import FakeCatalog, FakeSender
from tests.runs.approving import SEVEN, TWO_PAIRS_OF_EYES, asked, says_no, says_yes
from tests.runs.conftest import Door
from tests.runs.post import Post, a_started_run, end
from tests.runs.ruled import in_force, person

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "mysql", reason="only MariaDB's updates lock an index before the row"),
]
# Each change of a state locks the row first, and then its entry in such an index.
OF_STATES = {index.name for model in (Run, Notice) for index in model._meta.indexes if "state" in index.fields}


@dataclass
class Updates:
    """Collects each UPDATE of our tables, with the indexes by which MariaDB could find its rows."""

    indexes: dict[str, set[str]] = field(default_factory=dict)

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip().startswith("UPDATE"):
            with connection.connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN {sql}", params[0] if many else params)
                self.indexes[sql] = {name for row in cursor for name in (row[4] or "").split(",")}
        return execute(sql, params, many, context)


@pytest.fixture
def updates() -> Iterator[Updates]:
    with connection.execute_wrapper(updates := Updates()):
        yield updates


def test_no_update_can_find_its_rows_by_an_index_of_states(door: Door, post: Post, updates: Updates) -> None:
    door.sender.fails = NotSent(unreachable())
    with pytest.raises(NothingSent):
        start.start(door.admitted(), door.request, Budget())
    door.sender.fails = None
    door.start()  # tries that run again
    told, given_up, moved, held = (a_started_run(f"C{number}") for number in range(4))
    for problem, run in (
        (NotDelivered(slack_says("timeout")), told),
        (MessageRefused(slack_says("too_long")), given_up),
        (ChannelClosed(slack_says("gone")), moved),
    ):
        post.slack.fail(problem, when=of(run))
    assert claims.renew(next(one for one in claims.claim(INSTALLATION, 10, NOW).notices if one.run == held), NOW)
    post.deliver(20)
    post.deliver(2)
    end(told, post)
    outbox.revive(Notice.objects.filter(run=given_up), actor=door.actor, now=NOW)
    post.deliver(2)
    notices = Notice.objects.filter(run__in=[told, given_up, moved, held])
    assert set(notices.values_list("state", flat=True)) == {"sent"}
    assert len(updates.indexes) > 10
    assert {sql: OF_STATES & found for sql, found in updates.indexes.items() if OF_STATES & found} == {}


def test_no_update_of_approvals_can_find_its_rows_by_an_index_of_states(
    transactional_db: None, updates: Updates
) -> None:
    door = Door(FakeCatalog({SEVEN: a_schedule()}), FakeSender(), an_actor())
    in_force(replace(TWO_PAIRS_OF_EYES, approvals=2))
    cara, dora, ana = person("cara", "leads"), person("dora", "leads"), person("ana")
    sent, declined, withdrawn, lapsed = (asked(door, ana, key=f"web:{number}") for number in range(4))
    Tending(door.platform).step()
    for who in (cara, dora):
        says_yes(door, sent, who)
    says_no(door, declined, cara)
    stop.stop(door.admitted(ana), RunId(withdrawn.pk))
    Run.objects.filter(pk=lapsed.pk).update(deadline_at=clock.now())
    Tending(door.platform).step()
    states = Run.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["sent", "declined", "withdrawn", "lapsed"]
    assert {sql: OF_STATES & found for sql, found in updates.indexes.items() if OF_STATES & found} == {}


def of(run: Run) -> Callable[[Report], bool]:
    return lambda report: report.run == run.pk
