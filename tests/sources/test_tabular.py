"""Exports as people have them: rows found under their header, everything else accounted for."""

import csv
import io
from collections.abc import Sequence

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admira.errors import AdmiraError, OptionError, SchemaMismatch, SourceRejected
from admira.sources.encodings import text_of
from admira.sources.mapping import CsvRule
from admira.sources.sheets import open_sheet
from admira.sources.tabular import Table, read_table

TOTALS = (
    r"totals?",
    r"grand totals?.*",
    r"(total|gesamt|gesamtsumme|totale|totaal) ?:.*",
)
FOOTERS = (
    r"(©|\(c\)).*microsoft.*",
    r"confidential information - do not distribute",
    r"copyright (©|\(c\)).*",
)
GOOGLE = CsvRule(
    header_has=(
        ("Day", "Tag", "Jour", "Día", "Dia"),
        ("Campaign", "Kampagne", "Campagne", "Campaña", "Campanha"),
        ("Cost", "Kosten", "Coût", "Coste", "Custo"),
    ),
    drop_if_any_cell=(*TOTALS, *FOOTERS),
    drop_if_blank=("Day", "Tag", "Jour", "Día", "Dia"),
)
MICROSOFT = CsvRule(
    header_has=(("TimePeriod", "Gregorian date"), ("CampaignId", "Campaign ID"), ("Spend",)),
    drop_if_any_cell=FOOTERS,
)


def read(content: bytes, rule: CsvRule | None = None) -> Table:
    return read_table(open_sheet(content, "export.csv"), rule)


def lines_of(frame: pd.DataFrame) -> list[list[str | None]]:
    return frame.to_numpy().tolist()


