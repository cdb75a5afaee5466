"""KPIs beside their targets, held against pandas written out by hand."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import admira
from admira.core.totals import MEASURES
from admira.errors import DataError, OptionError
from admira.present.tables import metric_table
from admira.schemas.metrics import metrics
from tests.stores.rows import ads

DEMO = admira.demo()
NOVEMBER: dict[str, Any] = {"period": "2025-11", "scope": "paid"}
CHANNELS = sorted(DEMO.metrics("channel", scope="paid")["channel"])
GROUPS = [*CHANNELS, "nobody_ads"]

some_figures = st.none() | st.floats(0, 1e6, allow_nan=False).map(lambda value: round(value, 2))


def by_hand(kpis: pd.DataFrame, targets: list[dict[str, Any]], on: list[str]) -> pd.DataFrame:
    """Look each row's target up, one after the other."""
    rows = []
    for row in kpis.to_dict("records"):
        of_row = [each for each in targets if all(each[name] == row[name] for name in on)]
        (target,) = of_row or [{}]
        for name in ("leads", "cpa"):
            aim = target.get(name)
            row[f"{name}_target"] = aim
            is_known = aim and not pd.isna(row[name])
            row[f"{name}_versus"] = row[name] / aim - 1 if is_known else None
        rows.append(row)
    return pd.DataFrame(rows)


