"""Workbooks of Excel: typed cells become the text that a good CSV would hold."""

import io
import sys
from datetime import date, datetime
from gzip import compress
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from admira.errors import AdmiraError, AmbiguousData, MissingExtra, SourceRejected
from admira.sources.archives import NamedContent, unpacked
from admira.sources.mapping import CsvRule
from admira.sources.sheets import open_sheet
from admira.sources.tabular import read_table

RULE = CsvRule(
    header_has=(("Day",), ("Campaign ID",)), drop_if_any_cell=(r"total",), drop_if_blank=("Day",)
)
HEADER = ["Day", "Campaign ID", "Clicks", "Cost"]


def workbook(**sheets: list[list[Any]]) -> bytes:
    sink = io.BytesIO()
    book = xlsxwriter.Workbook(sink, {"in_memory": True})
    formats = {
        kind: book.add_format({"num_format": shown})
        for kind, shown in {"day": "dd/mm/yyyy", "moment": "dd/mm/yyyy hh:mm"}.items()
    }
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for row, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                if isinstance(cell, date):
                    kind = "moment" if isinstance(cell, datetime) else "day"
                    sheet.write_datetime(row, column, cell, formats[kind])
                elif cell != "":
                    sheet.write(row, column, cell)
    book.close()
    return sink.getvalue()


def test_the_first_sheet_that_has_the_header_is_read() -> None:
    content = workbook(
        About=[["Report"], ["made by hand"]],
        Rows=[
            ["August"],
            [],
            HEADER,
            [date(2025, 8, 1), 123456789012345, 1200.0, 350.75],
            [datetime.fromisoformat("2025-08-02T10:30"), "120210000000000123", 0, 0.00001],
            [],
            ["Total", "", 1200, 350.75],
        ],
        Later=[HEADER, ["2025-08-03", "C-1", 1, 1]],
    )
    table = read_table(open_sheet(content, "ads.xlsx"), RULE)
    assert table.frame.to_dict("list") == {
        "Day": ["2025-08-01", "2025-08-02T10:30:00"],
        "Campaign ID": ["123456789012345", "120210000000000123"],
        "Clicks": ["1200", "0"],
        "Cost": ["350.75", "0.00001"],
    }
    assert table.preamble_lines == 2
    assert table.dropped == {"total rows": 1, "blank lines": 1}
    assert table.total_rows["Cost"].tolist() == ["350.75"]


def test_without_a_rule_the_first_line_of_the_first_sheet_is_the_header() -> None:
    content = workbook(Empty=[], Rows=[["is_won", "x"], [True, -3]])
    table = read_table(open_sheet(content, "crm.xlsx"))
    assert table.frame.to_dict("list") == {"is_won": ["true"], "x": ["-3"]}


def test_an_id_that_a_workbook_has_rounded_is_refused() -> None:
    content = workbook(Rows=[HEADER, ["2025-08-01", 120210000000000123, 1, 1]])
    with pytest.raises(
        AmbiguousData, match=r"sheet 'Rows' holds 1202\d{14} as a number.*must be text"
    ):
        open_sheet(content, "ads.xlsx")


def test_a_workbook_is_told_from_a_zip_of_files_and_may_be_in_a_gzip() -> None:
    content = workbook(Rows=[["a"], ["1"]])
    (file,) = unpacked(NamedContent("ads.xlsx.gz", "ads.xlsx.gz", compress(content)))
    assert file == NamedContent("ads.xlsx.gz", "ads.xlsx", content)
    assert list(unpacked(NamedContent("a", "a", content))) == [NamedContent("a", "a", content)]


def test_a_workbook_may_be_no_larger_than_the_limit_when_unpacked() -> None:
    with pytest.raises(SourceRejected, match="it is too large when unpacked"):
        list(unpacked(NamedContent("a", "a", workbook(Rows=[["a"]])), limit_bytes=1000))


def test_an_empty_workbook_is_refused() -> None:
    with pytest.raises(SourceRejected, match=r"ads\.xlsx cannot be read: it is empty"):
        open_sheet(workbook(Rows=[]), "ads.xlsx")


def test_without_the_reader_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    with pytest.raises(MissingExtra, match=r"pip install 'admira\[excel\]'"):
        open_sheet(workbook(Rows=[["a"]]), "ads.xlsx")


VALID = workbook(Rows=[["a", "b"], [1, "x"], [2.5, date(2025, 8, 1)]])


@settings(max_examples=60)
@given(st.integers(0, len(VALID)), st.integers(0, 5), st.binary(max_size=4))
def test_a_damaged_workbook_is_read_or_refused_by_an_error_of_ours(
    place: int, length: int, piece: bytes
) -> None:
    try:
        for file in unpacked(
            NamedContent("a", "a", VALID[:place] + piece + VALID[place + length :])
        ):
            read_table(open_sheet(file.content, file.label))
    except AdmiraError:
        return
