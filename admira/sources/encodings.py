"""Bytes into text: the encodings that exports are written in, told apart by their bytes."""

from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE

from admira.sources.decode import Undecodable

# How many bytes are looked at to tell UTF-16 that carries no mark.
_SAMPLE_BYTES = 1 << 12

# In UTF-16 the other half of every separator, digit and line end is NUL: at least this share.
_LEAST_NULS = 0.1


def text_of(content: bytes) -> str:
    r"""Decode an export: UTF-8 and UTF-16 with or without a mark, else Windows' Latin text.

    Marks and stray NUL bytes are left out.

    Raises
    ------
    Undecodable
        When it is marked as UTF-16 and is not.

    Examples
    --------
    >>> text_of("Día\tCoste".encode("utf-16-le"))
    'Día\tCoste'
    >>> text_of(b"\xef\xbb\xbfD\x00ay"), text_of(b"D\xeda")
    ('Day', 'Día')
    """
    return _decoded(content).replace("\0", "").lstrip("\ufeff")


def _decoded(content: bytes) -> str:
    for mark, encoding in ((BOM_UTF16_LE, "utf-16-le"), (BOM_UTF16_BE, "utf-16-be")):
        if content.startswith(mark):
            try:
                return content.decode(encoding)
            except UnicodeDecodeError:
                raise Undecodable("its UTF-16 text is damaged; export it again") from None
    guesses = ["utf-8", "cp1252"]
    if not content.startswith(BOM_UTF8):
        guesses = [*_utf16_by_its_nuls(content), *guesses]
    for encoding in guesses:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


def _utf16_by_its_nuls(content: bytes) -> list[str]:
    """Name the UTF-16 whose NUL bytes all stand in one half of the pairs, if they are many."""
    sample = content[:_SAMPLE_BYTES]
    first_halves, second_halves = sample[::2].count(0), sample[1::2].count(0)
    enough = _LEAST_NULS * len(sample) / 2
    if second_halves > enough and not first_halves:
        return ["utf-16-le"]
    if first_halves > enough and not second_halves:
        return ["utf-16-be"]
    return []
