"""Clean tables of any size for benchmarks, typed as the contract says or as a source sends them."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from admira.datasets.channels import CHANNELS
from admira.schemas import ADS, CRM

_FIRST_DAY = np.datetime64("2024-01-01", "D")
_TAGS = ["utm_campaign", "utm_source", "utm_medium"]
_STAGES = ("lead", "closed_won", "closed_lost", "opportunity")
_NO_TAGS_SHARE = 0.35
_WORKED_SHARE = 0.22
_WON_SHARE = 0.3
_LOG_AGE = np.log(60.0)


def large(
    rows: int = 1_000_000,
    opportunities: int = 200_000,
    *,
    days: int = 730,
    channels: int = 6,
    seed: int = 2025,
    as_received: bool = False,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make clean tables for benchmarks: a full calendar of campaigns, and opportunities from them.

    Every campaign has a row on every day, so the number of ad rows is the largest multiple of
    ``days * channels`` that is not above ``rows`` (and at least one campaign per channel).

    Parameters
    ----------
    rows : int
        Ad rows that are wanted.
    opportunities : int
        CRM rows.
    days : int
        Days from 2024-01-01 on.
    channels : int
        Ad platforms, up to six.
    seed : int
        Seed of numpy's generator; other versions of numpy may draw other numbers.
    as_received : bool
        Give the columns as objects, with days and instants as text, as a JSON source sends them.

    Returns
    -------
    tuple of DataFrame
        ads and crm, with unique natural keys; canonical types and all the contract's columns,
        or raw columns when ``as_received``.

    Examples
    --------
    >>> ads, crm = large(rows=1_200, opportunities=50, days=10)
    >>> len(ads), len(crm)
    (1200, 50)
    >>> ads["campaign_id"].nunique()
    120
    """
    generator = np.random.default_rng(seed)
    campaigns = _campaigns(max(1, rows // (days * channels)), channels)
    ads = _ads(generator, campaigns, days)
    crm = _crm(generator, campaigns, opportunities, days)
    if as_received:
        return _as_received(ads), _as_received(crm.drop(columns=["date", "closed_date"]))
    return ADS.complete(ads), CRM.complete(crm)


def _campaigns(per_channel: int, channels: int) -> pd.DataFrame:
    """Give one row per campaign; every tenth shares its tags with the one before."""
    numbers = np.arange(per_channel)
    shared = numbers - (numbers % 10 == 9)  # noqa: PLR2004 - every tenth, as the docstring says
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "campaign_id": [f"{place + 1}{number:010d}" for number in numbers],
                    "channel": channel.name,
                    "utm_campaign": [f"campaign_{number:04d}" for number in shared],
                    "utm_source": channel.source,
                    "utm_medium": next(iter(channel.placements.values())).medium,
                    "campaign_name": [f"Campaign {number:04d}" for number in numbers],
                    "account_id": channel.account_id,
                    "currency": "EUR",
                    "cpc": next(iter(channel.placements.values())).cpc,
                }
            )
            for place, channel in enumerate(CHANNELS[:channels])
        ],
        ignore_index=True,
    )


def _ads(generator: np.random.Generator, campaigns: pd.DataFrame, days: int) -> pd.DataFrame:
    """Give a row for every day and campaign, day by day."""
    calendar = pd.Series(_FIRST_DAY + np.arange(days)).astype("datetime64[us]")
    popularity = generator.lognormal(2.0, 1.2, len(campaigns))
    clicks = generator.poisson(np.tile(popularity, days))
    rows = campaigns.loc[np.tile(np.arange(len(campaigns)), days)].reset_index(drop=True)
    return rows.assign(
        date=calendar.repeat(len(campaigns)).to_numpy(),
        clicks=clicks,
        impressions=clicks + generator.poisson(clicks * 30.0 + 20.0),
        cost=(clicks * rows["cpc"] * generator.uniform(0.8, 1.2, len(rows))).round(2),
    ).drop(columns="cpc")


def _crm(
    generator: np.random.Generator, campaigns: pd.DataFrame, count: int, days: int
) -> pd.DataFrame:
    """Give opportunities of campaigns drawn evenly; a third of them has lost its tags."""
    tags = campaigns.loc[generator.integers(len(campaigns), size=count), _TAGS]
    tags[generator.random(count) < _NO_TAGS_SHARE] = ""
    created = _FIRST_DAY + _seconds(np.sort(generator.uniform(0, days, count)))
    closed = created + _seconds(generator.lognormal(_LOG_AGE, 0.8, count))
    is_worked = generator.random(count) < _WORKED_SHARE
    is_closed = is_worked & (closed < _FIRST_DAY + np.timedelta64(days, "D"))
    is_won = is_closed & (generator.random(count) < _WON_SHARE)
    stage = np.select([is_won, is_closed, is_worked], _STAGES[1:], _STAGES[0])
    amount = generator.lognormal(9.1, 1.1, count).round(2)
    closed[~is_closed] = np.datetime64("NaT")
    return tags.reset_index(drop=True).assign(
        opportunity_id=[f"OPP-{number:07d}" for number in range(count)],
        contact_email=[f"contact.{number}@customer.example" for number in range(count)],
        stage=stage,
        amount=np.where(is_worked, amount, np.nan),
        created_at=_utc(created),
        date=created.astype("datetime64[D]").astype("datetime64[us]"),
        updated_at=_utc(np.where(is_closed, closed, created)),
        closed_at=_utc(closed),
        closed_date=closed.astype("datetime64[D]").astype("datetime64[us]"),
        currency="EUR",
    )


def _utc(instants: npt.NDArray[np.datetime64]) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(instants).tz_localize("UTC")


def _seconds(days: npt.NDArray[np.float64]) -> npt.NDArray[np.timedelta64]:
    """Give spans of that many days, in whole seconds."""
    return (days * 86_400).astype("timedelta64[s]")


def _as_received(rows: pd.DataFrame) -> pd.DataFrame:
    """Write days and instants as text and give every column as objects, missing ones as None."""
    return pd.DataFrame({name: _objects(column) for name, column in rows.items()})


def _objects(column: pd.Series) -> pd.Series:
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        values = _texts(column.dt.tz_localize(None).to_numpy("datetime64[s]"), "Z")
    elif column.dtype.kind == "M":
        values = _texts(column.to_numpy("datetime64[D]"))
    else:
        values = column.to_numpy(object)
    values[column.isna().to_numpy()] = None
    return pd.Series(values, dtype=object)


def _texts(times: npt.NDArray[np.datetime64], suffix: str = "") -> npt.NDArray[np.object_]:
    """Write times in ISO form; each distinct one is written once."""
    codes, distinct = pd.factorize(times)
    texts = np.array([*(f"{time}{suffix}" for time in distinct), None], dtype=object)
    return texts[codes]
