"""A short version of the long run, on the embedded default and on services."""

from pathlib import Path

import pytest

from tests.faults.__main__ import complaints
from tests.faults.drive import drive
from tests.faults.figures import report
from tests.support import needs

SEED = 31  # the same plan at every gate; `make faults` is for exploring
pytestmark = pytest.mark.timeout(240)


@pytest.mark.parametrize("kind", ["embedded", "redis", "results"])
def test_no_promise_is_broken_by_killing_freezing_and_cutting(kind: str, tmp_path: Path) -> None:
    with needs.services():
        outcome = drive(kind, tmp_path, submissions=40, faults=12, seed=SEED)
    assert not complaints(outcome), "\n".join([f"seed {SEED}, logs in {tmp_path}", *complaints(outcome)])
    assert outcome.submissions == 40
    assert len(outcome.faults) == 12, report([outcome], SEED)
