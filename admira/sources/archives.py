"""What is in an archive: each file of a zip, or the one of a gzip, as a file of its own."""

import zlib
from collections.abc import Iterator
from gzip import GzipFile
from io import BytesIO
from pathlib import PurePosixPath
from typing import IO, NamedTuple
from zipfile import BadZipFile, ZipFile, ZipInfo

from admira.errors import SourceRejected
from admira.sources.decode import FORMATS

# Suffixes of the files that hold rows; in folders and archives, others are passed over.
ROW_SUFFIXES = frozenset({*FORMATS, ".tab", ".tsv", ".txt", ".xlsm", ".xlsx"})

# More than this, unpacked, is taken for an attack or a mistake.
UNPACKED_LIMIT_BYTES = 1 << 30

_CHUNK_BYTES = 1 << 20

_GZIP, _ZIP = b"\x1f\x8b", (b"PK\x03\x04", b"PK\x05\x06")
_ARCHIVE_SUFFIXES = frozenset({".7z", ".bz2", ".gz", ".rar", ".tar", ".tgz", ".xz", ".zip", ".zst"})
_DAMAGED = (BadZipFile, EOFError, OSError, ValueError, zlib.error)


class NamedContent(NamedTuple):
    """A file's content; ``label`` says where it lies, ``name`` how it is called there."""

    label: str
    name: str
    content: bytes


def is_workbook(content: bytes) -> bool:
    """Tell an Excel workbook, which is a zip of its own."""
    return any(member.filename == "[Content_Types].xml" for member in _members(content))


def unpacked(
    file: NamedContent, *, limit_bytes: int = UNPACKED_LIMIT_BYTES
) -> Iterator[NamedContent]:
    """Give the files in an archive, by name; what is no archive is given as it is.

    Bytes tell what is an archive, not names.  Hidden files and those that hold no rows are
    passed over.

    Raises
    ------
    SourceRejected
        When the archive is damaged, locked, holds another archive or no rows at all, or is
        larger than ``limit_bytes`` when unpacked.

    Examples
    --------
    >>> from gzip import compress
    >>> list(unpacked(NamedContent("ads.csv.gz", "ads.csv.gz", compress(b"date"))))
    [NamedContent(label='ads.csv.gz', name='ads.csv', content=b'date')]
    """
    if file.content.startswith(_GZIP):
        yield _gunzipped(file, limit_bytes)
    elif file.content.startswith(_ZIP) and not is_workbook(file.content):
        yield from _unzipped(file, limit_bytes)
    elif sum(member.file_size for member in _members(file.content)) > limit_bytes:
        raise _too_large(file.label)
    else:
        yield file


def _members(content: bytes) -> list[ZipInfo]:
    """List what a zip says it holds; nothing for what is no zip or damaged."""
    if not content.startswith(_ZIP):
        return []
    try:
        with ZipFile(BytesIO(content)) as archive:
            return archive.infolist()
    except (*_DAMAGED, RuntimeError):
        return []


def _gunzipped(file: NamedContent, limit_bytes: int) -> NamedContent:
    path = PurePosixPath(file.name)
    name = path.stem if path.suffix.lower() == ".gz" else path.name
    try:
        with GzipFile(fileobj=BytesIO(file.content)) as stream:
            content = _read(stream, limit_bytes, file.label)
    except _DAMAGED:
        raise _unreadable(file.label, "the archive is damaged; fetch it again") from None
    _require_no_archive(file.label, name, content)
    return NamedContent(file.label, name, content)


def _unzipped(file: NamedContent, limit_bytes: int) -> Iterator[NamedContent]:
    try:
        with ZipFile(BytesIO(file.content)) as archive:
            members = sorted(filter(_may_hold_rows, archive.infolist()), key=lambda it: it.filename)
            if not members:
                reason = f"it holds no file that ends in {', '.join(sorted(ROW_SUFFIXES))}"
                raise _unreadable(file.label, reason)
            left_bytes = limit_bytes
            for member in members:
                label = f"{file.label}/{member.filename}"
                with archive.open(member) as stream:
                    content = _read(stream, left_bytes, file.label)
                left_bytes -= len(content)
                _require_no_archive(label, member.filename, content)
                yield NamedContent(label, PurePosixPath(member.filename).name, content)
    except RuntimeError:
        reason = "it is locked by a password or packed in an unknown way; unpack it first"
        raise _unreadable(file.label, reason) from None
    except _DAMAGED:
        raise _unreadable(file.label, "the archive is damaged; fetch it again") from None


def _may_hold_rows(member: ZipInfo) -> bool:
    path = PurePosixPath(member.filename)
    is_hidden = any(part.startswith((".", "__MACOSX", "~$")) for part in path.parts)
    suffixes = ROW_SUFFIXES | _ARCHIVE_SUFFIXES
    return not (member.is_dir() or is_hidden) and path.suffix.lower() in suffixes


def _read(stream: GzipFile | IO[bytes], limit_bytes: int, label: str) -> bytes:
    """Read no more than is allowed, whatever the archive says of its size."""
    chunks = []
    while chunk := stream.read(_CHUNK_BYTES):
        chunks.append(chunk)
        limit_bytes -= len(chunk)
        if limit_bytes < 0:
            raise _too_large(label)
    return b"".join(chunks)


def _require_no_archive(label: str, name: str, content: bytes) -> None:
    is_archive = PurePosixPath(name).suffix.lower() in _ARCHIVE_SUFFIXES or (
        content.startswith((_GZIP, *_ZIP)) and not is_workbook(content)
    )
    if is_archive:
        raise _unreadable(label, "it is an archive in an archive; unpack the outer one first")


def _too_large(label: str) -> SourceRejected:
    reason = "it is too large when unpacked; if that is no mistake, unpack it or make it CSV first"
    return _unreadable(label, reason)


def _unreadable(label: str, reason: str) -> SourceRejected:
    return SourceRejected(f"{label} cannot be read: {reason}.")
