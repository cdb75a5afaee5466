"""Every error that admira raises, and the sentence each one builds from its facts.

::

    AdmiraError
    ├── OptionError (ValueError)    an argument is not one of the allowed values
    ├── SettingsError (ValueError)  a setting is missing, or is not what it should be
    ├── SourceError                 the upstream let us down
    │   ├── SourceUnavailable           retries are spent: try later
    │   └── SourceRejected              do not retry: bad credentials, request or file
    ├── DataError (ValueError)      the data is not what the contract says
    │   ├── SchemaMismatch              columns missing or of a wrong type: expected, found
    │   ├── AmbiguousData               we refuse to guess (dates, currencies, grain)
    │   └── ReconciliationError         totals out differ from totals in
    ├── StoreError                  a table could not be read or written
    │   └── StoreBusy                   somebody else is writing it: try later
    ├── ExportError                 a receiver did not acknowledge what it was sent
    └── MissingExtra (ImportError)  a feature needs an optional package

A message says what was expected, what was found and what to do.  It never holds a
secret, a URL's query string or a traceback of another library.
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from admira.showing import traceback_of


class AdmiraError(Exception):
    """Root of all errors that admira raises on purpose.

    A notebook cell shows the sentence and what to do, without the traceback; with
    ``ADMIRA_TRACEBACK=1`` in the environment it shows all of it.
    """

    def _render_traceback_(self) -> list[str]:
        """Write the error as IPython should show it."""
        return traceback_of(self)


class OptionError(AdmiraError, ValueError):
    """An argument is not one of the allowed values.

    Attributes
    ----------
    option : str
        Name of the argument.
    found : object
        The value that was given.
    allowed : tuple of str
        The values that would have been accepted.
    """

    def __init__(self, option: str, found: object, allowed: Iterable[object]) -> None:
        self.option = option
        self.found = found
        self.allowed = tuple(str(value) for value in allowed)
        close = get_close_matches(str(found), self.allowed, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        super().__init__(
            f"{option}={found!r} is not understood; expected one of: "
            f"{', '.join(self.allowed)}.{hint}"
        )


class SettingsError(AdmiraError, ValueError):
    """A setting of the environment or of ``.env`` is missing, or is not what it should be.

    Attributes
    ----------
    setting : str
        The variable, or ``".env"``.
    expected : str
        What it should be; what was found is not told, since it may be a secret.
    """

    def __init__(self, setting: str, expected: str) -> None:
        self.setting = setting
        self.expected = expected
        remedy = (
            "check its permissions and its encoding"
            if setting == ".env"
            else "correct the argument, the variable or its line in .env"
        )
        super().__init__(f"{setting} should be {expected}; {remedy}.")


class SourceError(AdmiraError):
    """A source of data could not be read.

    Attributes
    ----------
    status : int or None
        The HTTP status that it answered with last, where it did.
    answer : str
        How its answer began, where the caller asked to be told.
    """

    def __init__(self, message: str, *, status: int | None = None, answer: str = "") -> None:
        self.status = status
        self.answer = answer
        super().__init__(message)


class SourceUnavailable(SourceError):
    """A source did not answer, and trying again did not help: try later."""


class SourceRejected(SourceError):
    """A source refused the request or cannot be read as it is: trying again will not help."""


class DataError(AdmiraError, ValueError):
    """The data is not what the contract says."""


class SchemaMismatch(DataError):
    """A table lacks columns that it must have, or has them with another type.

    Attributes
    ----------
    table : str
        Which table: ``"ads"``, ``"crm"``, ``"facts"``, …
    missing : tuple of str
        The columns, or ``"column (type)"`` claims, that were expected and not found.
    found : tuple of str
        The columns that are there.
    """

    def __init__(
        self, table: str, *, missing: Sequence[str], found: Iterable[str], hint: str = ""
    ) -> None:
        self.table = table
        self.missing = tuple(missing)
        self.found = tuple(str(name) for name in found)
        lacking, present = listed(self.missing), listed(self.found) or "no columns"
        super().__init__(f"{table} rows lack {lacking}; found {present}. {hint}".rstrip())


class AmbiguousData(DataError):
    """The data can be read in more than one way, and admira refuses to guess."""


class ReconciliationError(DataError):
    """Totals after the join differ from totals before it.

    Attributes
    ----------
    differences : dict of str to tuple of float
        Quantity to (total in, total out), for those that differ.
    """

    def __init__(
        self,
        differences: dict[str, tuple[float, float]],
        advice: str = "Check that the facts were made from these ads and crm rows with the same "
        "options, and that every natural key occurs once.",
    ) -> None:
        self.differences = differences
        facts = "; ".join(
            f"{name}: {before:,.6f} in, {after:,.6f} out"
            for name, (before, after) in differences.items()
        )
        super().__init__(f"Totals do not reconcile ({facts}). {advice}")


class StoreError(AdmiraError):
    """A table of a store could not be read or written."""


class StoreBusy(StoreError):
    """A store is being written by somebody else, who did not finish in time: try later."""


class ExportError(AdmiraError):
    """A receiver did not acknowledge what it was sent.

    Attributes
    ----------
    status : int or None
        The status that it answered with; ``None`` where no answer came.
    answer : str
        The first 200 characters of what it answered.
    may_pass : bool
        Whether sending the same again, later, may help.
    """

    def __init__(
        self, message: str, *, status: int | None = None, answer: str = "", may_pass: bool = False
    ) -> None:
        self.status = status
        self.answer = answer
        self.may_pass = may_pass
        super().__init__(message)


class MissingExtra(AdmiraError, ImportError):
    """A feature needs a package that is not installed.

    Attributes
    ----------
    extra : str
        The extra that brings it.
    """

    def __init__(self, feature: str, extra: str) -> None:
        self.extra = extra
        super().__init__(f"{feature} needs an extra: pip install 'admira[{extra}]'")


def listed(names: Iterable[str], between: str = ", ", limit: int = 12) -> str:
    """Join names for a sentence, and cut a long list short."""
    shown = [repr(name) for name in names]
    more = len(shown) - limit
    return between.join(shown[:limit]) + (f" and {more} more" if more > 0 else "")
