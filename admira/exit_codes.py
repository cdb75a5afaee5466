"""What a command's exit code says: whether it worked, and whether running it again can help."""

from enum import IntEnum
from typing import Self

from admira.errors import AdmiraError, ExportError, SourceUnavailable, StoreBusy


class ExitCode(IntEnum):
    """How a command ended; whoever schedules it decides by this whether to run it again."""

    DONE = 0, "it worked", "no need, and no harm"
    FAILED = (
        1,
        "it failed for a reason that stays; `doctor`: not ready; `verify`: not sound",
        "no: the sentence says what to do",
    )
    WRONG_USAGE = 2, "there is no such command, option or value", "no: correct the call"
    NOT_ALIVE = 3, "`doctor`: the store cannot be read", "no: `admira repair`, or a backup"
    TRY_LATER = (
        75,
        "a source or the receiver did not answer, or somebody else is writing the store",
        "yes, some minutes later",
    )

    def __new__(cls, code: int, *_: str) -> Self:
        """Make a code that is a plain number."""
        member = int.__new__(cls, code)
        member._value_ = code
        return member

    def __init__(self, _: int, meaning: str, again: str) -> None:
        self.meaning = meaning
        self.again = again


def exit_code_of(error: AdmiraError) -> ExitCode:
    """Tell whether what went wrong may pass: 75 is ``EX_TEMPFAIL`` of ``sysexits.h``."""
    may_pass = (
        error.may_pass
        if isinstance(error, ExportError)
        else isinstance(error, SourceUnavailable | StoreBusy)
    )
    return ExitCode.TRY_LATER if may_pass else ExitCode.FAILED
