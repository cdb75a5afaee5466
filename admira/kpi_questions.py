"""What a KPI table can be asked by itself: the store's questions, of the rows that it has."""

from typing import Any

import pandas as pd


class KpiQuestions:
    """The part of ``frame.admira`` that answers them."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    def movers(self, metric: str, **options: Any) -> pd.DataFrame:
        """Tell which groups moved a metric, as ``store.movers`` does, by the frame's own rows.

        Parameters
        ----------
        metric : str
            A measure or a ratio of ``admira.metrics``.
        **options
            ``by``, by default all dimensions but days and currency; ``top`` and ``currency``.  Of
            daily KPIs also ``start`` and ``end``, or ``period``, ``against`` and ``today`` (by
            default that of UTC); of a frame that compares two periods, as ``compare=`` gives it, no
            days.

        Returns
        -------
        DataFrame
            As of ``store.movers``; campaigns have a name where that is a dimension.

        Raises
        ------
        OptionError
            When an option or a day does not exist, the frame is neither, or its days begin after
            the period to compare with.
        AmbiguousData
            When money in several currencies would be added.

        Examples
        --------
        >>> import admira
        >>> kpis = admira.demo().metrics("channel", period="2025-11", compare="previous")
        >>> kpis.admira.movers("cost", top=2)[["channel", "contribution", "change_share"]].round(2)
              channel  contribution  change_share
        0  tiktok_ads       6651.34          0.41
        1    meta_ads        6318.4          0.39
        2    (others)       3402.85          0.21
        """
        from admira.questions.of_kpis import kpi_movers

        return kpi_movers(self._frame, metric, **options)

    def anomalies(self, metric: str = "cost", **options: Any) -> pd.DataFrame:
        """Name the days that stand out, as ``store.anomalies`` does, by the frame's own rows.

        A day is compared with earlier ones that are in the frame: ask for weeks before those that
        you want to look at, and say ``start=`` here.

        Parameters
        ----------
        metric : str
            A measure or a ratio of ``admira.metrics``.
        **options
            ``by``, by default all dimensions but days and currency; ``start``, ``end``, ``weeks``
            and ``threshold``.

        Returns
        -------
        DataFrame
            As of ``store.anomalies``.

        Raises
        ------
        OptionError
            When the frame is not of days, or an option does not exist.

        Examples
        --------
        >>> import admira
        >>> kpis = admira.demo().metrics(["date", "channel"], scope="paid")
        >>> odd = kpis.admira.anomalies("cost", start="2025-12-01")
        >>> odd[["date", "channel", "value", "expected"]]
                date     channel   value  expected
        0 2025-12-01  tiktok_ads  277.18     43.57
        """
        from admira.questions.of_kpis import kpi_anomalies

        return kpi_anomalies(self._frame, metric, **options)

    def pacing(self, budgets: Any, **options: Any) -> pd.DataFrame:
        """Say what is spent of each budget and where that leads, by the frame's own rows.

        As ``store.pacing``; the days before the frame's first one count as days without cost.

        Parameters
        ----------
        budgets : DataFrame, list of dicts, or path of a CSV file or workbook
            As of ``store.pacing``, for scopes that are dimensions of the frame.
        **options
            ``month`` and ``today``, by default the last day with ads that is over in UTC.

        Returns
        -------
        DataFrame
            As of ``store.pacing``.

        Raises
        ------
        OptionError
            When the frame is not of days and channels, or an option does not exist.
        DataError
            When a budget cannot be used.

        Examples
        --------
        >>> import admira
        >>> kpis = admira.demo().metrics(["date", "channel"])
        >>> budgets = [{"channel": "google_ads", "budget": 11000}]
        >>> paced = kpis.admira.pacing(budgets, today="2025-12-15")
        >>> paced[["channel", "spent", "projected", "status"]].round(0).head(1)
              channel   spent  projected    status
        0  google_ads  4253.0    10910.0  on track
        """
        from admira.questions.of_kpis import kpi_pacing

        return kpi_pacing(self._frame, budgets, **options)
