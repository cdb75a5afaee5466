"""validate: normalised rows parted into those that keep the contract and those that do not."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from admira.core.problems import count_problems, join_problems, known_problems
from admira.core.unknowns import unknown_columns_of
from admira.errors import DataError, SchemaMismatch
from admira.log import log_event
from admira.schemas import Table, table_of
from admira.schemas.pandera_alone import SchemaErrors
from admira.showing import html_of

# What pandera calls the checks that have no text of their own.
_REASONS = {"not_nullable": "missing"}


class Validated(NamedTuple):
    """Rows that keep the contract, and the others with their reasons; together they are all rows.

    Unpacks as ``accepted, rejected``.
    """

    accepted: pd.DataFrame
    rejected: pd.DataFrame

    @property
    def reasons(self) -> dict[str, int]:
        """The number of rows rejected for each reason, the most frequent first.

        A row with two reasons counts for both.
        """
        return count_problems(self.rejected["reasons"])

    def __repr__(self) -> str:
        """Say in one line how many rows went which way, and why."""
        counts = [f"{reason} × {rows:,}" for reason, rows in self.reasons.items()]
        why = f" ({'; '.join(counts)})" if counts else ""
        accepted, rejected = len(self.accepted), len(self.rejected)
        return f"Validated: {accepted:,} accepted, {rejected:,} rejected{why}"

    def _repr_html_(self) -> str:
        """Show the counts, the reasons and the first rejected rows."""
        return html_of(self)


def validate(
    rows: pd.DataFrame,
    *,
    kind: str | None = None,
    raw: pd.DataFrame | None = None,
    unknown_columns: str = "ignore",
) -> Validated:
    """Part normalised rows into those that keep the contract and those that do not.

    Every row comes out once, on one side.  A row's own faults never raise: those that `normalize`
    found, and those that the table's pandera schema finds, become reasons.

    Parameters
    ----------
    rows : DataFrame, one row per record, as `normalize` gives them
        ``problems``, where there, says which rows are bad already, and why.
    kind : {"ads", "crm"}, optional
        Which table this is; by default the key column tells.
    raw : DataFrame, the same rows as received, in the same order
        Given back for the rejected rows.  Matched by position; its index does not matter.
    unknown_columns : {"ignore", "keep", "fail"}
        Columns that the contract does not know are left out of the accepted rows, kept as they
        are, or refused.

    Returns
    -------
    Validated
        ``accepted``: the contract's columns in their order, those that ``rows`` lacks left out,
        then unknown ones if they are kept; it satisfies the schema.  ``rejected``: the rows as
        received if ``raw`` is given, else the normalised ones, then ``reasons``,
        ``"column: reason"`` joined by ``"; "``.  Both keep the order of the rows and have an index
        of their own: 0, 1, 2, …

    Raises
    ------
    SchemaMismatch
        When a column that must exist is missing or has another type.
    DataError
        When ``raw`` and ``rows`` differ in length, or there is an unknown column and they are to
        fail.
    OptionError
        When ``kind`` or ``unknown_columns`` is not known.

    Examples
    --------
    >>> import pandas as pd
    >>> from admira import normalize
    >>> raw = pd.DataFrame({
    ...     "date": ["2025-08-01", "01/08/2025"], "campaign_id": ["C-1", "C-2"],
    ...     "channel": ["google_ads", "meta_ads"], "clicks": [12, 8],
    ...     "impressions": [100, 90], "cost": [3.5, 2], "utm_campaign": ["sale", "sale"],
    ... })
    >>> accepted, rejected = validate(normalize(raw), raw=raw)
    >>> accepted[["date", "campaign_id", "clicks"]]
            date campaign_id  clicks
    0 2025-08-01         C-1      12
    >>> rejected[["date", "campaign_id", "reasons"]]
             date campaign_id           reasons
    0  01/08/2025         C-2  date: not a date
    """
    table = table_of(rows.columns, kind)
    table.require(rows.columns)
    unknown = unknown_columns_of(rows, table, unknown_columns)
    if raw is not None and len(raw) != len(rows):
        raise DataError(
            f"raw has {len(raw)} rows, but {len(rows)} rows were made from it; pass the frame that "
            "normalize was given, with all its rows."
        )
    columns = [name for name in table.names if name in rows.columns]
    _require_types(rows, table, columns)
    reasons = known_problems(rows)
    is_clean = (reasons == "").to_numpy()
    clean = rows.loc[is_clean, columns].reset_index(drop=True)

    faults = _faults(clean, table)
    reasons[is_clean] = join_problems(faults, len(clean)).array
    is_accepted = (reasons == "").to_numpy()
    accepted = clean[is_accepted[is_clean]].reset_index(drop=True) if faults else clean
    if unknown_columns == "keep":
        kept = unknown[is_accepted].reset_index(drop=True)
        accepted = pd.concat([accepted, kept], axis="columns")
    as_received = rows.drop(columns="problems", errors="ignore") if raw is None else raw
    rejected = as_received[~is_accepted].reset_index(drop=True)
    rejected["reasons"] = reasons[~is_accepted].array

    log_event(f"{table.name}.validated", accepted=len(accepted), rejected=len(rejected))
    return Validated(accepted, rejected)


def _require_types(rows: pd.DataFrame, table: Table, columns: list[str]) -> None:
    """Raise unless each column has the contract's dtype."""
    found = {name: str(rows[name].dtype) for name in columns}
    wrong = [name for name in columns if found[name] != table[name].dtype]
    if wrong:
        raise SchemaMismatch(
            table.name,
            missing=[f"{name} ({table[name].dtype})" for name in wrong],
            found=[f"{name} ({found[name]})" for name in wrong],
            hint="Pass the rows through normalize first.",
        )


def _faults(rows: pd.DataFrame, table: Table) -> list[tuple[str, np.ndarray]]:
    """Give each ``"column: reason"`` that the schema finds, and the positions that have it."""
    try:
        table.pandera().validate(rows, lazy=True)
    except SchemaErrors as errors:
        cases = errors.failure_cases
    else:
        return []
    # The index of the rows is their position, so that is what pandera reports.
    return [
        (f"{name}: {_REASONS.get(check, check)}", found.to_numpy(dtype="int64"))
        for (name, check), found in cases.groupby(["column", "check"], sort=False)["index"]
    ]
