"""What was made of a platform's rows, in words: columns found, rows dropped, before and after."""

import pandas as pd

from admira.schemas import TABLES
from admira.sources.fan_out import Extracted
from admira.sources.mapping import ColumnRule, Preset

_SHOWN = 3


def explained(preset: Preset, extracted: Extracted, rows: pd.DataFrame) -> str:
    """Describe a pull: what each column came from, what was dropped, and the first rows.

    Parameters
    ----------
    preset : Preset
        The form that was read.
    extracted : Extracted
        What came of it, before normalising.
    rows : DataFrame
        The same rows, normalised.

    Returns
    -------
    str
        Several lines for a terminal.
    """
    raw = extracted.frame
    lines = [f"{preset.name}: {preset.description}", f"fetched {extracted.fetched:,} rows"]
    for pull in extracted.pulls:
        counts = {**pull.dropped, **({"replays": pull.repeated} if pull.repeated else {})}
        lines += [f"  dropped {count:,} {reason}" for reason, count in counts.items()]
        lines += [f"  {note.replace('_', ' ')}: {count:,}" for note, count in pull.notes.items()]
        lines += [f"  warning: {sentence}" for sentence in pull.warnings]
    lines.append("columns")
    for name in TABLES[preset.kind].names:
        if name in raw:
            blank = int(raw[name].isna().sum())
            gaps = f", missing in {blank:,} rows" if blank else ""
            lines.append(f"  {name} from {_origin(preset.columns.get(name))}{gaps}")
    wrong = rows[rows["problems"] != ""]
    lines.append(f"{len(rows) - len(wrong):,} rows are in order, {len(wrong):,} are not")
    lines += [f"  {text} ({count:,})" for text, count in wrong["problems"].value_counts().items()]
    shown = [name for name in raw if raw[name].notna().any()]
    lines += ["first rows as mapped", raw[shown].head(_SHOWN).to_string(index=False)]
    lines += ["first rows normalised", rows[shown].head(_SHOWN).to_string(index=False)]
    return "\n".join(lines)


def _origin(rule: ColumnRule | None) -> str:
    """Say in a few words where a column comes from."""
    if rule is None:
        return "the tags"
    if rule.const is not None:
        return f"the constant {rule.const!r}"
    if rule.when:
        return "rules on " + ", ".join(
            dict.fromkeys(path for each, _ in rule.when for path in each)
        )
    return " + ".join(rule.add) if rule.add else " or ".join(rule.paths)
