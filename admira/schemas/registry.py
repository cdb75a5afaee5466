"""The one registry of measures and ratios: unit, formula and good direction of each metric."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from admira.errors import OptionError
from admira.schemas.model import Column, Table
from admira.schemas.tables import FACTS
from admira.showing import html_of

Good = Literal["up", "down", ""]
Terms = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Measure:
    """A quantity that adds up: its total over groups is the sum of theirs."""

    name: str
    label: str
    unit: str
    good: Good
    meaning: str
    dtype: Literal["int64", "float64"] = "float64"

    @property
    def formula(self) -> str:
        """The measure as a formula, for people."""
        return f"Σ {self.name}"


@dataclass(frozen=True, slots=True)
class Ratio:
    """A quotient of sums.  ``numerator`` and ``denominator`` map measures to their coefficients."""

    name: str
    label: str
    unit: str
    good: Good
    meaning: str
    numerator: Terms
    denominator: Terms

    @property
    def formula(self) -> str:
        """The ratio as a formula, for people."""
        return f"{written(self.numerator)} / {written(self.denominator)}"


def written(terms: Terms, text_of: Callable[[str], str] = str) -> str:
    """Write terms as people do: ``1000·cost``, ``(closed_won + closed_lost)``."""
    parts = []
    for name, factor in terms.items():
        sign = "−" if factor < 0 else "+"
        size = "" if abs(factor) == 1 else f"{abs(factor):g}·"
        parts.append(f"{sign} {size}{text_of(name)}")
    text = " ".join(parts).removeprefix("+ ")
    return f"({text})" if len(parts) > 1 else text


class MetricRegistry:
    """Every metric that :func:`admira.compute_metrics` knows, in the order of its columns.

    ``admira.metrics`` is the one instance.  It can be looked at like a mapping, turned into a
    glossary with :meth:`to_frame`, and given ratios of your own.

    Examples
    --------
    >>> import admira
    >>> admira.metrics["roas"].formula
    'revenue / cost'
    """

    def __init__(
        self,
        measures: tuple[Measure, ...],
        ratios: tuple[Ratio, ...],
        claims: tuple[Measure | Ratio, ...] = (),
    ) -> None:
        self._measures = {measure.name: measure for measure in measures}
        self._ratios = {ratio.name: ratio for ratio in ratios}
        self._built_in = frozenset(self._ratios)
        self._claims = {claim.name: claim for claim in claims}

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The quantities that add up."""
        return tuple(self._measures.values())

    @property
    def ratios(self) -> tuple[Ratio, ...]:
        """The quotients of sums, your own ones last."""
        return tuple(self._ratios.values())

    @property
    def claims(self) -> tuple[Measure | Ratio, ...]:
        """What platforms say of themselves, which ``platform=True`` puts beside the metrics."""
        return tuple(self._claims.values())

    @property
    def columns(self) -> list[str]:
        """The names of all figures that a KPI table can have: the metrics, then the claims."""
        return [*self, *self._claims]

    def figure(self, name: str) -> Measure | Ratio:
        """Give a metric or a claim by its name.

        Raises
        ------
        OptionError
            When there is neither.
        """
        return self._claims.get(name) or self[name]

    def __getitem__(self, name: str) -> Measure | Ratio:
        """Give one metric by its name.

        Raises
        ------
        OptionError
            When there is no metric of that name; the message suggests the nearest.
        """
        metric = self._measures.get(name) or self._ratios.get(name)
        if metric is None:
            raise OptionError("metric", name, [*self])
        return metric

    def __iter__(self) -> Iterator[str]:
        """Go through the names, measures first."""
        yield from self._measures
        yield from self._ratios

    def __len__(self) -> int:
        """Count the metrics."""
        return len(self._measures) + len(self._ratios)

    def add_ratio(
        self,
        name: str,
        numerator: str | Terms,
        denominator: str | Terms,
        *,
        label: str | None = None,
        unit: str = "ratio",
        good: Good = "",
        meaning: str = "",
    ) -> Ratio:
        """Add a ratio of your own; from then on it is a column of every KPI table.

        Parameters
        ----------
        name : str
            Its column; not the name of a measure or of a built-in ratio.
        numerator, denominator : str or mapping of measure to factor
            ``"cost"``, or ``{"closed_won": 1, "closed_lost": 1}`` for a weighted sum.
        label, unit, good, meaning : str, optional
            Title; ``"currency"``, ``"share"`` or ``"ratio"``; ``"up"``, ``"down"`` or ``""``; one
            line for the glossary.

        Returns
        -------
        Ratio
            What was added.  Adding the same name again replaces it.

        Raises
        ------
        OptionError
            When a term is not a measure, or the name is taken.

        Examples
        --------
        >>> import admira
        >>> ratio = admira.metrics.add_ratio("revenue_per_click", "revenue", "clicks")
        >>> ratio.formula
        'revenue / clicks'
        >>> admira.metrics.remove_ratio("revenue_per_click")
        """
        taken = {*self._measures, *self._built_in, *self._claims, *FACTS.names}
        if name in taken:
            raise OptionError("name", name, ["a name that is not a column yet"])
        terms = [
            {side: 1.0} if isinstance(side, str) else dict(side)
            for side in (numerator, denominator)
        ]
        for term in {term: 0 for side in terms for term in side}:
            if term not in self._measures:
                raise OptionError("measure", term, self._measures)
        ratio = Ratio(name, label or name, unit, good, meaning, *terms)
        self._ratios[name] = ratio
        return ratio

    def remove_ratio(self, name: str) -> None:
        """Remove a ratio of your own; built-in ones stay.

        Raises
        ------
        OptionError
            When there is no ratio of your own by that name.
        """
        own = [ratio for ratio in self._ratios if ratio not in self._built_in]
        if name not in own:
            raise OptionError("name", name, own)
        del self._ratios[name]

    def to_frame(self) -> pd.DataFrame:
        """Give the glossary: one row per metric, with label, unit, formula, good and meaning."""
        listed: tuple[Measure | Ratio, ...] = (*self.measures, *self.ratios)
        return pd.DataFrame(
            [
                {
                    "metric": metric.name,
                    "label": metric.label,
                    "unit": metric.unit,
                    "formula": metric.formula,
                    "good": metric.good,
                    "meaning": metric.meaning,
                }
                for metric in listed
            ]
        ).astype("str")

    def table(self, *, own: bool = True) -> Table:
        """Give the contract of a KPI table; the dimensions asked for come before its columns.

        Parameters
        ----------
        own : bool
            Whether ratios of your own are columns too.

        Returns
        -------
        Table
        """
        return Table(
            name="metrics",
            grain="one row per group of the dimensions asked for",
            key=(),
            partitions=(),
            columns=(
                *(
                    Column(
                        measure.name,
                        "count" if measure.dtype == "int64" else "number",
                        measure.unit,
                        measure.meaning,
                        required=True,
                        at_least=0,
                    )
                    for measure in self.measures
                ),
                *(
                    Column(
                        ratio.name, "ratio", ratio.unit, ratio.meaning, required=True, nullable=True
                    )
                    for ratio in self.ratios
                    if own or ratio.name in self._built_in
                ),
                *(
                    Column(
                        claim.name,
                        "number" if isinstance(claim, Measure) else "ratio",
                        claim.unit,
                        claim.meaning,
                        nullable=True,
                        at_least=0 if isinstance(claim, Measure) else None,
                        since="1.1",
                    )
                    for claim in self.claims
                ),
            ),
        )

    def __repr__(self) -> str:
        """Name the metrics on one line."""
        return f"<MetricRegistry: {', '.join(self)}>"

    def _repr_html_(self) -> str:
        """Show the glossary as a table, in the language chosen."""
        return html_of(self)