def written(rows: Sequence[Sequence[str]], separator: str = ",", end: str = "\r\n") -> str:
    sink = io.StringIO(newline="")
    csv.writer(sink, delimiter=separator, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(rows)
    return sink.getvalue()


def test_google_s_excel_csv_is_utf16_with_tabs_and_two_title_lines() -> None:
    export = (
        "Campaign report\n"
        "1 August 2025 - 31 August 2025\n"
        "Day\tCampaign\tCurrency code\tCost\tImpr.\n"
        '2025-08-01\tTotal look\tEUR\t"1,033.33"\t12\n'
        "2025-08-01\tBrand, ES\tEUR\t --\t-\n"
        "Total: Campaigns\t --\tEUR\t1,033.33\t12\n"
        "Total: Account\t --\tEUR\t1,033.33\t12\n"
    )
    table = read(b"\xff\xfe" + export.encode("utf-16-le"), GOOGLE)
    assert list(table.frame) == ["Day", "Campaign", "Currency code", "Cost", "Impr."]
    assert lines_of(table.frame) == [
        ["2025-08-01", "Total look", "EUR", "1,033.33", "12"],
        ["2025-08-01", "Brand, ES", "EUR", " --", "-"],
    ]
    assert table.preamble_lines == 2
    assert table.dropped == {"total rows": 2}
    assert table.total_rows["Cost"].tolist() == ["1,033.33", "1,033.33"]


@pytest.mark.parametrize(
    ("header", "total"),
    [
        ("Day,Campaign,Cost", "Total: Campaigns,,9.50"),
        ("Tag;Kampagne;Kosten", "Gesamt: Konto;;9,50"),
        ("Jour;Campagne;Coût", "Total\u00a0: compte;;9,50"),
        ("Día;Campaña;Coste", "Total: cuenta;;9,50"),
        ("Dia;Campanha;Custo", "Total: conta;;9,50"),
        ("Day\tCampaign\tCost", " Total \t\t9.50"),
        ("Day|Campaign|Cost", "GRAND TOTALS||9.50"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16-le", "utf-16-be"])
def test_a_header_is_found_in_any_language_separator_and_encoding(
    header: str, total: str, encoding: str
) -> None:
    separator = next(sign for sign in ",;\t|" if sign in header)
    row = separator.join(["2025-08-01", "C-1", "9"])
    table = read(f"Report; with, signs\n\n{header}\n{row}\n{total}\n".encode(encoding), GOOGLE)
    assert list(table.frame) == header.split(separator)
    assert lines_of(table.frame) == [["2025-08-01", "C-1", "9"]]
    assert table.dropped == {"total rows": 1}
    assert table.preamble_lines == 2


def test_neither_the_kind_of_a_blank_nor_case_nor_the_way_of_an_accent_matters() -> None:
    export = "JOUR;campagne;COU\u0302T\n2025-08-01;C-1;9\nTOTAL\u202f: compte;;9,50\n"
    table = read(export.encode(), GOOGLE)
    assert lines_of(table.frame) == [["2025-08-01", "C-1", "9"]]
    assert table.dropped == {"total rows": 1}


def test_linkedin_s_preamble_is_passed_over() -> None:
    export = (
        "Campaign Performance Report (in UTC)\n"
        '"Report Start: August 1, 2025, 12:00 AM"\n'
        '"Date Generated: September 2, 2025, 8:15 AM"\n'
        "\n"
        "Start Date (in UTC)\tCampaign ID\tClicks\tTotal Spent\n"
        "8/1/2025\t123456789\t4\t107.53\n"
    )
    rule = CsvRule(header_has=(("Start Date (in UTC)",), ("Total Spent",)))
    table = read(export.encode("utf-16"), rule)
    assert lines_of(table.frame) == [["8/1/2025", "123456789", "4", "107.53"]]
    assert table.preamble_lines == 4


def test_microsoft_s_preamble_footer_and_nul_bytes_are_left_out() -> None:
    preamble = [
        ["Report Name: Campaigns"],
        ["Report Time: 8/1/2025,8/31/2025"],
        ["Time Zone: Amsterdam, Berlin, Bern"],
        ["Last Completed Available Day: 9/1/2025 11:00:00 PM (GMT)"],
        ["Last Completed Available Hour: 9/1/2025 11:00:00 PM (GMT)"],
        ["Report Aggregation: Daily"],
        ["Report Filter: "],
        ["Potential Incomplete Data: true"],
        ["Rows: 2"],
        [],
    ]
    rows = [
        ["Gregorian date", "Campaign ID", "Clicks", "Spend"],
        ["8/1/2025", "[829123456]", "12", "1,226.40"],
        ["8/2/2025", "[829123456]", "\0\0", "3"],
        [],
        ["©2025 Microsoft Corporation. All rights reserved. "],
    ]
    table = read(written([*preamble, *rows]).encode("utf-8-sig"), MICROSOFT)
    assert list(table.frame) == ["Gregorian date", "Campaign ID", "Clicks", "Spend"]
    assert lines_of(table.frame) == [
        ["8/1/2025", "[829123456]", "12", "1,226.40"],
        ["8/2/2025", "[829123456]", "", "3"],
    ]
    assert table.preamble_lines == 10
    assert table.dropped == {"footers": 1, "blank lines": 1}


def test_salesforce_s_latin_text_and_footer() -> None:
    export = (
        '"Opportunity ID","Stage","Amount"\r\n'
        '"0065g00000AbCdE","Négociation","1.234,50"\r\n'
        '"0065g00000aBcDe","Closed Won",""\r\n'
        "\r\n\r\n"
        '"Opportunities by stage"\r\n'
        '"Copyright (c) 2000-2025 salesforce.com, inc. All rights reserved."\r\n'
        '"Confidential Information - Do Not Distribute"\r\n'
        '"Generated By: Ana Díaz  01/09/2025 9:12"\r\n'
    )
    rule = CsvRule(
        header_has=(("Opportunity ID",), ("Stage",)),
        drop_if_any_cell=FOOTERS,
        drop_if_blank=("Stage",),
    )
    table = read(export.encode("latin-1"), rule)
    assert lines_of(table.frame) == [
        ["0065g00000AbCdE", "Négociation", "1.234,50"],
        ["0065g00000aBcDe", "Closed Won", ""],
    ]
    assert table.dropped == {"footers": 4, "blank lines": 2}


def test_a_first_row_without_a_campaign_is_a_total() -> None:
    rule = CsvRule(header_has=(("Campaign name",),), drop_if_blank=("Campaign name",))
    table = read(b"Campaign name,Day,Spend\n,,30\nA,2025-08-01,10\nB,2025-08-01,20\n", rule)
    assert table.frame["Spend"].tolist() == ["10", "20"]
    assert lines_of(table.total_rows) == [["", "", "30"]]


def test_a_campaign_whose_name_begins_with_total_is_a_row() -> None:
    names = ["Total look", "Totally", "Total", "Gesamtschule", "Gesamt: Konto"]
    rows = [["Day", "Campaign", "Cost"], *(["2025-08-01", name, "1"] for name in names)]
    table = read(written(rows).encode(), GOOGLE)
    assert table.frame["Campaign"].tolist() == ["Total look", "Totally", "Gesamtschule"]
    assert table.dropped == {"total rows": 2}


def test_excel_s_own_word_on_the_separator_is_heeded() -> None:
    table = read(b'sep=;\r\ncampaign_id;name\r\nC-1;"a, b"\r\n')
    assert table.frame.to_dict("list") == {"campaign_id": ["C-1"], "name": ["a, b"]}
    assert table.preamble_lines == 1


def test_the_separator_is_that_of_the_header_not_of_the_preamble() -> None:
    table = read(b"a;b;c;d;e;f\nDay,Campaign,Cost\n2025-08-01,x;y,1\n", GOOGLE)
    assert lines_of(table.frame) == [["2025-08-01", "x;y", "1"]]


def test_a_stray_quotation_mark_in_the_preamble_hides_nothing() -> None:
    table = read(b'"Report of August\nDay,Campaign,Cost\n2025-08-01,"TV 5""",1\n', GOOGLE)
    assert lines_of(table.frame) == [["2025-08-01", 'TV 5"', "1"]]


def test_a_name_in_brackets_may_be_any() -> None:
    rule = CsvRule(header_has=(("Day",), ("Amount spent (*)",)))
    table = read(b"Day,Amount Spent (EUR)\n2025-08-01,3\n", rule)
    assert list(table.frame) == ["Day", "Amount Spent (EUR)"]


def test_without_a_rule_the_first_line_is_the_header_and_cells_stay_as_they_are() -> None:
    table = read('\n date ; campaign_id\n2025-08-01;007\n\n;"a\nb, é"\n;;\n'.encode())
    assert list(table.frame) == ["date", "campaign_id"]
    assert lines_of(table.frame) == [["2025-08-01", "007"], ["", "a\nb, é"]]
    assert table.dropped == {"blank lines": 2}


def test_a_short_line_lacks_its_last_cells_and_is_counted() -> None:
    table = read(b"a,b,c\n1,2,3\n1\n")
    assert lines_of(table.frame) == [["1", "2", "3"], ["1", None, None]]
    assert table.short_lines == 1


def test_a_line_that_is_too_long_shows_itself_whole_so_that_no_cell_is_misread() -> None:
    table = read(b"date,clicks\n2025-08-01,7\n2025-08-02,1,033\n2025-08-03,9,, \n")
    assert lines_of(table.frame) == [
        ["2025-08-01", "7"],
        ["2025-08-02,1,033", "2025-08-02,1,033"],
        ["2025-08-03", "9"],
    ]
    assert table.long_lines == 1


def test_a_total_of_too_many_cells_is_still_a_total() -> None:
    table = read(b"Day,Campaign,Cost\n2025-08-01,A,1\n,,,1,033,Total\n", GOOGLE)
    assert lines_of(table.frame) == [["2025-08-01", "A", "1"]]
    assert table.dropped == {"footers": 1}


def test_columns_without_a_name_stay_only_with_content() -> None:
    table = read(b"a;;b;\n1;x;2;\n3;;4;\n")
    assert table.frame.to_dict("list") == {"a": ["1", "3"], "column 2": ["x", ""], "b": ["2", "4"]}


def test_a_column_that_is_there_twice_and_says_the_same_stays_once() -> None:
    assert list(read(b"a,b,a\n1,2,1\n").frame) == ["a", "b"]
    with pytest.raises(SourceRejected, match="the column 'a' occurs twice, with different content"):
        read(b"a,b,a\n1,2,1\n1,2,3\n")


def test_a_header_without_rows_gives_an_empty_frame_of_objects() -> None:
    table = read(b"Day,Campaign,Cost\n", GOOGLE)
    assert table.frame.shape == (0, 3)
    assert set(map(str, table.frame.dtypes)) == {"object"}


def test_a_missing_header_is_refused_with_the_nearest_line_and_names() -> None:
    with pytest.raises(SchemaMismatch) as caught:
        read(b"Report of August\nDays,Campaign,Cost\n2025-08-01,A,1\n", GOOGLE)
    assert str(caught.value) == (
        "export.csv rows lack 'Day'; found 'Days', 'Campaign', 'Cost'. Line 2 comes nearest to a "
        "header; add the columns to the export, or name them in the preset's csv.header_has. "
        "Is 'Days' what should be 'Day'?"
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b"\xef\xbb\xbf \r\n\t\n", "it is empty"),
        (b"\xff\xfeD", "its UTF-16 text is damaged"),
        (b'a,b\n1,2\n"3,4\n', "unexpected end of data, line 3; look for a stray quotation"),
        (b'a,b\n1,"2" x\n', r"expected after '\"', line 2"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "an Excel workbook of an old kind; save it as .xlsx"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(content: bytes, reason: str) -> None:
    with pytest.raises(SourceRejected, match=f"export.csv cannot be read: .*{reason}"):
        read(content)


def test_a_pattern_that_is_none_is_refused() -> None:
    with pytest.raises(OptionError, match="drop_if_any_cell='Total"):
        read(b"a\n1\n", CsvRule(drop_if_any_cell=("Total(",)))


cells = st.text(st.sampled_from("a1 ,;\t|\"'\n\ré\u00a0="), max_size=5)


@settings(max_examples=60)
@given(
    rows=st.lists(st.lists(cells, min_size=3, max_size=3), max_size=6),
    separator=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]),
    preamble=st.lists(st.sampled_from(["", "Report", "a;b,c\td", '"open']), max_size=4),
)
def test_what_was_written_is_read(
    rows: list[list[str]], separator: str, end: str, encoding: str, preamble: list[str]
) -> None:
    header = written([["Day", "Campaign", "Cost"]], separator, end)
    body = written(rows, separator, end)
    content = (end.join([*preamble, header]) + body).encode(encoding)
    table = read(content, CsvRule(header_has=(("Day",), ("Cost",))))
    filled = [row for row in rows if any(map(str.strip, row))]
    assert lines_of(table.frame) == filled
    assert table.dropped.get("blank lines", 0) == len(rows) - len(filled)
    assert table.preamble_lines == len(preamble)


VALID = (
    "Report\n\nDay;Campaign;Cost\n2025-08-01;Total look;1,50\n2025-08-02;Coñac;2\n"
    "\n;;\nGesamt: Konto;;3,50\n© Microsoft\n"
).encode()

mutations = st.lists(
    st.tuples(
        st.integers(0, len(VALID)),
        st.integers(0, 4),
        st.binary(max_size=3) | st.sampled_from([b";", b"\n", b"Total", b"\xff\xfe", b"\0"]),
    ),
    max_size=4,
)


@settings(max_examples=150)
@given(mutations)
def test_no_line_of_a_damaged_file_is_lost(changes: list[tuple[int, int, bytes]]) -> None:
    content = VALID
    for place, length, piece in changes:
        content = content[:place] + piece + content[place + length :]
    content = content.replace(b'"', b"'")
    try:
        table = read(content, GOOGLE)
    except AdmiraError:
        return
    lines = io.StringIO(text_of(content), newline="").readlines()
    assert len(lines) == (table.preamble_lines + 1 + len(table.frame) + sum(table.dropped.values()))
    below = iter(line.rstrip("\r\n") for line in lines[table.preamble_lines + 1 :])
    for row in lines_of(table.frame):
        shown = ["".join(filter(None, row)), next(filter(None, row))]
        assert any(without_separators(line) in map(without_separators, shown) for line in below)


def without_separators(line: str) -> str:
    for sign in ",;\t|":
        line = line.replace(sign, "")
    return line


@settings(max_examples=60)
@given(st.binary(max_size=60) | st.text('a,;"\n\r\t|=seп', max_size=30).map(str.encode))
def test_any_bytes_are_a_table_or_an_error_of_ours(content: bytes) -> None:
    for rule in (None, CsvRule(header_has=(("a",),), drop_if_blank=("a",))):
        try:
            table = read(content, rule)
        except AdmiraError:
            continue
        assert all(
            cell is None or isinstance(cell, str) for row in lines_of(table.frame) for cell in row
        )
