"""Exact arithmetic on received numbers: micros into money, parts into sums, never through a float.

A float is given only where it is the one nearest to the exact result, which is what reading the
result's digits would give as well.
"""

from collections.abc import Sequence
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, InvalidOperation
from itertools import repeat
from typing import Any

import numpy as np

from admira.sources.distinct import Cells, is_blank

# Wide enough that no sum or product of numbers within the bounds below is ever rounded.
_EXACT = Context(prec=2000, Emax=MAX_EMAX, Emin=MIN_EMIN)
_MAGNITUDE = 400
_DIGITS = 800

# A whole number below the first bound and a power of ten up to the second are exact as floats.
_EXACT_WHOLE = 2**53
_EXACT_POWER = 22
_INT64_DIGITS = 18


def scaled(cells: Cells, factor: Decimal) -> Cells:
    """Give the cells times a factor, exactly; what is no number stays as received.

    Examples
    --------
    >>> scaled([36150000, 9990000], Decimal("0.000001"))
    [36.15, 9.99]
    >>> scaled(["107.5300000000000335346", 9007199254740993, True, "n/a"], Decimal("0.01"))
    ['1.075300000000000335346', '90071992547409.93', True, 'n/a']
    """
    power = _power_of_ten(factor)
    present = [cell for cell in cells if cell is not None]
    whole = _whole_numbers(present) if power is not None else None
    if whole is not None and power is not None:
        quotients = iter((whole / 10.0**power).tolist())
        return [None if cell is None else next(quotients) for cell in cells]
    by_key = {}
    for key in zip(map(type, cells), cells, strict=True):
        if _is_hashable(key[1]) and key not in by_key:
            by_key[key] = _scaled_one(key[1], factor)
    return [
        by_key.get(key, key[1]) if _is_hashable(key[1]) else key[1]
        for key in zip(map(type, cells), cells, strict=True)
    ]


def summed(columns: Sequence[Cells]) -> Cells:
    """Give of every row the exact sum of its parts; blanks add nothing, all blank give ``None``.

    A part that is no number stands for the whole, so that it can be judged.

    Examples
    --------
    >>> summed([[1, "0.1", None, "n/a"], [2, "0.2", None, 3]])
    [3, '0.3', None, 'n/a']
    """
    return list(map(_sum, zip(*columns, strict=True)))


def decimal_of(cell: Any) -> Decimal | None:
    """Give a number, or the text of a plain one, as a decimal; ``None`` for anything else.

    A float counts as the shortest digits that mean it.  Numbers of absurd length or size are
    left to be judged as they are.
    """
    if isinstance(cell, bool) or not isinstance(cell, int | float | str | Decimal):
        return None
    if isinstance(cell, str) and not _may_be_number(cell):
        return None
    try:
        number = Decimal(repr(cell) if isinstance(cell, float) else cell)
    except (InvalidOperation, ValueError):
        return None
    if not number.is_finite() or abs(number.adjusted()) > _MAGNITUDE:
        return None
    return number if len(number.as_tuple().digits) <= _DIGITS else None


def _scaled_one(cell: Any, factor: Decimal) -> Any:
    number = decimal_of(cell)
    return cell if number is None else _written(_EXACT.multiply(number, factor))


def _sum(parts: tuple[Any, ...]) -> Any:
    """Add the parts of one row."""
    if all(map(isinstance, parts, repeat(int))) and bool not in map(type, parts):
        return sum(parts)
    present = [part for part in parts if not is_blank(part)]
    if not present:
        return None
    total = Decimal(0)
    for part in present:
        number = decimal_of(part)
        if number is None:
            return part
        total = _EXACT.add(total, number)
    return _written(total)


def _written(number: Decimal) -> str:
    """Write a decimal plainly, without zeros that say nothing."""
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _power_of_ten(factor: Decimal) -> int | None:
    """Give k where the factor is 10 to the power of −k and k zeros are exact in a float."""
    sign, digits, exponent = _EXACT.multiply(factor, Decimal(1)).normalize(_EXACT).as_tuple()
    if sign or digits != (1,) or not isinstance(exponent, int):
        return None
    return -exponent if -_EXACT_POWER <= exponent <= 0 else None


def _whole_numbers(cells: Cells) -> np.ndarray | None:
    """Give integers, or texts of digits only, as an array; ``None`` where that is not exact."""
    types = set(map(type, cells))
    if types == {str}:
        joined = "".join(cells)
        if not (joined.isascii() and joined.isdecimal() and all(cells)):
            return None
        if max(map(len, cells)) > _INT64_DIGITS:
            return None
        whole = np.fromiter(map(int, cells), dtype=np.int64, count=len(cells))
    elif types == {int}:
        try:
            whole = np.fromiter(cells, dtype=np.int64, count=len(cells))
        except OverflowError:
            return None
    else:
        return None
    is_exact = (whole > -_EXACT_WHOLE).all() and (whole < _EXACT_WHOLE).all()
    return whole if is_exact else None


def _may_be_number(text: str) -> bool:
    """Tell text that Python reads as a number and that is plain: ASCII, no underscores."""
    return text.isascii() and "_" not in text and any(map(str.isdigit, text))


def _is_hashable(cell: Any) -> bool:
    return isinstance(cell, str | int | float | Decimal)
