"""Where the demo's ads lead to: an address that carries the tags."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

TAGS = ("utm_source", "utm_medium", "utm_campaign")
PAGE = "https://www.example.com/welcome"


def tag_query(row: Mapping[str, Any]) -> str:
    """Write the tags that a row has as a query string.

    Examples
    --------
    >>> tag_query({"utm_source": "bing", "utm_medium": "", "utm_campaign": "50% off & more"})
    'utm_source=bing&utm_campaign=50%25+off+%26+more'
    """
    return urlencode({name: row[name] for name in TAGS if row[name]})


def landing_url(row: Mapping[str, Any]) -> str:
    """Give the page's address with the row's tags behind it."""
    query = tag_query(row)
    return f"{PAGE}?{query}" if query else PAGE
