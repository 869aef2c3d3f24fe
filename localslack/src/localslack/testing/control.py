"""The local Slack's control API for tests, on the standard library alone."""

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

Json = dict[str, Any]
TIMEOUT = 30.0
# No proxy of the environment between the tests and this computer's own port.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Control:
    """Asks a local Slack at `url`, which may run anywhere on this computer."""

    def __init__(self, url: str = "") -> None:
        self.url = url

    def control(self, path: str, **body: Any) -> Json:
        """POST to the control API; the answer as it is, errors included."""
        return self.request("POST", path, body)

    def look(self, path: str, **query: Any) -> Json:
        """GET from the control API."""
        given = {name: value for name, value in query.items() if value is not None}
        return self.request("GET", f"{path}?{urllib.parse.urlencode(given)}")

    def request(self, method: str, path: str, body: Json | None = None) -> Json:
        """Any request to the control API."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        url = f"{self.url}/control/{path}"
        try:
            with OPENER.open(urllib.request.Request(url, data, headers, method=method), timeout=TIMEOUT) as answer:
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            with error:
                return dict(json.load(error))
