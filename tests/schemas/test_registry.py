"""The registry of metrics: order, formulas, the glossary, and ratios of one's own."""

from collections.abc import Iterator
from typing import Any

import pytest

from admira.errors import OptionError
from admira.schemas.metrics import metrics
from admira.schemas.registry import MetricRegistry, Ratio

MEASURES = [
    "clicks",
    "impressions",
    "cost",
    "leads",
    "opportunities",
    "opportunities_from_leads",
    "closed_won",
    "closed_lost",
    "revenue",
]
FORMULAS = {
    "cpc": "cost / clicks",
    "cpa": "cost / leads",
    "cvr_lead_to_opp": "opportunities_from_leads / leads",
    "cvr_opp_to_won": "closed_won / opportunities",
    "roas": "revenue / cost",
    "ctr": "clicks / impressions",
    "cpm": "1000·cost / impressions",
    "cost_per_opportunity": "cost / opportunities",
    "cac": "cost / closed_won",
    "win_rate": "closed_won / (closed_won + closed_lost)",
    "open_share": "(opportunities − closed_won − closed_lost) / opportunities",
}


@pytest.fixture
def registry() -> Iterator[MetricRegistry]:
    """Give a registry of the same metrics that no other test sees."""
    return MetricRegistry(metrics.measures, metrics.ratios)


def test_measures_come_first_then_ratios_in_the_contracts_order() -> None:
    assert [*metrics] == [*MEASURES, *FORMULAS]
    assert len(metrics) == len(MEASURES) + len(FORMULAS)


@pytest.mark.parametrize(("name", "formula"), FORMULAS.items())
def test_a_ratio_says_its_formula(name: str, formula: str) -> None:
    assert metrics[name].formula == formula


def test_a_measure_says_that_it_is_a_sum() -> None:
    assert metrics["cost"].formula == "Σ cost"


def test_cpa_is_labelled_as_what_it_is() -> None:
    assert metrics["cpa"].label == "Cost per lead"


def test_every_metric_has_a_unit_a_direction_and_a_meaning() -> None:
    for metric in (*metrics.measures, *metrics.ratios):
        assert metric.unit
        assert metric.label
        assert metric.meaning
        assert metric.good in ("up", "down", "")
    assert (metrics["roas"].good, metrics["cpc"].good, metrics["cost"].good) == ("up", "down", "")


def test_an_unknown_metric_is_refused_with_the_nearest() -> None:
    with pytest.raises(OptionError, match=r"metric='roa' .* Did you mean 'roas'\?"):
        metrics["roa"]


def test_what_platforms_claim_is_no_metric_of_ours() -> None:
    names = [claim.name for claim in metrics.claims]
    assert all(name.startswith("platform_") for name in names)
    assert metrics.columns == [*metrics, *names]
    assert not {*names} & {*metrics}
    with pytest.raises(OptionError, match="metric='platform_cpa'"):
        metrics["platform_cpa"]
    assert metrics.figure("platform_cpa").formula == "cost / platform_conversions"
    assert metrics.figure("cpa") is metrics["cpa"]
    with pytest.raises(OptionError, match="name='platform_roas'"):
        metrics.add_ratio("platform_roas", "revenue", "cost")


def test_the_glossary_has_one_row_per_metric() -> None:
    glossary = metrics.to_frame()
    assert glossary.columns.tolist() == ["metric", "label", "unit", "formula", "good", "meaning"]
    assert glossary["metric"].tolist() == [*metrics]
    assert glossary.set_index("metric")["formula"]["roas"] == "revenue / cost"


def test_a_notebook_shows_the_glossary() -> None:
    assert "<table" in metrics._repr_html_()
    assert "cost per lead" in metrics._repr_html_()
    assert repr(metrics).startswith("<MetricRegistry: clicks, impressions, cost")


# Ratios of one's own


def test_a_ratio_of_ones_own_comes_last(registry: MetricRegistry) -> None:
    added = registry.add_ratio(
        "margin_per_lead", {"revenue": 1, "cost": -0.5}, "leads", label="Margin", unit="currency"
    )
    assert [*registry][-1] == "margin_per_lead"
    assert registry["margin_per_lead"] is added is registry.ratios[-1]
    assert added == Ratio(
        "margin_per_lead", "Margin", "currency", "", "", {"revenue": 1, "cost": -0.5}, {"leads": 1}
    )
    assert added.formula == "(revenue − 0.5·cost) / leads"
    assert registry.table().names[-1] == "margin_per_lead"


def test_adding_a_ratio_again_replaces_it(registry: MetricRegistry) -> None:
    registry.add_ratio("mine", "cost", "leads")
    registry.add_ratio("mine", "revenue", "leads")
    assert registry["mine"].formula == "revenue / leads"
    assert [*registry].count("mine") == 1


def test_a_ratio_of_ones_own_can_be_removed(registry: MetricRegistry) -> None:
    registry.add_ratio("mine", "cost", "leads")
    registry.remove_ratio("mine")
    assert [*registry] == [*metrics]


def test_ratios_of_ones_own_are_kept_out_of_other_registries(registry: MetricRegistry) -> None:
    registry.add_ratio("mine", "cost", "leads")
    assert "mine" not in [*metrics]


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (("roas", "cost", "leads"), "name"),
        (("cost", "cost", "leads"), "name"),
        (("channel", "cost", "leads"), "name"),
        (("mine", "spend", "leads"), "measure"),
        (("mine", "cost", {"leads": 1, "wins": 1}), "measure"),
        (("mine", "roas", "leads"), "measure"),
    ],
)
def test_a_ratio_that_cannot_be_is_refused(
    registry: MetricRegistry, arguments: Any, option: str
) -> None:
    with pytest.raises(OptionError) as error:
        registry.add_ratio(*arguments)
    assert error.value.option == option
    assert [*registry] == [*metrics]


@pytest.mark.parametrize("name", ["roas", "cost", "nothing"])
def test_what_is_not_ones_own_cannot_be_removed(registry: MetricRegistry, name: str) -> None:
    with pytest.raises(OptionError, match=f"name='{name}'"):
        registry.remove_ratio(name)
    assert [*registry] == [*metrics]


def test_changing_the_terms_afterwards_changes_nothing(registry: MetricRegistry) -> None:
    terms = {"cost": 1.0}
    registry.add_ratio("mine", terms, "leads")
    terms["revenue"] = 2.0
    assert registry["mine"].formula == "cost / leads"
