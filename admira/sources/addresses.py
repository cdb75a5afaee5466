"""What may be said about a URL, and silence from the libraries that would say more."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from ipaddress import ip_address
from urllib.parse import urlsplit

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

_URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)

# The loggers that write the path and the query of every request.
_TALKATIVE = ("urllib3.connection", "urllib3.connectionpool", "urllib3.util.retry")

_PORTS = {"http": 80, "https": 443}

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


def has_credentials(url: str) -> bool:
    """Tell whether the URL names a user: ``https://user:password@host/``."""
    try:
        return urlsplit(url).username is not None
    except ValueError:
        return False


def may_follow(asked: str, target: str) -> bool:
    """Tell whether what one URL was trusted with may go to another: same scheme, host and port.

    A host may also lead from its plain port to its secure one, never back.  Both are read by the
    parser that opens the connections, so that no spelling means one host here and another there.

    Examples
    --------
    >>> may_follow("https://api.example.com/ads", "https://api.example.com:443/ads?after=2")
    True
    >>> may_follow("https://api.example.com/ads", "https://api.example.org/ads")
    False
    >>> may_follow("https://api.example.com/ads", "http://api.example.com/ads")
    False
    """
    try:
        (scheme, host, port), target_place = _place(asked), _place(target)
    except LocationParseError:
        return False
    allowed = {(scheme, host, port)}
    if (scheme, port) == ("http", _PORTS["http"]):
        allowed.add(("https", host, _PORTS["https"]))
    return host is not None and target_place in allowed


def _place(url: str) -> tuple[str | None, str | None, int | None]:
    """Give a URL's scheme, host and port."""
    parts = parse_url(url)
    return parts.scheme, parts.host, parts.port or _PORTS.get(parts.scheme or "")


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
