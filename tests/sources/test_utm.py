"""Tags are read from links as people and platforms write them, and from the best place first."""

from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admira.schemas import CLICK_ID_CHANNELS
from admira.sources.mapping import UtmRule
from admira.sources.paths import RecordFields
from admira.sources.utm import TAGS, Tagged, parse_utm, tags_in, utm_columns

NAMES = [*TAGS, *CLICK_ID_CHANNELS]

filled_texts = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("&=?#%+; "), min_size=1
).filter(str.strip)


def tags_of(
    records: list[Any], rule: UtmRule, kind: Any = "ads", mapped: dict[str, list[Any]] | None = None
) -> Tagged:
    return utm_columns(RecordFields(records), rule, kind, mapped or {})


@settings(max_examples=60)
@given(
    st.dictionaries(st.sampled_from(NAMES), filled_texts),
    st.sampled_from(
        ["https://example.com/?", "https://example.com/#", "https://example.com/a?b=c&", ""]
    ),
    st.booleans(),
)
def test_what_was_encoded_is_read_back(tags: dict[str, str], before: str, as_html: bool) -> None:  # noqa: FBT001 - Hypothesis passes it
    query = urlencode(tags)
    link = before + (query.replace("&", "&amp;") if as_html else query)
    assert parse_utm(link) == tags


@settings(max_examples=60)
@given(st.text() | st.text("utm_source=%&?#;A+").map("utm_source=".__add__) | st.integers())
def test_no_link_is_too_strange(link: Any) -> None:
    tags = parse_utm(link)
    assert set(tags) <= set(NAMES)
    assert all(value.strip() for value in tags.values())


@pytest.mark.parametrize(
    ("link", "tags"),
    [
        ("https://a.example/?utm_source=x&utm_source=y", {"utm_source": "x"}),
        ("https://a.example/?utm_source=&utm_source=y", {"utm_source": "y"}),
        ("/?utm_source=x#utm_source=y&utm_medium=m", {"utm_source": "x", "utm_medium": "m"}),
        ("https://a.example/#/shop?utm_source=x", {"utm_source": "x"}),
        ("https://a.example/?UTM_Source=x&Utm_MEDIUM=m", {"utm_source": "x", "utm_medium": "m"}),
        ("https://a.example/?a=1&amp;amp;utm_source=x", {"utm_source": "x"}),
        ("https://a.example/?utm_campaign=a%2520b", {"utm_campaign": "a%20b"}),
        ("https://a.example/?utm_campaign=a+b%2Bc", {"utm_campaign": "a b+c"}),
        ("https://a.example/?to=https%3A%2F%2Fb.example%2F%3Futm_source%3Dx", {}),
        ("?utm_source=x&gclid=Q", {"utm_source": "x", "gclid": "Q"}),
        ("https://a.example/?fbclid=1&utm_term=t&utm_content=c", {}),
        ("https://[broken/?utm_source=x", {"utm_source": "x"}),
        ("", {}),
        (None, {}),
    ],
)  # fmt: skip
def test_a_link_is_read_as_browsers_and_platforms_write_it(link: Any, tags: dict[str, str]) -> None:
    assert parse_utm(link) == tags


def test_a_list_of_keys_and_values_is_read_like_a_link() -> None:
    listed = [
        {"key": "utm_source", "value": "facebook", "type": "AD_ID"},
        {"key": "UTM_Campaign", "value": "sale"},
        {"key": "utm_medium", "value": None},
        "no pair",
    ]
    assert tags_in(listed) == {"utm_source": "facebook", "utm_campaign": "sale"}


def test_fields_come_before_links_and_links_before_tag_strings() -> None:
    rule = UtmRule(fields={"utm_source": ("source",)}, urls=("link",), tags=("suffix",))
    record = {
        "source": "field",
        "link": "https://a.example/?utm_source=link&utm_medium=link",
        "suffix": "utm_source=suffix&utm_medium=suffix&utm_campaign=suffix",
    }
    tagged = tags_of([record], rule)
    assert [tagged.columns[name] for name in TAGS] == [["suffix"], ["field"], ["link"]]


