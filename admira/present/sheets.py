"""KPI tables for others' tools: a pandas Styler, and an Excel sheet with number formats."""

from functools import partial
from os import PathLike
from typing import TYPE_CHECKING, Any

import pandas as pd

from admira.errors import MissingExtra
from admira.present.formats import NOT_AVAILABLE, metric_text
from admira.present.language import say
from admira.present.tables import dimensions_of
from admira.schemas.metrics import metrics

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

_EXCEL = {"share": "0.0%", "currency": "#,##0.00", "ratio": '0.00"×"'}


def styled(kpis: pd.DataFrame) -> "Styler":
    """Give a KPI table as a Styler whose cells are written in their units."""
    currency = kpis.attrs.get("currency")
    shown = [str(name) for name in kpis if name in set(metrics)]
    titles = {name: say(metrics[name].label) for name in shown}
    formats: dict[Any, Any] = {name: partial(_written, name, currency) for name in shown}
    look = kpis.style.format(formats, na_rep=NOT_AVAILABLE).hide(axis="index")
    return look.format_index(lambda name: titles.get(str(name), str(name)), axis="columns")


def _written(name: str, currency: str | None, value: float) -> str:
    return metric_text(name, value, currency)


def write_sheet(kpis: pd.DataFrame, path: str | PathLike[str], *, sheet_name: str) -> None:
    """Write a KPI table to an Excel sheet; a missing ratio is an empty cell."""
    try:
        writer = pd.ExcelWriter(path, engine="xlsxwriter", datetime_format="yyyy-mm-dd")
    except ModuleNotFoundError:
        raise MissingExtra("Writing Excel files", "excel") from None
    with writer:
        kpis.to_excel(writer, sheet_name=sheet_name, index=False, freeze_panes=(1, 0))
        sheet = writer.sheets[sheet_name]
        for place, name in enumerate(kpis):
            stem = str(name).removesuffix("_previous")
            unit = metrics[stem].unit if stem in set(metrics) else ""
            pattern = "0.0%" if str(name).endswith("_change") else _EXCEL.get(unit)
            look = writer.book.add_format({"num_format": pattern}) if pattern else None
            is_text = name in dimensions_of(kpis)
            sheet.set_column(place, place, 20 if is_text else 14, look)
        sheet.autofilter(0, 0, len(kpis), len(kpis.columns) - 1)
