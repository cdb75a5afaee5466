"""The command line's Monday questions, each one call of the store: a table, or JSON."""

from typing import Annotated

import pandas as pd
import typer

from admira.cli_asking import By, Metric, Named, Today, dimensions, in_metric, print_answer
from admira.cli_output import AsJson, Day, print_json, print_rows, records
from admira.cli_upkeep import StoreFolder, opened
from admira.present.formats import money_text, percent_text

questions = typer.Typer()

_IN_METRIC = ["now", "previous", "rate_effect", "mix_effect", "contribution", "value", "expected"]
_IN_MONEY = ["budget", "spent", "expected", "projected", "difference"]
_TAGS = ["utm_campaign", "utm_source", "utm_medium"]
_AUDITED = {
    "unmatched": ("Tags that met no campaign", [*_TAGS, "leads", "revenue", "near_campaign_name"]),
    "untagged": ("Opportunities without a campaign tag", ["month", "channel", "leads", "revenue"]),
    "silent": (
        "Campaigns with cost but without a tag",
        ["channel", "campaign_id", "campaign_name", "clicks", "cost"],
    ),
    "ambiguous": (
        "Tags that several campaigns share",
        [*_TAGS, "channel", "campaign_id", "campaign_name", "weight", "leads", "revenue"],
    ),
}


@questions.command()
def movers(
    metric: Metric = "cost",
    store: StoreFolder = None,
    by: By = None,
    start: Day = None,
    end: Day = None,
    period: Named = None,
    today: Today = None,
    against: Annotated[str, typer.Option(help="The previous period, or year.")] = "previous",
    top: Annotated[int, typer.Option(help="How many groups to show.")] = 10,
    *,
    as_json: AsJson = False,
) -> None:
    """Tell which groups moved a metric between two periods, campaigns by default.

    Example: admira movers --metric cpa --by channel --start 2025-12-01 --end 2025-12-31
    """
    found = opened(store).movers(
        metric,
        by=dimensions(by, "campaign_id"),
        start=start,
        end=end,
        period=period,
        today=today,
        against=against,
        top=top,
    )
    print_answer(
        found, in_metric(metric, _IN_METRIC) | {"change_share": percent_text}, as_json=as_json
    )


@questions.command()
def pacing(
    budgets: Annotated[
        str,
        typer.Option(
            metavar="FILE", help="CSV or workbook: channel or that of --by, budget, month."
        ),
    ],
    store: StoreFolder = None,
    by: Annotated[
        str, typer.Option(help="campaign_id, campaign_name or a group: what budgets are of.")
    ] = "campaign_id",
    month: Annotated[str | None, typer.Option(help="Such as 2025-12; else today's.")] = None,
    today: Annotated[
        str | None, typer.Option(metavar="DAY", help="The last day that counts as spent.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Compare what was spent with the budgets, and with what the month will come to.

    Example: admira pacing --store shop --budgets budgets.csv --month 2025-12
    """
    found = opened(store).pacing(budgets, by=by, month=month, today=today)
    print_answer(
        found, {"pace": percent_text} | dict.fromkeys(_IN_MONEY, money_text), as_json=as_json
    )


@questions.command()
def anomalies(
    metric: Metric = "cost",
    store: StoreFolder = None,
    by: By = None,
    start: Day = None,
    end: Day = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Name the days on which a metric was far from what its weekday had been before.

    Example: admira anomalies --metric cost --start 2025-12-01
    """
    found = opened(store).anomalies(metric, by=dimensions(by, "channel"), start=start, end=end)
    print_answer(found, in_metric(metric, _IN_METRIC), as_json=as_json)


@questions.command()
def freshness(store: StoreFolder = None, *, as_json: AsJson = False) -> None:
    """Say how far ads and CRM reach, and where a day is missing or thin.

    Example: admira freshness --store shop
    """
    print_answer(opened(store).freshness(), as_json=as_json)


@questions.command()
def check(
    stated: Annotated[
        str, typer.Argument(metavar="FILE", help="CSV: channel, cost, and clicks, date if known.")
    ],
    store: StoreFolder = None,
    start: Day = None,
    end: Day = None,
    period: Named = None,
    today: Today = None,
    by: Annotated[str, typer.Option(help="What the totals are of.")] = "channel",
    tolerance: Annotated[float, typer.Option(help="How far equal totals may be apart.")] = 0.005,
    *,
    as_json: AsJson = False,
) -> None:
    """Compare the store with the platforms' own totals; exit code 1 where one differs.

    Example: admira check totals.csv --store shop --period 2025-12
    """
    found = opened(store).check(
        stated, start=start, end=end, period=period, today=today, by=by, tolerance=tolerance
    )
    print_answer(found, by_metric=["stated", "stored", "difference"], as_json=as_json)
    if not found["is_equal"].all():
        raise typer.Exit(1)


@questions.command()
def diff(
    as_of: Annotated[
        str, typer.Argument(help="A run's id, a day such as 2025-12-01, or an instant.")
    ],
    store: StoreFolder = None,
    by: By = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Say which figures are no longer what they were at the end of a run or a day.

    Example: admira diff 2025-12-01 --by date,channel,campaign_id --store shop
    """
    found = opened(store).diff(as_of, by=dimensions(by, "date,channel"))
    print_answer(found, by_metric=["before", "now", "difference"], as_json=as_json)


@questions.command("tag-audit")
def tag_audit(
    store: StoreFolder = None,
    start: Day = None,
    end: Day = None,
    top: Annotated[int, typer.Option(min=1, help="How many rows of each table to list.")] = 20,
    *,
    as_json: AsJson = False,
) -> None:
    """Say which tags lead to no campaign and what is near, and which campaigns have none.

    With --json all that is known of each, and only the tags without a campaign are cut at --top.

    Example: admira tag-audit --store shop --start 2025-12-01
    """
    audit = opened(store).tag_audit(start=start, end=end, top=top)
    if as_json:
        print_json({name: records(getattr(audit, name)) for name in _AUDITED})
        return
    money = dict.fromkeys(["revenue", "cost"], money_text) | {"weight": percent_text}
    for name, (title, columns) in _AUDITED.items():
        rows: pd.DataFrame = getattr(audit, name)
        more = int(audit.rest["triples"].sum()) if name == "unmatched" else len(rows[top:])
        typer.echo(f"{title}: {len(rows[:top]) + more:,}{f', the first {top}' if more else ''}")
        if len(rows):
            print_rows(rows.loc[:, columns].head(top), written=money)
