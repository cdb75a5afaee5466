"""What may be said about a URL, and silence from the libraries that would say more."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from ipaddress import ip_address
from urllib.parse import urlsplit

_URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)

# The loggers that write the path and the query of every request.
_TALKATIVE = ("urllib3.connection", "urllib3.connectionpool", "urllib3.util.retry")

_silent: ContextVar[bool] = ContextVar("admira_urls_are_silent", default=False)


def is_url(text: str) -> bool:
    """Tell whether the text is a URL of any scheme, rather than a path."""
    return _URL.match(text) is not None


def host_of(url: str) -> str:
    """Give the host and port, for messages and logs: no credentials, no path, no query.

    Examples
    --------
    >>> host_of("https://me:secret@api.example.com:8443/ads?token=secret")
    'api.example.com:8443'
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "the address given"
    if not host:
        return "the address given"
    shown = f"[{host}]" if ":" in host else host
    return shown if port is None else f"{shown}:{port}"


def label_of(url: str) -> str:
    """Give scheme, host and path, to tell one source from another in a report.

    Examples
    --------
    >>> label_of("https://me:secret@api.example.com/ads/performance?token=secret")
    'https://api.example.com/ads/performance'
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return host_of(url)
    return f"{parts.scheme}://{host_of(url)}{parts.path.split(';')[0]}"


def is_loopback(url: str) -> bool:
    """Tell whether the URL means this machine, which a proxy elsewhere cannot reach."""
    try:
        name = urlsplit(url).hostname or ""
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


@contextmanager
def urls_kept_out_of_logs() -> Iterator[None]:
    """Keep urllib3's own log lines, which spell out queries, silent for this thread's calls."""
    for name in _TALKATIVE:
        logging.getLogger(name).addFilter(_may_speak)
    token = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(token)


def _may_speak(_record: logging.LogRecord) -> bool:
    return not _silent.get()
