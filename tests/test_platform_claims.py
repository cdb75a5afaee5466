"""What platforms claim of themselves: beside our figures, of the same ad rows, never among ours."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

import admira
from admira.core.claims import CLAIMS
from admira.core.frames import typed
from admira.core.metrics import regrouped
from admira.errors import AmbiguousData, OptionError
from admira.schemas import ADS, PLATFORM_MEASURES
from admira.schemas.metrics import metrics
from admira.stores.memory import MemoryStore
from admira.stores.reading import Reader
from tests.stores.rows import ads, crm

T = TypeVar("T")

GOOGLE, META = {"channel": "google_ads"}, {"channel": "meta_ads", "campaign_id": "C-3"}

# Google states conversions on both days and a value on the first alone, Meta nothing.
ROWS = [
    {**GOOGLE, "cost": 10.0, "platform_conversions": 2.5, "platform_value": 80.0},
    {**GOOGLE, "cost": 5.0, "platform_conversions": 0.0, "platform_value": None},
    {**META, "cost": 25.0, "platform_conversions": None, "platform_value": None},
]
ROWS[1]["date"] = "2025-08-02"
NAMES = [{**row, "campaign_name": name} for row, name in zip(ROWS, ["A", "A", "B"], strict=True)]


def filled(*rows: dict[str, Any]) -> admira.Store:
    store = admira.open_store("memory:")
    store.upsert(ads(*rows))
    store.upsert(crm({"utm_campaign": ""}))
    return store


@pytest.fixture(scope="module")
def store() -> admira.Store:
    return filled(*NAMES)


def values(kpis: pd.DataFrame, *names: str) -> list[list[Any]]:
    """Give figures row by row, with None where there is none."""
    found = kpis[[*names]].astype(object)
    return found.where(found.notna(), None).to_numpy().tolist()


# What stands there


def test_claims_stand_behind_our_figures_and_change_none(store: admira.Store) -> None:
    kpis = store.metrics("channel", platform=True)
    assert kpis.columns.tolist() == ["channel", *metrics, *CLAIMS]
    assert_frame_equal(kpis[["channel", *metrics]], store.metrics("channel"))
    assert kpis.attrs == store.metrics("channel").attrs


def test_what_is_claimed_is_summed_and_what_is_not_is_missing(store: admira.Store) -> None:
    kpis = store.metrics("channel", platform=True)
    assert values(kpis, "channel", *PLATFORM_MEASURES) == [
        ["(untagged)", None, None],
        ["google_ads", 2.5, 80.0],
        ["meta_ads", None, None],
    ]


def test_ratios_are_of_the_cost_of_the_rows_that_state_the_claim(store: admira.Store) -> None:
    total = store.metrics([], platform=True)
    assert values(total, "platform_conversions", "platform_value") == [[2.5, 80.0]]
    assert values(total, "platform_cpa", "platform_roas") == [[15 / 2.5, 80 / 10]]


def test_coverage_says_how_much_of_the_cost_states_the_claim(store: admira.Store) -> None:
    names = ["platform_conversions_coverage", "platform_value_coverage"]
    assert values(store.metrics([], platform=True), *names) == [[15 / 40, 10 / 40]]
    kpis = store.metrics("channel", platform=True)
    assert values(kpis, *names) == [[None, None], [1.0, 10 / 15], [0.0, 0.0]]


def test_nothing_claimed_is_missing_whatever_a_zero_division_gives(store: admira.Store) -> None:
    kpis = store.metrics("channel", platform=True, zero_division=0.0, start="2025-08-02")
    assert values(kpis, "channel", "platform_conversions", "platform_cpa", "platform_roas") == [
        ["google_ads", 0.0, 0.0, None]
    ]
    plain = store.metrics("channel", platform=True, start="2025-08-02")
    assert values(plain, "platform_cpa") == [[None]]


def test_a_store_without_claims_has_none() -> None:
    kpis = filled({"cost": 3.0}).metrics("channel", platform=True)
    assert kpis[[*CLAIMS[:4]]].isna().all(axis=None)
    empty = admira.open_store("memory:").metrics("channel", platform=True)
    assert empty.columns.tolist() == ["channel", *metrics, *CLAIMS]
    assert empty.empty
    assert len(admira.open_store("memory:").metrics([], platform=True)) == 1


# By everything that our figures go by


BY: list[tuple[list[str], dict[str, Any]]] = [
    (["date"], {}),
    (["date", "channel"], {"grain": "week", "week_start": "sunday"}),
    (["campaign_id", "utm_campaign", "currency"], {}),
    (["campaign_name"], {}),
    (["letter", "channel"], {"campaign_name": "A"}),
    (["match", "match_reason", "opportunity_id"], {}),
    (["channel"], {"channel": ["Meta_Ads", "google_ads"], "start": "2025-08-01"}),
    (["channel"], {"letter": "first", "scope": "paid", "end": "2025-08-01"}),
    (["date"], {"limit": 1, "offset": 1}),
    ([], {"utm_campaign": "sale", "campaign_id": "C-1"}),
]


@pytest.fixture(scope="module")
def grouped() -> admira.Store:
    store = filled(*NAMES)
    store.add_group("letter", {"first": "A", "second": "B"})
    return store


@pytest.mark.parametrize(("by", "asked"), BY, ids=str)
@pytest.mark.parametrize("engine", ["polars", "duckdb"])
def test_every_engine_gives_the_same_claims(
    grouped: admira.Store, by: list[str], asked: dict[str, Any], engine: Any
) -> None:
    ours = grouped.metrics(by, platform=True, **asked)
    assert_frame_equal(ours[[*by, *metrics]], grouped.metrics(by, **asked))
    theirs = grouped.metrics(by, platform=True, engine=engine, **asked)
    assert_frame_equal(theirs, ours)


def test_claims_go_by_names_groups_and_filters(grouped: admira.Store) -> None:
    names = ("platform_conversions", "platform_cpa")
    by_letter = grouped.metrics("letter", platform=True, scope="paid")
    assert values(by_letter, "letter", *names) == [["first", 2.5, 6.0], ["second", None, None]]
    only = grouped.metrics("campaign_name", platform=True, letter="first", scope="paid")
    assert values(only, "campaign_name", *names) == [["A", 2.5, 6.0]]
    weeks = grouped.metrics("date", grain="month", platform=True, channel="GOOGLE_ADS")
    assert values(weeks, *names) == [[2.5, 6.0]]


def test_a_large_store_is_summed_by_duckdb(
    grouped: admira.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = grouped.metrics(["letter", "date"], platform=True)
    for module in ("admira.platform_claims", "admira.answers"):
        monkeypatch.setattr(f"{module}.default_engine", lambda *_: "duckdb")
    assert_frame_equal(grouped.metrics(["letter", "date"], platform=True), ours)


def test_money_in_several_currencies_is_never_added() -> None:
    rows = [
        {**GOOGLE, "cost": 0.0, "platform_value": 5.0, "currency": "EUR"},
        {**META, "cost": 0.0, "platform_value": 5.0, "currency": "USD"},
    ]
    store = filled(*rows)
    assert len(store.metrics([])) == 1
    with pytest.raises(AmbiguousData, match="several currencies"):
        store.metrics([], platform=True)
    kpis = store.metrics("currency", platform=True, scope="paid")
    assert values(kpis, "currency", "platform_value") == [["EUR", 5.0], ["USD", 5.0]]


class Busy(MemoryStore):
    """A store that somebody else writes to before every reading."""

    def reading(self, load: Callable[[Reader], T]) -> T:
        rows = typed(self._state.table(ADS), ADS)
        self.upsert(rows.assign(cost=rows["cost"] + 1.0, platform_conversions=rows["cost"] + 1.0))
        return super().reading(load)


def test_claims_are_of_the_same_commit_as_our_figures() -> None:
    backend = Busy()
    backend.upsert(ads({"cost": 1.0, "platform_conversions": 1.0}))
    for _ in range(2):
        kpis = admira.Store(backend).metrics([], platform=True)
        assert kpis["cost"].tolist() == kpis["platform_conversions"].tolist()


AMOUNTS = st.none() | st.integers(0, 40).map(lambda n: n / 4)
AD_ROWS = st.lists(
    st.tuples(
        st.sampled_from(["2025-08-01", "2025-08-02"]),
        st.sampled_from(["google_ads", "meta_ads"]),
        st.integers(0, 8).map(float),
        AMOUNTS,
        AMOUNTS,
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda row: row[:2],
)
FIELDS = ("date", "channel", "cost", *PLATFORM_MEASURES)


@settings(max_examples=12)
@given(AD_ROWS)
def test_claims_are_those_worked_out_by_hand_and_groups_add_up(rows: list[tuple[Any, ...]]) -> None:
    store = admira.open_store("memory:")
    store.upsert(ads(*(dict(zip(FIELDS, row, strict=True)) for row in rows)))
    frame = pd.DataFrame(rows, columns=[*FIELDS]).astype(dict.fromkeys(FIELDS[2:], "float64"))
    kpis = store.metrics("channel", platform=True)
    for row, (_, group) in zip(kpis.to_dict("records"), frame.groupby("channel"), strict=True):
        counted, valued = (group[group[name].notna()] for name in PLATFORM_MEASURES)
        expected = {
            "platform_conversions": counted["platform_conversions"].sum(min_count=1),
            "platform_value": valued["platform_value"].sum(min_count=1),
            "platform_cpa": over(counted["cost"], counted["platform_conversions"]),
            "platform_roas": over(valued["platform_value"], valued["cost"]),
            "platform_conversions_coverage": over(counted["cost"], group["cost"]),
            "platform_value_coverage": over(valued["cost"], group["cost"]),
        }
        assert {n: float(row[n]) if pd.notna(row[n]) else np.nan for n in expected} == (
            pytest.approx(expected, nan_ok=True)
        )
    assert_frame_equal(regrouped(kpis, []), store.metrics([], platform=True))


def over(above: pd.Series, below: pd.Series) -> float:
    return above.sum() / below.sum() if below.sum() else np.nan


# With periods


def test_claims_of_a_named_period(store: admira.Store) -> None:
    kpis = store.metrics([], platform=True, period=("2025-08-02", "2025-08-03"))
    assert values(kpis, "cost", "platform_conversions") == [[5.0, 0.0]]


def test_claims_are_compared_like_our_figures(store: admira.Store) -> None:
    two = {"start": "2025-08-02", "end": "2025-08-02"}
    kpis = store.metrics("channel", platform=True, compare="previous", **two)
    names = ["platform_conversions", "platform_value"]
    shown = [f"{name}{end}" for name in names for end in ("", "_previous", "_change")]
    assert values(kpis[kpis["channel"] == "google_ads"], *shown) == [
        [0.0, 2.5, -1.0, None, 80.0, None]
    ]
    assert values(kpis[kpis["channel"] == "meta_ads"], *shown) == [[None] * 6]
    days = store.metrics(["date", "channel"], platform=True).admira.compare()
    assert values(days[days["channel"] == "google_ads"], *shown)[1][:3] == [0.0, 2.5, -1.0]


@pytest.mark.parametrize("over_time", [{"rolling": 2}, {"spine": True}], ids=str)
def test_sums_over_a_spine_have_no_claims(store: admira.Store, over_time: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=r"platform=True .*False, with rolling= or spine="):
        store.metrics("date", platform=True, **over_time)


# Written for people


def test_a_table_shows_claims_and_says_whose_they_are(store: admira.Store) -> None:
    table = store.metrics("channel", platform=True, scope="paid").admira.table()
    assert [cell.text for cell in table.heads][-4:] == [
        "Conversions (platform)",
        "Value (platform)",
        "Cost per conversion (platform)",
        "ROAS (platform)",
    ]
    assert [[cell.text for cell in row.cells][-4:] for row in table.rows] == [
        ["2.5", "80.00", "6.00", "8.00×"],
        ["–", "–", "–", "–"],
        ["2.5", "80.00", "6.00", "8.00×"],
    ]
    titles = [cell.title for cell in table.rows[1].cells][-4:]
    assert titles == [
        *["n/a: no platform states it"] * 2,
        "n/a: Conversions (platform) is 0, or no platform states it",
        "n/a: Cost is 0, or no platform states it",
    ]
    assert any("for 37.5% of the cost" in note for note in table.notes)
    plain = store.metrics("channel").admira.table()
    assert not any("platforms claim" in note for note in plain.notes)


def test_a_table_of_compared_claims_shows_what_they_were(store: admira.Store) -> None:
    days = {"start": "2025-08-02", "end": "2025-08-02"}
    kpis = store.metrics("channel", platform=True, compare="previous", **days)
    table = kpis.admira.table(columns=["cost", "platform_conversions"])
    assert [cell.text for cell in table.heads] == ["Channel", "Cost", "Conversions (platform)"]
    google = next(row for row in table.rows if row.cells[0].text == "google_ads")
    assert (google.cells[-1].text, google.cells[-1].note) == ("0", "−100.0%")


def test_a_sparkline_keeps_the_claims_of_its_groups(store: admira.Store) -> None:
    kpis = store.metrics(["date", "channel"], platform=True, scope="paid")
    table = kpis.admira.table(columns=["platform_conversions"], sparkline="cost")
    assert [row.cells[1].text for row in table.rows] == ["2.5", "–", "2.5"]


def test_claims_are_told_in_spanish(store: admira.Store) -> None:
    kpis = store.metrics("channel", platform=True)
    admira.set_language("es")
    try:
        table = kpis.admira.table()
    finally:
        admira.set_language("en")
    assert table.heads[-4].text == "Conversiones (plataforma)"
    assert any("37,5" in note for note in table.notes)


def test_claims_are_figures_in_files(store: admira.Store, tmp_path: Path) -> None:
    kpis = store.metrics("channel", platform=True, scope="paid")
    written = kpis[["channel", *CLAIMS[:4]]].admira.to_csv(rounded=True)
    assert written.splitlines()[1] == "google_ads,2.5,80.0,6.0,8.0"
    kpis.admira.to_excel(tmp_path / "kpis.xlsx")
    read = pd.read_excel(tmp_path / "kpis.xlsx", engine="calamine")
    assert read["platform_roas"].tolist()[:1] == [8.0]
    kpis.admira.to_parquet(tmp_path / "kpis.parquet")
    schema = pyarrow.parquet.read_schema(tmp_path / "kpis.parquet")
    units = {name: schema.field(name).metadata[b"unit"].decode() for name in CLAIMS[:4]}
    assert [*units.values()] == ["conversions", "currency", "currency", "ratio"]


def test_a_group_cannot_be_called_like_a_claim(store: admira.Store) -> None:
    with pytest.raises(OptionError):
        store.add_group("platform_roas", {"all": ".*"})


def test_claims_stand_beside_targets_too(store: admira.Store) -> None:
    given = {"by": "channel", "compare": "previous", "start": "2025-08-01", "end": "2025-08-02"}
    kpis = store.metrics(**given, versus={"cost": 20.0}, platform=True)
    assert values(kpis[kpis["channel"] == "google_ads"], "cost_versus", "platform_value") == [
        [-0.25, 80.0]
    ]
    others = [name for name in kpis if name not in ("cost_target", "cost_versus")]
    assert_frame_equal(kpis[others], store.metrics(**given, platform=True))
