"""The texts that admira shows: ``python -m tests.present.messages`` brings the catalogs up to date.

New texts are added without a translation, those that are gone are dropped.
"""

from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

import admira
from admira.present import tables
from admira.schemas import UNATTRIBUTED, UNKNOWN, UNTAGGED
from admira.schemas.metrics import metrics

PACKAGE = Path(admira.__file__).parent
CATALOGS = sorted((PACKAGE / "present/locales").glob("*.po"))

_METHODS = [("**/templates/**.html", "jinja2"), ("**.py", "python")]


def messages() -> set[str]:
    """Give every text that is shown: those in the code, and those of the registries."""
    found = {str(message) for _, _, message, _, _ in _extracted()}
    for metric in (*metrics.measures, *metrics.ratios, *metrics.claims):
        found |= {metric.label, metric.meaning, metric.unit}
    return found | {*tables.TITLES.values()} | {UNATTRIBUTED, UNTAGGED, UNKNOWN}


def _extracted() -> Iterator[tuple[object, ...]]:
    options = {"**/templates/**.html": {"trimmed": "true"}}
    yield from extract_from_dir(
        PACKAGE, method_map=_METHODS, options_map=options, keywords={"say": None}
    )


def read(path: Path) -> Catalog:
    """Read a catalog."""
    with path.open("rb") as file:
        return read_po(file, locale=path.stem)


def updated(catalog: Catalog) -> Catalog:
    """Give a catalog of just the texts that are shown, in order, with the translations it has."""
    made = Catalog(locale=catalog.locale)
    for text in sorted(messages()):
        known = catalog.get(text)
        made.add(text, str(known.string) if known and known.string else "")
    return made


def main() -> None:
    """Write every catalog anew."""
    for path in CATALOGS:
        catalog = updated(read(path))
        with path.open("wb") as file:
            write_po(file, catalog, width=100, omit_header=True)
        lacking = [message.id for message in catalog if message.id and not message.string]
        print(f"{path.name}: {len(catalog)} texts, {len(lacking)} not translated")  # noqa: T201


if __name__ == "__main__":
    main()
