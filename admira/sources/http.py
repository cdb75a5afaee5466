"""The HTTP client: time-outs, a deadline, retries, and errors that name the API."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, TypeVar

from admira.errors import OptionError
from admira.sources.breaker import Circuits
from admira.sources.decode import decode_json
from admira.sources.exchange import Exchange, Terms
from admira.sources.request import Answer, Request
from admira.sources.throttle import Pace
from admira.sources.verdicts import AnswerRules

__all__ = ["Answer", "HttpClient", "Request"]

Read = TypeVar("Read")


@dataclass(frozen=True)
class HttpClient:
    """Asks an API for rows, and asks again where that can help.

    Time-outs, refused and broken connections, cut bodies, undecodable JSON and the statuses
    408, 429 and 5xx are tried again after each of the waits; every other status at once
    raises.  A server's ``Retry-After`` replaces the next wait.  A wait that would end after
    the deadline is not begun.  One client may serve many threads; those that share it share its
    pace and its circuits.

    Parameters
    ----------
    timeout_seconds : float, default 5
        Longest wait for a connection, and between two bytes of an answer.
    deadline_seconds : float, default 10
        Longest time from the first request to the start of the good answer, waits included.
        A large body may take longer.
    waits_seconds : sequence of float, default (0.3, 0.6, 1.2)
        Waits before the second, third, … try; ``()`` tries once.
    requests_per_second : float, optional
        Most requests to one host, tries included, evenly spaced over all threads.
    circuit_opens_after : int, default 5
        After so many calls in a row that ended `SourceUnavailable` a host is left alone…
    circuit_rest_seconds : float, default 60
        … for so long: its calls raise at once, and say until when.

    Raises
    ------
    OptionError
        When a time is not a number of seconds, or not above zero (a wait may be zero).

    Examples
    --------
    >>> HttpClient(timeout_seconds=2)
    HttpClient(timeout_seconds=2, deadline_seconds=10, waits_seconds=(0.3, 0.6, 1.2),
               requests_per_second=None, circuit_opens_after=5, circuit_rest_seconds=60)
    """

    timeout_seconds: float = 5
    deadline_seconds: float = 10
    waits_seconds: Sequence[float] = (0.3, 0.6, 1.2)
    _: KW_ONLY
    requests_per_second: float | None = None
    circuit_opens_after: int = 5
    circuit_rest_seconds: float = 60
    _terms: Terms = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse times that are none."""
        for option in ("timeout_seconds", "deadline_seconds", "circuit_rest_seconds"):
            _require_above_zero(option, getattr(self, option), "a number of seconds above 0")
        if self.requests_per_second is not None:
            _require_above_zero("requests_per_second", self.requests_per_second, "a number above 0")
        require_count("circuit_opens_after", self.circuit_opens_after)
        _require_waits(self.waits_seconds)
        object.__setattr__(self, "waits_seconds", tuple(self.waits_seconds))
        terms = Terms(
            self.timeout_seconds,
            self.deadline_seconds,
            self.waits_seconds,
            Pace(self.requests_per_second),
            Circuits(self.circuit_opens_after, self.circuit_rest_seconds),
        )
        object.__setattr__(self, "_terms", terms)

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
        """Ask for a document of any kind and give what ``read`` makes of it.

        Parameters
        ----------
        url : str
            An ``http`` or ``https`` address.
        read : callable
            Takes the `Answer`.  When it raises `Undecodable` the answer counts as broken, and is
            asked for again; whatever else it raises ends the call.
        params : mapping of str to str, optional
            Added to the address as its query.
        name : str, default "API"
            What errors and logs call the other side.

        Returns
        -------
        object
            What ``read`` returned.

        Raises
        ------
        SourceUnavailable
            When every try failed, or the deadline leaves no time for another.
        SourceRejected
            When the server refuses the request, or the address cannot be asked at all.

        Examples
        --------
        >>> HttpClient().get("s3://bucket/ads.csv", lambda answer: answer.body)
        Traceback (most recent call last):
        admira.errors.SourceRejected: API cannot be read: the address is not a valid http or https
        URL (bucket); check the address.
        """
        request = Request(url, params=params or {})
        with self.exchange(name=name) as exchange:
            return exchange.ask(request, read)

    def exchange(
        self,
        *,
        name: str = "API",
        rules: AnswerRules | None = None,
        stays: bool = False,
        budget_seconds: float | None = None,
        refused: str = "cannot be read",
    ) -> Exchange:
        """Begin a conversation with an API, for the length of a ``with`` block.

        Parameters
        ----------
        name : str, default "API"
            What errors and logs call the other side.
        rules : AnswerRules, optional
            How answers are judged beside their status.
        stays : bool, default False
            Speak to the first host only, even when nothing that is asked is confidential.
        budget_seconds : float, optional
            Longest time from now to the start of the last answer, over all requests.
        refused : str, default "cannot be read"
            What errors say of a refusal, after the name.

        Returns
        -------
        Exchange
            Its ``ask`` takes a `Request` and a reader.

        Raises
        ------
        OptionError
            When the budget is not a number of seconds above zero.

        Examples
        --------
        >>> with HttpClient().exchange(name="ADS API") as exchange:
        ...     exchange.name
        'ADS API'
        """
        if budget_seconds is not None:
            _require_above_zero("budget_seconds", budget_seconds, "a number of seconds above 0")
        return Exchange(
            self._terms,
            name=name,
            rules=rules,
            stays=stays,
            budget_seconds=budget_seconds,
            refused=refused,
        )


def require_count(option: str, value: Any) -> None:
    """Raise `OptionError` unless the value is a count of at least one."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise OptionError(option, value, ["a whole number, 1 or more"])


def _require_above_zero(option: str, value: Any, expected: str) -> None:
    if not _is_number(value) or value <= 0:
        raise OptionError(option, value, [expected])


def _require_waits(waits: Any) -> None:
    if (
        isinstance(waits, str)
        or not isinstance(waits, Sequence)
        or not all(_is_number(seconds) and seconds >= 0 for seconds in waits)
    ):
        raise OptionError("waits_seconds", waits, ["a sequence of seconds, each 0 or more"])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
