"""What the charts of answers ask of their rows: what each is called."""

import pandas as pd

from admira.present.answer_words import word_of
from admira.present.figures import safe
from admira.present.formats import NOT_AVAILABLE, dimension_text
from admira.present.kinds import dimensions_in


def names_of(answer: pd.DataFrame, *, is_unique: bool = True) -> list[str]:
    """Name the group of each row by its dimensions; names that several have say their number."""
    names = [name for name in dimensions_in(answer) if name not in ("campaign_id", "date")]
    if "campaign_id" in answer:
        known = answer["campaign_id"]
        text = answer["campaign_name"].fillna(known) if "campaign_name" in answer else known
        answer = answer.assign(campaign_name=text)
        names = [*dict.fromkeys([*names, "campaign_name"])]
    parts = [
        [word_of(value) if isinstance(value, str) else dimension_text(value) for value in row]
        for row in answer[names].itertuples(index=False, name=None)
    ]
    texts = pd.Series(
        [safe(" · ".join(part for part in row if part != NOT_AVAILABLE)) for row in parts],
        dtype="str",
    )
    if not is_unique:
        return texts.tolist()
    again = texts.groupby(texts).cumcount()
    return texts.where(again == 0, texts + " (" + (again + 1).astype("str") + ")").tolist()
