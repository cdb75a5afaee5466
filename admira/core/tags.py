"""One way to write a tag, so that tags can be compared: used by every part that compares them."""

import re
import unicodedata

import pandas as pd

# What platforms and CRMs write where they mean nothing.
_PLACEHOLDERS = frozenset(
    {"", "null", "none", "nan", "undefined", "(not set)", "(none)", "(direct)", "(not provided)"}
)

# A template that the ad platform should have filled in, anywhere in the value: {{campaign.name}},
# {campaignid}, __CAMPAIGN_NAME__, and TikTok's widespread one-underscore misspelling of it.
_MACRO = re.compile(r"\{[^{}]*\}|__[a-z0-9_]+__|^_(?:campaign|aid|cid|ad|adgroup)_(?:name|id)_$")


def normalize_tag(text: str) -> str:
    """Give the tag as it is compared: NFKC, lower case, single spaces, ``""`` if it says nothing.

    Examples
    --------
    >>> normalize_tag("  Back to   School ")
    'back to school'
    >>> [normalize_tag(text) for text in ("(not set)", "{{campaign.name}}", "None")]
    ['', '', '']
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).lower())
    tag = " ".join(folded.split())
    return "" if tag in _PLACEHOLDERS or _MACRO.search(tag) else tag


def normalize_tags(texts: pd.Series) -> pd.Series:
    """Give a column of tags as they are compared; each distinct text is worked out once.

    Missing values become ``""``.  The index is kept.
    """
    codes, distinct = pd.factorize(texts)
    tags = pd.array([*(normalize_tag(str(text)) for text in distinct), ""], dtype="str")
    return pd.Series(tags.take(codes), index=texts.index, name=texts.name)
