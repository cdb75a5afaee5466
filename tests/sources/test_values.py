"""Numbers and dates as people write them, and money scaled and summed, exactly or not at all."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admira.sources.dates import read_dates
from admira.sources.decimals import scaled, summed
from admira.sources.numbers import plain_number


@settings(max_examples=60)
@given(st.lists(st.integers(-(10**20), 10**20), min_size=1, max_size=5), st.integers(0, 8))
def test_scaling_is_exact_for_numbers_and_text(micros: list[int], power: int) -> None:
    factor = Decimal(1).scaleb(-power)
    exact = [float(number * factor) for number in map(Decimal, micros)]
    assert list(map(float, scaled(micros, factor))) == exact
    assert list(map(float, scaled(list(map(str, micros)), factor))) == exact
    assert list(map(float, scaled([*micros, None], factor)[:-1])) == exact


@pytest.mark.parametrize(
    ("number", "factor", "money"),
    [
        (2**53 + 1, "0.1", "900719925474099.3"),
        ("12345678901234567890123456789.12", "0.01", "123456789012345678901234567.8912"),
        (1.1, "3", "3.3"),
    ],
)  # fmt: skip
def test_numbers_beyond_floats_keep_every_digit(number: Any, factor: str, money: str) -> None:
    assert scaled([number], Decimal(factor)) == [money]


@settings(max_examples=60)
@given(st.lists(st.decimals(-(10**9), 10**9, places=2), min_size=1, max_size=4))
def test_a_sum_of_money_is_exact_to_the_cent(parts: list[Decimal]) -> None:
    assert Decimal(summed([[str(part)] for part in parts])[0]) == sum(parts)


@settings(max_examples=60)
@given(
    st.decimals(0, 10**12, places=2),
    st.sampled_from([(".", ","), (".", "'"), (",", "."), (",", "\u202f"), (",", "\u00a0")]),
    st.sampled_from(["{}", "-{}", "({})", "€{}", "{} EUR", "CA${}", "{}\u00a0kr", " {} "]),
)  # fmt: skip
def test_a_number_survives_being_written_as_people_do(
    number: Decimal, marks: tuple[str, str], form: str
) -> None:
    decimal, thousands = marks
    whole, _, cents = f"{number:,.2f}".partition(".")
    written = form.format(whole.replace(",", thousands) + decimal + cents)
    plain = plain_number(written, decimal)
    assert plain is not None
    assert Decimal(plain) == (-number if form in ("-{}", "({})") else number)


@pytest.mark.parametrize(
    ("written", "decimal", "plain"),
    [
        ("1,033.33", ".", "1033.33"), ("1.033,33", ",", "1033.33"), ("1 020,50", ",", "1020.50"),
        ("12.345", ",", "12345"), ("12.345", ".", "12.345"), ("1,226.40", ".", "1226.40"),
        ("CA$12.34", ".", "12.34"), ("12,34 EUR", ",", "12.34"), ("-$12.34", ".", "-12.34"),
        ("$-1,000", ".", "-1000"), ("R$ 1.234,56", ",", "1234.56"), ("\u221212", ".", "-12"),
        (" --", ".", None), ("-", ".", None), ("–", ",", None),
        ("0.49%", ".", "0.49%"), ("< 10%", ".", "< 10%"), ("3M", ".", "3M"),
        ("5 MIO", ".", "5 MIO"), ("1’234,5", ",", "1234.5"),
        ("0,49", ".", "0,49"), ("1,23,456", ".", "1,23,456"), ("1,234.567,8", ".", "1,234.567,8"),
        ("0,123", ".", "0,123"), ("12,34", ".", "12,34"), ("1 234 567", ".", "1234567"),
        ("1'234'567.5", ".", "1234567.5"), ("1,234 567", ".", "1,234 567"),
        ("(1,000)", ".", "-1000"), ("12,34\u00a0€", ",", "12.34"), ("€\u00a012,34", ",", "12.34"),
        ("(-5)", ".", "(-5)"), ("USD", ".", "USD"), ("", ".", ""), (".", ",", "."),
        ("١٢", ",", "١٢"),
    ],
)  # fmt: skip
def test_only_numbers_that_can_be_read_in_one_way_are_cleaned(
    written: str, decimal: str, plain: str | None
) -> None:
    assert plain_number(written, decimal) == plain


@pytest.mark.parametrize(
    ("received", "iso"),
    [
        ("2025-08-01", "2025-08-01"),
        ("20250801", "20250801"),
        (1754006400000, "2025-08-01T00:00:00+00:00"),
        ("1754006400123", "2025-08-01T00:00:00.123000+00:00"),
        (1754006400, 1754006400),
        ("2025/8/1", "2025-08-01"),
        ("1.8.2025", "2025-08-01"),
        ("8/13/2025", "2025-08-13"),
        ("13/8/2025 9:30", "2025-08-13T09:30:00"),
        ("8/13/2025 12:05 AM", "2025-08-13T00:05:00"),
        ("8/13/2025, 1:05:09 p.m.", "2025-08-13T13:05:09"),
        ("5/5/2025", "2025-05-05"),
        ("1 sept. 2026", "2026-09-01"),
        ("10 de dez. de 2022", "2022-12-10"),
        ("2. September 2026", "2026-09-02"),
        ("3 août 2025", "2025-08-03"),
        ("Aug 1, 2025", "2025-08-01"),
        ("1-Aug-2025", "2025-08-01"),
        ("1 jui 2025", "1 jui 2025"),
        ("31 de febrero de 2025", "31 de febrero de 2025"),
        ("13/13/2025", "13/13/2025"),
        ("2/30/2025", "2/30/2025"),
        ("today", "today"),
        ("1 ago 202521873645501", "1 ago 202521873645501"),
        (f"1 ago {'9' * 5000}", f"1 ago {'9' * 5000}"),
        (None, None),
        (True, True),
    ],
)
def test_dates_are_read_where_they_can_be_read_in_one_way(received: Any, iso: Any) -> None:
    assert read_dates([received], "auto", column="date") == [iso]


def test_a_thirteenth_decides_for_the_whole_column() -> None:
    assert read_dates(["1/8/2025", "13/8/2025"], "auto", column="date") == [
        "2025-08-01",
        "2025-08-13",
    ]
    assert read_dates(["1/8/2025", "1/13/2025"], "auto", column="date") == [
        "2025-01-08",
        "2025-01-13",
    ]


def test_a_format_is_followed_and_what_it_cannot_read_stays() -> None:
    days = ["31/12/2024", "12/31/2024", "2024-12-31", None]
    assert read_dates(days, "%d/%m/%Y", column="date") == ["2024-12-31", *days[1:]]
    assert read_dates(["31/12/2024 09:30"], "%d/%m/%Y %H:%M", column="d") == ["2024-12-31T09:30:00"]


def test_a_day_may_be_an_object() -> None:
    odd = [{"year": 2025}, "x", None, {"year": "a", "month": 1, "day": 1}]
    days = [{"year": 2025, "month": 8, "day": 1}, *odd]
    assert read_dates(days, "ymd_object", column="date") == ["2025-08-01", *odd]
