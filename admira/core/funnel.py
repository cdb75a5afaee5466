"""What one CRM record counts for: lead, opportunity, won, lost and revenue."""

from typing import Literal, get_args

import narwhals as nw

from admira.errors import OptionError
from admira.schemas import STAGES

Funnel = Literal["cumulative", "snapshot"]

FUNNEL_MEASURES = (
    "leads",
    "opportunities",
    "opportunities_from_leads",
    "closed_won",
    "closed_lost",
    "revenue",
)


def funnel_measures(funnel: str) -> dict[str, nw.Expr]:
    """Give each funnel measure of a CRM row as an expression over ``stage`` and its companions.

    ``"cumulative"`` counts a record in every stage it has passed, so that each rate lies between
    0 and 1; ``"snapshot"`` counts it in its present stage alone.  A stage that the contract does
    not know counts as a lead.  Revenue is the amount of won records; an unknown amount adds none.

    Raises
    ------
    OptionError
        When the funnel is neither of the two.
    """
    if funnel not in get_args(Funnel):
        raise OptionError("funnel", funnel, get_args(Funnel))
    stage = nw.col("stage")
    entered_as_lead = nw.col("entry_stage") != "opportunity"
    is_won, is_lost = stage == "closed_won", stage == "closed_lost"
    if funnel == "cumulative":
        is_lead = entered_as_lead
        is_opportunity = stage.is_in(STAGES[1:])
    else:
        is_lead = ~stage.is_in(STAGES[1:])
        is_opportunity = stage == "opportunity"
    return {
        "leads": _count(is_lead),
        "opportunities": _count(is_opportunity),
        "opportunities_from_leads": _count(is_opportunity & entered_as_lead),
        "closed_won": _count(is_won),
        "closed_lost": _count(is_lost),
        "revenue": nw.when(is_won).then(nw.col("amount").fill_null(0.0)).otherwise(0.0),
    }


def _count(claim: nw.Expr) -> nw.Expr:
    """Give 1.0 where the claim holds, else 0.0."""
    return claim.cast(nw.Float64)
