"""One conversation with an API: tries and waits, and credentials that go to no other host."""

import logging
from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import Any, NamedTuple, NoReturn, Protocol, Self, TypeVar, runtime_checkable

import backoff
import requests
from urllib3.exceptions import HTTPError

from admira.errors import SourceUnavailable
from admira.log import log_event
from admira.sources.addresses import host_of, urls_kept_out_of_logs
from admira.sources.breaker import Circuits
from admira.sources.deadline import Deadline, DeadlineAdapter
from admira.sources.decode import Undecodable, decode_json
from admira.sources.failures import (
    FailedTry,
    last_error,
    status_failure,
    transport_failure,
)
from admira.sources.request import Answer, Request
from admira.sources.sessions import FaithfulSession
from admira.sources.throttle import Pace
from admira.sources.verdicts import AnswerRules, BodyTest

Read = TypeVar("Read")

_CHUNK_BYTES = 1 << 20
_TOLD_CHARACTERS = 2000

_TOKEN_RULES = AnswerRules(passing=(BodyTest("error"),), advice="check the credentials")


class Terms(NamedTuple):
    """What a client grants each of its conversations; pace and circuits are shared by all."""

    timeout_seconds: float
    deadline_seconds: float
    waits_seconds: Sequence[float]
    pace: Pace
    circuits: Circuits


@runtime_checkable
class Renewable(Protocol):
    """Credentials that live for a while, and are themselves asked for."""

    def prepare(self, ask_json: Callable[[Request], Any]) -> None:
        """Ask for credentials, unless good ones are held."""

    def renew(self, ask_json: Callable[[Request], Any], refused: str | None) -> None:
        """Ask for credentials in place of those refused, unless they were replaced already."""


