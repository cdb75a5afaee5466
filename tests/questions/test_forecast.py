"""The days to come: figures by hand, intervals that cover what they say, and honest refusals."""

import sys

import numpy as np
import pandas as pd
import pytest

import admira
from admira.errors import DataError, MissingExtra, OptionError
from admira.questions.forecast import forecast, weeks_needed
from tests.questions.synthetic import FIRST, flat, store_of
from tests.stores.rows import ads

BAND = 0.07


@pytest.mark.parametrize("coverage", [0.8, 0.9])
@pytest.mark.parametrize("horizon", [7, 28])
@pytest.mark.parametrize("metric", ["cost", "clicks", "leads"])
def test_intervals_cover_as_said_on_the_channels_of_the_demo(
    metric: str, horizon: int, coverage: float
) -> None:
    rows = forecast(admira.demo(), metric, by="channel", horizon=horizon, coverage=coverage)
    assert rows.attrs["backtest_coverage"] == pytest.approx(coverage, abs=BAND)
    assert rows.attrs["backtest_windows"] >= 5


@pytest.mark.parametrize("coverage", [0.8, 0.9])
@pytest.mark.parametrize("horizon", [7, 28])
def test_intervals_cover_as_said_in_a_flat_business(horizon: int, coverage: float) -> None:
    store = store_of({name: flat(400, seed=seed) for seed, name in enumerate("abcd")})
    rows = forecast(store, "cost", by="channel", horizon=horizon, coverage=coverage)
    assert rows.attrs["backtest_coverage"] == pytest.approx(coverage, abs=BAND)
    assert rows.attrs["backtest_windows"] == 13


def test_held_back_weeks_fall_into_the_intervals_as_often_as_said() -> None:
    channels = [f"c{seed}" for seed in range(12)]
    costs = {name: flat(300, seed=seed) for seed, name in enumerate(channels)}
    rows = forecast(store_of({name: values[:272] for name, values in costs.items()}), by="channel")
    came = [
        costs[name][(day - FIRST).days]
        for name, day in zip(rows["channel"], rows["date"], strict=True)
    ]
    is_inside = (rows["low"] <= came) & (rows["high"] >= came)
    assert len(rows) == 12 * 28
    assert is_inside.mean() == pytest.approx(0.9, abs=BAND)


def errors_by_hand(values: list[float], block: int) -> list[float]:
    """Work out how far off forecasts of so many weeks ahead were, by the mean of four weeks."""
    errors = []
    for origin in range(27, len(values) - 7 * block):
        latest = [values[origin - 7 * week] for week in range(4)]
        error = abs(values[origin + 7 * block] - np.median(latest))
        errors.append(error / np.mean(values[origin - 27 : origin + 1]))
    return errors


