"""Which platform's export a file is, told by the names of its columns."""

from collections.abc import Sequence

from admira.errors import AmbiguousData
from admira.schemas import table_of
from admira.sources.headers import header_among
from admira.sources.mapping import ColumnRule, Preset
from admira.sources.names import column_named
from admira.sources.sheets import Sheet


def recognise(sheet: Sheet, presets: Sequence[Preset]) -> Preset:
    r"""Give the one preset whose export this is.

    A preset fits when its header is found and has every column that the preset reads for the
    columns that the contract requires.

    Raises
    ------
    AmbiguousData
        When no preset fits, or several do; the message lists the candidates.

    Examples
    --------
    >>> from admira.sources.mapping import CsvRule
    >>> from admira.sources.sheets import open_sheet
    >>> def preset(name, day):
    ...     rule = CsvRule(header_has=((day,), ("Clicks",)))
    ...     return Preset(name, "ads", {"date": ColumnRule(paths=(day,))}, csv=rule)
    >>> sheet = open_sheet(b"Report\nDay,Clicks\n", "ads.csv")
    >>> recognise(sheet, [preset("one", "Day"), preset("other", "TimePeriod")]).name
    'one'
    """
    lacking = {
        preset.name: missing
        for preset in presets
        if (missing := _missing_columns(sheet, preset)) is not None
    }
    fitting = [preset for preset in presets if lacking.get(preset.name) == []]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = [repr(preset.name) for preset in fitting]
        raise AmbiguousData(
            f"{sheet.label} may be an export of several forms ({', '.join(names)}); say which: "
            f"preset={names[0]}."
        )
    near = "".join(
        f" It is nearly {name!r}, but lacks {', '.join(map(repr, missing))}: export it again with "
        f"{'that column' if len(missing) == 1 else 'those columns'}."
        for name, missing in lacking.items()
    )
    known = [repr(preset.name) for preset in presets if preset.csv is not None]
    raise AmbiguousData(
        f"{sheet.label} is an export of no known form.{near} Say what it is with preset=, one of "
        f"{', '.join(known) or 'your own'}, or pass a mapping of your own."
    )


def _missing_columns(sheet: Sheet, preset: Preset) -> list[str] | None:
    """List the columns that an export lacks to be of a form; ``None`` if its header is absent."""
    header = header_among(sheet.top, preset.csv) if preset.csv else None
    if header is None:
        return None
    required = table_of((), preset.kind).required
    rules = [preset.columns[name] for name in required if name in preset.columns]
    return [missing for rule in rules if (missing := _missing_column(rule, header.cells))]


def _missing_column(rule: ColumnRule, names: Sequence[str]) -> str | None:
    """Give a column that a rule reads and that is absent, if there is one."""
    if rule.const is not None:
        return None
    if rule.paths and column_named(rule.paths, names) is None:
        return rule.paths[0]
    return next((path for path in rule.add if column_named([path], names) is None), None)