def assert_as_by_hand(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    assert len(found) == len(expected)
    for name in ("leads", "cpa"):
        for end in ("", "_target", "_versus"):
            ours = found[f"{name}{end}"].astype("Float64").to_numpy("float64", na_value=np.nan)
            theirs = pd.to_numeric(expected[f"{name}{end}"]).to_numpy("float64", na_value=np.nan)
            assert ours == pytest.approx(theirs, nan_ok=True)


@given(st.dictionaries(st.sampled_from(GROUPS), st.tuples(some_figures, some_figures)))
@settings(max_examples=25)
def test_targets_of_groups_are_those_looked_up_by_hand(
    given_targets: dict[str, tuple[float | None, float | None]],
) -> None:
    targets = [
        {"channel": channel, "leads": leads, "cpa": cpa}
        for channel, (leads, cpa) in given_targets.items()
    ]
    kpis = DEMO.metrics("channel", **NOVEMBER)
    if any(
        row["channel"] == "nobody_ads" and (row["leads"], row["cpa"]) != (None,) * 2
        for row in targets
    ):
        nobody = pd.DataFrame([{"channel": "nobody_ads", **dict.fromkeys(MEASURES, 0)}])
        kpis = pd.concat([kpis, nobody], ignore_index=True).sort_values("channel")
    columns = ["channel", "leads", "cpa"]
    found = DEMO.metrics("channel", versus=pd.DataFrame(targets, columns=columns), **NOVEMBER)
    assert found["channel"].tolist() == kpis["channel"].tolist()
    assert_as_by_hand(found, by_hand(kpis, targets, ["channel"]))


def test_targets_of_months_meet_the_rows_of_their_month() -> None:
    months = [pd.Timestamp(2025, month, 1) for month in (10, 11)]
    targets = [
        {"channel": channel, "date": month, "leads": 100.0 + place, "cpa": 50.0 * month.month}
        for month in months
        for place, channel in enumerate(CHANNELS[:3])
    ]
    given_targets = [
        {**row, "month": f"{row['date']:%Y-%m}", "channel": f" {row['channel'].upper()} "}
        for row in targets
    ]
    for row in given_targets:
        del row["date"]
    by, asked = ["date", "channel"], {"grain": "month", "scope": "paid"}
    found = DEMO.metrics(by, versus=given_targets, **asked)
    assert_as_by_hand(found, by_hand(DEMO.metrics(by, **asked), targets, by))
    assert found["cpa_target"].notna().sum() == 6
    in_october = DEMO.metrics(
        "channel", start="2025-10-01", end="2025-10-31", versus=given_targets, scope="paid"
    )
    assert in_october["cpa_target"].dropna().tolist() == [500.0] * 3
    daily = [{name: row[name] for name in ("channel", "month", "cpa")} for row in given_targets]
    found = DEMO.metrics(by, versus=daily, scope="paid", start="2025-10-30", end="2025-11-02")
    of_october = found[found["date"] < "2025-11-01"]
    assert of_october["cpa_target"].dropna().unique().tolist() == [500.0]
    assert found["cpa_target"].dropna().unique().tolist() == [500.0, 550.0]


@pytest.mark.parametrize(
    ("grain", "column", "value", "first"),
    [
        ("quarter", "quarter", "2025-Q4", "2025-10-01"),
        ("quarter", "quarter", "2025q4", "2025-10-01"),
        ("year", "year", 2025, "2025-01-01"),
        ("week", "week", "2025-12-03", "2025-12-01"),
        ("month", "date", "2025-12", "2025-12-01"),
        (None, "day", "2025-12-03", "2025-12-03"),
        (None, "date", pd.Timestamp("2025-12-03"), "2025-12-03"),
    ],
)
def test_a_period_is_named_by_its_kind(
    grain: str | None, column: str, value: object, first: str
) -> None:
    found = DEMO.metrics("date", grain=grain, versus=[{column: value, "leads": 10}])
    assert found.loc[found["leads_target"].notna(), "date"].tolist() == [pd.Timestamp(first)]


def test_a_mapping_holds_for_all_rows_and_companions_stand_beside_their_figure() -> None:
    kpis = DEMO.metrics("channel", versus={"cpa": 40, "roas": "3.0"}, compare="year", **NOVEMBER)
    assert kpis["cpa_target"].tolist() == [40.0] * len(CHANNELS)
    names = [name for name in kpis if name.startswith(("cpa", "roas"))]
    ends = ["", "_previous", "_change", "_target", "_versus"]
    assert names == [f"{name}{end}" for name in ("cpa", "roas") for end in ends]
    assert [name for name in kpis if name in metrics] == [*metrics]
    assert kpis["cpa_versus"].tolist() == pytest.approx((kpis["cpa"] / 40 - 1).tolist())
    total = DEMO.metrics([], versus={"leads": 0}, **NOVEMBER)
    assert total["leads_target"].tolist() == [0]
    assert total["leads_versus"].isna().all()


def test_a_file_is_read_as_budgets_are(tmp_path: Path) -> None:
    rows = pd.DataFrame({"channel": ["meta_ads"], "month": ["2025-11"], "cpa": [50.5]})
    rows.to_csv(tmp_path / "targets.csv", index=False)
    rows.to_excel(tmp_path / "targets.xlsx", index=False)
    for name in ("targets.csv", "targets.xlsx"):
        found = DEMO.metrics("channel", versus=tmp_path / name, **NOVEMBER)
        assert found.set_index("channel")["cpa_target"].dropna().to_dict() == {"meta_ads": 50.5}


def test_a_group_with_only_a_target_is_a_row_of_zeros() -> None:
    targets = [{"channel": "nobody_ads", "leads": 20, "cpa": 30}]
    for more in ({}, {"compare": "previous"}):
        found = DEMO.metrics("channel", versus=targets, **NOVEMBER, **more)
        assert found["channel"].tolist() == sorted([*CHANNELS, "nobody_ads"])
        row = found.set_index("channel").loc["nobody_ads"]
        assert (row["cost"], row["leads"], row["leads_versus"]) == (0, 0, -1)
        assert row.get("leads_previous", 0) == 0
        assert pd.isna(row["cpa"])
        assert pd.isna(row["cpa_versus"])
        plain = DEMO.metrics("channel", **NOVEMBER, **more)
        kept = found[found["channel"] != "nobody_ads"][list(plain)].reset_index(drop=True)
        pd.testing.assert_frame_equal(kept, plain)
    zeros = DEMO.metrics("channel", versus=targets, zero_division=0.0, **NOVEMBER)
    assert zeros.set_index("channel").loc["nobody_ads", "roas"] == 0
    page = DEMO.metrics("channel", versus=targets, limit=2, offset=2, **NOVEMBER)
    assert page["channel"].tolist() == sorted([*CHANNELS, "nobody_ads"])[2:4]


def test_a_target_of_a_month_that_has_not_begun_is_no_row() -> None:
    targets = [{"month": f"2025-{month}", "leads": 10} for month in ("08", "11", "12")]
    asked = {"start": "2025-10-01", "end": "2025-12-31", "grain": "month"}
    found = DEMO.metrics("date", versus=targets, today="2025-11-20", **asked)
    assert found["leads_target"].notna().tolist() == [False, True, False]
    store = admira.open_store("memory:")
    store.upsert(ads({"date": "2025-10-05"}))
    asked["start"] = "2025-08-15"
    found = store.metrics("date", versus=targets, today="2025-11-20", **asked)
    assert found["date"].dt.month.tolist() == [8, 10, 11]
    assert found["leads_versus"].dropna().tolist() == [-1, -1]


def test_filters_hold_for_targets_and_what_they_hide_is_named(
    caplog: pytest.LogCaptureFixture,
) -> None:
    targets = [{"channel": name, "leads": 20} for name in ("meta_ads", "nobody_ads")]
    found = DEMO.metrics("channel", versus=targets, channel="Meta_Ads", **NOVEMBER)
    assert found["channel"].tolist() == ["meta_ads"]
    assert "targets_unmet" not in found.attrs
    bucket = [{"channel": "(untagged)", "leads": 20}]
    assert DEMO.metrics("channel", versus=bucket, **NOVEMBER)["channel"].tolist() == CHANNELS
    with caplog.at_level(logging.WARNING, "admira.targets"):
        found = DEMO.metrics("channel", versus=targets, utm_source="facebook", **NOVEMBER)
    assert "nobody_ads" not in found["channel"].tolist()
    assert found.attrs["targets_unmet"] == ["nobody_ads"]
    assert "targets.unmet targets=1 first=nobody_ads" in caplog.text
    assert "Targets without a row: nobody_ads." in metric_table(found).notes
    over_time = DEMO.metrics(["date", "channel"], versus=targets, **NOVEMBER)
    assert over_time.attrs["targets_unmet"] == ["nobody_ads"]


def test_a_group_of_ones_own_and_a_name_can_have_targets() -> None:
    store = admira.demo()
    store.add_group("brand", {"brand": "brand", "others": ".*"})
    targets = [{"brand": "others", "cpa": 70}, {"brand": "nothing", "cpa": 7}]
    found = store.metrics("brand", versus=targets, **NOVEMBER).set_index("brand")["cpa_target"]
    assert found.dropna().to_dict() == {"others": 70, "nothing": 7}
    filtered = store.metrics("brand", versus=targets, brand="others", **NOVEMBER)
    assert filtered["cpa_target"].tolist() == [70]


@pytest.mark.parametrize(
    ("targets", "by", "options", "told"),
    [
        ({"cpaa": 40}, "channel", {}, "Did you mean 'cpa'"),
        ([{"campaign_id": "C", "cpa": 1}], "channel", {}, "versus column='campaign_id'"),
        ([{"channel": "meta_ads"}], "channel", {}, "columns of metrics"),
        (7, "channel", {}, "versus='int'"),
        ([{"date": "2025-11-01", "cpa": 1}], "channel", {}, "versus column='date'"),
        ([{"month": "2025-11", "year": 2025, "cpa": 1}], "channel", {}, "one of them"),
        ([{"month": "2025-11", "cpa": 1}], "channel", {"period": None}, "one with period="),
        ([{"month": "2025-11", "cpa": 1}], "channel", {"period": "2025"}, "quarter, year"),
        ([{"month": "2025-11", "cpa": 1}], "date", {"grain": "week"}, "versus column='month'"),
        ([{"month": "2025-11", "cpa": 1}], "date", {"grain": "quarter"}, "versus column='month'"),
        ([{"week": "2025-11-03", "cpa": 1}], "date", {"grain": "month"}, "versus column='week'"),
        ([{"month": "2025-11", "leads": 1}], "date", {}, "versus column='leads'"),
        (
            [{"month": "2025-11", "leads": 1}],
            "date",
            {"grain": "month", "rolling": 2},
            "versus column='leads'",
        ),
        ([{"match_candidates": 1, "cpa": 1}], "match_candidates", {}, "versus column"),
    ],
    ids=str,
)
def test_what_means_nothing_here_is_refused(
    targets: Any, by: str, options: dict[str, Any], told: str
) -> None:
    with pytest.raises(OptionError, match=told):
        DEMO.metrics(by, versus=targets, **{**NOVEMBER, **options})


@pytest.mark.parametrize(
    ("targets", "told"),
    [
        ({"cpa": -1}, "versus row 1 cannot be used: cpa is -1"),
        ({"cpa": "much"}, "cpa is 'much'"),
        ({"cpa": True}, "cpa is True"),
        ({"cpa": float("inf")}, "cpa is inf"),
        ([{"cpa": 1}, {"cpa": 1}], "versus row 2 .* row 1 is for all rows already"),
        (
            [{"channel": "meta_ads", "cpa": 1}, {"channel": "Meta_Ads", "roas": 1}],
            "versus row 2 .* meta_ads has a target in row 1 already",
        ),
        (
            [{"month": "2025-11", "cpa": 1}, {"month": "2025-11-30", "cpa": 1}],
            "2025-11-01 has a target in row 1 already",
        ),
        ([{"channel": "", "cpa": 1}], "versus row 1 .* it has no channel"),
        ([{"month": "soon", "cpa": 1}], "month is 'soon'"),
        ([{"month": "2052-11", "cpa": 1}], "No target is of a month from 2025-11-01 .* 2052-11-01"),
    ],
    ids=str,
)
def test_what_cannot_be_a_target_is_refused_by_row(targets: Any, told: str) -> None:
    with pytest.raises(DataError, match=told):
        DEMO.metrics("channel", versus=targets, **NOVEMBER)


def test_nothing_given_is_changed() -> None:
    targets = pd.DataFrame({"channel": ["Meta_Ads"], "cpa": ["50"]})
    before = targets.copy()
    DEMO.metrics("channel", versus=targets, **NOVEMBER)
    pd.testing.assert_frame_equal(targets, before)


def test_partial_rows_are_marked_beside_targets_too() -> None:
    asked = {"period": "mtd", "today": "2025-12-10", "mark_partial": True}
    found = DEMO.metrics("channel", versus=[{"channel": "nobody_ads", "leads": 1}], **asked)
    assert list(found)[:2] == ["channel", "is_partial"]
    assert found["is_partial"].all()
