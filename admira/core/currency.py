"""convert_currency: the money of ads or crm rows in one currency, at dated rates."""

from typing import Literal, get_args

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from admira.core.dates import parse_days
from admira.core.problems import known_problems
from admira.core.quantities import parse_quantities
from admira.errors import AmbiguousData, DataError, OptionError, SchemaMismatch
from admira.log import log_event
from admira.schemas import ADS, Column, Table, table_of

Missing = Literal["error", "quarantine"]

RATES = Table(
    name="rates",
    grain="one row per day and currency",
    key=("date", "currency"),
    partitions=(),
    columns=(
        Column("date", "day", "day", "the day the rate is of", required=True),
        Column("currency", "text", "ISO 4217", "the currency it converts from", required=True),
        Column(
            "rate",
            "number",
            "",
            "units of the wanted currency for one unit of this one; missing where none was set",
            required=True,
            nullable=True,
        ),
    ),
)

_LONGEST_AGE = 36_500
_DAYS_SHOWN = 4


def convert_currency(
    rows: pd.DataFrame,
    rates: pd.DataFrame,
    *,
    to: str,
    kind: str | None = None,
    max_age_days: int = 7,
    missing: str = "error",
) -> pd.DataFrame:
    """Give the rows with their money in one currency, each at the last rate known on its day.

    A rate is never guessed: money that no rate converts is an error, or a problem of its row that
    `validate` rejects.  Money that is in the wanted currency already stays as it is, so converting
    twice is the same as converting once.

    Parameters
    ----------
    rows : DataFrame, one row per day, campaign and channel, or one per opportunity
        As `normalize` or `validate` gives them.  Columns used: ``date``, ``currency``, and ``cost``
        (and ``platform_value``) of ads or ``amount`` of crm.  Rows that carry ``problems`` stay as
        they are.
    rates : DataFrame, one row per day and currency
        ``date``; ``currency``; ``rate``, the units of ``to`` for one unit of ``currency``.  The
        European Central Bank publishes the inverse, dollars for one euro: divide 1 by it.  A null
        rate counts as no rate, and a rate of ``to`` itself is not looked at.
    to : str
        The ISO 4217 code of the currency that is wanted.
    kind : {"ads", "crm"}, optional
        Which table this is; by default the key column tells.
    max_age_days : int
        How old a rate may be on the row's day, so that a Sunday has Friday's; 0 takes a rate of the
        very day only.  A rate of a later day is never taken.
    missing : {"error", "quarantine"}
        What becomes of money without a rate, or without a currency: an error that lists the
        currencies and days, or a reason in ``problems`` beside the money as it was.

    Returns
    -------
    DataFrame
        The same rows, in the same order, with the same index and columns; ``problems`` is added
        when ``missing="quarantine"``.  ``currency`` is ``to`` on every row without problems, also
        where the money is null or 0, which needs no rate.  Money is not rounded.

    Raises
    ------
    AmbiguousData
        When a rate or a currency is missing, or the rates hold two different ones for one day.
    SchemaMismatch
        When the rows or the rates lack a column, or the money is not numbers yet.
    DataError
        When the rates hold a day, a currency or a rate that is none.
    OptionError
        When an option has a value that does not exist.

    Examples
    --------
    >>> import pandas as pd
    >>> crm = pd.DataFrame({
    ...     "opportunity_id": ["O-1", "O-2", "O-3"], "amount": [100.0, 100.0, 50.0],
    ...     "currency": ["USD", "EUR", "CHF"],
    ...     "date": pd.to_datetime(["2025-08-03", "2025-08-04", "2025-08-04"]),
    ... })
    >>> rates = pd.DataFrame({"date": ["2025-08-01"], "currency": ["USD"], "rate": [0.875]})
    >>> rows = convert_currency(crm, rates, to="EUR", missing="quarantine")
    >>> rows[["opportunity_id", "amount", "currency"]]
      opportunity_id  amount currency
    0            O-1    87.5      EUR
    1            O-2   100.0      EUR
    2            O-3    50.0      CHF
    >>> rows["problems"].to_list()
    ['', '', 'currency: no rate from CHF to EUR within 7 days']
    """
    table = table_of(rows.columns, kind)
    money, *more = ("cost", "platform_value") if table is ADS else ("amount",)
    table.require(rows.columns, ["date", "currency", money])
    amounts = rows[[money, *(name for name in more if name in rows)]]
    for name in amounts:
        _require_numbers(amounts[name], table)
    wanted = _code(to)
    _check(max_age_days, missing)
    known = _read_rates(rates)

    found = pd.DataFrame(
        {
            "currency": rows["currency"].array,
            "date": parse_days(rows["date"].reset_index(drop=True), table["date"]).cells,
        }
    ).astype({"currency": "str"})
    problems = known_problems(rows)
    is_usable = (problems == "").to_numpy()
    has_money = (amounts.fillna(0) != 0).any(axis="columns").to_numpy()
    is_foreign = is_usable & has_money & (found["currency"] != wanted).to_numpy()
    factors = np.ones(len(rows))
    factors[is_foreign] = _last_rates(found[is_foreign], known, max_age_days)

    is_lost = np.isnan(factors)
    if missing == "error" and is_lost.any():
        raise _no_rates(found[is_lost], table, wanted, max_age_days)
    is_converted = is_usable & ~is_lost
    converted = rows.assign(
        **amounts.mul(np.where(is_lost, 1.0, factors), axis="index"),
        currency=found["currency"].mask(is_converted, wanted).array,
    )
    log_event(
        "currency.converted",
        to=wanted,
        rows=int((is_foreign & ~is_lost).sum()),
        without_rate=int(is_lost.sum()),
    )
    if missing == "error":
        return converted
    reasons = _reasons(found["currency"], wanted, max_age_days)
    return converted.assign(problems=problems.mask(is_lost, reasons).array)


