"""Files as sources: which ones a path or a glob means, and what is in them."""

from glob import glob
from os.path import lexists
from pathlib import Path
from typing import Any

from admira.errors import SourceRejected
from admira.sources.decode import FORMATS, Undecodable, decode, format_of_name


def files_meant_by(path: str) -> list[Path]:
    """Give the files that a path or a glob means, in the order of their names.

    A path that exists is itself, whatever signs its name holds.

    Raises
    ------
    SourceRejected
        When a glob matches no file.
    """
    pattern = str(Path(path).expanduser())
    if lexists(pattern) or not any(sign in path for sign in "*?["):
        return [Path(pattern)]
    matches = [Path(name) for name in sorted(glob(pattern, recursive=True))]  # noqa: PTH207 - Path.glob takes no absolute pattern
    files = [match for match in matches if not match.is_dir()]
    if not files:
        raise SourceRejected(f"No file matches {_short(path)}; check the folder and the pattern.")
    return files


def read_file(path: Path) -> Any:
    """Give what a file holds, decoded by its suffix.

    Raises
    ------
    SourceRejected
        When it cannot be opened, has another suffix, or is not what its suffix says.
    """
    content = _content(path)
    form = format_of_name(path.name)
    if form is None:
        raise SourceRejected(
            f"{path} is of no known kind: expected a name that ends in {', '.join(FORMATS)}; "
            f"found {path.suffix or 'no suffix'}."
        )
    try:
        return decode(content, form)
    except Undecodable as error:
        raise SourceRejected(f"{path} cannot be read: {error}.") from None


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
