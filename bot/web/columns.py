"""The values in columns of the admin's lists, and in fields of its forms."""

import json
from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.utils.html import format_html

from bot.conf import conf
from bot.core.model import Field
from bot.env import BadEnvironment
from bot.models import Run
from bot.runs import installations, links, masks
from bot.web import texts


def column_of(description: str, show: Callable[[Any], str], ordering: str | None = None) -> Any:
    """A column of a list, or a field of a form. It shows what `show` returns for the row."""

    @admin.display(description=description, ordering=ordering)
    def column(_: object, row: Any) -> str:
        return show(row) or "-"

    return column


def sent(run: Run, field: Field) -> str:
    if run.values_deleted_at is not None:
        return texts.DELETED
    return _masked(lambda keys: masks.sent(run, keys)[field])


def masked_options(run: Run) -> str:
    return _masked(lambda keys: masks.of_run(run, keys).value(run.options))


def _masked(value: Callable[[tuple[str, ...]], Any]) -> str:
    """JSON of a value with masked secrets. If the options can't be read, the secret keys aren't known, and a text says so."""
    try:
        return json.dumps(value(conf().secret_keys), ensure_ascii=False, indent=2)
    except BadEnvironment:
        return texts.NOT_READABLE


def lines(text: str) -> str:
    """Shows the text with its line breaks and columns."""
    return format_html('<pre class="runtask-lines">{}</pre>', text) if text else ""


def link(address: str, text: str) -> str:
    return format_html('<a href="{}">{}</a>', address, text) if address else ""


def again_link(run: Run) -> str:
    """A link to the run page with the values of this run. If the run can't be repeated, that page says why."""
    page = links.path("runtask:run")
    return link(f"{page}?run={run.pk}", texts.RUN_AGAIN) if page else ""


def thread_link(run: Run) -> str:
    return link(links.thread(installations.address(run.installation), run), "open in Slack") if run.thread else ""
