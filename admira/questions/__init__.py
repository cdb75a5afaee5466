"""What a marketing team asks every Monday, each in one call on a store."""

from admira.questions.anomalies import anomalies
from admira.questions.changed import changed_since
from admira.questions.cohorts import cohorts, lags
from admira.questions.control import check
from admira.questions.forecast import forecast
from admira.questions.freshness import freshness
from admira.questions.movers import movers
from admira.questions.pacing import pacing
from admira.questions.tag_audit import tag_audit


class Questions:
    """The part of a ``Store`` that answers them; each is a function that takes the store first."""

    anomalies = anomalies
    changed_since = changed_since
    check = check
    cohorts = cohorts
    forecast = forecast
    freshness = freshness
    lags = lags
    movers = movers
    pacing = pacing
    tag_audit = tag_audit