def test_a_column_of_the_mapping_comes_first_and_its_gaps_are_filled() -> None:
    rule = UtmRule(fields={"utm_medium": ("medium",)})
    tagged = tags_of([{"medium": "x"}, {"medium": "y"}], rule, mapped={"utm_medium": ["cpc", None]})
    assert tagged.columns["utm_medium"] == ["cpc", "y"]


def test_a_placeholder_in_a_field_leaves_the_gap_to_the_link() -> None:
    rule = UtmRule(fields={"utm_source": ("source",)}, urls=("link",))
    tagged = tags_of([{"source": "(not set)", "link": "/?utm_source=google"}], rule)
    assert tagged.columns["utm_source"] == ["google"]


@pytest.mark.parametrize(
    ("template", "tag"),
    [
        ("{campaignid}", "77"),
        ("{CampaignId}", "77"),
        ("sale-{campaignid}-{name}", "sale-77-Autumn Sale"),
        ("__CAMPAIGN_NAME__", "Autumn Sale"),
        ("{{campaign.id}}", "77"),
    ],
)
def test_macros_are_resolved_from_the_row(template: str, tag: str) -> None:
    rule = UtmRule(
        urls=("link",),
        macros={
            "{campaignid}": "campaign.id",
            "{{campaign.id}}": "campaign.id",
            "{name}": "campaign.name",
            "__CAMPAIGN_NAME__": "campaign.name",
        },
    )
    link = f"https://a.example/?{urlencode({'utm_campaign': template})}"
    record = {"campaign": {"id": 77, "name": " Autumn Sale "}, "link": link}
    tagged = tags_of([record], rule)
    assert (tagged.columns["utm_campaign"], tagged.unresolved) == ([tag], 0)


def test_a_macro_may_stand_for_a_mapped_column() -> None:
    rule = UtmRule(urls=("link",), macros={"{campaignid}": "campaign_id"})
    tagged = tags_of(
        [{"link": "/?utm_campaign={campaignid}"}], rule, mapped={"campaign_id": ["829"]}
    )
    assert tagged.columns["utm_campaign"] == ["829"]


def test_an_unresolved_macro_is_missing_and_counted_unless_a_later_place_fills_it() -> None:
    rule = UtmRule(urls=("link",), tags=("suffix",), macros={"{campaignid}": "campaign_id"})
    link = "/?utm_campaign={campaignid}&utm_source={network}"
    tagged = tags_of(
        [
            {"link": link, "campaign_id": None},
            {"link": link, "suffix": "utm_campaign=sale&utm_source=google"},
            {"link": link, "campaign_id": 5, "suffix": "utm_source=google"},
        ],
        rule,
    )
    assert tagged.columns["utm_campaign"] == [None, "sale", "5"]
    assert tagged.columns["utm_source"] == [None, "google", "google"]
    assert tagged.unresolved == 1


def test_the_default_is_for_rows_that_carry_no_tag_at_all() -> None:
    default = {"utm_source": "google", "utm_campaign": "{name}"}
    rule = UtmRule(urls=("link",), default=default, macros={"{name}": "campaign"})
    tagged = tags_of(
        [
            {"link": "/?gclid=Q", "campaign": "Brand"},
            {"link": "/?utm_medium=cpc", "campaign": "Brand"},
            {"link": "/?utm_campaign={adgroup}", "campaign": "Brand"},
        ],
        rule,
    )
    assert tagged.columns["utm_campaign"] == ["Brand", None, None]
    assert tagged.columns["utm_source"] == ["google", None, None]
    assert (tagged.defaulted, tagged.unresolved) == (1, 1)


def test_click_ids_are_of_crm_only_and_left_out_where_no_row_has_one() -> None:
    rule = UtmRule(urls=("link",))
    records = [{"link": "/?gclid=Q&utm_source=s"}]
    assert tags_of(records, rule, "crm").columns["gclid"] == ["Q"]
    assert "msclkid" not in tags_of(records, rule, "crm").columns
    assert "gclid" not in tags_of(records, rule, "ads").columns


def test_rows_without_any_place_for_tags_have_an_empty_campaign_only() -> None:
    assert tags_of([{}, {}], UtmRule(urls=("link",))).columns == {"utm_campaign": [None, None]}
