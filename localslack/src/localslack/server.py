"""The aiohttp server: Web API, Socket Mode, response_urls, control API and the page."""

from pathlib import Path
from urllib.parse import urlencode

from aiohttp import web
from aiohttp.typedefs import Handler

from localslack import api, response_urls
from localslack.access import Refused, find_person, find_workspace
from localslack.control import People
from localslack.control_apps import Apps
from localslack.control_setup import Setup
from localslack.slack import Slack

_PAGE = Path(__file__).with_name("page")
_MAX_BODY = 8 * 1024 * 1024
_SHUTDOWN_SECONDS = 0.3
LOOPBACK = frozenset({"127.0.0.1", "localhost"})


def application(slack: Slack) -> web.Application:
    """All routes."""

    async def call_api(request: web.Request) -> web.StreamResponse:
        return await api.handle(slack, request)

    async def use_hook(request: web.Request) -> web.StreamResponse:
        return await response_urls.handle(slack, request)

    async def stream(request: web.Request) -> web.StreamResponse:
        try:
            workspace = find_workspace(slack, dict(request.query))
            person = find_person(workspace, request.query.get("user"))
            return await slack.shared.hub.serve(request, workspace.team.id, person.id)
        except Refused as refusal:
            return web.json_response({"ok": False, "error": refusal.error}, status=refusal.status)

    async def open_socket(request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        app = next((one for one in slack.apps.values() if one.sockets.take(ticket)), None)
        return await app.sockets.serve(request) if app else web.Response(status=401, text="invalid ticket")

    async def close(_app: web.Application) -> None:
        await slack.close()

    app = web.Application(client_max_size=_MAX_BODY, middlewares=[_own_pages_only])
    app.add_routes(
        [
            web.route("*", "/api/{method}", call_api),
            web.get("/link", open_socket),
            web.get("/link/", open_socket),
            web.post("/hooks/{kind}/{path:.+}", use_hook),
            web.get("/control/stream", stream),
            web.get("/archives/{channel}/{ts}", _permalink),
            web.get("/{team}/archives/{channel}/{ts}", _permalink),
            *People(slack).routes(),
            *Apps(slack).routes(),
            *Setup(slack).routes(),
            web.get("/", _index),
        ]
    )
    if _PAGE.is_dir():
        app.router.add_static("/static", _PAGE)
    app.on_response_prepare.append(_never_stale)
    app.on_shutdown.append(close)
    return app


async def start(slack: Slack, host: str, port: int) -> web.AppRunner:
    """Listen, and tell `slack` its own address. Raises OSError if the port can't be used."""
    runner = web.AppRunner(application(slack), access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
    await runner.setup()
    site = web.TCPSite(runner, host, port)
    try:
        await site.start()
    except OSError:
        await runner.cleanup()
        raise
    slack.shared.base_url = f"http://{host}:{runner.addresses[0][1]}"
    return runner


@web.middleware
async def _own_pages_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse requests of other web pages. Every page in the same browser could send them (CSRF, DNS rebinding)."""
    host = request.url.host
    origin = request.headers.get("Origin")
    if host not in LOOPBACK or origin not in (None, f"http://{request.host}"):
        raise web.HTTPForbidden(text="The local Slack serves its own page and programs on this computer only.")
    return await handler(request)


async def _never_stale(_request: web.Request, response: web.StreamResponse) -> None:
    """Make browsers ask again each time. Otherwise they mix modules from before and after an upgrade."""
    response.headers.setdefault("Cache-Control", "no-cache")


async def _index(_request: web.Request) -> web.StreamResponse:
    index = _PAGE / "index.html"
    return web.FileResponse(index) if index.is_file() else web.Response(text="The local Slack is running.")


async def _permalink(request: web.Request) -> web.StreamResponse:
    """Redirect a permalink to the page, which shows the message."""
    digits = request.match_info["ts"].removeprefix("p")
    query = {"channel": request.match_info["channel"], "ts": f"{digits[:-6]}.{digits[-6:]}"}
    if "team" in request.match_info:
        query["team"] = request.match_info["team"]
    if "thread_ts" in request.query:
        query["thread_ts"] = request.query["thread_ts"]
    raise web.HTTPFound("/?" + urlencode(query))
