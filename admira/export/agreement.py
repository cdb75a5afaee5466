"""Whether KPIs add up to the facts that they were made of, before anybody else sees them."""

from collections.abc import Mapping
from math import fsum
from typing import Any

from admira.core.metrics import compute_metrics
from admira.core.reconcile import tolerance_of
from admira.errors import ReconciliationError, SchemaMismatch
from admira.export.canonical import columns_of
from admira.schemas.metrics import metrics


def require_agreement(kpis: Mapping[str, list[Any]], facts: Any, *, scope: str | None) -> None:
    """Refuse KPIs whose measures do not add up to those of the facts, each currency by itself.

    Raises
    ------
    ReconciliationError
        With each measure whose total differs.
    SchemaMismatch
        When the KPIs have no measure at all, so that nothing can be compared.
    """
    measures = [measure.name for measure in metrics.measures if measure.name in kpis]
    if not measures:
        expected = [measure.name for measure in metrics.measures]
        raise SchemaMismatch("metrics", missing=expected, found=kpis)
    by = ["currency"] if "currency" in kpis else []
    before = columns_of(compute_metrics(facts, by=by, scope=scope or "all"))
    differences = {}
    for name in measures:
        totals_in, totals_out = (_totals(columns, name, by) for columns in (before, kpis))
        for group in {**totals_in, **totals_out}:
            total_in, total_out = totals_in.get(group, 0.0), totals_out.get(group, 0.0)
            if abs(total_out - total_in) > tolerance_of(total_in):
                label = f"{name} in {group or 'no currency'}" if by else name
                differences[label] = (total_in, total_out)
    if differences:
        raise ReconciliationError(
            differences,
            "Nothing was sent. Export all rows of the KPIs, and give the facts of the same days, "
            "filters and scope.",
        )


def _totals(columns: Mapping[str, list[Any]], name: str, by: list[str]) -> dict[Any, float]:
    """Add up a measure, per currency where the rows have one."""
    groups = columns[by[0]] if by else [None] * len(columns[name])
    parts: dict[Any, list[float]] = {}
    for group, value in zip(groups, columns[name], strict=True):
        parts.setdefault(group, []).append(value or 0.0)
    return {group: fsum(values) for group, values in parts.items()}
