"""``frame.admira``: what can be done with a KPI table once it is there."""

from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

import pandas as pd

from admira.errors import OptionError
from admira.kpi_questions import KpiQuestions

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

    from admira.present.figures import KpiFigure
    from admira.present.tables import MetricTable


@pd.api.extensions.register_dataframe_accessor("admira")
class KpiAccessor(KpiQuestions):
    """Tables, charts, comparisons and sheets of a KPI table, as ``frame.admira.…``.

    The frame stays what it is, a plain DataFrame with dimensions, measures and ratios, as
    ``store.metrics`` and :func:`admira.compute_metrics` give it.  Questions that need more than
    KPIs, such as ``tag_audit``, which reads the opportunities' tags, are asked of the store.

    Examples
    --------
    >>> import admira
    >>> kpis = admira.demo().metrics(by="channel", scope="paid")
    >>> kpis.admira.table(columns=["cost", "cpa", "roas"], top=3)
    <MetricTable: 3 rows; Channel, Cost, Cost per lead, ROAS>
    """

    def table(
        self,
        columns: Sequence[str] | None = None,
        *,
        sparkline: str | None = None,
        bar: str | None = None,
        top: int | None = None,
        currency: str | None = None,
        title: str = "",
    ) -> "MetricTable":
        """Make a table to be looked at; see :func:`admira.present.tables.metric_table`.

        What a question of a store gave is shown as that; see
        :func:`admira.present.answers.answer_table`.

        Parameters
        ----------
        columns : sequence of str, optional
            The metrics to show, of an answer its columns; those of an overview by default.
        sparkline : str, optional
            A metric to draw over ``date``; each row is then a group of the other dimensions.
        bar : str, optional
            A metric whose cells are filled in proportion.
        top : int, optional
            Only that many rows, those with most cost; of an answer the first ones.
        currency : str, optional
            ISO 4217 code of the money; by default that of the facts.
        title : str, optional
            A line above.

        Returns
        -------
        MetricTable
            Its totals are ratios of sums; ``frame`` has the rows shown.

        Raises
        ------
        OptionError
            When a metric is not there, or an answer is asked for a sparkline or a bar.
        """
        from admira.present.kinds import kind_of
        from admira.present.tables import metric_table

        if kind_of(self._frame) is not None:
            from admira.present.answers import answer_table

            for option, value in (("sparkline", sparkline), ("bar", bar)):
                if value is not None:
                    raise OptionError(option, value, ["KPIs, as store.metrics gives them"])
            return answer_table(
                self._frame, columns=columns, top=top, currency=currency, title=title
            )
        return metric_table(
            self._frame,
            columns=columns,
            sparkline=sparkline,
            bar=bar,
            top=top,
            currency=currency,
            title=title,
        )

    def plot(self, metric: str | None = None, kind: str = "line", **options: Any) -> "KpiFigure":
        """Draw a metric; see :func:`admira.present.charts.plot`.

        What ``store.movers``, ``pacing``, ``anomalies``, ``cohorts``, ``lags`` and ``forecast``
        give has a chart of its own, without a metric; see
        :func:`admira.present.charts.answers.answer_chart`.

        Parameters
        ----------
        metric : str, optional
            What to draw; the funnel and the bubbles need none.
        kind : {"line", "bar", "heatmap", "bubble", "funnel", "attribution"}
            Over time, by group, by group and period, spend against return, lead to sale, or, of a
            frame of facts, how leads and revenue were matched.
        **options
            ``split``, ``currency`` and ``title``, where the kind has them.

        Returns
        -------
        KpiFigure
            A plotly figure that displays offline.

        Raises
        ------
        MissingExtra
            When plotly is not installed.
        OptionError
            When the metric or the kind does not exist, or a dimension that it needs is not there.
        """
        from admira.present.charts import plot
        from admira.present.kinds import kind_of

        if metric is None and kind_of(self._frame) is not None:
            from admira.present.charts.answers import answer_chart

            return answer_chart(self._frame, **options)
        return plot(self._frame, metric, kind, **options)

    def compare(self, against: str = "previous") -> pd.DataFrame:
        """Put each row beside the one a period, or a year, earlier.

        Parameters
        ----------
        against : {"previous", "year"}
            The day, week or month before, or the same a year before: 52 weeks, or 12 months.

        Returns
        -------
        DataFrame
            The rows, and for each metric ``…_previous`` and the relative ``…_change``, which are
            missing where the frame has no earlier row.

        Raises
        ------
        OptionError
            When the frame has no ``date``; ``store.compare`` compares whole periods.
        """
        from admira.core.periods import shifted

        return shifted(self._frame, against)

    @property
    def style(self) -> "Styler":
        """The frame as a pandas Styler, each metric written in its unit."""
        from admira.present.sheets import styled

        return styled(self._frame)

    def to_excel(self, path: str | PathLike[str], *, sheet_name: str = "KPIs") -> None:
        """Write the frame to an Excel sheet, as numbers with formats, a header and filters.

        Parameters
        ----------
        path : str or path
            The file; one that is there is replaced.
        sheet_name : str
            The sheet.

        Raises
        ------
        MissingExtra
            When xlsxwriter is not installed.
        """
        from admira.present.sheets import write_sheet

        write_sheet(self._frame, path, sheet_name=sheet_name)

    def to_csv(
        self,
        path: str | PathLike[str] | None = None,
        *,
        rounded: bool = False,
        decimal: str = ".",
        separator: str = ",",
    ) -> str | None:
        """Write the frame as CSV: UTF-8, days as ``2025-08-31``, a missing ratio an empty cell.

        Parameters
        ----------
        path : str or path, optional
            The file; without one the text is returned.
        rounded : bool
            Whether money has two decimals, and shares, ratios and records four; by default every
            figure has all its digits.
        decimal, separator : str
            ``","`` and ``";"`` for a spreadsheet that speaks Spanish.

        Returns
        -------
        str or None
            The text, where no path is given.

        Raises
        ------
        OptionError
            When the two signs are the same.

        Examples
        --------
        >>> import admira
        >>> kpis = admira.demo().metrics("channel", scope="paid").head(1)
        >>> print(kpis[["channel", "cost", "roas"]].admira.to_csv(rounded=True))
        channel,cost,roas
        google_ads,60994.06,4.5924
        <BLANKLINE>
        """
        from admira.present.sheets import write_csv

        return write_csv(
            self._frame, path, is_rounded=rounded, decimal=decimal, separator=separator
        )

    def to_parquet(self, path: str | PathLike[str]) -> None:
        """Write the frame as Parquet: days as dates, each metric's unit on its column.

        The file's metadata has ``schema_version``, and ``currency``, ``grain`` and ``scope`` where
        they are known.

        Parameters
        ----------
        path : str or path
            The file; one that is there is replaced.
        """
        from admira.present.sheets import write_parquet

        write_parquet(self._frame, path)
