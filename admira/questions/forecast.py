"""The days to come: each weekday as it was lately, with intervals from the errors made so far."""

import math
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from admira.errors import DataError, OptionError
from admira.questions.daily import WEEK, Daily, Floats, daily, medians, weeks_before
from admira.questions.smoothing import smoothed
from admira.schemas.metrics import metrics
from admira.schemas.registry import Ratio
from admira.summary import Asked

_WEEKS_LOOKED_AT = 4
_LEVEL_DAYS = WEEK * _WEEKS_LOOKED_AT

Method = Literal["naive", "ets"]


class _Forecaster(NamedTuple):
    """What forecasts, and in how many past periods it is tested: a fit takes its time."""

    ahead: Callable[[Floats, int, float], tuple[Floats, Floats]]
    windows: int


def forecast(
    store: Asked,
    metric: str = "cost",
    horizon: int = 28,
    *,
    by: str | Sequence[str] | None = None,
    coverage: float = 0.9,
    scope: str = "paid",
    method: Method = "naive",
) -> pd.DataFrame:
    """Say what the next days will bring if all goes on as it does, and how far off that may be.

    The forecast of a day is the median of the last four days of its weekday (a seasonal naive
    forecast).  Its interval comes from how far such forecasts of as many weeks ahead were off
    in the past, relative to the mean of the four weeks before (split conformal prediction; Lei et
    al. 2018, *Distribution-Free Predictive Inference for Regression*).  It knows neither holidays
    nor plans, and where the business changes faster than it used to it covers less than asked:
    ``attrs["backtest_coverage"]`` says how it has done.

    Parameters
    ----------
    store : Store
        Where the numbers come from.
    metric : str
        A measure; ratios are not forecast, their numerators and denominators are.
    horizon : int
        How many days ahead, from the day after the last one with the measure.
    by : str or sequence of str, optional
        Dimensions other than ``date``; by default one forecast for all.
    coverage : float
        Which share of the days should fall into the intervals.
    scope : {"paid", "all"}
        As in ``store.metrics``.
    method : {"naive", "ets"}
        ``"ets"`` is exponential smoothing with weekdays and a damped trend, with the model's own
        intervals; it needs the extra ``forecast``.  Where spend rises and falls it is nearer and
        surer; counts of a few leads a day it takes for a trend (see Notes).

    Returns
    -------
    DataFrame
        One row per group and day to come, sorted by date: ``date``, the dimensions,
        ``currency`` for money, ``forecast``, ``low`` and ``high`` (Float64, never below 0).
        Groups with nothing in the last four weeks, or too short a history, are left out.
        ``attrs``: ``backtest_coverage``, the share of days inside the intervals in
        ``backtest_windows`` past periods of ``horizon`` days, each forecast from what was there
        before it, one week apart; ``left_out``, how many groups are; ``metric``, ``coverage``,
        ``currency``.

    Raises
    ------
    OptionError
        When the metric is a ratio, or an option does not exist.
    DataError
        When no group has history enough; it says how many weeks are needed.
    MissingExtra
        When statsmodels is needed and not installed.

    Notes
    -----
    Mean error of each day by the mean of the four weeks before, and the share of days within the
    intervals meant for 90 %, over past weeks of the demo's channels
    (``python -m tests.benchmarks.forecasts``; the theta method of statsmodels was about as near,
    with intervals twice as wide):

    ======= ========== ============ ============ ============ ============
    of      days ahead naive, error ets, error   naive, held  ets, held
    ======= ========== ============ ============ ============ ============
    cost    7          38 %         24 %         95 %         92 %
    cost    28         44 %         41 %         93 %         88 %
    clicks  7          35 %         23 %         92 %         94 %
    clicks  28         42 %         39 %         94 %         88 %
    leads   7          60 %         50 %         96 %         89 %
    leads   28         63 %         73 %         96 %         83 %
    ======= ========== ============ ============ ============ ============

    Its intervals for cost and clicks were half as wide or less.

    Examples
    --------
    >>> import admira
    >>> ahead = forecast(admira.demo(), "cost", horizon=7)
    >>> ahead.set_index("date")[["forecast", "low", "high"]].round().head(2)
                forecast    low    high
    date
    2026-01-01    1148.0  597.0  1698.0
    2026-01-02    1074.0  523.0  1624.0
    >>> round(ahead.attrs["backtest_coverage"], 2), ahead.attrs["backtest_windows"]
    (0.86, 11)
    """
    _check(metric, horizon, coverage, method)
    known = _until_the_last_day(daily(store, metric, by, scope))
    usable = _with_history(known, horizon, coverage)
    if not len(usable.groups):
        message = (
            f"A forecast of {horizon} days with {coverage:.0%} coverage needs "
            f"{weeks_needed(horizon, coverage)} weeks of {metric} without a break of four weeks; "
            f"the longest history is {_longest(known) // WEEK} weeks. Ask for a shorter horizon=, "
            "a lower coverage= or coarser groups in by=, or wait for more history."
        )
        raise DataError(message)
    forecaster = _FORECASTERS[method]
    centre, reach = forecaster.ahead(usable.grid, horizon, coverage)
    is_fitted = np.asarray(np.isfinite(reach).all(axis=0))
    usable = _only(usable, is_fitted)
    rows = _rows(usable, centre[:, is_fitted], reach[:, is_fitted])
    share, windows = _backtest(usable.grid, horizon, coverage, forecaster)
    rows.attrs |= {
        "metric": metric,
        "coverage": coverage,
        "backtest_coverage": share,
        "backtest_windows": windows,
        "left_out": len(known.groups) - len(usable.groups),
    }
    return rows


