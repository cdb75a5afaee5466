"""Folders, gzip and zip: every file in them is one of its own, or there is a reason."""

import io
from collections.abc import Mapping
from gzip import compress
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admira.errors import AdmiraError, SourceRejected
from admira.sources.archives import NamedContent, unpacked
from admira.sources.files import contents_of
from admira.sources.sheets import open_sheet
from admira.sources.tabular import read_table


def zipped(files: Mapping[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with ZipFile(sink, "w", ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return sink.getvalue()


def of_another_version(archive: bytes) -> bytes:
    place = archive.index(b"PK\1\2") + len("PK12vv")
    return archive[:place] + b"\xff" + archive[place + 1 :]


def unpack(content: bytes, **options: int) -> list[NamedContent]:
    return list(unpacked(NamedContent("in/export", "export", content), **options))


def test_the_files_of_a_zip_come_in_the_order_of_their_names() -> None:
    files = {
        "b.csv": b"2",
        "2025/a.CSV": b"1",
        "c.json": b"[]",
        "README.pdf": b"%PDF",
        ".hidden.csv": b"no",
        "__MACOSX/b.csv": b"no",
        "2025/": b"",
    }
    assert unpack(zipped(files)) == [
        NamedContent("in/export/2025/a.CSV", "a.CSV", b"1"),
        NamedContent("in/export/b.csv", "b.csv", b"2"),
        NamedContent("in/export/c.json", "c.json", b"[]"),
    ]


def test_a_gzip_is_told_by_its_bytes_and_keeps_the_name_of_what_is_in_it() -> None:
    file = NamedContent("in/ads.CSV.gz", "ads.CSV.gz", compress(b"a") + compress(b"b"))
    assert list(unpacked(file)) == [NamedContent("in/ads.CSV.gz", "ads.CSV", b"ab")]
    assert unpack(compress(b"a")) == [NamedContent("in/export", "export", b"a")]


def test_what_is_no_archive_is_given_as_it_is() -> None:
    assert unpack(b"PK, 3\n") == [NamedContent("in/export", "export", b"PK, 3\n")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (zipped({"in.zip": zipped({"a.csv": b""})}), "export/in.zip .*archive in an archive"),
        (zipped({"in.csv": compress(b"a")}), "export/in.csv .*archive in an archive"),
        (zipped({"in.tar": b"a"}), "archive in an archive; unpack the outer one first"),
        (compress(zipped({"a.csv": b""})), "archive in an archive"),
        (compress(compress(b"a")), "archive in an archive"),
        (zipped({"README.md": b""}), r"it holds no file that ends in \.csv, "),
        (zipped({}), "it holds no file"),
        (zipped({"a.csv": b"abc"})[:-8], "the archive is damaged; fetch it again"),
        (compress(b"abc")[:-8], "the archive is damaged; fetch it again"),
        (b"\x1f\x8bno", "the archive is damaged; fetch it again"),
        (of_another_version(zipped({"a.csv": b"1"})), "packed in an unknown way"),
        (zipped({"a.csv": b"1"}).replace(b"\x08\0", b"\x63\0"), "packed in an unknown way"),
    ],
    ids=range(12),
)
def test_an_archive_that_cannot_be_read_is_refused_with_a_reason(
    content: bytes, reason: str
) -> None:
    with pytest.raises(SourceRejected, match=reason):
        unpack(content)


@pytest.mark.parametrize("pack", [compress, lambda content: zipped({"a.csv": content})])
def test_an_archive_may_be_no_larger_than_the_limit_when_unpacked(pack) -> None:  # noqa: ANN001 - two packers of different types
    assert len(unpack(pack(b"0" * 1000), limit_bytes=1000)) == 1
    with pytest.raises(SourceRejected, match="export cannot be read: it is too large"):
        unpack(pack(b"0" * 1001), limit_bytes=1000)


def test_the_limit_is_for_all_files_of_an_archive_together() -> None:
    content = zipped({"a.csv": b"0" * 600, "b.csv": b"0" * 600})
    with pytest.raises(SourceRejected, match="it is too large when unpacked"):
        unpack(content, limit_bytes=1000)


def test_a_folder_means_the_files_in_it_that_hold_rows(tmp_path: Path) -> None:
    (tmp_path / "b.csv.gz").write_bytes(compress(b"b"))
    (tmp_path / "a.zip").write_bytes(zipped({"2.csv": b"a2", "1.tsv": b"a1"}))
    (tmp_path / "c.TXT").write_bytes(b"c")
    for passed_over in (".hidden.csv", "~$c.xlsx", "notes.md"):
        (tmp_path / passed_over).write_bytes(b"no")
    (tmp_path / "more.csv").mkdir()
    assert list(contents_of(str(tmp_path))) == [
        NamedContent(f"{tmp_path}/a.zip/1.tsv", "1.tsv", b"a1"),
        NamedContent(f"{tmp_path}/a.zip/2.csv", "2.csv", b"a2"),
        NamedContent(f"{tmp_path}/b.csv.gz", "b.csv", b"b"),
        NamedContent(f"{tmp_path}/c.TXT", "c.TXT", b"c"),
    ]


def test_a_folder_without_such_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceRejected, match=r"no file holds rows; name the files, .*\*\*/\*\.csv"):
        list(contents_of(str(tmp_path)))


PACKED = [zipped({"a.csv": b"a,b\n1,2\n", "b.csv": b"a\n"}), compress(b"a,b\n1,2\n")]


@settings(max_examples=60)
@given(st.sampled_from(PACKED), st.integers(0, 300), st.integers(0, 5), st.binary(max_size=4))
def test_a_damaged_archive_is_read_or_refused_by_an_error_of_ours(
    packed: bytes, place: int, length: int, piece: bytes
) -> None:
    try:
        for file in unpack(packed[:place] + piece + packed[place + length :]):
            read_table(open_sheet(file.content, file.label))
    except AdmiraError:
        return
