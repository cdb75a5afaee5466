"""A spend–return curve as people see it: a line, and levels of cost with what goes with them."""

from typing import TYPE_CHECKING

from admira.present.boxes import CALM, Box, listing
from admira.present.formats import count_text, dimension_text, metric_text
from admira.present.language import say
from admira.schemas.metrics import metrics

if TYPE_CHECKING:
    from admira.questions.saturation import Saturation

_EVERY = 8


def saturation_text(found: "Saturation") -> str:
    """Give the return of one more unit of cost, or say why there is none."""
    if found.reason:
        return say("not enough variation: {reason}", reason=found.reason)

    def text(value: float | None) -> str:
        return f"{value:.3g} {say(metrics[found.metric].label)}"

    return say(
        "at {cost} a week, one more unit of cost goes with {marginal} more ({low} to {high}); "
        "on average {average}",
        cost=metric_text("cost", found.cost, found.currency),
        marginal=text(found.marginal),
        low=f"{found.low:.3g}",
        high=f"{found.high:.3g}",
        average=f"{found.average:.3g}",
    )


def saturation_html(found: "Saturation") -> str:
    """Show the same with some levels of cost."""
    notes = [say("Describes what went together in past weeks; other things changed in them too.")]
    if found.left_out:
        count = count_text(found.left_out)
        notes.append(
            say(
                "Weeks left out because many of their opportunities are still open: {count}",
                count=count,
            )
        )
    label = say(metrics[found.metric].label)
    heads = [say("Cost per week"), say("{metric} per week", metric=label), "", ""]
    money = found.currency
    rows = [
        [
            metric_text("cost", row["cost"], money),
            *(metric_text(found.metric, row[name], money) for name in ("fitted", "low", "high")),
        ]
        for row in found.curve.iloc[::_EVERY].to_dict("records")
    ]
    heads[2:] = [say("low"), say("high")]
    table = listing(heads, rows, right=[0, 1, 2, 3])
    return Box(
        say("Spend and return of {channel}", channel=dimension_text(found.channel)),
        [saturation_text(found), say("weeks: {count}", count=count_text(len(found.frame)))],
        CALM,
        listings=[table] if rows else [],
        notes=notes,
    ).html()
