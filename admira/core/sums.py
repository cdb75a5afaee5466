"""Sums per group over Arrow tables, by numbering the groups instead of hashing every row."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow
import pyarrow.compute as pc

Codes = npt.NDArray[np.int64]

# Up to this many possible groups are counted in an array of all of them; more are numbered anew.
_DENSE = 4_000_000


def group_sums(
    parts: Sequence[pyarrow.Table],
    by: Sequence[str],
    measures: Mapping[str, pyarrow.DataType],
    *,
    changed: Mapping[str, Callable[[pyarrow.Array], pyarrow.Array]] | None = None,
) -> pyarrow.Table:
    """Sum measures per group over several tables, as if they stood one below the other.

    Parameters
    ----------
    parts : sequence of pyarrow.Table
        Each has all columns of ``by``; a measure that one lacks is 0 there.
    by : sequence of str
        What makes a group; nulls are a group of their own.
    measures : mapping of str to DataType
        What to sum, and the type of the sums.
    changed : mapping of str to callable, optional
        Makes other values of a column's distinct ones before they are grouped.

    Returns
    -------
    pyarrow.Table
        One row per group, sorted by ``by`` with nulls last; without ``by`` one row.
    """
    dimensions = [_Dimension(name, parts, (changed or {}).get(name)) for name in by]
    rows = sum(len(part) for part in parts)
    codes, groups = _numbered(dimensions, rows)
    sums = {
        name: pyarrow.array(_summed(parts, name, codes, len(groups))).cast(type_)
        for name, type_ in measures.items()
    }
    columns: dict[str, pyarrow.Array] = {}
    for dimension in reversed(dimensions):
        groups, place = np.divmod(groups, dimension.size)
        columns[dimension.name] = dimension.values.take(pyarrow.array(place))
    return pyarrow.table({**{name: columns[name] for name in by}, **sums})


class _Dimension:
    """The distinct values of a column, sorted with null last, and which of them each row has."""

    def __init__(
        self,
        name: str,
        parts: Sequence[pyarrow.Table],
        change: Callable[[pyarrow.Array], pyarrow.Array] | None,
    ) -> None:
        self.name = name
        chunks = [chunk for part in parts for chunk in part[name].chunks]
        column = pyarrow.chunked_array(chunks, parts[0][name].type)
        found = column.dictionary_encode("encode").combine_chunks()
        if isinstance(found, pyarrow.ChunkedArray):  # of no rows there is no chunk to combine
            found = pyarrow.array([], column.type).dictionary_encode()
        distinct = found.dictionary if change is None else change(found.dictionary)
        again = distinct.dictionary_encode("encode")
        order = pc.sort_indices(again.dictionary)  # nulls come last
        self.values = again.dictionary.take(order)
        self.size = len(self.values)
        rank = np.empty(max(self.size, 1), dtype=np.int64)
        rank[order.to_numpy()] = np.arange(self.size)
        of_distinct = rank[again.indices.to_numpy(zero_copy_only=False)]
        self.codes: Codes = of_distinct[found.indices.to_numpy(zero_copy_only=False)]


def _numbered(dimensions: Sequence[_Dimension], rows: int) -> tuple[Codes, Codes]:
    """Give each row the number of its group, from 0 on in order, and each group its code."""
    if not dimensions:
        return np.zeros(rows, dtype=np.int64), np.zeros(1, dtype=np.int64)
    codes, size = np.zeros(rows, dtype=np.int64), 1
    for dimension in dimensions:
        codes = codes * dimension.size + dimension.codes
        size *= dimension.size
    if size <= _DENSE:
        groups = np.flatnonzero(np.bincount(codes, minlength=size))
        number = np.empty(max(size, 1), dtype=np.int64)
        number[groups] = np.arange(len(groups))
        return number[codes], groups
    groups, numbers = np.unique(codes, return_inverse=True)
    return numbers, groups


def _summed(
    parts: Sequence[pyarrow.Table], name: str, codes: Codes, groups: int
) -> npt.NDArray[np.float64]:
    """Sum one measure; whole numbers are exact up to 2⁵³."""
    sums = np.zeros(groups)
    first = 0
    for part in parts:
        last = first + len(part)
        if name in part.column_names and len(part):
            values = part[name].to_numpy()
            sums += np.bincount(codes[first:last], weights=values, minlength=groups)
        first = last
    return sums
