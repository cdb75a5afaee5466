"""The encoding of an export is told by its bytes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admira.sources.decode import Undecodable
from admira.sources.encodings import text_of


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", ""),
        (b"\xef\xbb\xbf\xef\xbb\xbfDay", "Day"),
        ("Día €".encode(), "Día €"),
        ("Día €".encode("cp1252"), "Día €"),
        (b"D\xeda \x81", "Día \x81"),
        ("Día, €, Тег\n".encode("utf-16"), "Día, €, Тег\n"),
        ("Día, €, 1\n".encode("utf-16-le"), "Día, €, 1\n"),
        ("Día, €, 1\n".encode("utf-16-be"), "Día, €, 1\n"),
        ("Тег\t1\n".encode("utf-16-le"), "Тег\t1\n"),
        (b"Day\0,\0Clicks\0\n", "Day,Clicks\n"),
        (b"Day,Clicks\n" + b"\0" * 20, "Day,Clicks\n"),
    ],
)
def test_text_is_read_in_the_encoding_it_was_written_in(content: bytes, text: str) -> None:
    assert text_of(content) == text


def test_text_that_is_marked_as_utf16_and_is_not_is_refused() -> None:
    with pytest.raises(Undecodable, match="UTF-16 text is damaged"):
        text_of(b"\xff\xfe\x00\xd8")


@settings(max_examples=60)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0\ufeff")))
def test_utf8_is_never_taken_for_anything_else(text: str) -> None:
    assert text_of(text.encode()) == text
