"""convert_currency: dated rates, never a guess, and no money lost on the way."""

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admira import AmbiguousData, DataError, OptionError, SchemaMismatch, normalize, validate
from admira.core.currency import convert_currency
from admira.schemas import ADS, CRM
from tests.core.tables import ad, ads_frame, crm_frame, opportunity

law = settings(max_examples=40)

FIRST = pd.Timestamp("2025-08-01")  # a Friday


def spent(*rows: tuple[str, float, str | None]) -> pd.DataFrame:
    """Give ad rows of (day of August, cost, currency)."""
    return ads_frame(
        *(
            ad(f"2025-08-{day}", f"C-{place}", cost=cost, currency=currency)
            for place, (day, cost, currency) in enumerate(rows)
        )
    )


def rates(*rows: tuple[Any, Any, Any]) -> pd.DataFrame:
    """Give rates of (day, currency, rate)."""
    return pd.DataFrame(rows, columns=["date", "currency", "rate"])


def costs(rows: pd.DataFrame) -> list[float]:
    found: list[float] = rows["cost"].to_list()
    return found


# Two foreign currencies over two weeks: rates on some days, rows on others, in any order.
places = st.integers(0, 13)
quoted = st.dictionaries(
    st.tuples(places, st.sampled_from(["USD", "GBP"])), st.sampled_from([0.5, 2.0, 4.0]), max_size=8
)
rows_of_ads = st.lists(
    st.tuples(places, st.sampled_from([0.0, 1.0, 3.0]), st.sampled_from(["USD", "GBP", "EUR"])),
    max_size=6,
)


def by_hand(known: dict[tuple[int, str], float], day: int, currency: str, age: int) -> float | None:
    if currency == "EUR":
        return 1.0
    young = [
        known[then, currency] for then in range(day - age, day + 1) if (then, currency) in known
    ]
    return young[-1] if young else None


@law
@given(quoted, rows_of_ads, st.integers(0, 5), st.randoms(use_true_random=False))
def test_each_row_is_converted_at_the_last_rate_up_to_its_day(
    known: dict[tuple[int, str], float], drawn: list[tuple[int, float, str]], age: int, order: Any
) -> None:
    shuffled = [*known.items()]
    order.shuffle(shuffled)
    table = rates(*((FIRST + pd.Timedelta(days=day), name, rate) for (day, name), rate in shuffled))
    ads = spent(*((f"{day + 1:02d}", cost, currency) for day, cost, currency in drawn))
    factors = [by_hand(known, day, currency, age) for day, _, currency in drawn]
    rows = convert_currency(ads, table, to="EUR", max_age_days=age, missing="quarantine")
    assert costs(rows) == [
        cost * (1.0 if factor is None else factor)
        for (_, cost, _), factor in zip(drawn, factors, strict=True)
    ]
    is_lost = [
        factor is None and cost > 0 for (_, cost, _), factor in zip(drawn, factors, strict=True)
    ]
    assert (rows["problems"] != "").to_list() == is_lost
    assert rows["currency"].to_list() == [
        currency if lost else "EUR" for (_, _, currency), lost in zip(drawn, is_lost, strict=True)
    ]


@law
@given(rows_of_ads)
def test_twice_is_the_same_as_once(drawn: list[tuple[int, float, str]]) -> None:
    table = rates((FIRST, "USD", 0.5), (FIRST, "GBP", 2.0), (FIRST, "EUR", 9.0))
    ads = spent(*((f"{day + 1:02d}", cost, currency) for day, cost, currency in drawn))
    once = convert_currency(ads, table, to="EUR", max_age_days=20)
    pd.testing.assert_frame_equal(convert_currency(once, table, to="EUR"), once)


def test_totals_by_hand() -> None:
    ads = spent(("01", 100.0, "USD"), ("02", 10.0, "EUR"), ("04", 100.0, "USD"), ("04", 2.0, "GBP"))
    table = rates(
        ("2025-08-04", "USD", 0.75), ("2025-08-01", "USD", 0.5), ("2025-08-01", "GBP", 1.25)
    )
    assert costs(convert_currency(ads, table, to="EUR")) == [50.0, 10.0, 75.0, 2.5]


