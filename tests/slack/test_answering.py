"""Work that an answer waits for."""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from bot.core.budget import Budget
from bot.slack.answering import Answering


class _JustInTime(Future[Any]):
    """Done between the end of the waiting and the look at what became of it."""

    def result(self, timeout: float | None = None) -> Any:
        if timeout is not None:
            raise TimeoutError
        return super().result()


class _Pool(ThreadPoolExecutor):
    def submit(self, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        real: Future[Any] = super().submit(function, *args, **kwargs)  # another thread, for its connections
        future = _JustInTime()
        if (exc := real.exception(10)) is not None:
            future.set_exception(exc)
        else:
            future.set_result(real.result())
        return future


def test_work_that_ends_as_time_is_up_counts() -> None:
    assert Answering(_Pool(1)).within(Budget(0), lambda: "sent") == "sent"


def test_a_time_out_of_the_work_itself_is_its_own_error() -> None:
    def work() -> None:
        raise TimeoutError("a socket's")

    with pytest.raises(TimeoutError, match="a socket's"):
        Answering(_Pool(1)).within(Budget(0), work)
