"""A small HTTP client that keeps its connections. A heavier one would hide the differences between servers."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from bench.setups import SECRET

FORM = "application/x-www-form-urlencoded"


class Unexpected(Exception):
    """An answer with an error."""


@dataclass(frozen=True)
class Answer:
    """An answer. `sent`: when the request was sent. `at`: when the answer was complete."""

    sent: float
    at: float
    status: int
    headers: list[tuple[str, str]]
    body: bytes


@dataclass
class Client:
    """A client. It has as many connections as requests that are under way at the same time."""

    port: int
    _idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(default_factory=list)

    async def request(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        """Send a request. Raises Unexpected for a status of 400 or more."""
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        message = ("\r\n".join(lines) + "\r\n\r\n").encode() + body
        while (answer := await self._attempt(message)) is None:
            pass
        if answer.status >= 400:
            raise Unexpected(f"{method} {path}: {answer.status} {answer.body[:300]!r}")
        return answer

    async def _attempt(self, message: bytes) -> Answer | None:
        """The answer. None: the server has just closed the kept connection."""
        reader, writer = await self._connection()
        sent = time.monotonic()
        writer.write(message)
        try:
            answer = await _read(reader, sent)
        except (asyncio.IncompleteReadError, ConnectionResetError):
            writer.close()
            return None
        if ("connection", "close") in answer.headers:
            writer.close()
        else:
            self._idle.append((reader, writer))
        return answer

    async def slack(self, path: str, payload: Mapping[str, Any]) -> Answer:
        """Send a signed request like Slack: a command as a form, anything else as JSON in a form."""
        fields = payload if "command" in payload else {"payload": json.dumps(payload)}
        body = urlencode(fields).encode()
        stamp = str(int(time.time()))
        digest = hmac.new(SECRET.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
        signed = {"X_Slack_Request_Timestamp": stamp, "X_Slack_Signature": f"v0={digest}"}
        return await self.request("POST", path, body, Content_Type=FORM, **signed)

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()
        return await asyncio.open_connection("127.0.0.1", self.port, limit=4_000_000)


async def _read(reader: asyncio.StreamReader, sent: float) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = [
        (name.strip().lower(), value.strip()) for name, _, value in (line.partition(":") for line in head[1:] if line)
    ]
    named = dict(headers)
    if named.get("transfer-encoding") == "chunked":
        body = await _chunks(reader)
    else:
        body = await reader.readexactly(int(named.get("content-length", 0)))
    lowered = [(name, value.lower() if name == "connection" else value) for name, value in headers]
    return Answer(sent, time.monotonic(), int(head[0].split()[1]), lowered, body)


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts = []
    while size := int(await reader.readuntil(b"\r\n"), 16):
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
    await reader.readexactly(2)
    return b"".join(parts)