def test_a_weekend_has_fridays_rate() -> None:
    ads = spent(("02", 10.0, "USD"), ("03", 10.0, "USD"), ("04", 10.0, "USD"))
    table = rates(("2025-08-01", "USD", 0.5), ("2025-08-04", "USD", 2.0))
    assert costs(convert_currency(ads, table, to="EUR")) == [5.0, 5.0, 20.0]


def test_a_rate_of_exactly_max_age_days_counts_and_one_day_more_does_not() -> None:
    ads = spent(("08", 10.0, "USD"))
    table = rates(("2025-08-01", "USD", 0.5))
    assert costs(convert_currency(ads, table, to="EUR", max_age_days=7)) == [5.0]
    with pytest.raises(AmbiguousData):
        convert_currency(ads, table, to="EUR", max_age_days=6)


def test_a_rate_of_a_later_day_is_never_taken() -> None:
    with pytest.raises(AmbiguousData):
        convert_currency(spent(("01", 10.0, "USD")), rates(("2025-08-02", "USD", 0.5)), to="EUR")


def test_the_amounts_of_crm_are_converted_and_unknown_ones_stay_unknown() -> None:
    crm = crm_frame(
        opportunity("O-1", "2025-08-01", amount=10.0, currency="USD"),
        opportunity("O-2", "2025-08-01", amount=None, currency="USD"),
        opportunity("O-3", "2025-08-01", amount=4.0, currency="EUR"),
    )
    converted = convert_currency(crm, rates(("2025-08-01", "USD", 0.5)), to="EUR")
    assert converted["amount"].fillna(-1).to_list() == [5.0, -1, 4.0]
    assert converted["currency"].to_list() == ["EUR"] * 3


@pytest.mark.parametrize("currency", ["CHF", None])
@pytest.mark.parametrize("amount", [0.0, None])
def test_no_money_needs_neither_rate_nor_currency(
    amount: float | None, currency: str | None
) -> None:
    crm = crm_frame(opportunity("O-1", "2025-08-01", amount=amount, currency=currency))
    converted = convert_currency(crm, rates(), to="EUR")
    assert converted["currency"].to_list() == ["EUR"]
    pd.testing.assert_series_equal(converted["amount"], crm["amount"])


def test_the_error_lists_each_currency_and_its_days() -> None:
    ads = spent(
        ("09", 1.0, "USD"), *((f"0{day}", 1.0, "GBP") for day in range(1, 7)), ("02", 1.0, None)
    )
    with pytest.raises(AmbiguousData) as caught:
        convert_currency(ads, rates(("2025-08-01", "USD", 0.5)), to="EUR")
    assert str(caught.value) == (
        "The money of 8 ads rows cannot be converted to EUR: (missing) on 2025-08-02; GBP on "
        "2025-08-01, 2025-08-02, 2025-08-03, 2025-08-04 and 2 more days; USD on 2025-08-09. "
        "Expected a currency, and a rate of the row's day or at most 7 days older: add it, raise "
        "max_age_days, or pass missing='quarantine' to have those rows rejected by validate."
    )


def test_quarantine_gives_the_reason_and_validate_rejects_the_row() -> None:
    ads = spent(("01", 10.0, "USD"), ("01", 20.0, "GBP"), ("01", 30.0, None), ("01", 40.0, "EUR"))
    rows = convert_currency(ads, rates(("2025-08-01", "USD", 0.5)), to="EUR", missing="quarantine")
    accepted, rejected = validate(rows)
    assert costs(accepted) == [5.0, 40.0]
    assert costs(rejected) == [20.0, 30.0]
    assert rejected["reasons"].to_list() == [
        "currency: no rate from GBP to EUR within 7 days",
        "currency: missing",
    ]


