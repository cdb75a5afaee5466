"""Files as sources: which ones a path, a folder or a glob means, and what is in them."""

from collections.abc import Iterator
from glob import glob
from os.path import lexists
from pathlib import Path

from admira.errors import SourceRejected
from admira.sources.archives import ROW_SUFFIXES, NamedContent, unpacked

_PACKED_SUFFIXES = frozenset({".gz", ".zip"})


def files_meant_by(path: str) -> list[Path]:
    """Give the files that a path, a folder or a glob means, in the order of their names.

    A path that exists is itself, whatever signs its name holds.  A folder means the files in it
    that hold rows, but neither hidden files nor folders in it.

    Raises
    ------
    SourceRejected
        When a glob matches no file, or no file of a folder holds rows.
    """
    pattern = str(Path(path).expanduser())
    if lexists(pattern) or not any(sign in path for sign in "*?["):
        return _files_at(Path(pattern))
    matches = [Path(name) for name in sorted(glob(pattern, recursive=True))]  # noqa: PTH207 - Path.glob takes no absolute pattern
    files = [match for match in matches if not match.is_dir()]
    if not files:
        raise SourceRejected(f"No file matches {_short(path)}; check the folder and the pattern.")
    return files


def contents_of(path: str) -> Iterator[NamedContent]:
    """Give the content of every file that a path means, one at a time; archives are unpacked.

    Each file of an archive is one of its own, in the order of names.

    Raises
    ------
    SourceRejected
        When a file cannot be opened, or an archive not be unpacked.
    """
    for file in files_meant_by(path):
        yield from unpacked(NamedContent(str(file), file.name, _content(file)))


def _files_at(path: Path) -> list[Path]:
    """Give the file itself, or those in a folder that hold rows."""
    try:
        if not path.is_dir():
            return [path]
        inside = sorted(path.iterdir())
    except (OSError, ValueError):
        return [path]
    files = [file for file in inside if _holds_rows(file)]
    if not files:
        raise SourceRejected(
            f"{path} cannot be read: it is a folder in which no file holds rows; name the files, "
            f"such as {path / '**' / '*.csv'}."
        )
    return files


def _holds_rows(file: Path) -> bool:
    is_hidden = file.name.startswith((".", "~$"))
    suffixes = ROW_SUFFIXES | _PACKED_SUFFIXES
    return file.suffix.lower() in suffixes and not is_hidden and not file.is_dir()


def _content(path: Path) -> bytes:
    """Read a file whole, or say why that is not possible."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        reason = "there is no such file; check the path"
    except IsADirectoryError:
        reason = f"it is a folder; name its files, such as {path / '*.csv'}"
    except PermissionError:
        reason = "it may not be opened; check its permissions"
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "that is no path"
    raise SourceRejected(f"{_short(str(path))} cannot be read: {reason}.")


def _short(path: str, limit: int = 200) -> str:
    """Cut a text that is too long to be a path, as when content was given instead."""
    return path if len(path) <= limit else f"{path[:limit]}…"
