"""normalize: ids, names, tags and stages."""

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from admira import normalize
from admira.core.normalize import normalize_counted
from tests.core.raw import ads, crm, problem


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (" C-1 ", "C-1"),
        ("ÀÉ x", "ÀÉ x"),
        ("007", "007"),
        (2**63 + 1, "9223372036854775809"),
        (np.int64(7), "7"),
        (12.0, "12"),
        (Decimal(10**20), "100000000000000000000"),
        ("1.0", "1.0"),
    ],
)
def test_an_id_is_trimmed_text_and_keeps_its_case_and_digits(cell: Any, text: str) -> None:
    rows = normalize(ads("campaign_id", cell))
    assert rows.loc[0, ["campaign_id", "problems"]].to_list() == [text, ""]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (None, "blank"),
        (float("nan"), "blank"),
        (pd.NA, "blank"),
        (" \t", "blank"),
        (True, "not text"),
        (["C-1"], "not text"),
        ({"id": 1}, "not text"),
        (b"C-1", "not text"),
        (dt.date(2025, 8, 1), "not text"),
        (1.5, "read as a number; ids are text"),
        (2.0**53, "read as a number; ids are text"),
        (float("inf"), "read as a number; ids are text"),
        pytest.param(10**5000, "too long", id="thousands of digits"),
        ("C\ud800", "not valid Unicode"),
        ("(unknown)", "reserved name"),
    ],
)
def test_a_key_that_is_no_text_is_a_problem(cell: Any, reason: str) -> None:
    raw = ads("campaign_id", cell)
    assert problem(raw) == f"campaign_id: {reason}"
    assert normalize(raw)["campaign_id"].to_list() == [""]


def test_sorts_of_cells_are_not_mixed_up_though_python_finds_them_equal() -> None:
    rows = normalize(ads("campaign_id", *[1, True, 1.0, "1"]))
    assert rows["campaign_id"].to_list() == ["1", "", "1", "1"]
    assert rows["problems"].to_list() == ["", "campaign_id: not text", "", ""]


@pytest.mark.parametrize("cell", [None, "", "  ", float("nan")])
def test_a_blank_optional_text_is_missing(cell: Any) -> None:
    rows = normalize(crm("contact_email", cell, "Ana@Example.com "))
    assert rows["contact_email"].isna().to_list() == [True, False]
    assert rows["contact_email"][1] == "Ana@Example.com"
    assert (rows["problems"] == "").all()


def test_an_optional_text_that_is_none_is_a_problem_and_missing() -> None:
    rows = normalize(crm("gclid", ["x"], "\udfff"))
    assert rows["gclid"].isna().all()
    assert rows["problems"].to_list() == ["gclid: not text", "gclid: not valid Unicode"]


@pytest.mark.parametrize(
    ("cell", "currency", "problems"),
    [
        (" eur ", "EUR", ""),
        ("€", None, "currency: not an ISO 4217 code"),
        ("EURO", None, "currency: not an ISO 4217 code"),
        ("", None, ""),
        (None, None, ""),
    ],
)
def test_a_currency_is_three_letters_in_upper_case(
    cell: Any, currency: str | None, problems: str
) -> None:
    rows = normalize(ads("currency", cell))
    assert rows["problems"][0] == problems
    assert rows["currency"].to_list() == [currency] or rows["currency"].isna().all()


def test_tags_are_written_as_they_are_compared() -> None:
    cells = ("  Back to   School", "(not set)", None, "{{campaign.name}}", 2025, "\uff33ale")
    rows = normalize(ads("utm_campaign", *cells))
    assert rows["utm_campaign"].to_list() == ["back to school", "", "", "", "2025", "sale"]
    assert (rows["problems"] == "").all()


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("", "blank"),
        ("(none)", "blank"),
        (None, "blank"),
        ("(Unattributed)", "reserved name"),
        (False, "not text"),
        (2.5, "read as a number; ids are text"),
    ],
)
def test_a_channel_must_be_a_name_that_no_bucket_has(cell: Any, reason: str) -> None:
    assert problem(ads("channel", cell)) == f"channel: {reason}"


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        ("lead", ["lead", "New", "MQL", "sql", "prospect", "Marketing-Qualified Lead", "nuevo"]),
        ("lead", ["Disqualified"]),
        (
            "opportunity",
            ["Opportunity", "open", "Proposal/Price Quote", "NEGOTIATION", "Oportunidad"],
        ),
        ("opportunity", ["qualifiedtobuy", "En negociación", "Qualification", "demo_scheduled"]),
        ("closed_won", ["closed_won", "Closed Won", "closed-won", "closedwon", "WON", "ganada"]),
        ("closed_won", ["Ganado", "Cerrada - ganada", "customer"]),
        ("closed_lost", ["closed lost", "Closed_Lost", "lost", "perdida", "Perdido", "closedlost"]),
    ],
)
def test_the_stages_of_common_crms_have_one_name(stage: str, words: list[str]) -> None:
    rows, fixed = normalize_counted(crm("stage", *words))
    assert rows["stage"].to_list() == [stage] * len(words)
    assert fixed == {}


def test_an_unknown_stage_stays_and_is_counted() -> None:
    rows, fixed = normalize_counted(crm("stage", "On  Hold", "lead", "on hold", None))
    assert rows["stage"].to_list() == ["on hold", "lead", "on hold", ""]
    assert rows["problems"].to_list() == ["", "", "", "stage: blank"]
    assert fixed == {"unknown_stage": 2}


def test_a_missing_entry_stage_is_lead() -> None:
    rows = normalize(crm("entry_stage", None, " Opportunity ", "", "deal"))
    assert rows["entry_stage"].to_list() == ["lead", "opportunity", "lead", "deal"]