@pytest.mark.parametrize("missing", ["error", "quarantine"])
def test_rows_with_problems_stay_as_they_are(missing: str) -> None:
    raw = pd.DataFrame(
        {
            "date": ["2025-08-01", "01/08/2025", "2025-08-01"],
            "campaign_id": ["C-1", "C-2", "C-3"],
            "channel": "google_ads",
            "clicks": 1,
            "impressions": 10,
            "cost": [10.0, 20.0, 30.0],
            "utm_campaign": "sale",
            "currency": ["USD", "USD", "dollars"],
        }
    )
    rows = normalize(raw)
    converted = convert_currency(rows, rates(("2025-08-01", "USD", 0.5)), to="EUR", missing=missing)
    pd.testing.assert_frame_equal(converted.iloc[1:], rows.iloc[1:])
    accepted, rejected = validate(converted, raw=raw)
    assert costs(accepted) == [5.0]
    assert costs(rejected) == [20.0, 30.0]


@pytest.mark.parametrize("missing", ["error", "quarantine"])
def test_arguments_are_not_changed_and_order_index_and_columns_are_kept(missing: str) -> None:
    ads = spent(("03", 1.0, "USD"), ("01", 2.0, "USD"), ("02", 3.0, "EUR")).set_axis([7, 7, "x"])
    table = rates(("2025-08-02", "USD", 0.5), ("2025-08-01", "USD", 2.0))
    copies = ads.copy(), table.copy()
    converted = convert_currency(ads, table, to="EUR", missing=missing)
    assert costs(converted) == [0.5, 4.0, 3.0]
    added = {"error": [], "quarantine": ["problems"]}[missing]
    assert converted.columns.to_list() == [*ads.columns, *added]
    unchanged = ads.columns.drop(["cost", "currency"])
    pd.testing.assert_frame_equal(converted[unchanged], ads[unchanged])
    assert converted.dtypes[ads.columns].astype(str).to_dict() == ads.dtypes.astype(str).to_dict()
    pd.testing.assert_frame_equal(ads, copies[0])
    pd.testing.assert_frame_equal(table, copies[1])


@pytest.mark.parametrize("rows_unit", ["s", "us", "ns"])
@pytest.mark.parametrize(
    "day",
    [
        "2025-08-01",
        "20250801",
        date(2025, 8, 1),
        pd.Timestamp("2025-08-01").as_unit("ns"),
        pd.Timestamp("2025-08-01 16:00").as_unit("s"),
        pd.Timestamp("2025-08-01", tz="Europe/Berlin"),
    ],
    ids=str,
)
def test_days_meet_whatever_their_type(rows_unit: str, day: Any) -> None:
    ads = spent(("01", 10.0, "USD")).astype({"date": f"datetime64[{rows_unit}]"})
    converted = convert_currency(ads, rates((day, "USD", 0.5)), to="EUR", max_age_days=0)
    assert costs(converted) == [5.0]
    assert converted["date"].dtype == ads["date"].dtype


@pytest.mark.parametrize(("to", "name"), [("eur", "USD"), (" EUR ", " usd"), ("EUR", "Usd ")])
def test_codes_meet_however_they_are_written(to: str, name: str) -> None:
    converted = convert_currency(
        spent(("01", 10.0, "USD")), rates(("2025-08-01", name, "0.5")), to=to
    )
    assert (costs(converted), converted["currency"].to_list()) == ([5.0], ["EUR"])


