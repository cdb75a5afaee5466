"""Why a try at an API failed, in words, and whether another try can help."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from requests import exceptions as broken
from urllib3 import exceptions as broken_below

from admira.errors import SourceError, SourceRejected, SourceUnavailable

_WORTH_ANOTHER_TRY = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})

_ADVICE: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: "check the credentials",
    HTTPStatus.FORBIDDEN: "check the credentials",
    HTTPStatus.NOT_FOUND: "check the address",
    HTTPStatus.GONE: "check the address",
}

# What no further try can mend; the first class that fits gives the words.
_HOPELESS: tuple[tuple[type[Exception], str, str], ...] = (
    (broken.TooManyRedirects, "it redirects in circles", "check the address"),
    (broken.InvalidProxyURL, "the proxy's address is not valid", "check HTTP_PROXY, HTTPS_PROXY"),
    (broken.InvalidHeader, "a header is not valid", "check the request"),
    (ValueError, "the address is not a valid http or https URL", "check the address"),
)

# What may pass; the first class that fits gives the words.
_PASSING: tuple[tuple[type[Exception], str], ...] = (
    (broken_below.ReadTimeoutError, "nothing came within the time-out"),
    (broken_below.NameResolutionError, "its name is not known"),
    (broken_below.NewConnectionError, "the connection was refused"),
    (broken_below.ConnectTimeoutError, "no connection was made within the time-out"),
    (broken.ChunkedEncodingError, "its answer was cut short"),
    (broken.ContentDecodingError, "its answer could not be decompressed"),
    (broken.ProxyError, "the proxy could not be reached"),
    (broken.SSLError, "no secure connection could be made"),
)


class FailedTry(Exception):
    """One try that failed: it holds words of ours only, never a URL or another library's error.

    Attributes
    ----------
    cause : str
        What happened, as a clause.
    again : bool
        Whether another try can help.
    advice : str
        What the reader can do, where another try cannot help.
    retry_after_seconds : float or None
        How long the server asked us to wait.
    status : int or None
        What it answered, if it did.
    answer : str
        How its answer began, for a caller who wants to be told; never part of the words.
    """

    def __init__(
        self,
        cause: str,
        *,
        again: bool = True,
        advice: str = "",
        retry_after_seconds: float | None = None,
        status: int | None = None,
        answer: str = "",
    ) -> None:
        self.cause = cause
        self.again = again
        self.advice = advice
        self.retry_after_seconds = retry_after_seconds
        self.status = status
        self.answer = answer
        super().__init__(cause)


def last_error(
    name: str, host: str, failure: FailedTry, refused: str = "cannot be read"
) -> SourceError:
    """Build the error for a failure after which nothing more is tried."""
    told: dict[str, Any] = {"status": failure.status, "answer": failure.answer}
    if failure.again:
        said = f"{name} unavailable ({host}): {failure.cause}; try again later."
        return SourceUnavailable(said, **told)
    said = f"{name} {refused}: {failure.cause} ({host}); {failure.advice}."
    return SourceRejected(said, **told)


def status_failure(status: int, retry_after: str | None) -> FailedTry | None:
    """Judge an answer by its status: ``None`` when it is good."""
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return None
    cause = f"it answered {named_status(status)}"
    if status in _WORTH_ANOTHER_TRY or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        wait_seconds = wait_asked_for(retry_after)
        return FailedTry(cause, retry_after_seconds=wait_seconds, status=status)
    advice = _ADVICE.get(status, "check the request")
    return FailedTry(cause, again=False, advice=advice, status=status)


def transport_failure(error: Exception) -> FailedTry:
    """Judge an exception of the HTTP libraries, whose own words spell out the URL."""
    for kind, cause, advice in _HOPELESS:
        if isinstance(error, kind):
            return FailedTry(cause, again=False, advice=advice)
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        advice = "check the address, or name your certificates in REQUESTS_CA_BUNDLE"
        return FailedTry("its certificate is not trusted here", again=False, advice=advice)
    layers = (_root_of(error), error)
    for layer in layers:
        for passing, cause in _PASSING:
            if isinstance(layer, passing):
                return FailedTry(cause)
    return FailedTry("the connection broke")


def wait_asked_for(retry_after: str | None, *, now: datetime | None = None) -> float | None:
    """Read a ``Retry-After`` header, seconds or an HTTP date; ``None`` if it says nothing.

    Examples
    --------
    >>> wait_asked_for("120")
    120.0
    >>> wait_asked_for(
    ...     "Fri, 01 Aug 2025 00:00:30 GMT", now=datetime(2025, 8, 1, tzinfo=UTC)
    ... )
    30.0
    """
    text = (retry_after or "").strip()
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max((moment - (now or datetime.now(UTC))).total_seconds(), 0.0)


def named_status(status: int) -> str:
    """Write a status with its standard phrase; the server's own phrase is not to be trusted."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _root_of(error: Exception) -> Exception:
    """Give the error below that requests wrapped, as far down as it says something new."""
    below = error.args[0] if error.args and isinstance(error.args[0], Exception) else error
    reason = getattr(below, "reason", None)
    return reason if isinstance(reason, Exception) else below
