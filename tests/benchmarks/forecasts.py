"""Forecasts of the past beside those of statsmodels: ``python -m tests.benchmarks.forecasts``.

Each contender forecasts the daily cost, clicks and leads of the demo's paid channels from what was
there before, at one week's step, and of a business in which only weekdays and chance count.  It
needs statsmodels, the extra ``forecast``.
"""

import sys
import warnings
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

import admira
from admira.questions.daily import daily
from admira.questions.forecast import _FORECASTERS
from tests.questions.synthetic import flat

Floats = NDArray[np.float64]
Bands = tuple[Floats, Floats, Floats]

HORIZONS = (7, 28)
_COVERAGE = 0.9
_SHORTEST = 77  # days of history that 28 days ahead need, at this coverage
_WINDOWS = 4


class Score(NamedTuple):
    """How far off one forecast was, by the mean of what came; how many days its band held."""

    error: float
    held: float
    width: float


def forecaster(method: str) -> Callable[[Floats, int], Bands]:
    """Forecast as ``store.forecast`` does by one of its methods."""

    def forecast(history: Floats, horizon: int) -> Bands:
        rows = _FORECASTERS[method].ahead(history[:, None], horizon, _COVERAGE)
        centre, reach = (each[:, 0] for each in rows)
        return centre, np.maximum(centre - reach, 0.0), centre + reach

    return forecast


def theta(history: Floats, horizon: int) -> Bands:
    """Forecast by the theta method, which won the M3 competition."""
    from statsmodels.tsa.forecasting.theta import ThetaModel

    fitted = ThetaModel(history, period=7, method="additive").fit()
    band = fitted.prediction_intervals(horizon, alpha=1 - _COVERAGE).to_numpy()
    return fitted.forecast(horizon).to_numpy(), np.maximum(band[:, 0], 0.0), band[:, 1]


CONTENDERS: dict[str, Callable[[Floats, int], Bands]] = {
    "admira": forecaster("naive"),
    "admira, ets": forecaster("ets"),
    "statsmodels theta": theta,
}


def series() -> Iterator[tuple[str, Floats]]:
    """Give each business's daily figures."""
    store = admira.demo()
    for metric in ("cost", "clicks", "leads"):
        for values in daily(store, metric, "channel", "paid").grid.T:
            yield f"demo, {metric}", np.nan_to_num(values)
    for seed in range(6):
        yield "flat", flat(300, seed=seed)


def scores(history: Floats, horizon: int, make: Callable[[Floats, int], Bands]) -> Iterator[Score]:
    """Forecast the last weeks, each from what was there before."""
    for window in range(_WINDOWS):
        end = len(history) - horizon - 7 * window
        if end < _SHORTEST or not history[end - 28 : end].any():
            return
        centre, low, high = make(history[:end], horizon)
        came = history[end : end + horizon]
        level = history[end - 28 : end].mean()
        if np.isfinite(high).all():
            yield Score(
                float(np.abs(centre - came).mean() / level),
                float(((low <= came) & (came <= high)).mean()),
                float((high - low).mean() / level),
            )


def main() -> None:
    """Print one table."""
    known = list(series())
    write = sys.stdout.write
    write("| of | days ahead | by | mean error | band held | band's width |\n")
    write("|---|---|---|---|---|---|\n")
    for name in dict.fromkeys(name for name, _ in known):
        for horizon in HORIZONS:
            for contender, make in CONTENDERS.items():
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # of fits that do not converge
                    met = [
                        score
                        for of, values in known
                        if of == name
                        for score in scores(values, horizon, make)
                    ]
                error, held, width = np.mean(met, axis=0)
                write(
                    f"| {name} | {horizon} | {contender} | {error:.1%} | {held:.1%} "
                    f"| {width:.2f} |\n"
                )


if __name__ == "__main__":
    main()
