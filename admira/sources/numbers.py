"""Numbers as people and spreadsheets write them, cleaned to plain text before anything reads them.

Only what can be read in one way is changed: a thousands mark goes where it parts groups of three
and stays elsewhere, so that "0,49" under a decimal point, or "12.345" as a count, is rejected
later with the value as received.
"""

import re

from admira.sources.distinct import Cells, read_texts_once

_PLAIN = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")

# What platforms write where there is no number.
_DASHES = re.compile(r"[-\u2010-\u2015\u2212]{1,3}")

_CODES = """
    AED ARS AUD BGN BOB BRL CAD CHF CLP CNY COP CRC CZK DKK DOP EGP EUR GBP GTQ HKD HUF IDR ILS INR
    ISK JPY KES KRW KWD MAD MXN MYR NGN NOK NZD PEN PHP PKR PLN QAR RON RSD RUB SAR SEK SGD THB TRY
    TWD UAH USD UYU VND ZAR
"""
_SIGNS = "$\u00a2-\u00a5\u0e3f\u20a0-\u20c0"

# A code, a sign that letters may precede (CA$, R$), or one of the words that are not signs.
_MONEY = rf"(?:{'|'.join(_CODES.split())}|[A-Z]{{0,3}}[{_SIGNS}]|kr\.?|zł|Kč|Ft|Fr\.|RM|Rp|S/)"

_SPACES = "\u0020\u00a0\u2007\u2009\u202f"
_APOSTROPHES = "'\u2019"
_GAP = rf"[{_SPACES}]*"

_MONEY_ASIDE = re.compile(rf"([+-]?){_GAP}{_MONEY}{_GAP}([+-]?)(.*)|(.*?){_GAP}{_MONEY}")


def _grouped(decimal: str) -> re.Pattern[str]:
    """Give the shape of a number whose thousands are marked and whose decimals follow a mark."""
    point = "," if decimal == "." else r"\."
    marks = rf"[{_SPACES}{_APOSTROPHES}{point}]"
    whole = rf"[1-9][0-9]{{0,2}}(?P<mark>{marks})[0-9]{{3}}(?:(?P=mark)[0-9]{{3}})*|[0-9]+"
    return re.compile(
        rf"(?P<sign>[+-]?)(?P<whole>{whole})?(?:{re.escape(decimal)}(?P<rest>[0-9]*))?"
    )


_GROUPED = {decimal: _grouped(decimal) for decimal in (".", ",")}


def plain_numbers(cells: Cells, decimal: str) -> Cells:
    """Give the cells with every text that is a number written plainly; others stay."""
    if decimal == "." and _are_digits(cells):
        return cells
    return read_texts_once(cells, lambda text: plain_number(text, decimal))


def plain_number(text: str, decimal: str = ".") -> str | None:
    """Write a number plainly: no thousands marks, a decimal point, no currency.

    Parameters
    ----------
    text : str
        A number with thousands marks (comma or point, apostrophe, any space), a currency's sign or
        code on either side, a minus, or brackets that mean a minus.
    decimal : {".", ","}
        The decimal mark.

    Returns
    -------
    str or None
        The plain number, ``None`` for dashes, and the text itself where it is neither: a
        percentage, a range, thousands that are marked in another way.

    Examples
    --------
    >>> plain_number("CA$1,033.33"), plain_number("-1.020,50 €", ","), plain_number("(12.50)")
    ('1033.33', '-1020.50', '-12.50')
    >>> plain_number("12.345", ","), plain_number("12.345"), plain_number(" --")
    ('12345', '12.345', None)
    >>> plain_number("0.49%"), plain_number("1,23")
    ('0.49%', '1,23')
    """
    bare = text.strip()
    if decimal == "." and _PLAIN.fullmatch(bare):
        return text
    if _DASHES.fullmatch(bare):
        return None
    bare = bare.replace("\u2212", "-")
    bracketed = bare.startswith("(") and bare.endswith(")")
    bare = _without_money(bare[1:-1].strip() if bracketed else bare)
    number = _GROUPED[decimal].fullmatch(bare)
    if number is None or not any(letter.isdecimal() for letter in bare):
        return text
    sign, whole, rest = number["sign"], number["whole"] or "0", number["rest"]
    if bracketed:
        sign = "-" if not sign else "?"
    if sign == "?":
        return text
    digits = "".join(letter for letter in whole if letter.isdecimal())
    return f"{sign.removeprefix('+')}{digits}{f'.{rest}' if rest else ''}"


def _without_money(text: str) -> str:
    """Cut off a currency's sign or code on one side."""
    found = _MONEY_ASIDE.fullmatch(text)
    if found is None:
        return text
    before, after, tail, head = found.groups()
    if head is not None:
        return str(head)
    return f"{before}{after}{tail.lstrip()}"


def _are_digits(cells: Cells) -> bool:
    """Tell whether all cells are texts of digits only, the usual case of an API."""
    if set(map(type, cells)) != {str}:
        return False
    joined = "".join(cells)
    return joined.isascii() and joined.isdecimal()
