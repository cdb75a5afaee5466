"""README says what the code says."""

from .readme_tables import README, with_tables

TEXT = README.read_text(encoding="utf-8")


def test_the_tables_are_those_of_the_schemas() -> None:
    assert with_tables(TEXT) == TEXT


def test_a_table_that_differs_would_be_noticed() -> None:
    assert with_tables(TEXT.replace("the ad account's local day", "the day")) == TEXT
