"""Measures the command, a selection, and Run over the network, as Slack sends them."""

import re
from collections.abc import Mapping
from itertools import count
from urllib.parse import urlencode

from bench import payloads
from bench.goals import AGAIN
from bench.http import FORM, Client
from bench.load import Operation, rounds
from bench.processes import Broken
from bench.results import OURS, Series, single
from bench.setups import SECRET
from bench.stage import Press, Stage, form, opened, over_http
from bench.stub import Json

WAYS = {"socket": "Socket Mode", "http": "HTTP"}
BARE = ("open", "default")
SLOW = "Slack taking 1 s for an answer"


async def command(scene: Stage) -> list[Series]:
    """The times from the command to its acknowledgement, and to views.open."""
    socket = {
        OURS: await scene.socket_mode(OURS, "-m", "bot", "slack"),
        **{name: await scene.socket_mode(name, "-m", "bench.apps.socket_mode", name) for name in BARE},
    }
    site, bare = await scene.site(f"{OURS}-http"), await scene.site("bare", "bench.apps.bare")
    web = {OURS: over_http(site, "/slack/events")}
    web |= {name: over_http(bare, f"/{name}") for name in BARE}
    found = []
    for way, presses in (("socket", socket), ("http", web)):
        operations = {name: opening(scene, press) for name, press in presses.items()}
        operations[f"{AGAIN}open"] = operations["open"]
        found += await rounds(f"command/{way}", operations, scene.mode)
    return found


def opening(scene: Stage, press: Press) -> Operation:
    async def operation(client: int) -> Mapping[str, float]:
        _, sent, acknowledged, arrived = await opened(scene, press, client)
        return {"ack": (acknowledged - sent) * 1000, "open": (arrived - sent) * 1000}

    return operation


async def selection(scene: Stage) -> list[Series]:
    """The time from a selection to views.update."""
    ours = await scene.socket_mode(OURS, "-m", "bot", "slack")
    bare = await scene.socket_mode("update", "-m", "bench.apps.socket_mode", "update")
    site, bare_site = await scene.site(f"{OURS}-http"), await scene.site("bare", "bench.apps.bare")
    shown = await form(scene, ours, schedule(7))
    found = []
    for way, presses in (
        ("socket", {OURS: ours, "update": bare}),
        ("http", {OURS: over_http(site, "/slack/events"), "update": over_http(bare_site, "/update")}),
    ):
        operations = {name: selecting(scene, press, shown) for name, press in presses.items()}
        operations[f"{AGAIN}update"] = operations["update"]
        found += await rounds(f"selection/{way}", operations, scene.mode)
    return found


def selecting(scene: Stage, press: Press, shown: Json) -> Operation:
    """An operation that selects another schedule each time."""
    options = [_option(number) for number in range(1, scene.mode.schedules + 1)]
    empty = {**shown, "blocks": shown["blocks"][:1]}

    async def operation(_: int) -> Mapping[str, float]:
        number = scene.stub.number()
        view = f"V{number}"
        arrival = scene.stub.expect(view)
        body = payloads.selection(empty, view, payloads.person(0), options[number * 7919 % len(options)])
        sent, acknowledged, _body = await press("interactive", body)
        call = await arrival
        return {"ack": (acknowledged - sent) * 1000, "update": (call.at - sent) * 1000}

    return operation


