"""A secret value leaves the process only in the message to the broker, wherever it is stored and however it is written."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask
from django_celery_results.models import TaskResult
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import wiring
from bot.broker.outcomes.rows import RowOutcomes
from bot.broker.outcomes.shown import readable
from bot.core import arguments, kept
from bot.core.model import Field, RunRequest, ScheduleId, TaskId
from bot.core.scrub import MASK
from bot.core.secrets import WORDS, Secrets
from bot.models import Notice, Run
from bot.runs import audit, finish, see, start
from bot.runs.actors import of_user
from bot.runs.budget import Budget
from bot.runs.door import Admitted, admit
from bot.runs.report import Site, report
from bot.slack import messages, modals, payloads
from bot.slack.metadata import Metadata
from bot.web import tokens
from tests.audit import records
from tests.core import strategies
from tests.factories import PLACE
from tests.slack.forms import submitted

KEYS = [
    "password", "PASSWORD", "db_password", "dbPassword", "Db-Pwd", "pwd", "passphrase", "privateKey", "accessKey", "X-API-KEY",
    "apikey", "dsn", "cookie", "auth", "Authorization", "tokens", "client.secret", "session id", "pass_word", "ｔoken",
]  # fmt: skip
# Each secret contains marks, so that no page has its text by chance. It has no NUL, which no database takes in headers.
secrets = st.builds(
    "{0}qZ{1}Ω'9x{2}".format,
    st.sampled_from(["", " ", "\n", '"']),
    strategies.text.map(lambda text: text.replace("\0", "")[:60]).filter(lambda text: len(text) > 3),
    st.sampled_from(["", " ", "\\", "'"]),
)
keys = st.sampled_from(KEYS)
EXAMPLES = settings().max_examples // 4  # each takes half a second


@dataclass(frozen=True)
class Stored:
    """A schedule's values, with the secret in them."""

    args: list[Any]
    kwargs: dict[str, Any]
    headers: dict[str, Any]


def nested(key: str, secret: str) -> list[Any]:
    """Ways in which a value can hold a secret."""
    return [
        {key: secret},
        {"smtp": [{key: {"inner": [1, secret]}}]},
        {"env": {"name": key if " " not in key else "password", "value": secret}},
        {"command": ["sync", f"--{key if ' ' not in key else 'password'}", secret]},
        {"pairs": [["user", "ada"], ["api_key", secret]]},
        {"text": json.dumps({"days": 7, key: secret})},
        {"text": repr({"days": 7, key: secret})},
        {key: secret, "note": f"with {secret} inside"},
    ]


@st.composite
def stored(draw: st.DrawFn, secret: str) -> Stored:
    key = draw(keys)
    value = draw(st.sampled_from(nested(key, secret)))
    where = draw(st.sampled_from(["parameter", "args", "kwargs", "headers"]))
    return Stored(
        args=["ada", secret] if where == "parameter" else [value] if where == "args" else [],
        kwargs={"days": 7, **(value if where == "kwargs" else {})},
        headers=value if where == "headers" else {},
    )


def shows(text: str, secret: str) -> bool:
    """Says whether a text contains the secret in any form, even inside JSON or HTML."""
    plain = secret.strip()
    written = {plain, json.dumps(plain)[1:-1], json.dumps(plain, ensure_ascii=False)[1:-1], repr(plain)[1:-1]}
    again = {json.dumps(form)[1:-1] for form in written} | {
        json.dumps(form, ensure_ascii=False)[1:-1] for form in written
    }
    return any(form in text for one in written | again for form in (one, escape(one)))


@contextmanager
def everything_logged() -> Iterator[list[str]]:
    """Collects the lines of every logger of this process, at DEBUG."""
    lines: list[str] = []

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    root, handler = logging.getLogger(), Lines(logging.DEBUG)
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


