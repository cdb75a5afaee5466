"""Rows of one natural key in one pull: the last counts, or segments add up."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admira import AmbiguousData
from admira.core.settle import settle, settle_segments
from admira.schemas import ADS, TAGS


def segments(*rows: dict[str, object]) -> pd.DataFrame:
    base = {"date": "2025-08-01", "campaign_id": "C-1", "channel": "google_ads", "impressions": 1}
    return ADS.complete(
        pd.DataFrame([base | row for row in rows]).assign(
            date=lambda frame: pd.to_datetime(frame["date"])
        )
    )


def test_segments_add_up_and_keep_the_tags_of_the_most_clicked() -> None:
    settled = settle_segments(
        segments(
            {"clicks": 3, "cost": 1.5, "utm_campaign": "mobile"},
            {"clicks": 7, "cost": 1.0, "utm_campaign": "desktop"},
            {"clicks": 1, "cost": 0.5, "utm_campaign": ""},
        )
    )
    row = settled.rows.iloc[0]
    assert (row["clicks"], row["impressions"], row["cost"]) == (11, 3, 3.0)
    assert row["utm_campaign"] == "desktop"
    assert settled.merged == 2
    assert list(settled.rows.columns) == ADS.names


def test_every_other_triple_is_kept_for_the_campaign_map() -> None:
    settled = settle_segments(
        segments(
            {"clicks": 3, "cost": 0, "utm_campaign": "mobile", "utm_source": "google"},
            {"clicks": 7, "cost": 0, "utm_campaign": "desktop"},
            {"date": "2025-08-02", "clicks": 3, "cost": 0, "utm_campaign": "desktop"},
        )
    )
    assert list(settled.tags.columns) == TAGS.names
    assert settled.tags[["campaign_id", "utm_campaign", "utm_source"]].to_numpy().tolist() == [
        ["C-1", "mobile", "google"]
    ]
    assert settled.tags["valid_from"].tolist() == [pd.Timestamp("2025-08-01")]


def test_segments_in_several_currencies_are_refused() -> None:
    with pytest.raises(AmbiguousData, match=r"campaign C-1 of google_ads on 2025-08-01"):
        settle_segments(
            segments({"cost": 1.0, "currency": "EUR"}, {"cost": 1.0, "currency": "USD"})
        )


def test_a_segment_without_money_may_lack_a_currency() -> None:
    settled = settle_segments(segments({"cost": 1.0, "currency": "EUR"}, {"cost": 0.0}))
    assert settled.rows["currency"].tolist() == ["EUR"]


rows = st.lists(
    st.fixed_dictionaries(
        {
            "campaign_id": st.sampled_from(["C-1", "C-2"]),
            "clicks": st.integers(0, 3),
            "cost": st.sampled_from([0.0, 0.25, 1.5]),
            "utm_campaign": st.sampled_from(["", "a", "b"]),
        }
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=50)
@given(rows)
def test_nothing_is_lost_whichever_way_rows_are_settled(pulled: list[dict[str, object]]) -> None:
    accepted = segments(*pulled)
    summed, last = settle_segments(accepted), settle(accepted, ADS)
    for settled in (summed, last):
        gone = settled.repeated + settled.superseded + settled.merged
        assert len(settled.rows) + gone == len(accepted)
        assert not settled.rows.duplicated(list(ADS.key)).any()
    for measure in ("clicks", "impressions", "cost"):
        assert summed.rows[measure].sum() == accepted[measure].sum()
    carried = {*summed.rows["utm_campaign"], *summed.tags["utm_campaign"]} - {""}
    assert carried == {*accepted["utm_campaign"]} - {""}