async def submission(scene: Stage) -> list[Series]:
    """The time from Run until the form has closed, also while Slack is slow. For the page and beat's action, until the answer."""
    ours = await scene.socket_mode(OURS, "-m", "bot", "slack")
    site, page = await scene.site(f"{OURS}-http"), await scene.site("page", "bench.apps.page")
    cookies = await logged_in(page)
    operations = {
        OURS: await submitting(scene, ours),
        f"{OURS} over HTTP": await submitting(scene, over_http(site, "/slack/events")),
        "page": posting(page, "/run", cookies, {"task": "bench.report", "kwargs": '{"days": 30}'}),
        "beat's admin action": posting(
            page,
            "/admin/django_celery_beat/periodictask/?q=report+7",
            cookies,
            {"action": "run_tasks", "_selected_action": "8"},
        ),
    }
    operations[f"{AGAIN}page"] = operations["page"]
    patient = {name: _with_slack_taking(scene, delay, operations[OURS]) for name, delay in ((OURS, 0.0), (SLOW, 1.0))}
    accepted, found = count(), list[Series]()
    async with scene.inside("rows", "rows") as rows:
        before = await rows.ask("waiting")
        for experiment, contestants in (("submission", operations), ("submission/slow", patient)):
            counted = {name: _counting(operation, accepted) for name, operation in contestants.items()}
            found += await rounds(experiment, counted, scene.mode)
        if not any(one.what == "closed" and one.contestant == OURS for one in found):
            raise Broken(f"no submission was accepted: {scene.processes.log(OURS)[-2000:]}")
        lost = abs(before + next(accepted) - await rows.ask("waiting"))
        await rows.ask("forget", payloads.SUBMITTED)
    return [*found, single("submission", "lost or doubled", OURS, [lost], "messages")]


def _counting(operation: Operation, accepted: "count[int]") -> Operation:
    """The operation, with a count of accepted submissions. In the end, the broker must have the same number of messages."""

    async def counted(client: int) -> Mapping[str, float]:
        taken = await operation(client)
        if "closed" in taken:
            next(accepted)
        return taken

    return counted


async def submitting(scene: Stage, press: Press) -> Operation:
    shown, person = await form(scene, press, schedule(7)), payloads.person(0)

    async def operation(_: int) -> Mapping[str, float]:
        body = payloads.submission(shown, f"V{scene.stub.number()}", person)
        sent, acknowledged, answer = await press("interactive", body)
        if answer:
            return {"refused": (acknowledged - sent) * 1000}
        return {"closed": (acknowledged - sent) * 1000}

    return operation


def _with_slack_taking(scene: Stage, delay: float, operation: Operation) -> Operation:
    async def slowly(client: int) -> Mapping[str, float]:
        scene.stub.delay = delay
        return await operation(client)

    return slowly


def posting(client: Client, path: str, cookies: str, fields: Mapping[str, str]) -> Operation:
    token = re.search(r"csrftoken=(\w+)", cookies)
    body = urlencode(fields).encode()
    headers = {"Cookie": cookies, "X_CSRFToken": token[1] if token else "", "Content_Type": FORM}

    async def operation(_: int) -> Mapping[str, float]:
        answer = await client.request("POST", path, body, **headers)
        return {"closed": (answer.at - answer.sent) * 1000}

    return operation


async def logged_in(client: Client) -> str:
    """The cookies of ana, a staff user."""
    login = "/admin/login/"
    jar: dict[str, str] = {}
    _keep(jar, (await client.request("GET", login)).headers)
    fields = {"username": "ana", "password": SECRET, "csrfmiddlewaretoken": jar["csrftoken"]}
    body = urlencode(fields).encode()
    answer = await client.request("POST", login, body, Cookie=_sent(jar), Content_Type=FORM)
    _keep(jar, answer.headers)
    return _sent(jar)


def _keep(jar: dict[str, str], headers: list[tuple[str, str]]) -> None:
    for name, value in headers:
        if name == "set-cookie":
            key, _, rest = value.partition("=")
            jar[key] = rest.partition(";")[0]


def _sent(jar: Mapping[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in jar.items())


def schedule(number: int) -> str:
    """The name of a schedule, as in bench.inside.fill."""
    return f"Team {number % 37} {'nightly' if number % 7 == 0 else 'hourly'} report {number}"


def _option(number: int) -> Json:
    """The picker's option for a schedule. The id of schedule 1 is 2, because the schedules' prototype had the id 1."""
    text = {"type": "plain_text", "text": schedule(number)}
    return {"text": text, "value": str(number + 1), "description": {"type": "plain_text", "text": "bench.report"}}