class Colleague:
    """A superuser who looks at everything that people and scripts can see, and keeps it in `seen`."""

    def __init__(self) -> None:
        self.user = User.objects.create_superuser(f"ada-{uuid4()}")
        self.browser = Client()
        self.browser.force_login(self.user)
        self.token = tokens.issue(self.user, "CI")[1]
        self.seen: list[str] = []

    @property
    def admitted(self) -> Admitted:
        return admit(wiring.platform(), of_user(self.user))

    def opens_form(self, schedule: ScheduleId) -> dict[Field, str]:
        """Opens the form in Slack, on the page and by the API. Returns the values that Slack's unchanged form would send."""
        preview = see.preview(self.admitted, schedule)
        assert preview is not None
        view = modals.chosen(Metadata(place=PLACE, mark="m"), preview, nonce="12345678")
        self.seen += [json.dumps(view, ensure_ascii=False), repr(preview)]
        self.gets(f"/?schedule={schedule}")
        self.gets(f"/api/schedules/{schedule}")
        submission = payloads.submission(submitted(view))
        self.seen.append(repr(submission))
        return submission.values

    def looks_at(self, run: Run) -> None:
        for notice in Notice.objects.filter(run=run).select_related("run"):
            told = report(notice, Site(base_url="https://site.example"))
            self.seen += [json.dumps(messages.message(told), ensure_ascii=False), repr(told)]
        for address in (f"/runs/{run.pk}/", f"/api/runs/{run.pk}", f"/admin/runtask/run/{run.pk}/change/"):
            self.gets(address)

    def audits(self, run: Run) -> None:
        """Reads the audit log as `runtask audit --json` and the logger write it, and in the admin."""
        rows = records(run_id=run.pk)
        assert [row.action for row in rows] == ["run.asked", "run.sent", "run.ended", "run.ended"]
        self.seen += [json.dumps(audit.shown(row), ensure_ascii=False) for row in rows]
        for row in rows:
            self.gets(f"/admin/runtask/auditrecord/{row.pk}/change/")
        self.gets(f"/admin/runtask/auditrecord/?of_run={run.pk}")

    def gets(self, address: str) -> None:
        bearer = {"HTTP_AUTHORIZATION": f"Bearer {self.token}"} if address.startswith("/api/") else {}
        answer = self.browser.get(address, **bearer)  # type: ignore[arg-type]
        assert answer.status_code == 200, (address, answer)
        self.seen.append(answer.content.decode())


def report_outcome(run: Run, status: str, result: Any, traceback: str = "") -> None:
    """Stores an outcome as a worker does, and records it as the watcher does."""
    TaskResult.objects.update_or_create(
        task_id=run.task_id, defaults={"status": status, "result": json.dumps(result), "traceback": traceback}
    )
    finish.record(RowOutcomes().of(TaskId(run.task_id)), now=timezone.now(), deadline=1800, secret_keys=WORDS)


@pytest.fixture
def broker(db: None) -> Iterator[Any]:
    """A function that takes all messages from the broker, and returns the newest."""
    app = wiring.celery_app()
    app.control.purge()

    def take() -> Any:
        with app.connection_for_read() as connection:
            queue = connection.SimpleQueue("celery")
            while len(queue):  # an example that failed may have left other messages
                message = queue.get(block=False)
                message.ack()
            queue.close()
            return message

    yield take
    app.control.purge()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=EXAMPLES)
