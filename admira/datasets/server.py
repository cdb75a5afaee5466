"""The demo data served over HTTP on this machine, as an ads API and a CRM API would."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import NamedTuple
from urllib.parse import urlsplit

from admira.datasets.demo import Demo


class Served(NamedTuple):
    """Where the two APIs answer while the data is served."""

    ads_url: str
    crm_url: str


@contextmanager
def serve(demo: Demo) -> Iterator[Served]:
    """Serve demo data on a free port of 127.0.0.1 until the block ends.

    Parameters
    ----------
    demo : Demo
        What to serve.

    Yields
    ------
    Served
        The URLs of ads and CRM.

    Examples
    --------
    >>> import admira
    >>> from admira.datasets import serve, worked_example
    >>> with serve(worked_example()) as api:
    ...     len(admira.extract_ads(api.ads_url))
    4
    """
    bodies = {
        "/ads": json.dumps(demo.ads_envelope).encode(),
        "/crm": json.dumps(demo.crm_envelope).encode(),
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = bodies.get(urlsplit(self.path).path)
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            """Keep the terminal quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            address = f"http://127.0.0.1:{server.server_port}"
            yield Served(f"{address}/ads", f"{address}/crm")
        finally:
            server.shutdown()
            thread.join()
