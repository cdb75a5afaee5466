"""A real HTTP server on this machine that plays a script and remembers what it was asked."""

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from admira.sources.http import HttpClient

# Short waits between tries, and times that a busy machine keeps, too.
QUICK = HttpClient(timeout_seconds=20, deadline_seconds=30, waits_seconds=(0.01, 0.02, 0.03))


@dataclass(frozen=True)
class Reply:
    """What the server does with one request.

    ``body`` is sent piece by piece; a number among the pieces is a pause in seconds.  ``length``
    is the ``Content-Length`` that is claimed, by default the true one; ``chunked`` sends chunks
    instead.  ``cut`` ends the connection without the last chunk; ``hang_up`` without an answer.
    """

    body: tuple[bytes | float, ...] = (b"[]",)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    wait_seconds: float = 0
    length: int | None = None
    chunked: bool = False
    cut: bool = False
    hang_up: bool = False


def reply_json(document: Any, **options: Any) -> Reply:
    """Reply with a JSON document."""
    return Reply((json.dumps(document).encode(),), **options)


@dataclass(frozen=True)
class Request:
    """What the server was asked, and when."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]
    at_seconds: float
    method: str = "GET"
    body: bytes = b""

    @property
    def json(self) -> Any:
        """The body, when it is JSON."""
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        """The body, when it is a form."""
        return dict(parse_qsl(self.body.decode()))


class Loopback:
    """A server that gives its replies in turn, the last one again and again."""

    def __init__(self, replies: Iterable[Reply]) -> None:
        self.requests: list[Request] = []
        self._replies = list(replies)
        self._turn = threading.Lock()
        self._stopped = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _handler_of(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def url(self) -> str:
        """The server's address, without a path."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def connections(self) -> int:
        """How many connections are open on the server's side."""
        return len(self._server.open)

    @property
    def host(self) -> str:
        """The server's host and port."""
        return f"127.0.0.1:{self._server.server_port}"

    def use_tls(self, context: ssl.SSLContext) -> None:
        """Speak TLS from now on."""
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    def play(self, *replies: Reply) -> None:
        """Begin a script, whose replies may name the server's own address."""
        with self._turn:
            self.requests.clear()
            self._replies = list(replies)

    def stop(self) -> None:
        """End every pause and every connection."""
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def take_turn(self, request: Request) -> Reply:
        """Remember a request and give its reply."""
        with self._turn:
            self.requests.append(request)
            return self._replies[min(len(self.requests), len(self._replies)) - 1]

    def pause(self, seconds: float) -> None:
        """Wait, but not longer than the server lives."""
        self._stopped.wait(seconds)


Serve = Callable[..., Loopback]


@contextmanager
def serving(*replies: Reply) -> Iterator[Loopback]:
    """Serve the replies for the length of a ``with`` block."""
    server = Loopback(replies)
    try:
        yield server
    finally:
        server.stop()


def closed_port() -> int:
    """Give a port of this machine on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 64

    def __init__(self, *args: Any) -> None:
        self.open: set[Any] = set()
        super().__init__(*args)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection, and count it."""
        self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """End a connection, and count it no longer."""
        self.open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that leaves early is what many tests are about."""


def _handler_of(loopback: Loopback) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        timeout = 5  # a client that forgets to close keeps us no longer than that

        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            reply = loopback.take_turn(
                Request(
                    asked.path,
                    dict(parse_qsl(asked.query)),
                    dict(self.headers),
                    time.monotonic(),
                    self.command,
                    self.rfile.read(int(self.headers.get("Content-Length", 0))),
                )
            )
            loopback.pause(reply.wait_seconds)
            self.close_connection = reply.cut or reply.hang_up or reply.length is not None
            if not reply.hang_up:
                self._answer(reply)

        do_POST = do_HEAD = do_GET  # noqa: N815 - the base class looks for these names

        def _answer(self, reply: Reply) -> None:
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            true_length = sum(len(piece) for piece in reply.body if isinstance(piece, bytes))
            if reply.chunked:
                self.send_header("Transfer-Encoding", "chunked")
            else:
                self.send_header("Content-Length", str(reply.length or true_length))
            self.end_headers()
            for piece in reply.body:
                if isinstance(piece, bytes):
                    self.wfile.write(
                        b"%x\r\n%b\r\n" % (len(piece), piece) if reply.chunked else piece
                    )
                    self.wfile.flush()
                else:
                    loopback.pause(piece)
            if reply.chunked and not reply.cut:
                self.wfile.write(b"0\r\n\r\n")

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    return Handler
