"""Names of columns as people and programs write them, compared without their small differences."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from unicodedata import category, normalize

# Accents and other marks, and signs that nobody sees.
_UNSEEN = frozenset({"Mn", "Cf"})


@lru_cache(maxsize=1 << 12)
def folded(name: str) -> str:
    r"""Write a column's name so that case, accents and kinds of blanks make no difference.

    Examples
    --------
    >>> folded("\ufeff Coût\u00a0Total")
    'cout total'
    """
    signs = (sign for sign in normalize("NFKD", name) if category(sign) not in _UNSEEN)
    return " ".join("".join(signs).casefold().split())


def column_named(alternatives: Iterable[str], names: Sequence[str]) -> str | None:
    """Give the column that has one of these names, the first of them that is there.

    ``*`` in an alternative stands for any text.

    Examples
    --------
    >>> column_named(["Cost", "Amount spent (*)"], ["Day", "Amount Spent (EUR)"])
    'Amount Spent (EUR)'
    """
    by_folded = {folded(name): name for name in reversed(names)}
    for alternative in alternatives:
        if "*" not in alternative:
            found = by_folded.get(folded(alternative))
        else:
            pattern = _pattern(alternative)
            found = next((name for name in names if pattern.fullmatch(folded(name))), None)
        if found is not None:
            return found
    return None


@lru_cache(maxsize=1 << 10)
def _pattern(alternative: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, folded(alternative).split("*"))))
