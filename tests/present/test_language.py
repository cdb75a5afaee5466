"""What is shown, in every language that admira speaks."""

import string
from collections.abc import Iterator

import pytest
from babel.messages.catalog import Catalog

import admira
from admira.errors import OptionError
from admira.present.formats import (
    change_text,
    count_text,
    day_text,
    grain_text,
    metric_text,
    money_text,
    percent_text,
    period_text,
)
from admira.present.language import LANGUAGES, language, say, set_language
from tests.present.messages import CATALOGS, messages, read


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Go back to English."""
    yield
    set_language(None)


@pytest.fixture(params=CATALOGS, ids=lambda path: path.stem)
def catalog(request: pytest.FixtureRequest) -> Catalog:
    return read(request.param)


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_language_has_a_catalog() -> None:
    assert {path.stem for path in CATALOGS} == LANGUAGES.keys() - {"en"}


def test_every_text_is_translated_and_none_is_left_over(catalog: Catalog) -> None:
    translated = {str(message.id) for message in catalog if message.id and message.string}
    assert translated == messages()


def test_a_translation_has_the_same_blanks_to_fill(catalog: Catalog) -> None:
    for message in catalog:
        assert fields(str(message.string)) == fields(str(message.id)), message.id


def test_numbers_days_and_money_in_english() -> None:
    assert metric_text("cost", 1234567.891, "EUR") == "€1,234,568"
    assert metric_text("cost", 1234567.891, "EUR", is_exact=True) == "€1,234,567.89"
    assert money_text(-0.5, "USD") == "-$0.50"
    assert (percent_text(0.1234), change_text(-0.05)) == ("12.3%", "−5.0%")
    assert (count_text(3.0), count_text(3.25), count_text(1234.5)) == ("3", "3.2", "1,234")
    assert period_text("2025-12-04", "2026-01-31") == "Dec 4, 2025 – Jan 31, 2026"


def test_numbers_days_and_money_in_spanish() -> None:
    set_language("es")
    assert metric_text("cost", 1234567.891, "EUR").replace("\xa0", " ") == "1.234.568 €"
    assert metric_text("cpc", 1.5, "EUR").replace("\xa0", " ") == "1,50 €"
    assert metric_text("roas", 9.563) == "9,56×"
    assert percent_text(0.1234).replace("\xa0", " ") == "12,3 %"
    assert day_text("2025-08-04") == "4 ago 2025"
    assert grain_text("2025-08-01", "month") == "ago 2025"
    assert say("Totals are ratios of sums, not averages of the rows.").startswith("Los totales")


def test_an_amount_in_yen_has_no_cents() -> None:
    assert metric_text("cpc", 150.0, "JPY") == "¥150"


def test_cards_and_tables_are_spanish_from_top_to_bottom() -> None:
    store = admira.demo()
    set_language("es")
    html = store.summary()._repr_html_() + store.metrics(by="channel").admira.table()._repr_html_()
    for text in ("Coste por lead", "ingresos", "Canal", "(sin atribuir)", "demasiado pronto"):
        assert text in html
    for text in ("Revenue", "Cost per lead", "blended", "Channel", "too early"):
        assert text not in html


def test_the_environment_chooses_where_nobody_else_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMIRA_LANGUAGE", "es_MX")
    set_language(None)
    assert language() == "es"
    set_language("en")
    assert language() == "en"


def test_a_language_that_admira_does_not_speak_is_refused() -> None:
    with pytest.raises(OptionError, match="expected one of: en, es"):
        set_language("tlh")


def test_columns_stay_what_they_are() -> None:
    set_language("es")
    assert "cost" in admira.demo().metrics(by="channel")


def test_a_text_without_translation_stays_english() -> None:
    set_language("es")
    assert say("never {what}", what="seen") == "never seen"
