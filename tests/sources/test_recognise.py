"""An export is taken for a platform's form only where exactly one fits."""

import pytest

from admira.errors import AmbiguousData
from admira.sources.mapping import ColumnRule, CsvRule, Preset
from admira.sources.recognise import recognise
from admira.sources.sheets import open_sheet


def preset(name: str, header: list[tuple[str, ...]], **columns: ColumnRule) -> Preset:
    return Preset(name, "ads", columns, csv=CsvRule(header_has=tuple(header)))


GOOGLE = preset(
    "google_ads_csv",
    [("Campaign", "Kampagne"), ("Cost", "Kosten")],
    date=ColumnRule(paths=("Day", "Tag")),
    channel=ColumnRule(const="google_ads"),
    clicks=ColumnRule(add=("Clicks", "Other clicks")),
)
META = preset("meta_ads_csv", [("Amount spent (*)",)], date=ColumnRule(paths=("Day",)))
API = Preset("google_ads_api", "ads", {})
PRESETS = [GOOGLE, META, API]


@pytest.mark.parametrize(
    ("export", "name"),
    [
        ("Report\n\nDay,Campaign,Cost,Clicks,Other clicks\n", "google_ads_csv"),
        ("Report, of\n\nTag;KAMPAGNE;Kosten;Clicks;Other clicks\n", "google_ads_csv"),
        ("Day,Campaign name,Amount spent (EUR)\n", "meta_ads_csv"),
    ],
)
def test_the_one_form_that_fits_is_given(export: str, name: str) -> None:
    assert recognise(open_sheet(export.encode(), "ads.csv"), PRESETS).name == name


def test_a_form_whose_columns_are_not_all_there_is_named_with_what_it_lacks() -> None:
    sheet = open_sheet(b"Campaign,Cost,Clicks\nA,1,2\n", "ads.csv")
    with pytest.raises(AmbiguousData) as caught:
        recognise(sheet, PRESETS)
    assert str(caught.value) == (
        "ads.csv is an export of no known form. It is nearly 'google_ads_csv', but lacks 'Day', "
        "'Other clicks': export it again with those columns. Say what it is with preset=, one of "
        "'google_ads_csv', 'meta_ads_csv', or pass a mapping of your own."
    )


def test_several_forms_that_fit_are_listed() -> None:
    sheet = open_sheet(b"Day,Amount spent (EUR)\n", "ads.csv")
    twin = preset("own", [("Day",)])
    with pytest.raises(AmbiguousData, match=r"\('meta_ads_csv', 'own'\); say which: preset="):
        recognise(sheet, [*PRESETS, twin])


def test_with_no_form_to_choose_from_a_mapping_is_asked_for() -> None:
    with pytest.raises(AmbiguousData, match="of no known form"):
        recognise(open_sheet(b"Day\n", "ads.csv"), [])
