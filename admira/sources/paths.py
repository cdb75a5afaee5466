"""Paths into records and frames: one field of every row, as a list of cells."""

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import chain, repeat
from operator import is_, itemgetter
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd

from admira.errors import AmbiguousData
from admira.sources.distinct import Cells
from admira.sources.names import folded

# Takes all of a list; at the end of a column's name, stands for whatever is in brackets.
_EVERY, _BRACKETED = "*", " (*)"

# A step may say which items of a list it is about: email[primary], actions[action_type=lead].
_STEP = re.compile(r"[^.\[]+|\[[^\]]*\]")

_ABSENT: Any = object()

# What a list may be: JSON's, a user's, or Parquet's.
LISTS = (list, tuple, np.ndarray)


class _Walked(NamedTuple):
    """What all records have at a path, and whether any of them has the path at all."""

    cells: Cells
    is_there: bool


class Fields(Protocol):
    """The fields of a table's rows, each asked for by its path."""

    def __len__(self) -> int:
        """Count the rows."""

    def cells(self, path: str) -> Cells:
        """Give what every row has at the path, ``None`` where it has nothing."""

    def has(self, path: str) -> bool:
        """Tell whether some row has a field at the path, if only an empty one."""

    def names(self) -> list[str]:
        """Name the fields that are there, for messages."""

    def bracketed(self, path: str) -> str | None:
        """Give what the brackets hold in the name of the column that a path ``"… (*)"`` means."""


class RecordFields:
    """The fields of decoded JSON records; what several paths have in common is walked once.

    A path whose steps lead nowhere in any record may also be one key with dots in it.
    """

    def __init__(self, records: Sequence[Any]) -> None:
        self._records = records
        self._walked: dict[tuple[str, ...], _Walked] = {
            (): _Walked(list(records), is_there=bool(records))
        }

    def __len__(self) -> int:
        """Count the records."""
        return len(self._records)

    def cells(self, path: str) -> Cells:
        """Give what every record has at the path, ``None`` where it has nothing."""
        return self._at(path).cells

    def has(self, path: str) -> bool:
        """Tell whether some record has a field at the path, if only an empty one."""
        return self._at(path).is_there

    def names(self) -> list[str]:
        """Give the paths of the first records' fields."""
        return list(dict.fromkeys(chain.from_iterable(map(_paths_in, self._records[:20]))))

    def bracketed(self, path: str) -> None:
        """Give nothing: only the header of a file has brackets to look into."""

    def strangers(self) -> dict[int, Any]:
        """Give the records that are no objects, by their row."""
        if set(map(type, self._records)) <= {dict}:
            return {}
        records = enumerate(self._records)
        return {row: record for row, record in records if not isinstance(record, Mapping)}

    @cached_property
    def _keys(self) -> frozenset[Any]:
        """The keys that some record has."""
        strangers = self.strangers()
        objects = (record for row, record in enumerate(self._records) if row not in strangers)
        return frozenset(chain.from_iterable(objects if strangers else self._records))

    def _at(self, path: str) -> "_Walked":
        """Walk a path in all records."""
        if path in self._keys:
            return self._walk((path,))
        steps = steps_of(path)
        if steps[0] in self._keys:
            return self._walk(steps)
        return _Walked([None] * len(self), is_there=False)

    def _walk(self, steps: tuple[str, ...]) -> "_Walked":
        """Take the steps in all records at once, the last one from where the others led."""
        if steps not in self._walked:
            if any(map(_is_choice, steps)):
                found = [value_at(record, steps, _ABSENT) for record in self._records]
                self._walked[steps] = _without_absent(found)
            else:
                self._walked[steps] = _one_step(self._walk(steps[:-1]), steps[-1])
        return self._walked[steps]


