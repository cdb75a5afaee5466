"""Whether a store is what it should be: every file, every key, every row in its place."""

from dataclasses import dataclass, field
from functools import partial

import pandas as pd
import pyarrow
import pyarrow.compute as pc

from admira.errors import StoreError
from admira.schemas import AD_MEASURES, CRM, TABLES, Table
from admira.showing import html_of
from admira.stores.base import Backend
from admira.stores.quarantine import QUARANTINE
from admira.stores.reading import Reader

# What is added up for each partition, so that two listings can be compared.
_SUMS = {"ads": AD_MEASURES, "crm": ("amount",)}


@dataclass(frozen=True, slots=True, repr=False)
class Verification:
    """What a check of a store found.

    Attributes
    ----------
    problems : tuple of str
        One sentence each; none where all is well.
    partitions : DataFrame
        One row per partition: ``kind``, ``date``, ``channel`` (ads), ``rows``, and the sums
        ``clicks``, ``impressions``, ``cost`` (ads) and ``amount`` (crm).
    """

    problems: tuple[str, ...]
    partitions: pd.DataFrame = field(compare=False)

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found."""
        return not self.problems

    @property
    def summary(self) -> str:
        """The finding in one line."""
        counts = self.partitions.groupby("kind")["rows"].agg(["size", "sum"])
        held = ", ".join(
            f"{kind} {rows:,} rows in {parts:,} partitions"
            for kind, parts, rows in counts.itertuples()
        )
        count = len(self.problems)
        found = "sound" if self.is_sound else f"{count:,} problem{'s' if count > 1 else ''}"
        return f"{found}: {held or 'nothing stored'}"

    def __repr__(self) -> str:
        """Give the finding on one line, with the first problem."""
        return f"<Verification {'; '.join((self.summary, *self.problems[:1]))}>"

    def __str__(self) -> str:
        """Give the finding, and each problem on a line of its own."""
        return "\n".join((f"Verification: {self.summary}", *(f"  {p}" for p in self.problems)))

    def _repr_html_(self) -> str:
        """Show the counts and each problem in a notebook."""
        return html_of(self)


def verify(backend: Backend) -> Verification:
    """Check schema, keys and places of all rows, as of one commit."""
    problems: list[str] = []
    listings = []
    for table in (*TABLES.values(), QUARANTINE):
        try:
            rows, broken = backend.reading(partial(_checked, table=table))
        except StoreError as error:
            problems.append(str(error))
            continue
        problems += [*broken, *_faults(rows, table)]
        if table in TABLES.values():
            listings.append(_listing(rows, table))
        if table is CRM:
            problems += _misplaced(rows, backend.tz)
    found = pd.concat(listings, ignore_index=True) if listings else _no_partitions()
    return Verification(tuple(problems), found)


def _checked(reader: Reader, table: Table) -> tuple[pyarrow.Table, list[str]]:
    return reader.checked(table)


def _faults(rows: pyarrow.Table, table: Table) -> list[str]:
    """Describe what is wrong with the rows of a table."""
    problems = []
    for column in table.columns:
        missing = rows[column.name].null_count
        if missing and not column.nullable:
            problems.append(f"{missing:,} {table.name} rows have no {column.name}.")
        if column.at_least is not None:
            low = pc.sum(pc.less(rows[column.name], column.at_least)).as_py() or 0
            if low:
                problems.append(f"{low:,} {table.name} rows have a {column.name} below 0.")
    keys = rows.group_by(list(table.key)).aggregate([([], "count_all")])
    repeated = keys.filter(pc.greater(keys["count_all"], 1))
    if len(repeated):
        first = {name: str(repeated[name][0]) for name in table.key}
        problems.append(
            f"{len(repeated):,} natural keys of {table.name} occur more than once, such as "
            f"{first}; each would count twice. Remove the copy that is wrong, or ingest those "
            "days again."
        )
    return problems


def _misplaced(crm: pyarrow.Table, tz: str) -> list[str]:
    """Describe opportunities that are stored under another day than that of their creation."""
    local = pc.local_timestamp(crm["created_at"].cast(pyarrow.timestamp("us", tz=tz)))
    elsewhere = crm.filter(pc.not_equal(local.cast(pyarrow.date32()), crm["date"]))
    if not len(elsewhere):
        return []
    row = elsewhere.slice(0, 1).to_pylist()[0]
    sentence = (
        f"{len(elsewhere):,} crm rows are stored under another day than that of created_at in "
        f"{tz}, such as {row['opportunity_id']} of {row['created_at']:%Y-%m-%d %H:%M} UTC under "
        f"{row['date']}. Upsert them again with the right date."
    )
    return [sentence]


def _listing(rows: pyarrow.Table, table: Table) -> pd.DataFrame:
    """Give rows and sums of each partition."""
    sums: list[tuple[str | list[str], str]] = [(name, "sum") for name in _SUMS[table.name]]
    grouped = rows.group_by(list(table.partitions)).aggregate([([], "count_all"), *sums])
    frame = grouped.to_pandas(date_as_object=False).rename(
        columns={"count_all": "rows", **{f"{name}_sum": name for name in _SUMS[table.name]}}
    )
    return frame.assign(kind=table.name).sort_values(list(table.partitions))


def _no_partitions() -> pd.DataFrame:
    return pd.DataFrame({"kind": pd.Series(dtype="str"), "rows": pd.Series(dtype="int64")})