def _code(to: str) -> str:
    """Give the wanted currency as rows write it."""
    code = to.strip().upper() if isinstance(to, str) else ""
    if not (len(code) == 3 and code.isascii() and code.isalpha()):  # noqa: PLR2004 - ISO 4217
        raise OptionError("to", to, ["an ISO 4217 code such as EUR"])
    return code


def _check(max_age_days: int, missing: str) -> None:
    """Refuse options that do not exist."""
    is_whole = isinstance(max_age_days, int) and not isinstance(max_age_days, bool)
    if not is_whole or not 0 <= max_age_days <= _LONGEST_AGE:
        allowed = [f"a whole number of days from 0 to {_LONGEST_AGE}"]
        raise OptionError("max_age_days", max_age_days, allowed)
    if missing not in get_args(Missing):
        raise OptionError("missing", missing, get_args(Missing))


def _require_numbers(money: pd.Series, table: Table) -> None:
    """Raise when the money is still as a source sent it."""
    if not is_numeric_dtype(money):
        raise SchemaMismatch(
            table.name,
            missing=[f"{money.name} ({table[str(money.name)].dtype})"],
            found=[f"{money.name} ({money.dtype})"],
            hint="Pass the rows through normalize first.",
        )


def _read_rates(rates: pd.DataFrame) -> pd.DataFrame:
    """Give the rates by day, each once, typed; refuse what is no rate."""
    RATES.require(rates.columns)
    given = rates[RATES.names].reset_index(drop=True)
    days = parse_days(given["date"], RATES["date"])
    factors = parse_quantities(given["rate"], RATES["rate"])
    currencies = given["currency"].astype("str").str.strip().str.upper().fillna("")
    problems = {
        **{f"date: {reason}": places for reason, places in days.problems.items()},
        **{f"rate: {reason}": places for reason, places in factors.problems.items()},
        "rate: not above 0": np.flatnonzero(factors.cells <= 0),
        "currency: missing": np.flatnonzero(currencies == ""),
    }
    for reason, places in problems.items():
        if len(places):
            raise DataError(
                f"{len(places)} of {len(given)} rates cannot be used ({reason}, first at position "
                f"{places[0]}); correct them or leave those rows out."
            )
    known = pd.DataFrame({"date": days.cells, "currency": currencies, "rate": factors.cells})
    known = known.dropna().drop_duplicates()
    twice = known[known.duplicated(list(RATES.key))]
    if len(twice):
        day, currency = twice.iloc[0][list(RATES.key)]
        raise AmbiguousData(
            f"The rates hold two different ones for {currency} on {day:%Y-%m-%d}, of "
            f"{len(twice)} such days; keep one row per day and currency."
        )
    return known.sort_values("date", kind="stable")


def _last_rates(found: pd.DataFrame, known: pd.DataFrame, max_age_days: int) -> np.ndarray:
    """Give the last rate of each currency up to each day, NaN where none is young enough."""
    distinct = found.dropna().drop_duplicates().sort_values("date", kind="stable")
    rated = pd.merge_asof(
        distinct, known, on="date", by="currency", tolerance=pd.Timedelta(days=max_age_days)
    )
    joined = found.merge(rated, on=["currency", "date"], how="left", validate="many_to_one")
    return joined["rate"].to_numpy(dtype="float64")


def _reasons(currencies: pd.Series, wanted: str, max_age_days: int) -> pd.Series:
    """Say of each currency that it has no rate, or that it is missing itself."""
    texts = f"currency: no rate from {{}} to {wanted} within {max_age_days} days"
    return (
        currencies.map(texts.format, na_action="ignore").astype("str").fillna("currency: missing")
    )


def _no_rates(found: pd.DataFrame, table: Table, wanted: str, max_age_days: int) -> AmbiguousData:
    """Build the error that lists which currencies lack a rate on which days."""
    days = found["date"].dt.strftime("%Y-%m-%d").fillna("(no day)")
    listed = []
    for currency, group in days.groupby(found["currency"].fillna("(missing)")):
        distinct = sorted(set(group))
        more = len(distinct) - _DAYS_SHOWN
        shown = ", ".join(distinct[:_DAYS_SHOWN]) + (f" and {more} more days" if more > 0 else "")
        listed.append(f"{currency} on {shown}")
    return AmbiguousData(
        f"The money of {len(found)} {table.name} rows cannot be converted to {wanted}: "
        f"{'; '.join(listed)}. Expected a currency, and a rate of the row's day or at most "
        f"{max_age_days} days older: add it, raise max_age_days, or pass missing='quarantine' to "
        "have those rows rejected by validate."
    )
