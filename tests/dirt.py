"""Pulls of raw rows with every kind of dirt, and whether two engines made the same of them."""

from random import Random
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

import admira
from admira.core.frames import collect
from admira.schemas import FACTS

Rows = list[dict[str, Any]]

_DAYS = ["2025-01-31", "20250201", "2025-02-01T23:30:00", "2025-02-28", "2025-03-01", "01/02/2025"]
_CAMPAIGNS = [
    "sale",
    " SALE ",
    "ｓａｌｅ",
    "c-1",
    "(not set)",
    "{{campaign.name}}",
    "null",
    "",
    None,
]
_SOURCES = ["google", "Google ", "fb", "facebook", "", None, "(direct)", 'it\'s "quoted", ñ 🙂']
_MEDIA = ["cpc", "ppc", "CPC", "", None, "email"]
_IDS = ["C-1", " C-1 ", "C-2", "007", 7, "1e5", "ñ-🙂", "'; --", "", None]
_COUNTS = [0, 3, "12", 7.0, None, -4, "x", 1.5, float("inf"), True]
_MONEY = [0, 0.1, "0.2", 99.99, 1e9, None, float("nan"), -5, "free", 1 / 3]
_STAGES = ["lead", "Closed Won", "ganada", "closed_lost", "opportunity", "nurture", "", None]
_GOOD_SHARE = 0.9
_INSTANTS = ["2025-01-31T23:30:00Z", "2025-02-01T00:30:00+02:00", "2025-03-05 10:00", "soon", None]


def a_pull(random: Random, prefix: str = "") -> tuple[Rows, Rows]:
    """Draw ads and crm rows; a prefix keeps the keys and tags of several pulls apart."""

    def named(value: Any) -> Any:
        return f"{prefix}{value.strip()}" if isinstance(value, str) and value.strip() else value

    def tags() -> dict[str, Any]:
        return {
            "utm_campaign": random.choice(
                [named("sale"), *map(named, _CAMPAIGNS[:4]), *_CAMPAIGNS]
            ),
            "utm_source": random.choice(["google", *_SOURCES]),
            "utm_medium": random.choice(["cpc", *_MEDIA]),
            "currency": random.choice(["EUR", "EUR", "EUR", "USD", None]),
        }

    def mostly(good: list[Any], dirty: list[Any]) -> Any:
        return random.choice(good if random.random() < _GOOD_SHARE else dirty)

    ads = [
        {
            "date": mostly(_DAYS[:5], _DAYS),
            "campaign_id": named(mostly(_IDS[:4], _IDS)),
            "channel": mostly(["google_ads", "Google_Ads ", "meta_ads"], ["(untagged)", ""]),
            "clicks": mostly([0, 1, 5, "12"], _COUNTS),
            "impressions": mostly([10, 20], _COUNTS),
            "cost": mostly([1.25, 0, 0.1], _MONEY),
            "campaign_name": random.choice(["Sale", "Sale 2025", None]),
            **tags(),
        }
        for _ in range(random.randint(3, 14))
    ]
    crm = [
        {
            "opportunity_id": named(f"O-{random.randint(1, 9)}"),
            "created_at": mostly(_INSTANTS[:3], _INSTANTS),
            "closed_at": random.choice(["2025-04-01", None, None]),
            "stage": random.choice(_STAGES),
            "amount": mostly([None, 99.99, 1e9, 1 / 3], _MONEY),
            "entry_stage": random.choice(["lead", None, "opportunity"]),
            "ad_campaign_id": random.choice([None, None, None, named("C-1")]),
            "gclid": random.choice([None, "", "g"]),
            "msclkid": random.choice([None, None, "m"]),
            **tags(),
        }
        for _ in range(random.randint(3, 14))
    ]
    return ads, crm


def pulls(random: Random, count: int) -> tuple[Rows, Rows]:
    """Draw several pulls that stand side by side in one, apart by their keys and tags."""
    drawn = [a_pull(random, f"{number:02}-") for number in range(count)]
    return [row for ads, _ in drawn for row in ads], [row for _, crm in drawn for row in crm]


def store_of(ads: Rows, crm: Rows) -> admira.Store:
    """Give a store in memory of the rows that pass."""
    store = admira.open_store("memory:", tz="Europe/Madrid")
    admira.ingest(store, ads=ads, crm=crm)
    return store


def assert_alike(found: Any, expected: pd.DataFrame) -> None:
    """Compare fact rows in any order: counts exactly, money to the cent, shares to 1e-9."""
    keys = ["date", "channel", "campaign_id", "opportunity_id", "match_weight", "currency"]
    rows, expected = (
        FACTS.complete(each).sort_values([*keys, "clicks", "cost"], ignore_index=True)
        for each in (collect(nw.from_native(found)), expected)
    )
    for name in FACTS.names:
        here, there = rows[name], expected[name]
        assert (here.isna() == there.isna()).all(), name
        if here.dtype == "float64":
            is_money = name in ("cost", "revenue")
            np.testing.assert_allclose(here, there, rtol=0, atol=0.005 if is_money else 1e-9)
        else:
            assert here.equals(there), name


def assert_same_kpis(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Compare KPI tables row by row: counts exactly, money to the cent, ratios to 1e-9."""
    assert found.dtypes.equals(expected.dtypes)
    for name in expected:
        here, there = found[name], expected[name]
        assert (here.isna() == there.isna()).all(), name
        if pd.api.types.is_float_dtype(here):
            left, right = (side.to_numpy("float64", na_value=np.nan) for side in (here, there))
            tolerance = (
                {"atol": 0.005, "rtol": 0}
                if name in ("cost", "revenue")
                else {"rtol": 1e-9, "atol": 1e-12}
            )
            np.testing.assert_allclose(left, right, **tolerance)
        else:
            assert here.equals(there), name
