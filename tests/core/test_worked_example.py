"""The worked example of the attribution rules: known to six decimals, on every engine."""

import os
import subprocess
import sys
from typing import Any

import pandas as pd
import pytest

from admira.core.join import join_utm
from admira.core.metrics import compute_metrics
from tests.core.tables import ad, ads_frame, crm_frame, opportunity
from tests.engines import DUCKDB, ENGINES

SCHOOL, BRAND = "back_to_school/google/cpc", "brand/google/cpc"
SOCIAL = "back_to_school/facebook/paid_social"
ADS = ads_frame(
    ad("2025-08-01", "C-1001", SCHOOL, clicks=1200, impressions=45000, cost=350.75),
    ad(
        "2025-08-01",
        "C-2001",
        SOCIAL,
        clicks=800,
        impressions=60000,
        cost=200.0,
        channel="meta_ads",
    ),
    ad("2025-08-02", "C-1001", SCHOOL, clicks=1000, impressions=40000, cost=300.0),
    ad("2025-08-02", "C-1002", BRAND, clicks=0, impressions=500, cost=0.0),
)
CRM = crm_frame(
    opportunity("O-1", "2025-08-01", SCHOOL),
    opportunity("O-2", "2025-08-02", SCHOOL, stage="closed_won", amount=5000.0),
    opportunity("O-3", "2025-08-02", "back_to_school", stage="opportunity", amount=1200.0),
    opportunity(
        "O-4", "2025-08-01", "back_to_school/newsletter/email", stage="closed_lost", amount=700.0
    ),
    opportunity("O-5", "2025-08-03", stage="closed_won", amount=900.0),
    opportunity("O-6", "2025-08-03", BRAND),
)
NA = None
KPIS = pd.DataFrame(
    {
        "channel": ["(unattributed)", "(untagged)", "google_ads", "meta_ads"],
        "clicks": [0, 0, 2200, 800],
        "cost": [0, 0, 650.75, 200],
        "leads": [1, 1, 3.733333, 0.266667],
        "opportunities": [1, 1, 1.733333, 0.266667],
        "closed_won": [0, 1, 1, 0],
        "revenue": [0, 900, 5000, 0],
        "cpc": [NA, NA, 0.295795, 0.25],
        "cpa": [0, 0, 174.308036, 750],
        "cvr_lead_to_opp": [1, 1, 0.464286, 1],
        "cvr_opp_to_won": [0, 1, 0.576923, 0],
        "roas": [NA, NA, 7.683442, 0],
    }
)


def kpis_by_channel(engine: str) -> pd.DataFrame:
    give, take = ENGINES[engine]
    return take(compute_metrics(join_utm(give(ADS), give(CRM)), by="channel"))


@pytest.mark.parametrize("engine", ENGINES)
def test_the_kpis_by_channel_are_those_of_the_table(engine: str) -> None:
    kpis = kpis_by_channel(engine)[[*KPIS]]
    assert kpis["channel"].tolist() == KPIS["channel"].tolist()
    numbers, expected = (
        table.drop(columns="channel").astype("Float64").round(6) for table in (kpis, KPIS)
    )
    pd.testing.assert_frame_equal(numbers, expected, rtol=0, atol=5e-7)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_totals_are_those_that_went_in(engine: str) -> None:
    totals = kpis_by_channel(engine)[["leads", "revenue", "cost"]].sum()
    assert totals.tolist() == pytest.approx([6, 5900, 850.75], abs=1e-9)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_opportunity_is_matched_as_told(engine: str) -> None:
    give, take = ENGINES[engine]
    facts = take(join_utm(give(ADS), give(CRM)))
    shares = facts[facts["match"] != "ad"].sort_values(["opportunity_id", "campaign_id"])
    columns = ["opportunity_id", "campaign_id", "match", "match_reason", "match_weight"]
    assert shares[columns].to_dict("split")["data"] == [
        ["O-1", "C-1001", "exact", "", 1.0],
        ["O-2", "C-1001", "exact", "", 1.0],
        ["O-3", "C-1001", "campaign", "", pytest.approx(2200 / 3000)],
        ["O-3", "C-2001", "campaign", "", pytest.approx(800 / 3000)],
        ["O-4", "(unattributed)", "none", "utm_conflict", 1.0],
        ["O-5", "(untagged)", "untagged", "", 1.0],
        ["O-6", "C-1002", "exact", "", 1.0],
    ]


def test_a_machine_in_another_time_zone_gives_the_same_numbers() -> None:
    there = subprocess.run(
        [sys.executable, __file__],
        env={**os.environ, "TZ": "America/New_York", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert there.stdout == every_number()


def every_number() -> str:
    """Write all numbers of the example on all engines: by day and channel, landing on ad days."""
    written: list[Any] = []
    for give, take in ENGINES.values():
        facts = join_utm(give(ADS), give(CRM), lands_on="ad_day", window_days=5)
        kpis = take(compute_metrics(facts, by=("date", "channel"), start="2025-08-01"))
        written.append(kpis.to_csv(index=False, float_format="%.9f"))
    return "\n".join(written) + "\n"


if __name__ == "__main__":  # the same once more, as the test of time zones runs it
    DUCKDB.execute("SET TimeZone = 'America/New_York'")
    sys.stdout.write(every_number())
