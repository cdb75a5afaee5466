"""What a marketing team asks every Monday, each in one call on a store."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any, TypeVar, cast

import pandas as pd

from admira.questions.anomalies import anomalies
from admira.questions.cohorts import cohorts
from admira.questions.control import check
from admira.questions.diff import diff
from admira.questions.forecast import forecast
from admira.questions.freshness import freshness
from admira.questions.held import answered
from admira.questions.lags import lags
from admira.questions.movers import movers
from admira.questions.pacing import pacing
from admira.questions.saturation import saturation
from admira.questions.tag_audit import tag_audit
from admira.showing import Answer

Asking = TypeVar("Asking", bound=Callable[..., Any])


def _of_one_commit(question: Asking, *, is_held: bool = False) -> Asking:
    """Make it read the store as of one commit, however often it asks; a notebook shows a table.

    Those that are made of nothing but plain words and the store may be ``held``.
    """

    @wraps(question)
    def asked(store: Any, *args: Any, **options: Any) -> Any:
        def answer(seen: Any) -> Any:
            if not is_held:
                return question(seen, *args, **options)
            given = (*args, options)
            make = partial(question, seen, *args, **options)
            return answered(question.__name__, store, seen, given, make)

        found = store.at_once(answer)
        return Answer.of(found) if isinstance(found, pd.DataFrame) else found

    return cast("Asking", asked)


_held = partial(_of_one_commit, is_held=True)


class Questions:
    """The part of a ``Store`` that answers them; each is a function that takes the store first."""

    anomalies = _held(anomalies)
    check = _of_one_commit(check)
    cohorts = _held(cohorts)
    diff = _held(diff)
    forecast = _held(forecast)
    freshness = _of_one_commit(freshness)
    lags = _held(lags)
    movers = _held(movers)
    pacing = _of_one_commit(pacing)
    saturation = _of_one_commit(saturation)
    tag_audit = _of_one_commit(tag_audit)
