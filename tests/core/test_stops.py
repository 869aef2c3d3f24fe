"""The standing of a stop for every state and end of its run."""

from datetime import datetime, timedelta

import pytest

from bot.core.status import RunState
from bot.core.stops import Standing, Way, standing
from tests.factories import NOW

ERROR = "TaskRevokedError: {}"
AFTER, BEFORE = NOW + timedelta(seconds=1), NOW - timedelta(seconds=1)


@pytest.mark.parametrize(
    ("state", "status", "result", "way", "ended_at", "said"),
    [
        ("queued", "", "", "revoke", None, "waits"),
        ("sent", "", "", "abort", None, "waits"),
        ("overdue", "", "", "revoke", None, "waits"),
        ("running", "STARTED", "", "revoke", None, "runs_on"),
        ("running", "RETRY", "", "revoke", None, "waits"),
        ("running", "PROGRESS", "3 of 10", "abort", None, "aborting"),
        ("sent", "", "", "terminate", None, "terminating"),
        ("running", "STARTED", "", "terminate", None, "terminating"),
        ("finished", "REVOKED", ERROR.format("revoked"), "revoke", AFTER, "revoked"),
        ("finished", "REVOKED", "", "revoke", AFTER, "revoked"),
        (
            "finished",
            "REVOKED",
            ERROR.format("revoked"),
            "revoke",
            BEFORE,
            "revoked",
        ),  # the clock of its worker is behind
        ("finished", "REVOKED", ERROR.format("terminated"), "terminate", AFTER, "terminated"),
        ("finished", "REVOKED", ERROR.format("expired"), "revoke", AFTER, "expired"),
        ("finished", "SUCCESS", "terminated", "terminate", AFTER, "ran_to_its_end"),
        ("finished", "FAILURE", "", "revoke", AFTER, "ran_to_its_end"),
        ("finished", "SUCCESS", "", "revoke", BEFORE, "ended_first"),
        ("finished", "SUCCESS", "", "revoke", None, "ran_to_its_end"),
        ("unseen", "", "", "revoke", None, "not_known"),
        ("not_sent", "", "", "revoke", None, "not_sent"),
        ("withdrawn", "", "", "revoke", None, "withdrawn"),
        ("withdrawn", "", "", "withdraw", None, "never_sent"),
    ],
)
def test_the_standing_of_a_stop_claims_no_more_than_is_known(
    state: str, status: str, result: str, way: str, ended_at: datetime | None, said: str
) -> None:
    found = standing(RunState(state), status, result, way=Way(way), asked_at=NOW, ended_at=ended_at)
    assert found is Standing(said)