def weeks_needed(horizon: int, coverage: float) -> int:
    """Say how many weeks of history a forecast needs, one back-tested period included.

    Examples
    --------
    >>> weeks_needed(28, 0.9), weeks_needed(7, 0.9)
    (14, 8)
    """
    errors = math.ceil(coverage / (1 - coverage) - 1e-9)
    days = _LEVEL_DAYS + WEEK * _blocks(horizon) + errors + horizon
    return math.ceil(days / WEEK)


def _check(metric: str, horizon: int, coverage: float, method: str) -> None:
    """Refuse ratios, and options that make no sense."""
    found = metrics[metric]
    if isinstance(found, Ratio):
        measures = [*found.numerator, *found.denominator]
        raise OptionError("metric", metric, [*measures, "a measure: forecast both sides, divide"])
    if isinstance(horizon, bool) or not isinstance(horizon, int) or horizon < 1:
        raise OptionError("horizon", horizon, ["a whole number of days from 1 up"])
    if not 0 < coverage < 1:
        raise OptionError("coverage", coverage, ["a share between 0 and 1, such as 0.9"])
    if method not in get_args(Method):
        raise OptionError("method", method, get_args(Method))


def _blocks(horizon: int) -> int:
    """Count the weeks that a horizon reaches into."""
    return math.ceil(horizon / WEEK)


def _until_the_last_day(known: Daily) -> Daily:
    """End all groups on the last day on which any has something; a group that ended is 0 there."""
    is_something = np.nonzero(known.grid > 0)[0]
    days = int(is_something.max(initial=-1)) + 1
    values = known.grid[:days].copy()
    has_begun = np.logical_or.accumulate(~np.isnan(values))
    values[has_begun & np.isnan(values)] = 0.0
    return known._replace(days=known.days[:days], grid=values)


def _with_history(known: Daily, horizon: int, coverage: float) -> Daily:
    """Keep the groups that something was counted of lately, and that have history enough."""
    days = (~np.isnan(known.grid)).sum(axis=0)
    is_alive = np.asarray(np.nansum(known.grid[-_LEVEL_DAYS:], axis=0) > 0)
    is_long = np.asarray(days >= WEEK * weeks_needed(horizon, coverage))
    known = _only(known, is_alive & is_long)
    if not len(known.groups):
        return known
    _, reach = _ahead(known.grid, horizon, coverage)
    return _only(known, np.asarray(np.isfinite(reach).all(axis=0)))


