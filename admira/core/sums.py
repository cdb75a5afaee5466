"""Sums per group over Arrow tables, by numbering the groups instead of hashing every row."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow
import pyarrow.compute as pc

Codes: TypeAlias = npt.NDArray[np.int64]

# Makes other values of distinct ones.
Change: TypeAlias = Callable[[pyarrow.Array], pyarrow.Array]

# Up to this many possible groups per row are looked up in an array of all of them; more are sorted.
DENSE = 16


class _Dimension(NamedTuple):
    """The distinct values of a column, sorted with null last, and which of them each row has."""

    values: pyarrow.Array
    codes: Codes


class _Groups(NamedTuple):
    """How many groups there are, the group of each row, and each group's value per dimension."""

    size: int
    codes: Codes
    places: dict[str, Codes]


def group_sums(
    parts: Sequence[pyarrow.Table],
    by: Sequence[str],
    measures: Mapping[str, pyarrow.DataType],
    *,
    changed: Mapping[str, Change] | None = None,
) -> pyarrow.Table:
    """Sum measures per group over several tables, as if they stood one below the other.

    Parameters
    ----------
    parts : sequence of pyarrow.Table
        Each has all columns of ``by``, plain or dictionary-encoded; a measure that one lacks, or
        that is null, is 0 there.
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
    dimensions = {name: _dimension(name, parts, (changed or {}).get(name)) for name in by}
    groups = _numbered(dimensions, sum(len(part) for part in parts))
    columns = {
        name: dimension.values.take(pyarrow.array(groups.places[name]))
        for name, dimension in dimensions.items()
    }
    sums = {
        name: pyarrow.array(_summed(parts, name, groups)).cast(type_)
        for name, type_ in measures.items()
    }
    return pyarrow.table({**columns, **sums})


def distinct_values(parts: Sequence[pyarrow.Table], name: str) -> pyarrow.Array:
    """Give the distinct values of a column over several tables, sorted with null last."""
    met = [pc.unique(chunk) for part in parts for chunk in part[name].chunks]
    plain = [each.dictionary_decode() if _is_coded(each.type) else each for each in met]
    if not plain:
        return pyarrow.nulls(0, _value_type(parts[0][name].type))
    distinct = pyarrow.concat_arrays(plain).unique()
    return distinct.take(pc.sort_indices(distinct))


def _dimension(name: str, parts: Sequence[pyarrow.Table], change: Change | None) -> _Dimension:
    """Give each value of a column its place; a chunk stored as codes is not hashed again."""
    chunks = [pc.dictionary_encode(chunk) for part in parts for chunk in part[name].chunks]
    dictionaries = [chunk.dictionary for chunk in chunks]
    nothing = pyarrow.nulls(1, _value_type(parts[0][name].type))
    distinct = pyarrow.concat_arrays([*dictionaries, nothing])  # null stands last
    again = (distinct if change is None else change(distinct)).dictionary_encode("encode")
    order = pc.sort_indices(again.dictionary).to_numpy()  # nulls come last
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    ranks = rank[again.indices.to_numpy()]
    codes, first = [np.empty(0, dtype=np.int64)], 0
    for chunk, dictionary in zip(chunks, dictionaries, strict=True):
        own = np.append(ranks[first : first + len(dictionary)], ranks[-1])
        codes.append(own[pc.fill_null(chunk.indices, len(dictionary)).to_numpy()])
        first += len(dictionary)
    return _met(again.dictionary.take(pyarrow.array(order)), np.concatenate(codes))


def _met(values: pyarrow.Array, codes: Codes) -> _Dimension:
    """Leave out the values that no row has."""
    places, codes = renumbered(codes, len(values))
    return _Dimension(values.take(pyarrow.array(places)), codes)


def _is_coded(found: pyarrow.DataType) -> bool:
    return bool(pyarrow.types.is_dictionary(found))


def _value_type(found: pyarrow.DataType) -> pyarrow.DataType:
    return found.value_type if _is_coded(found) else found


def _numbered(dimensions: Mapping[str, _Dimension], rows: int) -> _Groups:
    """Give the groups that there are, in order; the last dimension is counted first."""
    groups = _Groups(1, np.zeros(rows, dtype=np.int64), {})
    for name, dimension in reversed([*dimensions.items()]):
        codes = dimension.codes * groups.size + groups.codes
        met, codes = renumbered(codes, len(dimension.values) * groups.size)
        own, rest = np.divmod(met, groups.size)
        places = {other: place[rest] for other, place in groups.places.items()}
        groups = _Groups(len(met), codes, {**places, name: own})
    return groups


def renumbered(codes: Codes, size: int) -> tuple[Codes, Codes]:
    """Give the codes that there are, in order, and which of them each row has."""
    if size > DENSE * max(len(codes), 1):
        return np.unique(codes, return_inverse=True)
    is_met = np.zeros(size, dtype=bool)
    is_met[codes] = True
    met = np.flatnonzero(is_met)
    if len(met) == size:
        return met, codes
    number = np.cumsum(is_met)
    number -= 1
    return met, number[codes]


def _summed(parts: Sequence[pyarrow.Table], name: str, groups: _Groups) -> npt.NDArray[np.float64]:
    """Sum one measure; whole numbers are exact up to 2⁵³."""
    sums = np.zeros(groups.size)
    first = 0
    for part in parts:
        last = first + len(part)
        if name in part.column_names and len(part):
            column = part[name]
            values = (pc.fill_null(column, 0) if column.null_count else column).to_numpy()
            sums += np.bincount(groups.codes[first:last], weights=values, minlength=groups.size)
        first = last
    return sums
