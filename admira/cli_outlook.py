"""The command line's questions about time: what becomes of leads, and what is to be expected."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from admira.cli_asking import (
    By,
    Currency,
    Metric,
    Named,
    Today,
    dimensions,
    in_metric,
    print_answer,
)
from admira.cli_output import AsJson, Day, print_json, print_rows, records
from admira.cli_upkeep import StoreFolder, opened
from admira.present.formats import count_text, money_text, percent_text
from admira.questions.saturation_box import saturation_text

outlook = typer.Typer()

_AGES = (30, 60, 90, 180)
_EVERY = 8
_IN_MEASURE = ["forecast", "low", "high"]


@outlook.command()
def cohorts(
    metric: Metric = "roas",
    store: StoreFolder = None,
    by: By = None,
    grain: Annotated[str, typer.Option(help="day, week, month, quarter or year.")] = "month",
    age: Annotated[
        list[int] | None, typer.Option(help="Days since the lead came; may be repeated.")
    ] = None,
    start: Day = None,
    end: Day = None,
    period: Named = None,
    today: Today = None,
    currency: Currency = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show what each month's leads had brought at the same ages: 30, 60, 90 and 180 days.

    Example: admira cohorts --metric roas --age 30 --age 60 --start 2025-09-01 --store shop
    """
    found = opened(store).cohorts(
        grain=grain,
        metric=metric,
        ages=age or _AGES,
        start=start,
        end=end,
        period=period,
        by=dimensions(by),
        currency=currency,
        today=today,
    )
    written = {"open_share": percent_text, **in_metric(metric, [metric])}
    print_answer(found, written, as_json=as_json)


@outlook.command()
def lags(
    store: StoreFolder = None,
    by: By = None,
    start: Day = None,
    end: Day = None,
    period: Named = None,
    today: Today = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Tell how many days pass from a lead to its sale, as quantiles.

    Example: admira lags --by channel --period 2025-Q3 --store shop
    """
    found = opened(store).lags(by=dimensions(by), start=start, end=end, period=period, today=today)
    print_answer(found, {"open_share": percent_text}, as_json=as_json)


@outlook.command()
def forecast(
    metric: Annotated[str, typer.Option(help="A measure, such as cost or leads.")] = "cost",
    store: StoreFolder = None,
    horizon: Annotated[int, typer.Option(help="How many days ahead.")] = 28,
    by: By = None,
    coverage: Annotated[
        float, typer.Option(help="Which share of the days should fall into the intervals.")
    ] = 0.9,
    method: Annotated[
        str, typer.Option(help="naive, or ets: exponential smoothing (extra: forecast).")
    ] = "naive",
    *,
    as_json: AsJson = False,
) -> None:
    """Say what the next days will bring if all goes on as it does, and how often that held.

    Example: admira forecast --metric leads --horizon 14 --store shop
    """
    asked: dict[str, Any] = {"by": dimensions(by), "coverage": coverage, "method": method}
    found = opened(store).forecast(metric, horizon, **asked)
    told = {
        name: found.attrs[name] for name in ("backtest_coverage", "backtest_windows", "left_out")
    }
    if as_json:
        print_json({"metric": metric, "coverage": coverage, **told, "days": records(found)})
        return
    print_rows(found, written=in_metric(metric, _IN_MEASURE))
    share = told["backtest_coverage"]
    held = "nothing to test it on yet" if share is None else percent_text(share)
    typer.echo(
        f"Days inside such intervals in the past: {held}, {percent_text(coverage)} asked for; "
        f"past periods tested: {told['backtest_windows']:,}; groups left out: {told['left_out']:,}."
    )


@outlook.command()
def saturation(
    channel: Annotated[str, typer.Argument(help="Whose cost, such as google_ads.")],
    metric: Annotated[
        str, typer.Option(help="What opportunities add to: leads, closed_won, revenue, …")
    ] = "leads",
    store: StoreFolder = None,
    start: Day = None,
    end: Day = None,
    coverage: Annotated[float, typer.Option(help="Of the interval.")] = 0.9,
    currency: Currency = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Describe how leads went with a channel's weekly cost, or say why that cannot be told.

    Example: admira saturation google_ads --metric revenue --store shop
    """
    found = opened(store).saturation(
        channel, metric=metric, start=start, end=end, coverage=coverage, currency=currency
    )
    if as_json:
        weeks, curve = records(found.frame), records(found.curve)
        rest = {name: value for name, value in asdict(found).items() if name not in _FRAMES}
        print_json({**rest, "weeks": weeks, "curve": curve})
        return
    typer.echo(f"{channel}: {saturation_text(found)}")
    if len(found.curve):
        writing = {**in_metric(metric, ["fitted", "low", "high"]), "cost": money_text}
        print_rows(found.curve.iloc[::_EVERY], written=writing)
    if found.left_out:
        typer.echo(f"Weeks left out, many of their leads still open: {count_text(found.left_out)}")


_FRAMES = ("frame", "curve")