class FrameFields:
    """The fields of a frame, by the names of its columns as people and programs write them.

    Letter case, no-break spaces and spaces around a name make no difference.  A path that names
    no column leads into the cells of the column that its first step names.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame
        self._names = [str(name) for name in frame.columns]
        self._folded = [folded(name) for name in self._names]
        self._read: dict[int, Cells] = {}

    def __len__(self) -> int:
        """Count the rows."""
        return len(self._frame)

    def cells(self, path: str) -> Cells:
        """Give the column that the path names, ``None`` where there is none or a cell is empty."""
        place = self._place(path)
        if place is not None:
            return self._column(place)
        head, _, rest = path.partition(".")
        place = self._place(head) if rest else None
        if place is None:
            return [None] * len(self)
        return RecordFields(self._column(place)).cells(rest)

    def has(self, path: str) -> bool:
        """Tell whether there is such a column, or one that holds such fields."""
        if self._place(path) is not None:
            return True
        head, _, rest = path.partition(".")
        place = self._place(head) if rest else None
        return place is not None and RecordFields(self._column(place)).has(rest)

    def names(self) -> list[str]:
        """Name the columns."""
        return self._names

    def bracketed(self, path: str) -> str | None:
        """Give what the brackets hold in the name of the column that a path ``"… (*)"`` means."""
        place = self._place(path) if path.endswith(_BRACKETED) else None
        if place is None:
            return None
        return self._names[place].strip().removesuffix(")").rpartition("(")[2].strip()

    def _place(self, path: str) -> int | None:
        """Find the column: by its very name, else folded, else by what stands before brackets."""
        if path in self._names:
            return self._names.index(path)
        name = folded(path)
        if name in self._folded:
            return self._folded.index(name)
        if not path.endswith(_BRACKETED):
            return None
        wanted = re.compile(re.escape(name.removesuffix(_BRACKETED)) + r" ?\([^()]+\)")
        places = [place for place, found in enumerate(self._folded) if wanted.fullmatch(found)]
        if len(places) > 1:
            twins = " and ".join(repr(self._names[place]) for place in places)
            raise AmbiguousData(
                f"{path!r} may mean {twins}; export only one of them, or name the one that is "
                "meant in the mapping."
            )
        return places[0] if places else None

    def _column(self, place: int) -> Cells:
        """Give a column's cells as they are, missing ones as ``None``."""
        if place not in self._read:
            column = self._frame.iloc[:, place]
            cells = column.astype(object).to_numpy(copy=True)
            cells[pd.isna(column).to_numpy(dtype=bool)] = None
            self._read[place] = cells.tolist()
        return self._read[place]


def steps_of(path: str) -> tuple[str, ...]:
    """Take a path apart.

    Examples
    --------
    >>> steps_of("person_id.email[primary].value")
    ('person_id', 'email', '[primary]', 'value')
    """
    return tuple(_STEP.findall(path)) or (path,)


def value_at(value: Any, steps: Sequence[str], missing: Any = None) -> Any:
    """Give what the steps lead to: keys, places in lists, or the first fitting item that has it.

    Examples
    --------
    >>> emails = [{"value": None}, {"value": "a@b.example"}, {"value": "c@d.example", "main": True}]
    >>> value_at({"emails": emails}, steps_of("emails.*.value"))
    'a@b.example'
    >>> value_at({"emails": emails}, steps_of("emails[main].value"))
    'c@d.example'
    >>> value_at({"emails": emails}, steps_of("emails.0.label")) is None
    True
    >>> actions = [{"type": "click", "value": "9"}, {"type": "lead", "value": "2"}]
    >>> value_at({"actions": actions}, steps_of("actions[type=lead].value"))
    '2'
    """
    for number, step in enumerate(steps):
        if isinstance(value, Mapping):
            if step not in value:
                return missing
            value = value[step]
        elif not isinstance(value, LISTS):
            return missing
        elif _is_choice(step):
            chosen = (item for item in value if step == _EVERY or _is_marked(item, step[1:-1]))
            found = (value_at(item, steps[number + 1 :]) for item in chosen)
            # Of a list of figures by type, the type that has none is left out: that is no missing
            # field, but an empty one.
            nothing = None if "=" in step else missing
            return next((cell for cell in found if cell is not None), nothing)
        elif not step.isdecimal() or int(step) >= len(value):
            return missing
        else:
            value = value[int(step)]
    return value


def _one_step(walked: _Walked, step: str) -> _Walked:
    """Take one step from every value; the usual case, where all have it, is the fast one."""
    values = walked.cells
    if not walked.is_there:
        return walked
    getter: itemgetter[Any] = itemgetter(step)
    if step.isdecimal() and set(map(type, values)) == {list}:
        getter = itemgetter(int(step))
    try:
        return _Walked(list(map(getter, values)), is_there=True)
    except (KeyError, IndexError, TypeError):
        pass
    try:
        return _without_absent(list(map(dict.get, values, repeat(step), repeat(_ABSENT))))
    except TypeError:
        return _without_absent([value_at(value, (step,), _ABSENT) for value in values])


def _without_absent(found: Cells) -> _Walked:
    """Give ``None`` for what is absent, and tell whether anything is there."""
    absent = sum(map(is_, found, repeat(_ABSENT)))
    if absent == len(found):
        return _Walked([None] * len(found), is_there=False)
    if absent:
        found = [None if cell is _ABSENT else cell for cell in found]
    return _Walked(found, is_there=True)


def _is_choice(step: str) -> bool:
    """Tell whether a step chooses among the items of a list."""
    return step == _EVERY or step.startswith("[")


def _is_marked(item: Any, mark: str) -> bool:
    """Tell whether an item's own field says that it is the one, or has the text named."""
    name, equals, text = mark.partition("=")
    if not isinstance(item, Mapping):
        return False
    return item.get(name) == text if equals else item.get(name) in (True, "true")


def _paths_in(record: Any, before: str = "", depth: int = 4) -> list[str]:
    """Give the paths to a record's plain values."""
    if not isinstance(record, Mapping) or not depth:
        return [before.removesuffix(".")] if before else []
    return [
        path
        for key, value in record.items()
        for path in _paths_in(value, f"{before}{key}.", depth - 1)
    ]
