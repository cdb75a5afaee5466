"""Forecasts by exponential smoothing, for a business that grows or shrinks; statsmodels fits it."""

import warnings

import numpy as np
import pandas as pd

from admira.errors import MissingExtra
from admira.questions.daily import WEEK, Floats


def smoothed(values: Floats, horizon: int, coverage: float) -> tuple[Floats, Floats]:
    """Forecast the days after the last, and say how far off each may be; days × groups.

    The model has an additive error, a damped trend and weekdays, ETS(A, Ad, A) in
    Hyndman and Athanasopoulos, *Forecasting: Principles and Practice*, 3rd ed., chapter 8; the
    intervals are its own.  A group that it cannot be fitted to has none: they are infinite.

    Raises
    ------
    MissingExtra
        When statsmodels is not installed.
    """
    try:
        from statsmodels.tsa.exponential_smoothing.ets import ETSModel
    except ModuleNotFoundError:
        raise MissingExtra("Forecasting by exponential smoothing", "forecast") from None
    shape = {"error": "add", "trend": "add", "damped_trend": True, "seasonal": "add"}
    shape["initialization_method"] = "heuristic"  # as near as fitted ones, in a tenth of the time
    centre, reach = (
        np.zeros((horizon, values.shape[1])),
        np.full((horizon, values.shape[1]), np.inf),
    )
    for place, history in enumerate(values.T):
        known = pd.Series(history[~np.isnan(history)])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of fits that stop early: the back-test judges them
            try:
                fitted = ETSModel(known, seasonal_periods=WEEK, **shape).fit(disp=False)
                ahead = fitted.get_prediction(len(known), len(known) + horizon - 1)
            except (ValueError, np.linalg.LinAlgError):
                continue
            band = ahead.summary_frame(alpha=1 - coverage)
        centre[:, place] = band["mean"]
        reach[:, place] = band["pi_upper"] - band["mean"]
    return centre, reach
