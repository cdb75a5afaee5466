"""What a mapping says of a platform's form: which field is which column, and what it means."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from admira.schemas import Kind

# One row's own value, by a path into it: "metrics.costMicros", "finalUrls.0", "contacts.*.email"
# (the first contact that has one), "email[primary].value" (the first whose "primary" is true),
# "actions[action_type=lead].value" (the first whose "action_type" is "lead").  Of a file, the name
# of a column; at its end " (*)" stands for whatever is in brackets.
Path = str


@dataclass(frozen=True, slots=True)
class ColumnRule:
    """How one canonical column is made; the steps apply in the order of the fields.

    ``paths``: the first that holds a value counts.  ``add``: the sum of these instead.  ``strip``:
    a pattern whose matches are cut out.  ``lookup``: a table of the document that holds the value.
    ``when``: ordered (conditions, value) pairs, the first whose fields all have these texts.
    ``map``: ordered (text, value) pairs.  ``scale``: a decimal factor.  ``date``: ``"auto"``,
    ``"ymd_object"`` or a strptime format.  ``default``: what an empty cell has.  ``const``: what
    every cell has.
    """

    paths: tuple[Path, ...] = ()
    add: tuple[Path, ...] = ()
    strip: str | None = None
    lookup: Mapping[str, str] | None = None
    when: tuple[tuple[Mapping[Path, str], str], ...] = ()
    map: tuple[tuple[str, str], ...] = ()
    scale: str | None = None
    date: str | None = None
    default: Any = None
    const: Any = None


@dataclass(frozen=True, slots=True)
class UtmRule:
    """Where the tags are: fields first, then landing URLs, then tag strings, filling gaps only.

    ``macros`` says from which mapped column, or else which path of the row, each macro is resolved;
    what stays unresolved is missing.  ``default`` is for rows that carry no tag at all, and empty
    unless the user sets it; macros in it are resolved too.
    """

    fields: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    urls: tuple[Path, ...] = ()
    tags: tuple[Path, ...] = ()
    macros: Mapping[str, Path] = field(default_factory=dict)
    default: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CsvRule:
    """How to find the table in a file that people exported.

    ``header_has``: the header is the first line that has all these columns (each one a tuple of
    the names it may have, in several languages).  ``drop_if_any_cell``: patterns of totals and
    footers, matched against every cell.  ``drop_if_blank``: columns that no row of data leaves
    blank.
    """

    header_has: tuple[tuple[str, ...], ...] = ()
    drop_if_any_cell: tuple[str, ...] = ()
    drop_if_blank: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Preset:
    """A platform's form, as data: see README for the format of a mapping.

    ``records`` is the path to the rows of a document (``"*.results"`` for batches); a document with
    ``empty``, a path, may have none.  ``rows`` says
    whether a natural key has one row or ``"segments"`` to be summed, ``row_key`` which raw columns
    identify a raw row.  ``same`` names pairs of columns that must be equal (the days of a range).
    ``currency`` names where the currency is, the first that has one; of a path that ends in
    ``" (*)"`` it is what the brackets hold, as in "Amount spent (EUR)".
    ``next``, ``retry`` and ``ok`` tell how to page, when a refusal may be asked again, and when a
    good status hides an error.  ``touch`` says whether the tags are of the first or last visit.
    ``link`` names the path to the id on the other side: ``deal_id`` of a lead, ``lead_id`` of a
    deal.  ``complete`` says that a read without a window gives every opportunity there is.
    """

    name: str
    kind: Kind
    columns: Mapping[str, ColumnRule]
    utm: UtmRule = field(default_factory=UtmRule)
    records: str | None = None
    empty: str | None = None
    csv: CsvRule | None = None
    rows: Literal["one", "segments"] = "one"
    row_key: tuple[str, ...] = ()
    decimal: str = "."
    drop_where: Mapping[Path, str] = field(default_factory=dict)
    same: tuple[Path, ...] = ()
    currency: tuple[Path, ...] = ()
    next: Mapping[str, Any] | None = None
    retry: Mapping[str, Any] | None = None
    ok: Mapping[str, Any] | None = None
    touch: Literal["first", "last", ""] = ""
    link: Mapping[str, str] = field(default_factory=dict)
    complete: bool = False
    description: str = ""
