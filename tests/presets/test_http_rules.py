"""What presets say of paging, throttling and errors, against what the platforms answer."""

from typing import Any

import pytest

from admira.sources.mapping import Preset
from admira.sources.pagers import OnePage, pager_of
from admira.sources.presets import load_preset
from admira.sources.verdicts import AnswerRules

from .forms import NAMES

PACKAGED = [load_preset(name) for name in NAMES]


@pytest.mark.parametrize("preset", PACKAGED, ids=NAMES)
def test_the_rules_of_a_preset_for_http_are_understood(preset: Preset) -> None:
    AnswerRules.of(preset.ok, preset.retry)

    assert (pager_of(preset.next) == OnePage()) is (preset.next is None)
    if not preset.name.endswith("_csv"):
        assert preset.records is not None or preset.name == "pinterest_ads"


@pytest.mark.parametrize(
    ("name", "status", "document", "may_pass"),
    [
        ("meta_ads_api", 400, {"error": {"code": 80004}}, True),
        ("meta_ads_api", 403, {"error": {"code": 613}}, True),
        ("meta_ads_api", 400, {"error": {"code": 100}}, False),
        ("meta_ads_api", 400, {"error": {"code": 80007}}, False),
        ("tiktok_ads_api", 200, {"code": 40100, "message": "Too many requests"}, True),
        ("tiktok_ads_api", 200, {"code": 40201, "message": ""}, True),
        ("tiktok_ads_api", 200, {"code": 51, "message": "Over the QPS limit"}, True),
        ("tiktok_ads_api", 200, {"code": 40105, "message": "Access token is incorrect"}, False),
        ("salesforce_leads", 403, [{"errorCode": "REQUEST_LIMIT_EXCEEDED"}], True),
        ("salesforce_leads", 403, [{"errorCode": "INSUFFICIENT_ACCESS"}], False),
    ],
)
def test_a_refusal_is_asked_again_where_the_platform_means_later(
    name: str, status: int, document: Any, *, may_pass: bool
) -> None:
    preset = load_preset(name)

    failure = AnswerRules.of(preset.ok, preset.retry).failure(status, {}, document)

    assert failure is not None
    assert failure.again is may_pass


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("hubspot_deals", {"retry_after": 30}),
        (
            "google_ads_api",
            {
                "error": {
                    "details": [
                        {"errors": [{"details": {"quotaErrorDetails": {"retryDelay": "30s"}}}]}
                    ]
                }
            },
        ),
    ],
)
def test_the_wait_that_a_body_asks_for_is_kept(name: str, document: Any) -> None:
    failure = AnswerRules.of(retry=load_preset(name).retry).failure(429, {}, document)

    assert failure is not None
    assert failure.retry_after_seconds == 30
