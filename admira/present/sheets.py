"""KPI tables for others' tools: a pandas Styler, Excel with number formats, CSV and Parquet."""

from functools import partial
from os import PathLike
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow
import pyarrow.parquet

from admira.errors import MissingExtra, OptionError
from admira.present.answer_words import column_title
from admira.present.formats import NOT_AVAILABLE, metric_text
from admira.present.kinds import EFFECT, IN_METRIC, Kind, dimensions_in, kind_of, unit_of
from admira.present.language import say
from admira.schemas import SCHEMA_VERSION
from admira.schemas.metrics import metrics

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

_EXCEL = {"share": "0.0%", "currency": "#,##0.00", "ratio": '0.00"×"'}

# How many decimals a figure of a unit is rounded to.
_DECIMALS = {"share": 4, "currency": 2, "ratio": 4, "records": 4, "conversions": 4}
_CHANGE_DECIMALS = 4
_RELATIVE = ("_change", "_versus")

# A campaign may be called "=1+1": it is a name, and never runs.
_PLAIN_TEXT = {"strings_to_formulas": False, "strings_to_urls": False}


def styled(kpis: pd.DataFrame) -> "Styler":
    """Give a KPI table as a Styler whose cells are written in their units."""
    currency = kpis.attrs.get("currency")
    kind = kind_of(kpis)
    known = {str(name): _metric_of(kpis, kind, str(name)) for name in kpis}
    formats: dict[Any, Any] = {
        name: partial(_written, metric, currency) for name, metric in known.items() if metric
    }
    titles = {name: say(metrics.figure(name).label) for name in formats if name in metrics.columns}
    if kind is not None:
        titles = {str(name): column_title(str(name)) for name in kpis} | titles
    look = kpis.style.format(formats, na_rep=NOT_AVAILABLE).hide(axis="index")
    return look.format_index(lambda name: titles.get(str(name), str(name)), axis="columns")


def _metric_of(frame: pd.DataFrame, kind: Kind | None, name: str) -> str | None:
    """Name a metric in whose unit a column is written; None where it is no such figure."""
    if name in metrics.columns:
        return name
    if kind is None or name not in kind.units:
        return None
    like = {"currency": "cost", "share": "open_share", "records": "leads"}
    if kind.units[name] in (IN_METRIC, EFFECT):
        asked = frame.attrs.get("metric")
        return str(asked) if asked in set(metrics) and "metric" not in frame else None
    return like.get(kind.units[name])


def _written(name: str, currency: str | None, value: float) -> str:
    return metric_text(name, value, currency)


def write_sheet(kpis: pd.DataFrame, path: str | PathLike[str], *, sheet_name: str) -> None:
    """Write a KPI table to an Excel sheet; a missing ratio is an empty cell."""
    try:
        writer = pd.ExcelWriter(
            path,
            engine="xlsxwriter",
            datetime_format="yyyy-mm-dd",
            engine_kwargs={"options": _PLAIN_TEXT},
        )
    except ModuleNotFoundError:
        raise MissingExtra("Writing Excel files", "excel") from None
    with writer:
        kpis.to_excel(writer, sheet_name=sheet_name, index=False, freeze_panes=(1, 0))
        sheet = writer.sheets[sheet_name]
        for place, name in enumerate(kpis):
            is_relative = str(name).endswith(_RELATIVE)
            pattern = "0.0%" if is_relative else _EXCEL.get(unit_of(kpis, str(name)))
            look = writer.book.add_format({"num_format": pattern}) if pattern else None
            is_text = name in dimensions_in(kpis)
            sheet.set_column(place, place, 20 if is_text else 14, look)
        sheet.autofilter(0, 0, len(kpis), len(kpis.columns) - 1)
        for name, value in _said(kpis).items():
            writer.book.set_custom_property(name, value)


def write_csv(
    kpis: pd.DataFrame,
    path: str | PathLike[str] | None,
    *,
    is_rounded: bool,
    decimal: str,
    separator: str,
) -> str | None:
    """Write a KPI table as CSV in UTF-8, or give its text; a missing ratio is an empty cell."""
    if decimal == separator:
        raise OptionError("separator", separator, [f"another sign than decimal={decimal!r}"])
    shown = kpis.round(_decimals(kpis)) if is_rounded else kpis
    written: str | None = shown.to_csv(
        path,
        index=False,
        sep=separator,
        decimal=decimal,
        date_format="%Y-%m-%d",
        encoding="utf-8",
        lineterminator="\n",
    )
    return written


def _decimals(kpis: pd.DataFrame) -> dict[str, int]:
    """Say how many decimals each column of fractions is rounded to."""
    named = {str(name): unit_of(kpis, str(name)) for name in kpis}
    return {
        name: _CHANGE_DECIMALS if name.endswith(_RELATIVE) else _DECIMALS[unit]
        for name, unit in named.items()
        if unit in _DECIMALS or name.endswith(_RELATIVE)
    }


def write_parquet(kpis: pd.DataFrame, path: str | PathLike[str]) -> None:
    """Write a KPI table as Parquet, days as dates, each column with its unit."""
    rows = pyarrow.Table.from_pandas(kpis, preserve_index=False)
    fields = []
    for field in rows.schema:
        kind = pyarrow.date32() if pyarrow.types.is_timestamp(field.type) else field.type
        unit = unit_of(kpis, field.name)
        fields.append(pyarrow.field(field.name, kind, metadata={"unit": unit} if unit else None))
    schema = pyarrow.schema(fields, metadata=_said(kpis))
    pyarrow.parquet.write_table(rows.replace_schema_metadata(None).cast(schema), path)


def _said(kpis: pd.DataFrame) -> dict[str, str]:
    """Give what a file says of itself: the contract's version, and what the table knows."""
    known = {name: kpis.attrs.get(name) for name in ("currency", "grain", "scope")}
    stated = {name: str(value) for name, value in known.items() if value}
    return {"schema_version": SCHEMA_VERSION, **stated}
