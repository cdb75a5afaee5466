"""The tables that a store holds: rows in, rows out, and the team's UTM sheet beside them."""

from typing import Any

import narwhals as nw
import pandas as pd

from admira.answers import labels_of
from admira.core.campaigns import read_sheet
from admira.core.days import Day
from admira.core.filters import VALUE_FILTERS, keep
from admira.core.validate import validate
from admira.engines.bridges import campaigns_of
from admira.errors import DataError, OptionError
from admira.schemas import Kind
from admira.stores.base import Backend, Upserted
from admira.wanted import has_label, parted


class HeldTables:
    """The part of a ``Store`` that takes rows and gives them back."""

    backend: Backend

    def upsert(self, rows: pd.DataFrame, *, kind: Kind | None = None) -> Upserted:
        """Insert accepted rows and replace those with the same natural key.

        Running it twice is the same as running it once.

        Parameters
        ----------
        rows : DataFrame, one row per natural key
            As :func:`admira.validate` accepts them.
        kind : {"ads", "crm"}, optional
            Which table; by default the key column tells.

        Returns
        -------
        Upserted
            How many were inserted, updated and unchanged, and the partitions touched.

        Raises
        ------
        DataError
            When some rows are not what the contract says; then none is written.
        StoreError
            When the store cannot be written.
        """
        accepted, rejected = validate(rows, kind=kind)
        if len(rejected):
            message = (
                f"{len(rejected)} of {len(rows)} rows are not what the contract says (first: "
                f"{rejected['reasons'].iloc[0]}); nothing was written. ingest() keeps such rows "
                "in quarantine and takes the others."
            )
            raise DataError(message)
        return self.backend.upsert(accepted, kind=kind)

    def read(
        self, kind: Kind, *, start: Day = None, end: Day = None, **filters: Any
    ) -> pd.DataFrame:
        """Read one table.

        Parameters
        ----------
        kind : {"ads", "crm"}
            Which table.
        start, end : day, optional
            First and last day, both included.
        **filters
            ``channel``, ``campaign_id``, ``campaign_name`` (the latest) and groups (ads only),
            ``utm_campaign``, ``utm_source``, ``utm_medium``: one value or a list.

        Returns
        -------
        DataFrame
            All the contract's columns, typed, in natural-key order; empty when nothing is there.

        Raises
        ------
        OptionError
            When the table or a filter does not exist, or a day is no day.
        StoreError
            When the store cannot be read.
        """
        rows = self.backend.read(kind, start=start, end=end)
        if not any(values is not None for values in filters.values()):
            return rows
        values, labelled, others = parted(self.backend, filters)
        if labelled and kind != "ads":
            raise OptionError("filter", next(iter(labelled)), VALUE_FILTERS[2:])
        for name, wanted in labelled.items():
            found = self.backend.reading(labels_of).of(rows, name)
            rows = rows[has_label(found, wanted)]
        return keep(nw.from_native(rows), **values, **others).to_native().reset_index(drop=True)

    def ads(self, **filters: Any) -> pd.DataFrame:
        """Read the ads table: ``read("ads", **filters)``."""
        return self.read("ads", **filters)

    def crm(self, **filters: Any) -> pd.DataFrame:
        """Read the crm table: ``read("crm", **filters)``."""
        return self.read("crm", **filters)

    def campaigns(self) -> pd.DataFrame:
        """Give the campaign map of all ads that the store holds or held, and of its UTM sheet."""
        return self.backend.reading(campaigns_of)

    def add_tags(self, sheet: Any) -> int:
        """Keep the team's UTM sheet, so that the join knows its campaigns by it.

        Parameters
        ----------
        sheet : DataFrame, one row per campaign and triple
            As ``tags`` of :func:`admira.campaign_map`.  A row with the same campaign and triple
            replaces the one that is there.

        Returns
        -------
        int
            How many rows are new or changed.

        Raises
        ------
        SchemaMismatch
            When it names no campaign, or has no ``utm_campaign``.
        """
        return self.backend.upsert_tags(read_sheet(sheet))

    def tags(self) -> pd.DataFrame:
        """Give the UTM sheet that the store keeps."""
        return self.backend.read_tags()
