"""The tables in which a store keeps account of itself: changes, watermarks, runs, history."""

from dataclasses import replace

from admira.schemas import CAMPAIGNS, TABLES, Column, Kind, Table

_KIND = Column("kind", "text", "", "ads or crm", one_of=("ads", "crm"))
_RUN = Column("run_id", "text", "", "the run that did it")


def _of_changes(table: Table) -> Table:
    """Describe the log of what commits did to a table's rows."""
    return Table(
        name=f"changes/{table.name}",
        grain=f"one row per {table.name} row that a commit inserted, replaced or removed",
        key=(),
        partitions=("commit",),
        columns=(
            Column("commit", "text", "", "number of the commit"),
            Column(
                "change",
                "text",
                "",
                "what was done; the other columns are the row before, for inserted its key alone",
                one_of=("inserted", "updated", "removed"),
            ),
            _RUN,
            Column("changed_at", "instant", "UTC", "when"),
            *(
                column if column.name in (*table.key, *table.partitions) else _before(column)
                for column in table.columns
            ),
        ),
    )


def _before(column: Column) -> Column:
    """Describe a value before a commit; it is missing where there was no row."""
    # pandas has no whole numbers that may be missing among the contract's types.
    type_ = "number" if column.type == "count" else column.type
    return replace(column, type=type_, required=False, nullable=True, not_blank=False, default=None)


CHANGES: dict[Kind, Table] = {kind: _of_changes(table) for kind, table in TABLES.items()}

WATERMARKS = Table(
    name="watermarks",
    grain="one row per table and source",
    key=("kind", "source"),
    partitions=(),
    columns=(
        _KIND,
        Column("source", "text", "", "where the rows come from, without credentials"),
        Column("by", "text", "", "the column that it counts", one_of=("date", "updated_at", "")),
        Column("day", "day", "day", "read completely up to this day", nullable=True),
        _RUN,
    ),
)

RUNS = Table(
    name="runs",
    grain="one row per run that was committed",
    key=("run_id",),
    partitions=("month",),
    columns=(
        Column("month", "day", "", "first day of the month of started_at"),
        Column("run_id", "text", "", "the run's name"),
        Column("started_at", "instant", "UTC", "when it began"),
        Column("report", "text", "JSON", "all that it reported"),
    ),
)

# What the campaign map must still know of ad rows that are no longer there.
HISTORY = replace(CAMPAIGNS, name="history", grain=f"{CAMPAIGNS.grain}, of ad rows dropped")
