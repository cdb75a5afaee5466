"""Answers that are held: asked again they cost nothing, and they are never those of other rows."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import admira
from admira.questions import held as holding
from admira.questions.anomalies import anomalies
from admira.questions.movers import movers
from admira.schemas.metrics import metrics
from tests.questions.synthetic import FIRST, flat, store_of
from tests.stores.rows import ads

AUGUST = {"start": "2024-08-01", "end": "2024-08-31"}


class Counted(admira.Store):
    """A store that counts what is asked of it."""

    asked = 0

    def metrics(self, by: Any = (), **more: Any) -> pd.DataFrame:  # type: ignore[override]
        Counted.asked += 1
        return super().metrics(by, **more)


@pytest.fixture
def store() -> admira.Store:
    costs = {name: flat(260, seed=seed) for seed, name in enumerate(["google_ads", "meta_ads"])}
    Counted.asked = 0
    return Counted(store_of(costs).backend)


def extra(day: str, cost: float, **more: Any) -> pd.DataFrame:
    return ads({"date": day, "channel": "meta_ads", "campaign_id": "C-9", "cost": cost, **more})


def test_what_is_asked_again_is_not_worked_out_again(store: admira.Store) -> None:
    first = store.movers("cost", by="channel", **AUGUST)
    asked = Counted.asked
    again = store.movers("cost", by="channel", **AUGUST)
    assert Counted.asked == asked > 0
    assert again.attrs == first.attrs
    assert type(again) is type(first)
    pd.testing.assert_frame_equal(again, first)
    store.movers("clicks", by="channel", **AUGUST)
    assert Counted.asked > asked


def test_new_rows_groups_and_aliases_make_a_new_answer(tmp_path: Path) -> None:
    store = admira.open_store(tmp_path)
    store.upsert(extra("2024-08-02", 100.0, campaign_name="non-brand"))
    changes = [
        lambda: store.upsert(extra("2024-08-20", 5000.0, campaign_name="brand")),
        lambda: store.upsert(extra("2024-08-20", 9000.0, campaign_name="brand")),
        lambda: store.add_group("kind", {"brand": "brand", "other": ".*"}),
        lambda: store.add_group("kind", {"all": ".*"}),
        lambda: store.alias("old", "new"),
    ]
    store.add_group("kind", {"one": ".*"})
    for change in changes:
        store.movers("cost", by="kind", **AUGUST)
        change()
        expected = movers(store, "cost", by="kind", **AUGUST)
        pd.testing.assert_frame_equal(
            pd.DataFrame(store.movers("cost", by="kind", **AUGUST)), expected
        )


def test_whoever_changes_an_answer_changes_no_other(store: admira.Store) -> None:
    found = store.anomalies("cost", threshold=1.0)
    assert len(found)
    found["z"] = 0.0
    found.attrs["judged"] = -1
    again = store.anomalies("cost", threshold=1.0)
    pd.testing.assert_frame_equal(pd.DataFrame(again), anomalies(store, "cost", threshold=1.0))
    assert again.attrs["judged"] > 0


def test_a_ratio_defined_anew_and_another_day_make_a_new_answer(
    store: admira.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.movers("cost", by="channel", **AUGUST)
    asked = Counted.asked
    metrics.add_ratio("clicks_per_cost", "clicks", "cost")
    try:
        store.movers("cost", by="channel", **AUGUST)
        assert Counted.asked > asked
    finally:
        metrics.remove_ratio("clicks_per_cost")
    asked = Counted.asked
    store.movers("cost", by="channel", **AUGUST)
    assert Counted.asked == asked
    monkeypatch.setattr(holding, "today_of", lambda *_: FIRST)
    store.movers("cost", by="channel", **AUGUST)
    assert Counted.asked > asked


def test_what_may_change_without_a_sign_is_not_held(store: admira.Store) -> None:
    known = store.campaigns()
    for _ in range(2):
        asked = Counted.asked
        store.movers("cost", by="channel", campaigns=known, **AUGUST)
        assert Counted.asked > asked


def test_only_the_last_answers_are_held(
    store: admira.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holding, "_AT_MOST", 2)
    for metric in ("cost", "clicks", "cost", "impressions"):
        store.movers(metric, by="channel", **AUGUST)
    asked = Counted.asked
    store.movers("cost", by="channel", **AUGUST)
    assert Counted.asked == asked
    store.movers("clicks", by="channel", **AUGUST)
    assert Counted.asked > asked
