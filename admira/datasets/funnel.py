"""What becomes of a lead: whether it is worked, when it closes, and what it is worth."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from admira.datasets.channels import Audience
from admira.datasets.draws import Draws, Floats

DAY = 86_400.0
"""Seconds in a day."""

# Age of a deal when it closes, in days.  The 84 days that larger companies take would leave three
# in four deals of a short demo open, so the buyers here are small companies and consumers.
_AGE_MEDIAN = {True: 28.0, False: 14.0}
_AGE_SIGMA = 0.8
_WORKED_AFTER = 4 * DAY
_TOUCHED_AFTER = 2 * DAY

_AMOUNT_SIGMA = 1.1
_AMOUNT_CUT = 2.0  # or a single deal would make a small channel's year
_AMOUNT_ZERO = 0.01
_AMOUNT_UNKNOWN = 0.06


class Outcome(NamedTuple):
    """How far an opportunity came; times are seconds since the period began."""

    stage: str
    amount: float | None
    updated: float
    closed: float | None


def follow(
    draws: Draws, audiences: Sequence[Audience], created: Floats, end: float
) -> list[Outcome]:
    """Follow each lead until the end: what would happen later has not happened yet."""
    count = len(created)
    rate = np.array([audience.opportunity_rate for audience in audiences])
    won_rate = np.array([audience.won_rate for audience in audiences])
    age_median = np.array([_AGE_MEDIAN[audience.business] for audience in audiences])

    age = draws.lognormal(age_median * DAY, _AGE_SIGMA, count)
    worked = created + draws.exponential(_WORKED_AFTER, age, count)
    touched = created + draws.exponential(_TOUCHED_AFTER, end - created, count)
    closed = created + age
    is_worked = draws.chance(rate, count) & (worked < end)
    is_closed = is_worked & (closed < end)
    is_won = is_closed & draws.chance(won_rate, count)

    stage = np.select(
        [is_won, is_closed, is_worked], ["closed_won", "closed_lost", "opportunity"], "lead"
    )
    updated = np.select([is_closed, is_worked], [closed, worked], touched)
    amounts = _amounts(draws, audiences)
    return [
        Outcome(
            stage=str(stage[place]),
            amount=amounts[place] if is_worked[place] else None,
            updated=float(updated[place]),
            closed=float(closed[place]) if is_closed[place] else None,
        )
        for place in range(count)
    ]


def _amounts(draws: Draws, audiences: Sequence[Audience]) -> list[float | None]:
    """Draw what the deals are worth, in euros; some are zero, some are unknown."""
    count = len(audiences)
    median = np.array([audience.deal_median for audience in audiences])
    amounts = np.rint(draws.lognormal(median, _AMOUNT_SIGMA, count, cut=_AMOUNT_CUT) * 100) / 100
    luck = draws.uniform(count)
    amounts[luck < _AMOUNT_ZERO] = 0.0
    is_unknown = luck > 1 - _AMOUNT_UNKNOWN
    return [
        None if unknown else amount
        for amount, unknown in zip(amounts.tolist(), is_unknown.tolist(), strict=True)
    ]