def test_the_figures_are_those_worked_out_by_hand() -> None:
    values = flat(119, seed=9).tolist()
    rows = forecast(store_of({"a": values}, currency="EUR"), horizon=10)
    assert rows["date"].tolist() == [FIRST + pd.Timedelta(days=119 + step) for step in range(10)]
    reach = 0.0
    for step, row in enumerate(rows.to_dict("records")):
        expected = np.median([values[119 + step % 7 - 7 * week] for week in range(1, 5)])
        errors = sorted(errors_by_hand(values, step // 7 + 1))
        score = errors[int(np.ceil((len(errors) + 1) * 0.9)) - 1]
        reach = max(reach, score * np.mean(values[-28:]))
        assert row["forecast"] == pytest.approx(expected)
        assert row["high"] == pytest.approx(expected + reach)
        assert row["low"] == pytest.approx(max(expected - reach, 0.0))
    assert rows.attrs["currency"] == "EUR"


def test_a_back_test_knows_only_what_was_there_before() -> None:
    values = flat(119, seed=9).tolist()
    rows = forecast(store_of({"a": values}), horizon=7)
    is_inside = []
    for end in range(112, 42, -7):
        errors = sorted(errors_by_hand(values[:end], 1))
        reach = errors[int(np.ceil((len(errors) + 1) * 0.9)) - 1] * np.mean(values[end - 28 : end])
        for day in range(end, end + 7):
            expected = np.median([values[day - 7 * week] for week in range(1, 5)])
            is_inside.append(abs(values[day] - expected) <= reach)
    assert rows.attrs["backtest_windows"] == len(is_inside) // 7 == 10
    assert rows.attrs["backtest_coverage"] == pytest.approx(np.mean(is_inside))


def test_a_business_without_noise_is_forecast_to_the_cent() -> None:
    rows = forecast(store_of({"a": flat(140, seed=0, noise=0.0)}), horizon=14)
    assert rows["forecast"].tolist() == pytest.approx(flat(14, seed=0, noise=0.0).tolist())
    assert rows["low"].tolist() == rows["high"].tolist() == rows["forecast"].tolist()
    assert rows.attrs["backtest_coverage"] == 1.0


def test_too_little_history_says_how_much_is_needed() -> None:
    assert weeks_needed(28, 0.9) == 14
    enough = flat(7 * 14, seed=1)
    assert len(forecast(store_of({"a": enough}))) == 28
    with pytest.raises(DataError, match=r"needs 14 weeks .* longest history is 13 weeks"):
        forecast(store_of({"a": enough[:-1]}))
    with pytest.raises(DataError, match="0 weeks"):
        forecast(admira.open_store("memory:"))
    with pytest.raises(DataError, match="0 weeks"):
        forecast(store_of({"a": [0.0] * 200}))


def test_groups_that_are_young_or_over_are_left_out_and_counted() -> None:
    values: list[float | None] = list(flat(140, seed=1))
    young = [None] * 100 + values[:40]
    rows = forecast(store_of({"a": values, "over": values[:100], "young": young}), by="channel")
    assert set(rows["channel"]) == {"a"}
    assert rows.attrs["left_out"] == 2


def test_a_group_that_paused_lately_goes_down() -> None:
    values: list[float | None] = [100.0] * 133 + [None] * 7
    rows = forecast(store_of({"a": values, "b": [50.0] * 140}), horizon=7, by="channel")
    found = rows.groupby("channel")["forecast"].first()
    assert found.to_dict() == {"a": 100.0, "b": 50.0}  # the median holds out for a week
    assert rows["date"].min() == FIRST + pd.Timedelta(days=140)


def test_currencies_are_forecast_one_by_one() -> None:
    store = store_of({"a": [100.0] * 140}, currency="EUR")
    days = pd.date_range(FIRST, periods=140)
    other = {"campaign_id": "C-2", "currency": "USD", "cost": 7.0}
    store.upsert(ads(*({"date": f"{day:%Y-%m-%d}", **other} for day in days)))
    rows = forecast(store, horizon=2)
    assert rows["currency"].tolist() == ["EUR", "USD"] * 2
    assert rows["forecast"].tolist() == [100.0, 7.0] * 2
    assert "currency" not in rows.attrs
    clicks = forecast(store, "clicks", horizon=1)
    assert list(clicks) == ["date", "forecast", "low", "high"]
    assert clicks["forecast"].tolist() == [20.0]


def test_tables_are_tidy_and_typed() -> None:
    rows = forecast(admira.demo(), "cost", by=["channel"], horizon=3)
    assert rows.dtypes.astype(str).to_dict() == {
        "date": "datetime64[us]",
        "channel": "str",
        "currency": "str",
        "forecast": "Float64",
        "low": "Float64",
        "high": "Float64",
    }
    assert len(rows) == 3 * 6
    assert rows["date"].is_monotonic_increasing
    assert (rows["low"] >= 0).all()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"metric": "cpa"}, "cost, leads, a measure: forecast both sides"),
        ({"metric": "costs"}, "^metric"),
        ({"horizon": 0}, "^horizon"),
        ({"horizon": 1.5}, "^horizon"),
        ({"coverage": 1.0}, "^coverage"),
        ({"coverage": 90}, "^coverage"),
        ({"by": "date"}, "^by"),
        ({"scope": "some"}, "^scope"),
    ],
)
def test_options_that_do_not_exist_are_named(options: dict[str, object], named: str) -> None:
    with pytest.raises(OptionError, match=named):
        forecast(admira.demo(), **options)  # type: ignore[arg-type]


def growing(days: int, *, seed: int) -> list[float]:
    """Give a business that grows by a hundredth each day."""
    return (flat(days, seed=seed) * 1.01 ** np.arange(days)).round(2).tolist()


def test_exponential_smoothing_is_nearer_where_a_business_grows() -> None:
    costs = {name: growing(147, seed=seed) for seed, name in enumerate("abc")}
    store = store_of({name: values[:140] for name, values in costs.items()})
    came = [costs[name][day] for day in range(140, 147) for name in "abc"]
    errors = {}
    for method in ("naive", "ets"):
        ahead = forecast(store, "cost", horizon=7, by="channel", method=method)
        assert ahead["channel"].tolist() == [*"abc"] * 7
        assert (ahead["low"] <= ahead["forecast"]).all()
        assert (ahead["forecast"] <= ahead["high"]).all()
        errors[method] = (ahead["forecast"] - came).abs().mean()
    assert errors["ets"] < errors["naive"] / 2
    assert ahead.attrs["backtest_windows"] == 4
    assert 0.5 < ahead.attrs["backtest_coverage"] <= 1


def test_a_flat_business_is_covered_by_smoothing_as_said() -> None:
    store = store_of({name: flat(200, seed=seed) for seed, name in enumerate("abcd")})
    for coverage in (0.8, 0.95):
        ahead = forecast(store, "cost", 28, by="channel", coverage=coverage, method="ets")
        assert ahead.attrs["backtest_coverage"] == pytest.approx(coverage, abs=BAND)


def test_smoothing_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "statsmodels.tsa.exponential_smoothing.ets", None)
    with pytest.raises(MissingExtra, match=r"pip install 'admira\[forecast\]'"):
        forecast(admira.demo(), "cost", method="ets")
    with pytest.raises(OptionError, match="method='guess'"):
        forecast(admira.demo(), "cost", method="guess")  # type: ignore[arg-type]