def _only(known: Daily, is_kept: NDArray[np.bool_]) -> Daily:
    """Keep some groups."""
    groups = known.groups[is_kept].reset_index(drop=True)
    return known._replace(groups=groups, grid=known.grid[:, is_kept])


def _longest(known: Daily) -> int:
    """Count the days of the group with the longest history."""
    return int((~np.isnan(known.grid)).sum(axis=0).max(initial=0))


def _expected(values: Floats) -> Floats:
    """Give the median of the last four days of its weekday, the day itself included."""
    latest = np.concatenate([values[None], weeks_before(values, _WEEKS_LOOKED_AT - 1)])
    return np.where(np.isnan(latest).any(axis=0), np.nan, medians(latest))


def _level(values: Floats) -> Floats:
    """Give the mean of the four weeks up to each day; NaN where that is nothing."""
    rolled = pd.DataFrame(values).rolling(_LEVEL_DAYS, min_periods=_LEVEL_DAYS).mean().to_numpy()
    return np.where(rolled > 0, rolled, np.nan)


def _ahead(values: Floats, horizon: int, coverage: float) -> tuple[Floats, Floats]:
    """Forecast the days after the last, and say how far off each may be; days × groups."""
    expected, level = _expected(values), _level(values)
    reaches = []
    for block in range(1, _blocks(horizon) + 1):
        back = WEEK * block
        scores = np.abs(values[back:] - expected[:-back]) / level[:-back]
        reaches.append(_conformal(scores, coverage))
    widest = np.maximum.accumulate(np.stack(reaches))  # a later week is never surer
    steps = np.arange(horizon)
    centre = expected[-WEEK:][steps % WEEK]
    return centre, widest[steps // WEEK] * level[-1]


def _conformal(scores: Floats, coverage: float) -> Floats:
    """Give the ⌈(n + 1) · coverage⌉-th smallest of n scores by column; infinite where too few."""
    count = (~np.isnan(scores)).sum(axis=0)
    place = np.ceil((count + 1) * coverage - 1e-9).astype("int64")
    ordered = np.sort(scores, axis=0)  # NaN last
    inside = np.minimum(place, len(scores)) - 1
    reach = np.take_along_axis(ordered, inside[None], axis=0)[0]
    return np.where(place <= count, reach, np.inf)


_FORECASTERS = {"naive": _Forecaster(_ahead, 13), "ets": _Forecaster(smoothed, 4)}


def _backtest(
    values: Floats, horizon: int, coverage: float, forecaster: _Forecaster
) -> tuple[float | None, int]:
    """Give the share of past days that fell into the intervals made before, and in how many goes.

    A period counts for the groups that could be forecast then.
    """
    is_inside: list[float] = []
    windows = 0
    shortest = WEEK * weeks_needed(horizon, coverage) - horizon - WEEK + 1
    for end in range(len(values) - horizon, shortest - 1, -WEEK):
        if windows == forecaster.windows:
            break
        centre, reach = forecaster.ahead(values[:end], horizon, coverage)
        error = np.abs(values[end : end + horizon] - centre)
        is_known = np.isfinite(reach) & ~np.isnan(error)
        is_inside += (error <= reach)[is_known].tolist()
        windows += bool(is_known.any())
    return (float(np.mean(is_inside)) if is_inside else None), windows


def _rows(known: Daily, centre: Floats, reach: Floats) -> pd.DataFrame:
    """Write a forecast out, one row per day and group."""
    first = known.days[-1] + pd.Timedelta(days=1)
    coming = known._replace(days=pd.date_range(first, periods=len(centre)))
    figures = {
        "forecast": np.maximum(centre, 0.0),
        "low": np.maximum(centre - reach, 0.0),
        "high": np.maximum(centre + reach, 0.0),
    }
    columns = {name: pd.array(values.ravel(), "Float64") for name, values in figures.items()}
    rows = coming.cells(np.full(centre.shape, fill_value=True)).assign(**columns)
    if known.currency is not None:
        rows.attrs["currency"] = known.currency
    return rows
