"""What a store records about itself: its time zone, its archive, the days that it keeps."""

import json
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from admira.core.dates import time_zone
from admira.errors import StoreError
from admira.schemas import SCHEMA_VERSION, TABLES
from admira.schemas.versions import remedy_for
from admira.stores.files import Files, files_at
from admira.stores.journal import OWN, Journal

SETTINGS = f"{OWN}/settings.json"
CONTRACT = f"{OWN}/contract.json"
_EXAMPLE = json.dumps({"schema_version": SCHEMA_VERSION, "tz": "UTC"})


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a store.

    Attributes
    ----------
    tz : str
        The reporting time zone.
    archive : str or None
        Where older partitions are.
    kept_from : dict of str to date
        Of a table, the first day that the store keeps.
    schema_version : str
        The version of the contract that all its partitions keep.
    """

    tz: str
    archive: str | None = None
    kept_from: dict[str, date] = field(default_factory=dict)
    schema_version: str = SCHEMA_VERSION

    def encoded(self) -> bytes:
        """Write the settings as JSON."""
        said: dict[str, Any] = {"schema_version": self.schema_version, "tz": self.tz}
        more = {
            "archive": self.archive,
            "kept_from": {name: day.isoformat() for name, day in self.kept_from.items()},
        }
        said = {**said, **{name: value for name, value in more.items() if value}}
        return json.dumps(said, indent=2).encode() + b"\n"


def decoded_settings(content: bytes, name: str) -> Settings:
    """Read settings.

    Raises
    ------
    StoreError
        When they are broken, or of another version.
    """
    try:
        said = json.loads(content)
        version = said["schema_version"]
        kept_from = {k: date.fromisoformat(day) for k, day in said.get("kept_from", {}).items()}
        settings = Settings(said["tz"], said.get("archive"), kept_from, version)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise StoreError(
            f"{name} should hold the store's settings, such as {_EXAMPLE}; "
            "found something else. Restore it from a backup."
        ) from None
    require_known(version, name)
    return settings


def require_known(version: object, name: str) -> None:
    """Refuse what was written under a version of the contract that this admira does not know.

    Raises
    ------
    StoreError
        With what to do.
    """
    remedy = remedy_for(version)
    if remedy is not None:
        raise StoreError(
            f"{name} says schema_version {version!r}; this admira reads {SCHEMA_VERSION!r}. "
            f"{remedy}"
        )


def agreed_settings(files: Files, tz: str | None, archive: str | None = None) -> Settings:
    """Give the settings that a store records, or for a new one those asked for.

    Raises
    ------
    OptionError
        When there is no such zone.
    StoreError
        When the two differ, or the settings are lost or cannot be read.
    """
    journal = Journal(files)
    content = journal.current(SETTINGS)
    if content is None:
        has_tables = any(files.names(name) for name in TABLES)
        # They may be those of a first commit that came between; its settings came before them.
        content = journal.current(SETTINGS) if has_tables else None
    if content is None:
        if has_tables:
            raise StoreError(
                f"{files.url} holds tables but not settings.json, so the time zone of their days "
                f"is unknown. Restore {files.name(SETTINGS)}, or write it: {_EXAMPLE}."
            )
        return Settings(time_zone(tz or "UTC").key, archive)
    recorded = decoded_settings(content, files.name(SETTINGS))
    time_zone(recorded.tz)
    if tz is not None and tz != recorded.tz:
        raise StoreError(
            f"{files.url} was created with tz={recorded.tz!r}, which its days depend on; "
            f"found tz={tz!r}. Open it without tz, or use another folder."
        )
    if archive is not None and recorded.archive not in (None, archive):
        raise StoreError(
            f"{files.url} has its archive at {files_at(recorded.archive or '').url}; found "
            f"archive={files_at(archive).url!r}. Open it without archive."
        )
    return recorded if recorded.archive else replace(recorded, archive=archive)
