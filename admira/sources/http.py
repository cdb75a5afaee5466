"""The HTTP client: time-outs, a deadline, retries, and errors that name the API."""

import logging
import math
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, NoReturn, TypeVar

import backoff
import requests
from urllib3.exceptions import HTTPError

from admira.errors import OptionError, SourceRejected, SourceUnavailable
from admira.log import log_event
from admira.sources.addresses import host_of, urls_kept_out_of_logs
from admira.sources.deadline import Deadline, DeadlineAdapter
from admira.sources.decode import Undecodable, decode_json
from admira.sources.failures import FailedTry, status_failure, transport_failure

Read = TypeVar("Read")

_CHUNK_BYTES = 1 << 20


class Answer(NamedTuple):
    """The body of a good answer, whole and decompressed, and what the server calls it."""

    body: bytes
    content_type: str


@dataclass(frozen=True)
class HttpClient:
    """Asks an API for rows, and asks again where that can help.

    Time-outs, refused and broken connections, cut bodies, undecodable JSON and the statuses
    408, 429 and 5xx are tried again after each of the waits; every other status at once
    raises.  A server's ``Retry-After`` replaces the next wait.  A wait that would end after
    the deadline is not begun.  One client may serve many threads.

    Parameters
    ----------
    timeout_seconds : float, default 5
        Longest wait for a connection, and between two bytes of an answer.
    deadline_seconds : float, default 10
        Longest time from the first request to the start of the good answer, waits included.
        A large body may take longer.
    waits_seconds : sequence of float, default (0.3, 0.6, 1.2)
        Waits before the second, third, … try; ``()`` tries once.

    Raises
    ------
    OptionError
        When a time is not a number of seconds, or not above zero (a wait may be zero).

    Examples
    --------
    >>> HttpClient(timeout_seconds=2)
    HttpClient(timeout_seconds=2, deadline_seconds=10, waits_seconds=(0.3, 0.6, 1.2))
    """

    timeout_seconds: float = 5
    deadline_seconds: float = 10
    waits_seconds: Sequence[float] = (0.3, 0.6, 1.2)

    def __post_init__(self) -> None:
        """Refuse times that are none."""
        for option in ("timeout_seconds", "deadline_seconds"):
            seconds = getattr(self, option)
            if not _is_seconds(seconds) or seconds <= 0:
                raise OptionError(option, seconds, ["a number of seconds above 0"])
        waits = self.waits_seconds
        if isinstance(waits, str) or not isinstance(waits, Sequence):
            raise OptionError("waits_seconds", waits, ["a sequence of seconds, each 0 or more"])
        if not all(_is_seconds(seconds) and seconds >= 0 for seconds in waits):
            raise OptionError("waits_seconds", waits, ["a sequence of seconds, each 0 or more"])
        object.__setattr__(self, "waits_seconds", tuple(waits))

    def get_json(
        self, url: str, *, params: Mapping[str, str] | None = None, name: str = "API"
    ) -> Any:
        """Ask for a JSON document and decode it.

        Parameters
        ----------
        url : str
            An ``http`` or ``https`` address.
        params : mapping of str to str, optional
            Added to the address as its query.
        name : str, default "API"
            What errors and logs call the other side.

        Returns
        -------
        object
            The document: integers of any size are exact.

        Raises
        ------
        SourceUnavailable
            When every try failed, or the deadline leaves no time for another.
        SourceRejected
            When the server refuses the request, or the address cannot be asked at all.

        Examples
        --------
        >>> HttpClient().get_json("ftp://example.com/ads.json", name="ADS API")
        Traceback (most recent call last):
        admira.errors.SourceRejected: ADS API cannot be read: the address is not a valid http or
        https URL (example.com); check the address.
        """
        return self.get(url, lambda answer: decode_json(answer.body), params=params, name=name)

    def get(
        self,
        url: str,
        read: Callable[[Answer], Read],
        *,
        params: Mapping[str, str] | None = None,
        name: str = "API",
    ) -> Read:
        """Ask for a document and give what ``read`` makes of it.

        ``read`` may raise `Undecodable`: then the answer counts as broken, and is asked for
        again.  Whatever else it raises ends the call.
        """
        deadline = Deadline(self.deadline_seconds)
        with requests.Session() as session, urls_kept_out_of_logs():
            adapter = DeadlineAdapter(self.timeout_seconds, deadline)
            session.mount("http://", adapter)
            session.mount("https://", adapter)

            @backoff.on_exception(
                partial(_waits, self.waits_seconds, deadline),
                FailedTry,
                giveup=_is_hopeless,
                on_backoff=partial(_tell_wait, name, host_of(url)),
                on_giveup=partial(self._give_up, name, host_of(url)),
                jitter=None,
                logger=None,
            )
            def ask_and_read() -> Read:
                answer = _ask(session, url, params)
                try:
                    return read(answer)
                except Undecodable as error:
                    cause = f"its answer cannot be decoded ({error})"
                raise FailedTry(cause)

            return ask_and_read()

    def _give_up(self, name: str, host: str, details: Any) -> NoReturn:
        """Turn the last failed try into the error that the caller sees."""
        failure, tries = details["exception"], details["tries"]
        if not failure.again:
            raise SourceRejected(
                f"{name} cannot be read: {failure.cause} ({host}); {failure.advice}."
            ) from None
        told = "1 try failed" if tries == 1 else f"{tries} tries failed, the last one"
        hurry = (
            f", and the deadline of {self.deadline_seconds:g} s leaves no time for another"
            if tries <= len(self.waits_seconds)
            else ""
        )
        raise SourceUnavailable(
            f"{name} unavailable ({host}): {told} because {failure.cause}{hurry}; try again later."
        ) from None


def _is_seconds(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_hopeless(failure: Exception) -> bool:
    return isinstance(failure, FailedTry) and not failure.again


def _waits(planned: Sequence[float], deadline: Deadline) -> Generator[float, Any, None]:
    """Yield the wait before each further try; end when none is left or the deadline is near.

    It is sent the failed try before each, and starts with a yield that waits for nothing.
    """
    asked = (yield 0.0).retry_after_seconds
    for seconds in planned:
        wait_seconds = seconds if asked is None else asked
        if wait_seconds >= deadline.remaining_seconds():
            return
        asked = (yield wait_seconds).retry_after_seconds


def _tell_wait(name: str, host: str, details: Any) -> None:
    log_event(
        "http.retry_scheduled",
        level=logging.WARNING,
        api=name,
        host=host,
        tries=details["tries"],
        wait_seconds=details["wait"],
        cause=details["exception"].cause,
    )


def _ask(session: requests.Session, url: str, params: Mapping[str, str] | None) -> Answer:
    """Make one request and read its body to the end.

    A failure is raised outside the handler, so that it does not carry an error that spells out
    the URL, and forgotten, so that its traceback does not keep the answer alive.
    """
    failure: FailedTry | None
    try:
        with session.get(url, params=params, stream=True) as response:
            failure = status_failure(response.status_code, response.headers.get("Retry-After"))
            if failure is None:
                body = b"".join(response.iter_content(_CHUNK_BYTES))
                return Answer(body, response.headers.get("Content-Type", ""))
    except (OSError, HTTPError, ValueError) as error:
        failure = transport_failure(error)
    try:
        raise failure
    finally:
        del failure
