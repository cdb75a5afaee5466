"""A business in which nothing changes but by weekday and by chance."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

import admira
from tests.stores.rows import ads

WEEKDAYS = np.array([1.0, 1.1, 1.05, 1.0, 0.9, 0.5, 0.45])
FIRST = pd.Timestamp("2024-01-01")


def flat(days: int, *, seed: int, noise: float = 0.1) -> np.ndarray:
    """Give daily cost with a weekday pattern and noise, and no trend."""
    wobble = np.random.default_rng(seed).standard_normal(days)
    return np.round(1000 * WEEKDAYS[np.arange(days) % 7] * (1 + noise * wobble), 2)


def store_of(costs: Mapping[str, Any], **fields: Any) -> admira.Store:
    """Give a store with the daily cost of each channel; a missing cost is a day without a row."""
    store = admira.open_store("memory:")
    rows = [
        {
            "date": f"{FIRST + pd.Timedelta(days=day):%Y-%m-%d}",
            "channel": channel,
            "cost": cost,
            **fields,
        }
        for channel, values in costs.items()
        for day, cost in enumerate(values)
        if cost is not None
    ]
    store.upsert(ads(*rows))
    return store