@given(st.data(), secrets)
def test_a_secret_leaves_the_process_only_in_the_message(broker: Any, data: st.DataObject, secret: str) -> None:
    values = data.draw(stored(secret))
    night, _ = CrontabSchedule.objects.get_or_create(minute="0", hour="2")
    row = PeriodicTask.objects.create(
        name=f"Log in {uuid4()}",
        task="tests.wire.log_in",
        crontab=night,
        args=json.dumps(values.args),
        kwargs=json.dumps(values.kwargs),
        headers=json.dumps(values.headers),
    )
    ada = Colleague()
    with everything_logged() as lines:
        typed = ada.opens_form(ScheduleId(row.pk))
        request = RunRequest(
            key=f"slack:{uuid4()}",
            schedule=ScheduleId(row.pk),
            args=typed[Field.ARGS],
            kwargs=typed[Field.KWARGS].replace('"days": 7', '"days": 30'),
            fingerprint=None,
        )
        ada.seen.append(repr(request))
        run = start.start(ada.admitted, request, Budget())
        whole = {"args": values.args, "kwargs": values.kwargs, "headers": values.headers}
        report_outcome(run, "PROGRESS", {"done": 1, "total": 3, "note": f"as {secret}", "values": whole})
        ada.looks_at(run)
        said = f"can't log in with {secret} ({whole!r}, {json.dumps(whole)}, {str(whole)!r})"
        report_outcome(
            run,
            "FAILURE",
            {"exc_type": "Refused", "exc_message": [said], "exc_module": "shop"},
            f"  File x\nRefused: {said}",
        )
        ada.looks_at(run)
        report_outcome(run, "SUCCESS", {"result": whole, "said": said})  # the run ends a second time
        ada.looks_at(run)
        ada.audits(run)
        ada.gets("/admin/runtask/run/")
        ada.gets("/admin/runtask/notice/")
    message = broker()
    args, kwargs, _ = message.payload
    assert (args, kwargs) == (values.args, {**values.kwargs, "days": 30})
    assert values.headers.items() <= message.headers.items()
    assert not shows("\n".join([*ada.seen, *lines]), secret)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=EXAMPLES)
@given(secrets, secrets)
def test_a_newly_typed_secret_is_not_shown_either(broker: Any, old: str, new: str) -> None:
    night, _ = CrontabSchedule.objects.get_or_create(minute="0", hour="2")
    row = PeriodicTask.objects.create(
        name=f"Log in {uuid4()}", task="tests.wire.log_in", crontab=night, args=json.dumps(["ada", old])
    )
    ada = Colleague()
    answer = ada.browser.post(
        "/api/runs",
        json.dumps({"schedule": row.pk, "args": ["ada", new], "kwargs": {"password2": MASK}}),
        "application/json",
        HTTP_AUTHORIZATION=f"Bearer {ada.token}",
    )
    assert answer.json()["problems"][0]["code"] == "mask_without_secret"
    answer = ada.browser.post(
        "/api/runs",
        json.dumps({"schedule": row.pk, "args": ["ada", new]}),
        "application/json",
        HTTP_AUTHORIZATION=f"Bearer {ada.token}",
    )
    assert answer.status_code == 201
    assert answer.json()["changes"] == ([] if old == new else [{"name": "argument 2", "old": MASK, "new": MASK}])
    ada.looks_at(Run.objects.get(pk=answer.json()["run"]))
    assert broker().payload[0] == ["ada", new]
    for text in ada.seen:
        assert not shows(text, old)
        assert not shows(text, new)


@given(st.data(), secrets)
def test_no_value_and_no_text_that_is_shown_holds_the_secret(data: st.DataObject, secret: str) -> None:
    """Tests the masking functions alone, so that many more values can be tried."""
    values = data.draw(stored(secret))
    whole = {"args": values.args, "kwargs": values.kwargs, "headers": values.headers}
    known = Secrets.of(WORDS, ("user", "password"), (values.args, values.kwargs), headers=values.headers)
    said = f"can't log in with {secret} ({whole!r}, {json.dumps(whole)}, {str(whole)!r})"
    texts = [said, readable(json.dumps({"done": 1, "note": secret, "values": whole}), "PROGRESS")]
    texts.append(readable(json.dumps({"result": whole, "said": said}), "SUCCESS"))
    call = {Field.ARGS: values.args, Field.KWARGS: values.kwargs}
    forms = {of: arguments.shown(json.dumps(value), of, known) for of, value in call.items()}
    seen = [*map(known.text, texts), *(form.text for form in forms.values()), json.dumps(known.value(values.headers))]
    assert not shows("\n".join(seen), secret)
    typed = {of: arguments.parse(form.text, of, known) for of, form in forms.items()}
    assert kept.with_secrets(typed, call, known, values.headers) == call
