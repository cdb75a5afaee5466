"""The demo company's ad platforms: prices, rates and tags of each kind of ad, worth of its leads.

CPC, CTR and CVR are published benchmarks (LocaliQ and WordStream 2024 for Google and Meta, ZenABM
2026 for LinkedIn) or computed from public sample tables (Microsoft, Reddit, TikTok).  Brand search
on Google, the conversion rates beyond Google search and Meta lead forms, the deal sizes of each
channel and the mix of spend are assumptions.
"""

from dataclasses import dataclass

CAMPAIGN_ID_MACRO = "{campaignid}"
"""A tag that the platform replaces by the campaign's id when somebody clicks."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom leads come from, and what becomes of them.

    ``opportunity_rate`` is per lead, ``won_rate`` per opportunity; ``deal_median`` is in euros.
    """

    business: bool
    opportunity_rate: float
    won_rate: float
    deal_median: float


@dataclass(frozen=True, slots=True)
class Placement:
    """What a kind of ad does on a platform: clicks per impression, cost per click, leads per click.

    ``native_form`` says that the platform asks for the contact itself, and so tells the CRM which
    campaign brought it; ``budget`` is what such a campaign gets in proportion to others.
    """

    ctr: float
    cpc: float
    cvr: float
    medium: str
    native_form: bool = False
    budget: float = 1.0


@dataclass(frozen=True, slots=True)
class Theme:
    """What a campaign is about.

    ``one_tag`` campaigns carry the same tags in every market, so that tags alone cannot tell them
    apart.  A ``flight`` is the first and the last (month, day) on which the ads run.
    """

    title: str
    tag: str
    placement: str
    one_tag: bool = False
    flight: tuple[tuple[int, int], tuple[int, int]] | None = None


@dataclass(frozen=True, slots=True)
class Channel:
    """An ad platform: whom it reaches, how much runs on it, and how it names things."""

    name: str
    source: str
    audience: Audience
    campaign_share: float
    spend_share: float
    id_digits: int
    account_id: str
    click_id: str | None
    placements: dict[str, Placement]
    themes: tuple[Theme, ...]


_SCHOOL = ((8, 1), (9, 28))
_BLACK_FRIDAY = ((11, 10), (12, 1))
_AUTUMN = ((10, 1), (12, 19))
_LAUNCH = ((10, 15), (12, 31))

