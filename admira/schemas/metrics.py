"""The metrics that admira knows: what each is called, measured in, made of, and good for."""

from admira.schemas.registry import Measure, MetricRegistry, Ratio


def _one(name: str) -> dict[str, float]:
    return {name: 1.0}


# Formulas: cost per click, per lead (CPA), per mille; rates as shares of the earlier funnel step;
# return on ad spend as revenue over cost. They are the trade's common definitions; what "lead",
# "opportunity" and "won" count is said in the facts' contract.
metrics = MetricRegistry(
    measures=(
        Measure("clicks", "Clicks", "clicks", "up", "clicks on the ads", "int64"),
        Measure(
            "impressions", "Impressions", "impressions", "up", "times an ad was shown", "int64"
        ),
        Measure("cost", "Cost", "currency", "", "money spent on ads"),
        Measure("leads", "Leads", "records", "up", "CRM records that entered as leads"),
        Measure(
            "opportunities", "Opportunities", "records", "up", "records that reached opportunity"
        ),
        Measure(
            "opportunities_from_leads",
            "Opportunities from leads",
            "records",
            "up",
            "records that entered as leads and reached opportunity",
        ),
        Measure("closed_won", "Won", "records", "up", "records that were won"),
        Measure("closed_lost", "Lost", "records", "down", "records that were lost"),
        Measure("revenue", "Revenue", "currency", "up", "amounts of won records"),
    ),
    ratios=(
        Ratio("cpc", "CPC", "currency", "down", "cost per click", _one("cost"), _one("clicks")),
        Ratio(
            "cpa", "Cost per lead", "currency", "down", "cost per lead", _one("cost"), _one("leads")
        ),
        Ratio(
            "cvr_lead_to_opp",
            "Lead → opportunity",
            "share",
            "up",
            "share of leads that reached opportunity",
            _one("opportunities_from_leads"),
            _one("leads"),
        ),
        Ratio(
            "cvr_opp_to_won",
            "Opportunity → won",
            "share",
            "up",
            "share of opportunities that were won",
            _one("closed_won"),
            _one("opportunities"),
        ),
        Ratio(
            "roas", "ROAS", "ratio", "up", "revenue per unit of cost", _one("revenue"), _one("cost")
        ),
        Ratio(
            "ctr",
            "CTR",
            "share",
            "up",
            "clicks per impression",
            _one("clicks"),
            _one("impressions"),
        ),
        Ratio(
            "cpm",
            "CPM",
            "currency",
            "down",
            "cost per thousand impressions",
            {"cost": 1000.0},
            _one("impressions"),
        ),
        Ratio(
            "cost_per_opportunity",
            "Cost per opportunity",
            "currency",
            "down",
            "cost per record that reached opportunity",
            _one("cost"),
            _one("opportunities"),
        ),
        Ratio(
            "cac",
            "CAC",
            "currency",
            "down",
            "cost per won record",
            _one("cost"),
            _one("closed_won"),
        ),
        Ratio(
            "win_rate",
            "Win rate",
            "share",
            "up",
            "share of decided records that were won",
            _one("closed_won"),
            {"closed_won": 1.0, "closed_lost": 1.0},
        ),
        Ratio(
            "open_share",
            "Still open",
            "share",
            "",
            "share of opportunities not yet decided: how unripe a period still is",
            {"opportunities": 1.0, "closed_won": -1.0, "closed_lost": -1.0},
            _one("opportunities"),
        ),
    ),
    claims=(
        Measure(
            "platform_conversions",
            "Conversions (platform)",
            "conversions",
            "up",
            "conversions that the platforms claim",
        ),
        Measure(
            "platform_value",
            "Value (platform)",
            "currency",
            "up",
            "what the platforms say that their conversions are worth",
        ),
        Ratio(
            "platform_cpa",
            "Cost per conversion (platform)",
            "currency",
            "down",
            "cost per conversion claimed, of the ad rows that state conversions",
            _one("cost"),
            _one("platform_conversions"),
        ),
        Ratio(
            "platform_roas",
            "ROAS (platform)",
            "ratio",
            "up",
            "value claimed per unit of cost, of the ad rows that state a value",
            _one("platform_value"),
            _one("cost"),
        ),
        Ratio(
            "platform_conversions_coverage",
            "Cost with conversions (platform)",
            "share",
            "",
            "share of cost on ad rows that state conversions",
            _one("cost of rows with platform_conversions"),
            _one("cost"),
        ),
        Ratio(
            "platform_value_coverage",
            "Cost with a value (platform)",
            "share",
            "",
            "share of cost on ad rows that state a value",
            _one("cost of rows with platform_value"),
            _one("cost"),
        ),
    ),
)
