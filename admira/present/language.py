"""The language that labels, numbers and dates are shown in."""

from functools import cache
from importlib.resources import files

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from admira.config import DisplaySettings
from admira.errors import OptionError

LANGUAGES = {"en": "English", "es": "español"}

_chosen: str | None = None


def set_language(code: str | None) -> None:
    """Choose the language of everything shown from now on: cards, tables, charts, reports.

    Column names, stored values and what functions return stay as they are.

    Parameters
    ----------
    code : {"en", "es"} or None
        ``None`` goes back to ``ADMIRA_LANGUAGE`` of the environment, which is English by default.

    Raises
    ------
    OptionError
        When admira does not speak it.

    Examples
    --------
    >>> import admira
    >>> admira.set_language("es")
    >>> admira.language()
    'es'
    >>> admira.set_language(None)
    """
    global _chosen  # noqa: PLW0603 - the one setting of a process
    _of_the_environment.cache_clear()
    _chosen = None if code is None else _known("language", code)


def language() -> str:
    """Give the code of the language chosen."""
    return _chosen or _of_the_environment()


def locale() -> Locale:
    """Give the rules of the language for numbers and dates."""
    return _locale(language())


def say(text: str, /, **values: object) -> str:
    """Give an English text in the language chosen, with values filled in.

    A text that has no translation stays English.
    """
    found = text
    if language() != "en":
        message = _catalog(language()).get(text)
        found = str(message.string) if message and message.string else text
    return found.format(**values) if values else found


def _known(option: str, code: str) -> str:
    """Refuse a language that admira does not speak."""
    short = code.lower().replace("_", "-").partition("-")[0]
    if short not in LANGUAGES:
        raise OptionError(option, code, LANGUAGES)
    return short


@cache
def _of_the_environment() -> str:
    return _known("ADMIRA_LANGUAGE", DisplaySettings().admira_language)


@cache
def _locale(code: str) -> Locale:
    return Locale.parse(code)


@cache
def _catalog(code: str) -> Catalog:
    """Read the translations of a language."""
    with files("admira.present").joinpath(f"locales/{code}.po").open("rb") as file:
        return read_po(file, locale=code)
