"""A bot that reaches Slack only through an HTTP proxy, as in many companies."""

import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from localslack.testing import LocalSlack
from tests.e2e.platform import Platform
from tests.wire.form import opened
from tests.wire.test_thread import all_words, finished

pytestmark = pytest.mark.nightly


class Forward(BaseHTTPRequestHandler):
    """A proxy (RFC 9110, section 7.6): plain requests are passed on, CONNECT makes a tunnel."""

    seen: set[str]
    tls: ssl.SSLContext

    def do_CONNECT(self) -> None:  # http.server's name
        self.seen.add("CONNECT")
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port))) as target:
            self.send_response(200)
            self.end_headers()
            self._pump(target)

    def do_POST(self) -> None:  # http.server's name
        self.seen.add("POST")
        parts = urlsplit(self.path)
        headers = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items() if name != "Connection")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with socket.create_connection((str(parts.hostname), parts.port or 80)) as target:
            target.sendall(f"POST {parts.path} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n".encode() + body)
            while data := target.recv(65_536):
                self.wfile.write(data)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Logs nothing."""

    def _pump(self, target: socket.socket) -> None:
        """In a tunnel, the client always speaks TLS. The local Slack doesn't, so the tunnel terminates TLS."""
        with self.tls.wrap_socket(self.connection, server_side=True) as client:
            back = threading.Thread(target=_copy, args=(target, client), daemon=True)
            back.start()
            _copy(client, target)
            back.join(10)


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):  # either side may close the connection
        while data := source.recv(65_536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A file with the key and the self-signed certificate of the proxy's tunnel."""
    file = tmp_path / "proxy.pem"
    openssl = shutil.which("openssl")
    assert openssl, "needs openssl (Debian: apt-get install openssl)"
    what = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(file), "-out", f"{file}.crt"]
    subprocess.run([openssl, *what, *names], check=True, capture_output=True)
    file.write_text(file.read_text() + Path(f"{file}.crt").read_text())
    return file


@pytest.fixture
def proxy(certificate: Path) -> Iterator[tuple[str, set[str]]]:
    """The proxy's address, and the HTTP methods of the requests that it got."""
    seen: set[str] = set()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Seeing", (Forward,), {"seen": seen, "tls": tls}))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", seen
    server.shutdown()
    server.server_close()


def test_a_run_is_started_and_followed_to_its_end_through_a_proxy(
    slack: LocalSlack, tmp_path: Path, certificate: Path, proxy: tuple[str, set[str]]
) -> None:
    address, seen = proxy
    trusted = {"SSL_CERT_FILE": f"{certificate}.crt"}
    with Platform(tmp_path, slack, HTTP_PROXY=address, HTTPS_PROXY=address, **trusted) as platform:
        platform.schedules({"name": "Nightly report", "task": "tests.wire.report", "kwargs": '{"days": 7}'})
        platform.start_worker()
        platform.start_bot()
        ana = slack.person("U0ANA")
        opened(slack, ana, "/runtask nightly")
        assert ana.submits()["closed"]
        _, [_, final] = finished(slack, ana)
        assert "SUCCESS" in all_words(final)
        platform.stop("slack")
    assert seen == {"CONNECT", "POST"}
