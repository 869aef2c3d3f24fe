"""A visitor who uses a site over plain HTTP, like a browser without JavaScript: cookies, forms, redirects."""

import http.cookiejar
import json
import re
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from html import unescape
from typing import Any

INPUT = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
TEXTAREA = re.compile(r'<textarea[^>]* name="([^"]+)"[^>]*>\n?([^<]*)</textarea>')
TIMEOUT = 30.0


def _opener() -> urllib.request.OpenerDirector:
    cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    return urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies)


@dataclass
class Visitor:
    """A visitor of the site `url`, who remembers the open page and its address."""

    url: str
    page: str = ""
    address: str = ""
    _opener: urllib.request.OpenerDirector = field(default_factory=_opener)

    def opens(self, path: str) -> str:
        return self._asks(urllib.parse.urljoin(self.address or self.url, path))

    def sends(self, path: str = "", **fields: str) -> str:
        """Sends the form of the open page, with its own values except for `fields`."""
        held = {name: unescape(value) for name, value in INPUT.findall(self.page) + TEXTAREA.findall(self.page)}
        return self._asks(urllib.parse.urljoin(self.address, path), urllib.parse.urlencode(held | fields).encode())

    def reads(self, path: str) -> Any:
        """Reads an address that returns JSON. The open page stays the same."""
        with self._opener.open(urllib.parse.urljoin(self.address, path), timeout=TIMEOUT) as answer:
            return json.load(answer)

    def _asks(self, address: str, data: bytes | None = None) -> str:
        with self._opener.open(urllib.request.Request(address, data), timeout=TIMEOUT) as answer:
            self.address, self.page = answer.geturl(), answer.read().decode()
        return self.page
