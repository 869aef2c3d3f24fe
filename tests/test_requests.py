"""`outside_transactions`, which marks our views."""

from typing import Any

import pytest
from django.core.handlers.base import BaseHandler
from django.db import connections, transaction
from django.http import HttpRequest, HttpResponse

from bot.requests import outside_transactions

pytestmark = pytest.mark.django_db(transaction=True)


def in_a_transaction(_: HttpRequest) -> HttpResponse:
    return HttpResponse(str(transaction.get_connection().in_atomic_block))


@outside_transactions
def in_none(request: HttpRequest) -> HttpResponse:
    return in_a_transaction(request)


@pytest.mark.parametrize(("view", "said"), [(in_a_transaction, b"True"), (in_none, b"False")])
def test_a_marked_view_runs_outside_the_projects_transactions(
    view: Any, said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", True)
    answer: Any = BaseHandler().make_view_atomic(view)(HttpRequest())
    assert answer.content == said
