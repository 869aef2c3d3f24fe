"""Provides what each experiment needs: a set-up, a stub of Slack, and the processes of its contestants."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from bench import http, payloads, stub
from bench.modes import Mode
from bench.processes import PATIENCE, Broken, Processes, free_port
from bench.results import OURS
from bench.setups import WORK, Setup
from bench.stub import Call, Json, Stub

THREADS = "8"  # threads of a web worker, for all contestants
# Sends one of Slack's requests. Returns when it was sent, when it was acknowledged, and the acknowledgement's body.
Press = Callable[[str, Json], Awaitable[tuple[float, float, Json]]]


@dataclass
class Stage:
    setup: Setup
    mode: Mode
    stub: Stub
    processes: Processes

    def environment(self, name: str, size: str = "big", **more: str) -> dict[str, str]:
        return {**self.setup.environment(name, self.stub.api_url, size), **more}

    async def socket_mode(self, name: str, *arguments: str, **environment: str) -> Press:
        """Start Python with `arguments` and wait for its connection in Socket Mode. Raises Broken."""
        self.processes.start(name, self.environment(name, **environment), *arguments)
        await self._connected(name)

        async def press(kind: str, payload: Json) -> tuple[float, float, Json]:
            return await self.stub.push(name, kind, payload)

        return press

    async def _connected(self, name: str) -> None:
        try:
            await self.stub.connected(name, PATIENCE)
        except TimeoutError:
            raise Broken(f"{name} never connected: {self.processes.log(name)}") from None

    async def runtask(self, *arguments: str) -> None:
        """Run a command of runtask to its end. Raises Broken."""
        command = (sys.executable, "-m", "bot", *arguments)
        with (self.processes.folder / "commands.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(*command, env=self.environment(OURS), stdout=log, stderr=log)
        if await process.wait():
            raise Broken(f"runtask {' '.join(arguments)}: see commands.log")

    async def site(self, name: str, settings: str = "bot.settings", **environment: str) -> http.Client:
        """Start gunicorn with one process."""
        port = free_port()
        options = ["--bind", f"127.0.0.1:{port}", "--worker-class", "gthread", "--threads", THREADS]
        environment |= {"DJANGO_SETTINGS_MODULE": settings}
        self.processes.start(name, self.environment(name, **environment), "-m", "gunicorn", "bot.wsgi", *options)
        await self.processes.listening(name, port)
        return http.Client(port)

    @asynccontextmanager
    async def inside(self, name: str, module: str, size: str = "big") -> AsyncIterator["Inside"]:
        """Start `python -m bench.inside MODULE`, which answers the questions on its standard input."""
        with (self.processes.folder / f"{name}.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bench.inside", module),
                env=self.environment(name, size),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        try:
            yield Inside(name, process)
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


@dataclass
class Inside:
    """A process that gets questions and answers them, each in a line of JSON."""

    name: str
    process: asyncio.subprocess.Process

    async def ask(self, *question: Any) -> Any:
        """Ask a question. Returns the answer. Raises Broken if the process ends."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(question).encode() + b"\n")
        line = await self.process.stdout.readline()
        if not line:
            raise Broken(f"{self.name} died when asked for {question}: see its log")
        return json.loads(line)


@asynccontextmanager
async def meanwhile(endless: Coroutine[Any, Any, None]) -> AsyncIterator["asyncio.Task[None]"]:
    """Run the coroutine until the end of the block. If it fails, its error is raised there."""
    task = asyncio.create_task(endless)
    try:
        yield task
        if task.done():
            task.result()
    finally:
        task.cancel()


def over_http(client: http.Client, path: str) -> Press:
    async def press(_: str, payload: Json) -> tuple[float, float, Json]:
        answer = await client.slack(path, payload)
        return answer.sent, answer.at, json.loads(answer.body) if answer.body.startswith(b"{") else {}

    return press


@asynccontextmanager
async def stage(setup: Setup, mode: Mode) -> AsyncIterator[Stage]:
    """Set the stage for an experiment. At the end, stop all processes that it has started."""
    async with stub.running() as slack:
        processes = Processes(WORK / "logs" / setup.name)
        try:
            yield Stage(setup, mode, slack, processes)
        finally:
            await asyncio.to_thread(processes.stop_all)


async def opened(
    scene: Stage, press: Press, client: int, text: str = "", **where: str
) -> tuple[Json, float, float, float]:
    """Type the command. Returns the form, and the times of the command, its acknowledgement, and the form."""
    trigger = f"t{scene.stub.number()}"
    arrival = scene.stub.expect(trigger)
    typed = payloads.command(trigger, payloads.person(client), text, **where)
    sent, acknowledged, _ = await press("slash_commands", typed)
    call: Call = await arrival
    return call.arguments["view"], sent, acknowledged, call.at


async def form(scene: Stage, press: Press, text: str, **where: str) -> Json:
    """The first person's form with the schedule named `text`. Raises Broken if none is opened for a while."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        view, *_ = await opened(scene, press, 0, text, **where)
        if len(view["blocks"]) > 3:
            return view
        await asyncio.sleep(0.2)
    raise Broken(f"no form with {text!r}")
