"""Serves a browser on this machine: the files of the report, read-only, and the progress of runs as JSON.

It listens on the loopback address only. Pages from other sites in the same browser cannot read it either: requests with
a foreign Host header are refused (DNS rebinding), no other origin may embed or fetch the responses, and no request can
change anything. With a demonstration it also takes questions, of bounded size, from its own pages alone.
"""

from __future__ import annotations

import errno
import json
import mimetypes
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from harness.errors import UserError
from harness.serve.demo import LARGEST_FILE, LONGEST_TEXT, Demo
from harness.serve.watch import StoreWatch, page_part

HOST = "127.0.0.1"

_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_TYPES = {".md": "text/plain", ".tex": "text/plain", ".csv": "text/csv"}
_TEXT = ("text/", "application/json", "image/svg+xml")
_TIMEOUT_S = 30.0


class Server(ThreadingHTTPServer):
    """The server of one report.

    Args:
        watch: the report.
        port: to listen on; 0: any free one.
        demo: answers questions; None: there is no demonstration.

    Raises:
        UserError: the port is taken or not allowed.
    """

    daemon_threads = True

    def __init__(self, watch: StoreWatch, port: int, demo: Demo | None = None) -> None:
        self.watch, self.demo = watch, demo
        try:
            super().__init__((HOST, port), _Handler)
        except OverflowError as error:
            raise UserError(f"--port {port} is not a valid port: it must be between 0 and 65535.") from error
        except OSError as error:
            why = {
                errno.EADDRINUSE: f"Port {port} of {HOST} is in use by another program",
                errno.EACCES: f"Port {port} of {HOST} may not be used by this user",
            }.get(error.errno or 0, f"Port {port} of {HOST} cannot be listened on ({error.strerror})")
            raise UserError(f"{why}: choose another, for example --port 8080, or --port 0 for any free one.") from error
        self.hosts = {f"{name}:{self.port}" for name in (HOST, "localhost")}
        if self.port == 80:
            self.hosts |= {HOST, "localhost"}

    def server_bind(self) -> None:
        """Bind without a name server lookup of this machine's name."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.port

    @property
    def port(self) -> int:
        """The port the server listens on."""
        return int(self.server_address[1])

    @property
    def address(self) -> str:
        """The address for a browser."""
        return f"http://{HOST}:{self.port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore a browser that disconnected."""


class _Handler(BaseHTTPRequestHandler):
    """GET and HEAD of known paths; everything else is refused."""

    server: Server
    timeout = _TIMEOUT_S

    def version_string(self) -> str:
        """The server name in responses."""
        return "harness"

    def do_GET(self) -> None:
        """The file, or the JSON."""
        self._answer(body=True)

    def do_HEAD(self) -> None:
        """The same without the body."""
        self._answer(body=False)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):  # any other method
            return self._refuse_method
        raise AttributeError(name)

    def _answer(self, *, body: bool) -> None:
        if (self.headers.get("Host") or "").lower() not in self.server.hosts:
            self._send(HTTPStatus.FORBIDDEN, f"Ask for {self.server.address}\n".encode(), "text/plain", body)
            return
        path = unquote(urlsplit(self.path).path)
        if path == "/live.json":
            live = self.server.watch.live() | {"demo": self.server.demo is not None}
            text = json.dumps(live, allow_nan=False)
            self._send(HTTPStatus.OK, text.encode(), "application/json", body)
            return
        if self.server.demo is not None and path in ("/demo.html", "/demo.json"):
            self._send_demo(self.server.demo, path, body)
            return
        if path == "/favicon.ico":  # browsers request it and would report an error
            self._send(HTTPStatus.NO_CONTENT, b"", "image/png", body)
            return
        path = "/index.html" if path == "/" else path
        found = self.server.watch.version.files.get(path)  # anything else is not found
        if found is None:
            self._send(HTTPStatus.NOT_FOUND, b"There is no such page.\n", "text/plain", body)
            return
        ending = path[path.rfind(".") :]
        self._send(HTTPStatus.OK, found, _TYPES.get(ending) or mimetypes.types_map.get(ending, "text/plain"), body)

    def _send_demo(self, demo: Demo, path: str, body: bool) -> None:
        if path == "/demo.html":
            self._send(HTTPStatus.OK, page_part("demo.html"), "text/html", body)
            return
        tasks = [{"name": one.name, "kind": one.kind, "models": list(one.models)} for one in demo.tasks()]
        self._send(HTTPStatus.OK, json.dumps(tasks).encode(), "application/json", body)

    def do_POST(self) -> None:
        """The answers to a question on the page of the demonstration."""
        demo, url = self.server.demo, urlsplit(self.path)
        if demo is None or url.path != "/demo/answer":
            self._refuse_method()
            return
        self.close_connection = True
        host = (self.headers.get("Host") or "").lower()
        # The type makes a browser ask before it sends this for another site, and nobody answers that.
        own = host in self.server.hosts and self.headers.get("Origin") == f"http://{host}"
        if not own or self.headers.get("Content-Type") != "application/octet-stream":
            self._send(HTTPStatus.FORBIDDEN, b"Ask on the page of the demonstration.\n", "text/plain", True)
            return
        given = parse_qs(url.query)
        try:
            task = demo.question(given.get("task", [""])[0])
            content = self._content(LONGEST_TEXT if task.kind == "text" else LARGEST_FILE)
            found: Any = {"answers": demo.answer(task, content, given.get("file", [""])[0])}
        except UserError as error:
            found = {"error": str(error)}
        self._send(HTTPStatus.OK, json.dumps(found).encode(), "application/json", True)

    def _content(self, most: int) -> bytes:
        """The body of the request.

        Raises:
            UserError: it is too long, or its length is not said.
        """
        length = self.headers.get("Content-Length") or ""
        if not length.isdecimal() or int(length) > most:
            raise UserError(f"A question may have at most {most:,} bytes.")
        return self.rfile.read(int(length))

    def _refuse_method(self) -> None:
        self.close_connection = True
        self._send(HTTPStatus.METHOD_NOT_ALLOWED, b"This server is read-only.\n", "text/plain", True, Allow="GET, HEAD")

    def _send(self, status: HTTPStatus, content: bytes, kind: str, body: bool, **headers: str) -> None:
        self.send_response(status)
        charset = "; charset=utf-8" if kind.startswith(_TEXT) else ""
        for name, value in {
            "Content-Type": kind + charset,
            "Content-Length": str(len(content)),
            "Content-Security-Policy": _POLICY,
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
            **headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: the terminal belongs to the sweep."""
