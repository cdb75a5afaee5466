"""What a store records about itself when it is created."""

import json
from pathlib import Path

from admira.core.dates import time_zone
from admira.errors import StoreError
from admira.schemas import SCHEMA_VERSION, TABLES
from admira.stores.files import explained

_EXAMPLE = json.dumps({"schema_version": SCHEMA_VERSION, "tz": "UTC"})


def settings_path(root: Path) -> Path:
    """Say where a store keeps its settings."""
    return root / "_admira" / "settings.json"


def agreed_zone(root: Path, tz: str | None) -> str:
    """Give the time zone that the store records, or for a new store the one asked for.

    Raises
    ------
    OptionError
        When there is no such zone.
    StoreError
        When the two differ, or the settings are lost or cannot be read.
    """
    recorded = _recorded_zone(root)
    if recorded is None:
        return time_zone(tz or "UTC").key
    if tz is not None and tz != recorded:
        raise StoreError(
            f"{root} was created with tz={recorded!r}, which its days depend on; "
            f"found tz={tz!r}. Open it without tz, or use another folder."
        )
    return recorded


def settings_text(tz: str) -> bytes:
    """Give the content of the settings file."""
    return json.dumps({"schema_version": SCHEMA_VERSION, "tz": tz}, indent=2).encode() + b"\n"


def _recorded_zone(root: Path) -> str | None:
    """Give the recorded time zone; nothing if the store is still to be made."""
    path = settings_path(root)
    with explained(path, "read"):
        if path.exists():
            return _zone_in(path.read_bytes(), path)
        if any((root / name).exists() for name in TABLES):
            raise StoreError(
                f"{root} holds tables but not {path.name}, so the time zone of their days is "
                f"unknown. Restore {path}, or write it: {_EXAMPLE}."
            )
    return None


def _zone_in(text: bytes, path: Path) -> str:
    """Give the time zone that the settings hold."""
    try:
        settings = json.loads(text)
        version, tz = settings["schema_version"], settings["tz"]
    except (ValueError, TypeError, KeyError):
        raise StoreError(
            f"{path} should hold the store's settings, such as {_EXAMPLE}; "
            "found something else. Restore it from a backup."
        ) from None
    if version != SCHEMA_VERSION:
        raise StoreError(
            f"{path} says schema_version {version!r}; this admira reads {SCHEMA_VERSION!r}. "
            "Install the admira that wrote the store, or write a new one."
        )
    return time_zone(tz).key
