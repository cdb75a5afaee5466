"""What a channel's spend went with: weekly cost against a metric, as a curve that flattens."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from admira.core.days import Day
from admira.core.metrics import regrouped
from admira.core.spine import on_spine, spine_of
from admira.errors import OptionError
from admira.present.formats import count_text, metric_text
from admira.present.language import say
from admira.questions import curves
from admira.questions.asking import in_one_currency
from admira.questions.saturation_box import saturation_html, saturation_text
from admira.schemas.metrics import metrics
from admira.schemas.registry import Measure
from admira.summary import Asked

if TYPE_CHECKING:
    from admira.present.figures import KpiFigure

Floats = NDArray[np.float64]

_FEWEST_WEEKS = 16
_LEAST_RATIO = 1.5  # of the 95th to the 5th percentile of weekly cost
_OPEN_UP_TO = 0.1
_NOW_WEEKS = 4


@dataclass(frozen=True, slots=True, repr=False)
class Saturation:
    """How a metric of a channel went with its weekly cost; it describes, and proves nothing.

    Attributes
    ----------
    channel, metric : str
        What it is of.
    frame : DataFrame, one row per week
        ``date`` (its Monday), ``cost``, the metric, and ``fitted``, missing without a curve.
    curve : DataFrame, one row per level of weekly cost up to the highest there was
        ``cost``, ``fitted``, and ``low`` and ``high``, between which the curves of most resampled
        histories lie; empty without a curve.
    cost : float or None
        The weekly cost of the last four weeks, at which the returns are given.
    marginal, low, high : float or None
        How much more of the metric goes with one more unit of weekly cost there, and its interval.
    average : float or None
        What the curve gives there per unit of cost.
    reason : str
        Why there is no number, ``""`` where there is one.
    left_out : int
        Weeks left out because many of their opportunities are still open.
    coverage : float
        Of the interval.
    currency : str or None
        Of the cost.
    """

    channel: str
    metric: str
    frame: pd.DataFrame
    curve: pd.DataFrame
    cost: float | None = None
    marginal: float | None = None
    low: float | None = None
    high: float | None = None
    average: float | None = None
    reason: str = ""
    left_out: int = 0
    coverage: float = 0.9
    currency: str | None = None

    def __repr__(self) -> str:
        """Give the return, or why there is none, on one line."""
        return f"<Saturation {self.channel}: {saturation_text(self)}>"

    def _repr_html_(self) -> str:
        """Show the same, and levels of cost with what goes with them."""
        return saturation_html(self)

    def plot(self) -> "KpiFigure":
        """Draw the weeks and the curve with its interval; needs the extra ``notebook``."""
        from admira.present.charts.saturation import saturation_chart

        return saturation_chart(
            self.frame, self.curve, self.metric, channel=self.channel, currency=self.currency
        )


def saturation(
    store: Asked,
    channel: str,
    *,
    metric: str = "leads",
    start: Day = None,
    end: Day = None,
    coverage: float = 0.9,
    currency: str | None = None,
) -> Saturation:
    """Describe how a metric went with a channel's weekly cost, and what one more unit went with.

    The curve is the best of two families through the origin that never rise faster as cost grows:
    a·costᵖ with p ≤ 1 and a·cost / (c + cost).  The interval comes from resampled histories, in
    blocks of four weeks so that what lasts for some weeks stays together (Künsch 1989, *The
    Jackknife and the Bootstrap for General Stationary Observations*).  Where cost hardly changed,
    or a curve predicts left-out weeks no better than their mean does, there is no number but the
    reason.  Weeks differ in more than cost, so this says what went together, not why.

    Parameters
    ----------
    channel : str
        Whose cost.
    metric : str
        A measure that opportunities add to, such as ``"leads"`` or ``"revenue"``.
    start, end : day, optional
        First and last day, both included; only whole weeks count.
    coverage : float
        Of the interval, in (0, 1).
    currency : str, optional
        The money to look at where there is more than one.

    Returns
    -------
    Saturation
        Weeks in which more than a tenth of the opportunities are still open count only for
        ``leads``.

    Raises
    ------
    OptionError
        When the metric is no such measure, or an option does not exist.
    AmbiguousData
        When money in several currencies would be added.

    Examples
    --------
    >>> import admira
    >>> found = saturation(admira.demo(), "google_ads", start="2025-11-01")
    >>> found
    <Saturation google_ads: not enough variation: only 8 weeks with cost, 16 are needed>
    """
    measure = metrics[metric]
    if not isinstance(measure, Measure) or metric in {"cost", "clicks", "impressions"}:
        raise OptionError("metric", metric, ["leads", "opportunities", "closed_won", "revenue"])
    if not 0 < coverage < 1:
        raise OptionError("coverage", coverage, ["a share between 0 and 1, such as 0.9"])
    rows = store.metrics(["date", "currency"], channel=channel, start=start, end=end)
    rows, code = in_one_currency(rows, currency, metrics["cost"])
    weeks = _weeks(rows)
    is_open = (weeks["open_share"] > _OPEN_UP_TO).fillna(value=False) & (metric != "leads")
    frame = weeks.loc[~is_open, ["date", "cost", metric]].reset_index(drop=True)
    about: dict[str, Any] = {
        "channel": channel,
        "metric": metric,
        "left_out": int(is_open.sum()),
        "coverage": coverage,
        "currency": code,
    }
    return _described(frame, about)


def _weeks(rows: pd.DataFrame) -> pd.DataFrame:
    """Add days up to the whole weeks from the first cost to the last; a week without rows is 0."""
    spent = rows.loc[rows["cost"] > 0, "date"]
    if spent.empty:
        return regrouped(rows, ["date"]).head(0)
    first = spent.min() + pd.Timedelta(days=-spent.min().day_of_week % 7)
    end = spent.max() + pd.Timedelta(days=1)
    last = end - pd.Timedelta(days=end.day_of_week + 7)
    mondays = rows["date"] - pd.to_timedelta(rows["date"].dt.day_of_week, unit="D")
    weeks = regrouped(rows.assign(date=mondays), ["date"])
    whole = weeks[weeks["date"].between(first, last)]
    return on_spine(whole, ["date"], spine_of(first, last, "week"))


def _described(frame: pd.DataFrame, about: dict[str, Any]) -> Saturation:
    """Fit a curve, where there is enough to fit one to."""
    costs, values = (frame[name].to_numpy(dtype="float64") for name in ("cost", about["metric"]))
    nothing = pd.DataFrame({name: [] for name in ("cost", "fitted", "low", "high")}, dtype=float)
    plain = frame.assign(fitted=np.nan)
    reason = _lacking(costs)
    if not reason and not curves.predicts(costs, values):
        reason = say("no curve predicts a week better than the mean of the others")
    if reason:
        return Saturation(frame=plain, curve=nothing, reason=reason, **about)
    now = float(costs[-_NOW_WEEKS:].mean()) or float(costs.mean())
    levels = np.linspace(0.0, costs.max(), 41)
    fit = curves.fitted(costs, values, np.append(levels, now), about["coverage"])
    marginal, low, high = fit.slope
    if high - low > 2 * marginal:
        texts = [metric_text(about["metric"], one, None, is_exact=True) for one in (low, high)]
        reason = say(
            "the interval is as wide as to say nothing ({low} to {high})",
            low=texts[0],
            high=texts[1],
        )
        return Saturation(frame=plain, curve=nothing, reason=reason, **about)
    return Saturation(
        frame=frame.assign(fitted=fit.at(costs)),
        curve=pd.DataFrame({"cost": levels, **{k: v[:-1] for k, v in fit.levels.items()}}),
        cost=now,
        marginal=marginal,
        low=low,
        high=high,
        average=float(fit.levels["fitted"][-1] / now),
        **about,
    )


def _lacking(costs: Floats) -> str:
    """Say why the weeks are too few or too much alike; nothing where they are not."""
    spent = costs[costs > 0]
    if len(spent) < _FEWEST_WEEKS:
        count, needed = count_text(len(spent)), count_text(_FEWEST_WEEKS)
        return say("only {count} weeks with cost, {needed} are needed", count=count, needed=needed)
    low, high = np.quantile(costs, [0.05, 0.95])
    if high < _LEAST_RATIO * low:
        ratio = f"{high / low:.2f}"
        return say(
            "weekly cost hardly changes: 9 in 10 weeks lie within a factor of {ratio}", ratio=ratio
        )
    return ""
