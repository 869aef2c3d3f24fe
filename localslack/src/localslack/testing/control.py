"""A client for the control API. It needs only the standard library."""

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

Json = dict[str, Any]
TIMEOUT = 30.0
# The proxies of the environment must not stand between the tests and this computer.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Control:
    """Talks to the local Slack at `url`, which may run in any process of this computer."""

    def __init__(self, url: str = "") -> None:
        self.url = url

    def control(self, path: str, **body: Any) -> Json:
        """POST to the control API. Returns the answer as it is, errors included."""
        return self.request("POST", path, body)

    def done(self, path: str, **body: Any) -> Json:
        """POST to the control API, which must succeed."""
        answer = self.control(path, **body)
        assert answer["ok"], answer
        return answer

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