CHANNELS = (
    Channel(
        name="google_ads",
        source="google",
        audience=Audience(business=True, opportunity_rate=0.21, won_rate=0.30, deal_median=7_000),
        campaign_share=0.30,
        spend_share=0.34,
        id_digits=11,
        account_id="418-220-7731",
        click_id="gclid",
        placements={
            "brand": Placement(ctr=0.17, cpc=1.20, cvr=0.06, medium="cpc", budget=0.3),
            "search": Placement(ctr=0.064, cpc=4.66, cvr=0.0696, medium="cpc"),
            "display": Placement(ctr=0.0046, cpc=0.63, cvr=0.009, medium="display", budget=0.4),
        },
        themes=(
            Theme("Brand", "brand", "brand", one_tag=True),
            Theme("Generic", "crm_software", "search"),
            Theme("Back to School", "back_to_school", "search", flight=_SCHOOL),
            Theme("Black Friday", "black_friday", "search", flight=_BLACK_FRIDAY),
            Theme("Competitors", "competitors", "search", one_tag=True),
            Theme("Retargeting", "retargeting", "display"),
            Theme("Free Trial", "free_trial", "search"),
            Theme("Prospecting", CAMPAIGN_ID_MACRO, "display"),
        ),
    ),
    Channel(
        name="meta_ads",
        source="facebook",
        audience=Audience(business=False, opportunity_rate=0.17, won_rate=0.28, deal_median=3_500),
        campaign_share=0.22,
        spend_share=0.22,
        id_digits=17,
        account_id="act_2207718846",
        click_id=None,
        placements={
            "lead": Placement(
                ctr=0.025, cpc=1.88, cvr=0.088, medium="paid_social", native_form=True
            ),
            "traffic": Placement(ctr=0.015, cpc=0.80, cvr=0.02, medium="paid_social"),
        },
        themes=(
            Theme("Back to School", "back_to_school", "traffic", flight=_SCHOOL),
            Theme("Free Trial", "free_trial", "lead"),
            Theme("Retargeting", "retargeting", "traffic", one_tag=True),
            Theme("Black Friday", "black_friday", "lead", flight=_BLACK_FRIDAY),
            Theme("Lookalike", "lookalike", "traffic"),
            Theme("Brand", "Brand", "traffic"),
        ),
    ),
    Channel(
        name="linkedin_ads",
        source="linkedin",
        audience=Audience(business=True, opportunity_rate=0.25, won_rate=0.30, deal_median=14_000),
        campaign_share=0.16,
        spend_share=0.20,
        id_digits=9,
        account_id="508117742",
        click_id="li_fat_id",
        placements={
            "lead": Placement(
                ctr=0.0055, cpc=5.60, cvr=0.045, medium="paid_social", native_form=True
            ),
        },
        themes=(
            Theme("Webinar", "webinar_q4", "lead", flight=_AUTUMN),
            Theme("Buyer's Guide", "buyers_guide_2025", "lead"),
            Theme("Demo Request", "demo_request", "lead", one_tag=True),
            Theme("Retargeting", "retargeting", "lead"),
            Theme("Brand", "brand", "lead"),
        ),
    ),
    Channel(
        name="microsoft_ads",
        source="bing",
        audience=Audience(business=True, opportunity_rate=0.21, won_rate=0.30, deal_median=7_000),
        campaign_share=0.12,
        spend_share=0.10,
        id_digits=9,
        account_id="F118KQ2T",
        click_id="msclkid",
        placements={
            "brand": Placement(ctr=0.17, cpc=0.80, cvr=0.04, medium="cpc", budget=0.3),
            "search": Placement(ctr=0.03, cpc=3.90, cvr=0.055, medium="cpc"),
        },
        themes=(
            Theme("Brand", "brand", "brand", one_tag=True),
            Theme("Generic", "crm_software", "search"),
            Theme("Back to School", "Back_To_School", "search", flight=_SCHOOL),
            Theme("Competitors", "competitors", "search"),
        ),
    ),
    Channel(
        name="tiktok_ads",
        source="tiktok",
        audience=Audience(business=False, opportunity_rate=0.15, won_rate=0.25, deal_median=4_000),
        campaign_share=0.10,
        spend_share=0.06,
        id_digits=16,
        account_id="7120554419823",
        click_id="ttclid",
        placements={"video": Placement(ctr=0.012, cpc=0.60, cvr=0.011, medium="paid_social")},
        themes=(
            Theme("Creators", "creators", "video"),
            Theme("Back to School", "back_to_school", "video", flight=_SCHOOL),
            Theme("Black Friday", "black_friday", "video", flight=_BLACK_FRIDAY),
            Theme("Product Launch", "product_launch", "video", flight=_LAUNCH),
        ),
    ),
    Channel(
        name="reddit_ads",
        source="reddit",
        audience=Audience(business=False, opportunity_rate=0.18, won_rate=0.28, deal_median=6_000),
        campaign_share=0.10,
        spend_share=0.08,
        id_digits=18,
        account_id="a2_f0k3m9x1",
        click_id=None,
        placements={"feed": Placement(ctr=0.003, cpc=1.60, cvr=0.015, medium="paid_social")},
        themes=(
            Theme("Communities", "communities", "feed", one_tag=True),
            Theme("Competitors", "competitors", "feed"),
            Theme("Product Launch", "product_launch", "feed", flight=_LAUNCH),
        ),
    ),
)
