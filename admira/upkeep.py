"""What a store is asked about itself: runs, what it refused, what changed, is it sound."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime

import pandas as pd

from admira.errors import OptionError
from admira.present.progress import ProgressOption, watched
from admira.run_history import runs_of
from admira.schemas import TABLES, Kind
from admira.stores.ages import first_day_kept
from admira.stores.base import Backend
from admira.stores.quarantine import Quarantine, quarantined
from admira.stores.records import CHANGES, WATERMARKS
from admira.stores.replay import Fix, Replayed, replay
from admira.stores.verification import Verification, verify


class Upkeep:
    """The part of a ``Store`` that keeps account of it."""

    backend: Backend

    def quarantine(
        self,
        *,
        kind: Kind | None = None,
        run: str | None = None,
        reason: str | None = None,
        source: str | None = None,
    ) -> Quarantine:
        """Give the rows that were rejected or removed, as received, each with its reasons.

        Parameters
        ----------
        kind : {"ads", "crm"}, optional
            Only those of one table.
        run : str, optional
            Only those that this run met first.
        reason : str, optional
            Only those whose reasons contain this text.
        source : str, optional
            Only those from this source.

        Returns
        -------
        Quarantine
            A DataFrame with one row per distinct row and reasons, in the order they were first
            seen: ``kind``, ``source``, ``reasons``, ``received`` (the values that the reasons
            name), ``row`` (JSON), ``first_run``, ``first_seen`` and ``replayed_run``, the run that
            took it in after all.

        Examples
        --------
        >>> import admira
        >>> kept = admira.demo().quarantine(kind="crm")
        >>> kept[["reasons", "received"]]
                           reasons        received
        0     amount: not a number  "to be agreed"
        1   created_at: not a date     "yesterday"
        2    opportunity_id: blank              ""
        """
        if kind is not None and kind not in TABLES:
            raise OptionError("kind", kind, TABLES)
        rows = self.backend.read_quarantine(kind=kind)
        for column, wanted in (("first_run", run), ("source", source)):
            if wanted is not None:
                rows = rows[rows[column] == wanted]
        if reason is not None:
            rows = rows[rows["reasons"].str.contains(reason, regex=False)]
        return quarantined(rows)

    def replay(
        self,
        *,
        fix: Fix | None = None,
        kind: Kind | None = None,
        run: str | None = None,
        reason: str | None = None,
        source: str | None = None,
        now: datetime | None = None,
        progress: ProgressOption = None,
    ) -> Replayed:
        """Try rejected rows again after something was mended, and take in those that now pass.

        What is taken in stays in quarantine under the replaying run's name, and is not tried again.
        A row whose record the store has got, changed or lost since then is outdated and left out.

        Parameters
        ----------
        fix : callable, optional
            Takes the rows of one table as received, a frame of objects, and gives them back mended,
            one for each, in order.
        kind, run, reason, source
            Which rows, as in :meth:`quarantine`; by default all.
        now : datetime, optional
            The instant to record.
        progress : callable or bool, optional
            As in :func:`admira.ingest`.

        Returns
        -------
        Replayed
            How many were tried, accepted, outdated and rejected again.

        Examples
        --------
        >>> import admira
        >>> store = admira.open_store("memory:")
        >>> ads = [{"date": "2025-08-01", "campaign_id": "C-1", "channel": "google_ads",
        ...         "clicks": "12 clicks", "impressions": 90, "cost": 3.5, "utm_campaign": "sale"}]
        >>> report = admira.ingest(store, ads=ads, crm=[])
        >>> done = store.replay(fix=lambda raw: raw.assign(clicks=raw["clicks"].str.split().str[0]))
        >>> done.accepted, store.ads()["clicks"].tolist()
        (1, [12])
        """
        rows = self.quarantine(kind=kind, run=run, reason=reason, source=source)
        with _told("replay", progress):
            return replay(self.backend, rows, fix=fix, now=now)

    def runs(self) -> pd.DataFrame:
        """Give the history of ingests, those that failed too, the latest last.

        Returns
        -------
        DataFrame
            One row per run and table: ``run_id``, ``started_at``, ``seconds``, ``status``,
            ``error``, ``retries``, ``kind``, ``source``, ``rejected``, ``removed``, the counts of
            its report, and ``anomalies``, how much of it was unusual.  A run that failed
            (``status`` ``error``, and why) or that has not told how it ended (``running``: it is
            under way, or was killed) changed nothing and is one row without ``kind``.
        """
        return runs_of(self.backend)

    def watermarks(self) -> pd.DataFrame:
        """Give the day up to which each source was read completely; missing if that cannot be told.

        Returns
        -------
        DataFrame
            One row per table and source: ``kind``, ``source``, ``by`` (the column that counts),
            ``day`` and ``run_id``.
        """
        return self.backend.rows(WATERMARKS)

    def changes(self, kind: Kind) -> pd.DataFrame:
        """Give what commits did to the rows of one table, in their order.

        Parameters
        ----------
        kind : {"ads", "crm"}
            Which table.

        Returns
        -------
        DataFrame
            One row per row inserted, updated or removed: ``commit``, ``change``, ``run_id``,
            ``changed_at``, and the row as it was before; of an inserted one the key alone.
        """
        if kind not in TABLES:
            raise OptionError("kind", kind, TABLES)
        return self.backend.rows(CHANGES[kind])

    def verify(self, *, progress: ProgressOption = None) -> Verification:
        """Check that every file, key and row is where and what it should be.

        Parameters
        ----------
        progress : callable or bool, optional
            As in :func:`admira.ingest`.

        Returns
        -------
        Verification
            Its ``problems``, one sentence each, and the rows and sums of every partition.
        """
        with _told("verify", progress):
            return verify(self.backend)

    def repair(self, *, progress: ProgressOption = None) -> Verification:
        """Finish a commit that was cut short, work out anew whatever is derived, and check all.

        The rows of the partitions, which are the truth, are not touched; files of an earlier minor
        version of the contract get its later columns.  ``progress`` is as in :meth:`verify`.
        """
        with _told("repair", progress):
            self.backend.repair()
        return self.verify(progress=progress)

    def archive(
        self,
        older_than: str | date,
        to: str | None = None,
        *,
        dry_run: bool = True,
        now: datetime | None = None,
        progress: ProgressOption = None,
    ) -> pd.DataFrame:
        """Move whole partitions of older days to a second root, which is read along for ever after.

        Each is copied and compared before it is removed here; cut short at any point, nothing is
        lost or counted twice.  A late row brings its partition back.

        Parameters
        ----------
        older_than : str or day
            Such as ``"90d"`` or ``"2y"`` before now; or the first day to stay.
        to : str, optional
            The archive: a folder or an ``s3://`` URL; the store records it the first time.
        dry_run : bool
            Only list what would be moved.
        now : datetime, optional
            The instant to count from; the clock's by default.
        progress : callable or bool, optional
            As in :func:`admira.ingest`.

        Returns
        -------
        DataFrame
            One row per partition: ``kind``, ``date``, ``channel`` (of ads), ``path`` before.

        Raises
        ------
        OptionError
            When ``older_than`` is no span and no day.
        StoreError
            When there is no archive, or another one, or it cannot be written.
        """
        with _told("archive", progress):
            return self.backend.archive(first_day_kept(older_than, now), to, is_dry_run=dry_run)

    def retain(
        self,
        older_than: str | date,
        *,
        kind: Kind | None = None,
        dry_run: bool = True,
        now: datetime | None = None,
    ) -> pd.DataFrame:
        """Drop the rows of older days for good, from the archive too; such days stay dropped.

        The campaign map keeps the months of the ads dropped, so the shares of the opportunities
        that remain do not change.

        Parameters
        ----------
        older_than : str or day
            As in :meth:`archive`.
        kind : {"ads", "crm"}, optional
            Only one table; both by default.
        dry_run : bool
            Only list what would be dropped.
        now : datetime, optional
            The instant to count from; the clock's by default.

        Returns
        -------
        DataFrame
            One row per partition: ``kind``, ``date``, ``channel`` (of ads), ``path``.
        """
        first = first_day_kept(older_than, now)
        kinds = [*TABLES] if kind is None else [kind]
        found = pd.concat([self.backend.outdated(each, first) for each in kinds])
        if not dry_run:
            if len(found):
                with self.backend.transaction(now=now) as commit:
                    for each in kinds:
                        commit.drop_before(each, first)
            self.backend.sweep_archive()
        return found.reset_index(drop=True)


@contextmanager
def _told(step: str, progress: ProgressOption) -> Iterator[None]:
    """Show that a call is at work, for as long as it takes."""
    with watched(progress) as tell:
        tell(step, 0, 0)
        yield
