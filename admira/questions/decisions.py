"""What opportunities add once they are decided, each with the days that took."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow
import pyarrow.compute as pc

from admira.core.days import Day
from admira.errors import DataError
from admira.questions.asking import check_options, dimensions_of
from admira.summary import Asked

MEASURES_DECIDED = ["closed_won", "closed_lost", "revenue"]


def dimensions_but_records(by: str | Sequence[str] | None) -> list[str]:
    """Give the dimensions asked for; days and records are the question's own."""
    return dimensions_of([] if by is None else by, but=("date", "opportunity_id"))


def asked_of(
    store: Asked, given: Mapping[str, Any], days: tuple[Day, Day], scope: str
) -> dict[str, Any]:
    """Give what narrows the facts; they land on the day their opportunity was created."""
    check_options(store.backend, given, but=["lands_on"])
    return {"start": days[0], "end": days[1], "scope": scope, **given}


def kpis_by_record(
    store: Asked, keys: list[str], asked: Mapping[str, Any], **options: Any
) -> pd.DataFrame:
    """Give the KPIs of each group, and within it of its ads and of each opportunity."""
    by = [*dict.fromkeys([*keys, "currency", "opportunity_id"])]
    return store.metrics(by, **asked, **options)


def shares_of(
    store: Asked, rows: pd.DataFrame, keys: list[str], asked: Mapping[str, Any]
) -> pd.DataFrame:
    """Keep what each opportunity adds, with the days on which it was created and closed."""
    shares = rows.loc[rows["opportunity_id"].notna(), [*keys, "opportunity_id", *MEASURES_DECIDED]]
    records = store.crm(start=asked["start"], end=asked["end"])
    ids, known = (pyarrow.array(of["opportunity_id"]) for of in (shares, records))
    places = pc.fill_null(pc.index_in(ids, value_set=known), -1).to_numpy()
    return shares.assign(
        created=records["date"].array.take(places, allow_fill=True),
        closed=records["closed_date"].array.take(places, allow_fill=True),
    )


def decided_among(shares: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Keep the shares that add to one of the measures, with the days they took.

    Raises
    ------
    DataError
        When one of them was decided on a day that nobody knows.
    """
    decided = shares[(shares[names] > 0).any(axis="columns")]
    is_unknown = decided["closed"].isna()
    if is_unknown.any():
        lacking, of = (rows["opportunity_id"].nunique() for rows in (decided[is_unknown], decided))
        message = (
            f"{lacking} of {of} opportunities have no closed_at, so nobody knows how old they were "
            "when they were decided: have the source deliver it, or leave them out with start=, "
            "end= or a filter."
        )
        raise DataError(message)
    return decided.assign(days=(decided["closed"] - decided["created"]).dt.days)


def numbered(shares: pd.DataFrame, keys: pd.DataFrame) -> pd.DataFrame:
    """Say which of the groups each share is in, by its row."""
    if keys.columns.empty:
        return shares.assign(group=0)
    return shares.merge(keys.assign(group=keys.index), how="left", on=[*keys], validate="m:1")
