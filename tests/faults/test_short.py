"""The long run, short: on the embedded default, and on services where there are some."""

import os
from pathlib import Path

import pytest

from tests.faults.__main__ import complaints
from tests.faults.drive import drive
from tests.faults.figures import report
from tests.faults.setups import Missing

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


@pytest.mark.parametrize("kind", ["embedded", "redis"])
def test_no_promise_is_broken_by_killing_freezing_and_cutting(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    seed = request.config.getoption("randomly_seed", 1) % 10**6
    try:
        outcome = drive(kind, tmp_path, submissions=40, faults=12, seed=seed)
    except Missing as exc:
        if os.environ.get("CI"):  # noqa: TID251  # says where the tests run, no setting of the bot
            pytest.fail(f"CI must have it: {exc}")
        pytest.skip(f"needs a service: {exc}")
    assert not complaints(outcome), "\n".join([f"seed {seed}, logs in {tmp_path}", *complaints(outcome)])
    assert outcome.submissions == 40
    assert len(outcome.faults) == 12, report([outcome], seed)
