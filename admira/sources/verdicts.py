"""Answers judged by what a platform writes in them, where the status does not say it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from admira.errors import OptionError
from admira.sources.documents import values_at
from admira.sources.failures import FailedTry, named_status, status_failure, wait_asked_for

# What a code looks like that may be told: a number, or words without digits.  No secret does.
_CODE = re.compile(r"-?[0-9]{1,9}|[A-Za-z_]{1,40}")

_TEST_KEYS = frozenset({"path", "equals", "values", "ranges", "contains"})
_RETRY_KEYS = frozenset({"statuses", "body", "retry_after"})


@dataclass(frozen=True, slots=True)
class BodyTest:
    """What the value at a path must be: one of some texts, in a range, or a text that contains."""

    path: str
    values: frozenset[str] = frozenset()
    ranges: tuple[tuple[float, float], ...] = ()
    contains: tuple[str, ...] = ()

    @classmethod
    def of(cls, option: str, rule: Mapping[str, Any]) -> "BodyTest":
        """Read ``{path, equals | values, ranges, contains}``."""
        if not isinstance(rule, Mapping) or not {"path"} <= set(rule) <= _TEST_KEYS:
            raise OptionError(option, rule, ["a path with", *sorted(_TEST_KEYS - {"path"})])
        return cls(
            rule["path"],
            frozenset(map(str, [*rule.get("equals", ()), *rule.get("values", ())])),
            tuple((low, high) for low, high in rule.get("ranges", ())),
            tuple(rule.get("contains", ())),
        )

    def holds_in(self, document: Any) -> bool:
        """Tell whether some value at the path is what it must be."""
        return any(self._holds_for(value) for value in values_at(document, self.path))

    def _holds_for(self, value: Any) -> bool:
        text = str(value)
        if text in self.values or any(part in text for part in self.contains):
            return True
        return bool(re.fullmatch(r"-?[0-9]{1,9}", text)) and any(
            low <= int(text) <= high for low, high in self.ranges
        )


@dataclass(frozen=True, slots=True)
class AnswerRules:
    """When a good status hides an error, and which errors may pass; by default statuses decide.

    The statuses 408, 429 and 5xx may always pass, whatever the rules say.  With ``tells_answer``
    the error carries how a refusal began, beside its words.
    """

    ok: BodyTest | None = None
    statuses: frozenset[int] = frozenset()
    passing: tuple[BodyTest, ...] = ()
    retry_after: str = ""
    advice: str = ""
    tells_answer: bool = False

    @classmethod
    def of(
        cls, ok: Mapping[str, Any] | None = None, retry: Mapping[str, Any] | None = None
    ) -> "AnswerRules":
        """Read the ``ok`` and ``retry`` of a preset.

        ``ok`` is a test of the body that every good answer passes.  An error may pass when its
        status is among ``retry.statuses`` and its body passes ``retry.body``, a test or a list
        of them (either may be left out); ``retry.retry_after`` is a path to the seconds to wait.

        Raises
        ------
        OptionError
            When a rule has another form.

        Examples
        --------
        >>> rules = AnswerRules.of(
        ...     ok={"path": "code", "equals": [0]},
        ...     retry={"body": {"path": "code", "values": [40100], "ranges": [[50000, 50002]]}},
        ... )
        >>> rules.failure(200, {}, {"code": 0})
        >>> rules.failure(200, {}, {"code": 50002}).again
        True
        >>> rules.failure(200, {}, {"code": 40105}).cause
        'it answered 200 OK with code 40105'
        """
        rule = retry or {}
        if not set(rule) <= _RETRY_KEYS:
            raise OptionError("retry", dict(rule), sorted(_RETRY_KEYS))
        body = rule.get("body", ())
        tests: Sequence[Any] = [body] if isinstance(body, Mapping) else body
        return cls(
            None if ok is None else BodyTest.of("ok", ok),
            frozenset(rule.get("statuses", ())),
            tuple(BodyTest.of("retry.body", test) for test in tests),
            rule.get("retry_after", ""),
        )

    @property
    def read_bodies(self) -> bool:
        """Whether the body of a refusal says more than its status."""
        return bool(self.ok or self.passing or self.retry_after or self.tells_answer)

    def failure(self, status: int, headers: Mapping[str, str], document: Any) -> FailedTry | None:
        """Judge an answer: ``None`` when it is good."""
        asked = headers.get("Retry-After")
        failure = status_failure(status, asked)
        if failure is None and (self.ok is None or self.ok.holds_in(document)):
            return None
        cause = f"it answered {named_status(status)}{self._told_code(document)}"
        if (failure and failure.again) or self._may_pass(status, document):
            wait_seconds = wait_asked_for(asked)
            if wait_seconds is None:
                wait_seconds = self._wait_in(document)
            return FailedTry(cause, retry_after_seconds=wait_seconds, status=status)
        advice = self.advice or (failure.advice if failure else "check the request")
        return FailedTry(cause, again=False, advice=advice, status=status)

    def _may_pass(self, status: int, document: Any) -> bool:
        if not self.statuses and not self.passing:
            return False
        return (not self.statuses or status in self.statuses) and (
            not self.passing or any(test.holds_in(document) for test in self.passing)
        )

    def _wait_in(self, document: Any) -> float | None:
        """Read the seconds that the body asks us to wait: ``2``, ``"2"`` or ``"2s"``."""
        waits = values_at(document, self.retry_after) if self.retry_after else []
        return next((wait_asked_for(str(wait).removesuffix("s")) for wait in waits), None)

    def _told_code(self, document: Any) -> str:
        """Tell the code that the body gives; no free text, which might hold a secret."""
        for test in filter(None, (self.ok, *self.passing)):
            for value in values_at(document, test.path):
                if _CODE.fullmatch(str(value)):
                    return f" with {test.path} {value}"
        return f" without a code in {self.ok.path}" if self.ok else ""