class Exchange:
    """Asks one API one thing after another over connections that stay open.

    Use it in a ``with`` block.  When what it asks first is confidential, or ``stays`` is set, it
    speaks to that host only: a redirect or an address that leads elsewhere is refused.
    """

    def __init__(
        self,
        terms: Terms,
        *,
        name: str,
        rules: AnswerRules | None = None,
        stays: bool = False,
        budget_seconds: float | None = None,
        refused: str = "cannot be read",
    ) -> None:
        self.name = name
        self._refused = refused
        self._terms = terms
        self._rules = rules or AnswerRules()
        self._stays = stays
        self._budget_seconds = budget_seconds
        self._budget = None if budget_seconds is None else Deadline(budget_seconds)
        self._session = FaithfulSession()
        self._adapter = DeadlineAdapter(terms.timeout_seconds)
        self._session.mount("http://", self._adapter)
        self._session.mount("https://", self._adapter)

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close every connection."""
        self._session.close()

    def ask(self, request: Request, read: Callable[[Answer], Read]) -> Read:
        """Ask until there is a good answer, and give what ``read`` makes of it.

        When ``read`` raises `Undecodable` or `FailedTry` the answer counts as a failed try;
        whatever else it raises ends the call.

        Raises
        ------
        SourceUnavailable
            When every try failed, no time is left for another, or the host's circuit is open.
        SourceRejected
            When the API refuses the request, or leads to a host that it must not go to.
        """
        host = host_of(request.url)
        if self._session.faithful_to is None and (self._stays or request.is_confidential):
            self._session.faithful_to = request.url
        self._require_budget(host)
        with self._terms.circuits.guarding(host, self.name), urls_kept_out_of_logs():
            if isinstance(request.auth, Renewable):
                request.auth.prepare(self._ask_for_token)
            self._adapter.deadline = Deadline(self._terms.deadline_seconds, within=self._budget)
            return self._persistently(request, read, host)

    def _persistently(self, request: Request, read: Callable[[Answer], Read], host: str) -> Read:
        """Try, and try again after each of the waits."""

        @backoff.on_exception(
            partial(_waits, self._terms.waits_seconds, self._adapter.deadline),
            FailedTry,
            giveup=_is_hopeless,
            on_backoff=partial(_tell_wait, self.name, host),
            on_giveup=partial(self._give_up, host),
            jitter=None,
            logger=None,
        )
        def ask_and_read() -> Read:
            answer = self._answer(request)
            try:
                return read(answer)
            except Undecodable as error:
                cause = f"its answer cannot be decoded ({error})"
            raise FailedTry(cause)

        return ask_and_read()

    def _answer(self, request: Request) -> Answer:
        """Make one request and read its body to the end.

        A failure is raised outside the handler, so that it does not carry an error that spells
        out the URL, and forgotten, so that its traceback does not keep the answer alive.
        """
        failure: FailedTry | None
        try:
            with self._respond(request) as response:
                failure = self._failure_of(response)
                if failure is None:
                    body = b"".join(response.iter_content(_CHUNK_BYTES))
                    content_type = response.headers.get("Content-Type", "")
                    return Answer(
                        body, content_type, response.url, response.headers, response.status_code
                    )
        except (OSError, HTTPError, ValueError) as error:
            failure = transport_failure(error)
        try:
            raise failure
        finally:
            del failure

    def _respond(self, request: Request) -> requests.Response:
        """Send a request; where its token is refused, once more with a new one."""
        response = self._send(request)
        auth = request.auth
        if response.status_code == requests.codes.unauthorized and isinstance(auth, Renewable):
            response.close()
            auth.renew(self._ask_for_token, response.request.headers.get("Authorization"))
            response = self._send(request)
        return response

    def _send(self, request: Request) -> requests.Response:
        """Send a request in its turn; waiting for that takes nothing from the deadline."""
        self._adapter.deadline.move(self._terms.pace.take_turn(host_of(request.url)))
        return self._session.request(
            request.method,
            request.url,
            params=request.params,
            json=request.json,
            data=request.form if request.body is None else request.body,
            headers=request.headers,
            auth=request.auth,
            stream=True,
        )

    def _failure_of(self, response: requests.Response) -> FailedTry | None:
        """Judge an answer by its status and, for a refusal, by what the rules find in its body."""
        if status_failure(response.status_code, None) is None:
            return None
        begun = _beginning_of(response) if self._rules.read_bodies else b""
        failure = self._rules.failure(response.status_code, response.headers, _document_in(begun))
        if failure is not None and self._rules.tells_answer:
            failure.answer = begun.decode(errors="replace")[:_TOLD_CHARACTERS]
        return failure

    def _ask_for_token(self, request: Request) -> Any:
        """Ask for a token, under the same terms."""
        name = f"{self.name}'s token address"
        with Exchange(self._terms, name=name, rules=_TOKEN_RULES) as exchange:
            return exchange.ask(request, lambda answer: decode_json(answer.body))

    def _give_up(self, host: str, details: Any) -> NoReturn:
        """Turn the last failed try into the error that the caller sees."""
        failure, tries = details["exception"], details["tries"]
        if not failure.again:
            raise last_error(self.name, host, failure, self._refused) from None
        told = "1 try failed" if tries == 1 else f"{tries} tries failed, the last one"
        is_hurried = tries <= len(self._terms.waits_seconds)
        hurry = f", and {self._limit()} leaves no time for another" if is_hurried else ""
        cause = f"{told} because {failure.cause}{hurry}"
        spent = FailedTry(cause, status=failure.status, answer=failure.answer)
        raise last_error(self.name, host, spent, self._refused) from None

    def _limit(self) -> str:
        """Name the limit that is met first; a deadline never has more time than the budget."""
        left_seconds = self._adapter.deadline.remaining_seconds()
        if self._budget and left_seconds >= self._budget.remaining_seconds():
            return f"the budget of {self._budget_seconds:g} s for the whole pull"
        return f"the deadline of {self._terms.deadline_seconds:g} s"

    def _require_budget(self, host: str) -> None:
        if self._budget and not self._budget.remaining_seconds():
            raise SourceUnavailable(
                f"{self.name} unavailable ({host}): {self._limit()} is spent; allow more time, or "
                "ask for fewer days."
            )


def _beginning_of(response: requests.Response) -> bytes:
    """Read how the body of a refusal begins; all of it, where it is not large."""
    try:
        return next(response.iter_content(_CHUNK_BYTES), b"")
    except (OSError, HTTPError):
        return b""


def _document_in(body: bytes) -> Any:
    """Decode the body of a refusal, ``None`` when there is none to decode."""
    try:
        return decode_json(body)
    except Undecodable:
        return None


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