@pytest.mark.parametrize("empty", [ADS.empty(), CRM.empty()], ids=["ads", "crm"])
@pytest.mark.parametrize("table", [rates(), rates(("2025-08-01", "USD", 0.5))])
def test_no_rows_stay_typed_and_empty(empty: pd.DataFrame, table: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(convert_currency(empty, table, to="EUR"), empty)


@pytest.mark.parametrize("unknown", [None, np.nan, ""])
def test_a_day_without_a_rate_falls_back_on_the_day_before(unknown: Any) -> None:
    table = rates(("2025-08-01", "USD", 0.5), ("2025-08-02", "USD", unknown))
    assert costs(convert_currency(spent(("02", 10.0, "USD")), table, to="EUR")) == [5.0]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (("2025-08-01", "USD", 0.0), "rate: not above 0"),
        (("2025-08-01", "USD", -1.0), "rate: not above 0"),
        (("2025-08-01", "USD", float("inf")), "rate: infinite"),
        (("2025-08-01", "USD", "N/A"), "rate: not a number"),
        (("01/08/2025", "USD", 0.5), "date: not a date"),
        ((None, "USD", 0.5), "date: blank"),
        (("2025-08-01", None, 0.5), "currency: missing"),
    ],
)
def test_what_is_no_rate_is_refused(row: tuple[Any, Any, Any], reason: str) -> None:
    table = rates(("2025-08-02", "USD", 0.5), row)
    with pytest.raises(DataError, match=rf"1 of 2 rates .*\({reason}, first at position 1\)"):
        convert_currency(spent(("02", 10.0, "USD")), table, to="EUR")


def test_two_rates_of_one_day_are_refused_and_a_repeated_one_is_not() -> None:
    ads = spent(("01", 10.0, "USD"))
    one, other = ("2025-08-01", "USD", 0.5), ("2025-08-01", "USD", 0.6)
    assert costs(convert_currency(ads, rates(one, one), to="EUR")) == [5.0]
    with pytest.raises(AmbiguousData, match="two different ones for USD on 2025-08-01"):
        convert_currency(ads, rates(one, other), to="EUR")


@pytest.mark.parametrize("column", ["date", "currency", "cost"])
def test_a_column_that_rows_lack_is_named(column: str) -> None:
    ads = spent(("01", 10.0, "USD")).drop(columns=column)
    with pytest.raises(SchemaMismatch, match=f"ads rows lack '{column}'"):
        convert_currency(ads, rates(), to="EUR")


def test_a_column_that_rates_lack_is_named() -> None:
    wide = pd.DataFrame({"date": ["2025-08-01"], "USD": [0.5]})
    with pytest.raises(
        SchemaMismatch, match="rates rows lack 'currency', 'rate'; found 'date', 'U"
    ):
        convert_currency(spent(("01", 10.0, "USD")), wide, to="EUR")


def test_raw_rows_are_to_be_normalised_first() -> None:
    ads = spent(("01", 10.0, "USD")).astype({"cost": object})
    with pytest.raises(SchemaMismatch, match=r"lack 'cost \(float64\)'.*normalize first"):
        convert_currency(ads, rates(), to="EUR")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("to", "euro"),
        ("to", None),
        ("missing", "null"),
        ("max_age_days", -1),
        ("max_age_days", 1.5),
        ("max_age_days", True),
        ("max_age_days", 10**9),
        ("kind", "facts"),
    ],
)
def test_an_option_that_does_not_exist_is_refused(option: str, value: Any) -> None:
    options: dict[str, Any] = {"to": "EUR"} | {option: value}
    with pytest.raises(OptionError, match=f"^{option}="):
        convert_currency(spent(("01", 10.0, "USD")), rates(), **options)


def test_what_a_platform_says_its_conversions_are_worth_is_converted_too() -> None:
    values = [10.0, None, 4.0]
    ads = spent(("01", 2.0, "USD"), ("02", 3.0, "USD"), ("03", 0.0, "USD"))
    converted = convert_currency(
        ads.assign(platform_value=values), rates((FIRST, "USD", 0.5)), to="EUR"
    )
    assert costs(converted) == [1.0, 1.5, 0.0]
    assert converted["platform_value"].tolist()[::2] == [5.0, 2.0]
    assert np.isnan(converted["platform_value"][1])
    assert set(converted["currency"]) == {"EUR"}
    with pytest.raises(DataError, match="USD"):
        convert_currency(
            ads.iloc[2:].assign(platform_value=4.0), rates((FIRST, "GBP", 2)), to="EUR"
        )
