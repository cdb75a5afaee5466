"""Bytes into records: JSON, JSON lines, CSV and Parquet, read exactly and never by guess."""

import csv
import json
from io import StringIO
from pathlib import PurePosixPath
from typing import Any, Literal

import pandas as pd
from pydantic_core import from_json

from admira.sources.collector import collector_paused

Format = Literal["json", "jsonl", "csv", "parquet"]

FORMATS: dict[str, Format] = {
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".parquet": "parquet",
}

_MEDIA_TYPES: dict[str, Format] = {
    "application/json": "json",
    "application/jsonl": "jsonl",
    "application/jsonlines": "jsonl",
    "application/x-ndjson": "jsonl",
    "application/x-jsonlines": "jsonl",
    "text/csv": "csv",
    "application/vnd.apache.parquet": "parquet",
}

_BOM = b"\xef\xbb\xbf"

# Python refuses to make a number of more digits than this from text.
_LONGEST_INTEGER = 4300


class Undecodable(Exception):
    """The bytes are not what they should be; the words say why, and quote none of them."""


def format_of_name(name: str) -> Format | None:
    """Give the format that a file's suffix announces."""
    return FORMATS.get(PurePosixPath(name).suffix.lower())


def format_of_answer(path: str, content_type: str) -> Format:
    """Give the format that an answer's media type announces, else its path, else JSON."""
    media_type = content_type.partition(";")[0].strip().lower()
    return _MEDIA_TYPES.get(media_type) or format_of_name(path) or "json"


def decode(body: bytes, form: Format) -> Any:
    """Decode a body: Parquet to a frame, everything else to a document of plain Python values.

    Raises
    ------
    Undecodable
        When the body is empty, or not of that form.
    """
    if form == "parquet":
        return decode_parquet(body)
    body = body.removeprefix(_BOM)
    if not body or body.isspace():
        raise Undecodable("it is empty")
    if form == "csv":
        return decode_csv(body)
    if form == "jsonl" or _starts_with_a_record_of_its_own(body):
        return decode_json_lines(body)
    return decode_json(body)


def decode_json(body: bytes) -> Any:
    """Decode one JSON document: integers of any size are exact, ``NaN`` and infinities are read.

    A byte order mark is skipped.  What the fast decoder refuses is tried with the standard
    library, which also reads lone surrogates, UTF-16 and control characters in text.

    Raises
    ------
    Undecodable
        When both refuse it.

    Examples
    --------
    >>> decode_json(b'{"campaign_id": 120210000000000000001, "cost": NaN}')
    {'campaign_id': 120210000000000000001, 'cost': nan}
    """
    body = body.removeprefix(_BOM)
    try:
        with collector_paused():
            return from_json(body)
    except ValueError:
        pass
    try:
        return json.loads(body, strict=False, parse_int=_integer)
    except UnicodeDecodeError:
        reason = "it is not UTF-8 text"
    except json.JSONDecodeError as error:
        reason = f"it is not JSON: {error.msg}, line {error.lineno} column {error.colno}"
    except RecursionError:
        reason = "it is nested too deeply"
    raise Undecodable(reason)


def decode_json_lines(body: bytes) -> Any:
    """Decode JSON lines into a list; a single line is a document of its own."""
    values = []
    for number, line in enumerate(body.splitlines(), start=1):
        if line.strip():
            try:
                values.append(decode_json(line))
            except Undecodable as error:
                raise Undecodable(f"line {number}: {error}") from None
    return values[0] if len(values) == 1 else values


def decode_csv(body: bytes) -> list[Any]:
    r"""Decode CSV into one dict of texts per line, under the names of the first line.

    A line with fewer cells lacks the last names.  A line with more cells cannot be read:
    it stays the list that it is.

    Examples
    --------
    >>> decode_csv(b"date,clicks\n2025-08-01,7\n2025-08-02,1,033\n")
    [{'date': '2025-08-01', 'clicks': '7'}, ['2025-08-02', '1', '033']]
    """
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise Undecodable("it is not UTF-8 text; save it as CSV UTF-8") from None
    lines = csv.reader(StringIO(text, newline=""), strict=True)
    filled = filter(None, lines)
    try:
        names = [name.strip() for name in next(filled)]
        require_each_once(names)
        return [
            dict(zip(names, line, strict=False)) if len(line) <= len(names) else line
            for line in filled
        ]
    except csv.Error as error:
        raise Undecodable(f"it is not CSV: {error}, line {lines.line_num}") from None


def decode_parquet(body: bytes) -> pd.DataFrame:
    """Decode Parquet into a frame that keeps its types; integers with gaps stay integers."""
    import pyarrow
    from pyarrow import parquet

    try:
        table = parquet.ParquetFile(pyarrow.BufferReader(body)).read()
        require_each_once(table.column_names)
        plain = [
            field.with_type(field.type.value_type)
            if pyarrow.types.is_dictionary(field.type)
            else field
            for field in table.schema
        ]
        frame: pd.DataFrame = table.cast(pyarrow.schema(plain)).to_pandas(
            integer_object_nulls=True, date_as_object=False, ignore_metadata=True
        )
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError):
        raise Undecodable("it is not Parquet, or damaged") from None
    return frame


def require_each_once(names: list[str]) -> None:
    """Raise unless every column has a name of its own."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Undecodable(f"the column {twice[0]!r} occurs twice")


def _starts_with_a_record_of_its_own(body: bytes) -> bool:
    """Tell JSON lines under the name of JSON: more follows a first line that is an object."""
    first, _, rest = body.lstrip().partition(b"\n")
    if not first.startswith(b"{") or not rest.strip():
        return False
    try:
        return isinstance(from_json(first), dict)
    except ValueError:
        return False


def _integer(digits: str) -> int | str:
    """Read an integer; one that Python will not read stays the text that it is."""
    return int(digits) if len(digits) <= _LONGEST_INTEGER else digits
