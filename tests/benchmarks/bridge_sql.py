"""Who shares which opportunity, in DuckDB's SQL: tags are resolved once, never row by row."""

from admira.core.rules import DEFAULT_ALIASES
from admira.core.tags import _MACRO, _PLACEHOLDERS
from admira.schemas import CLICK_ID_CHANNELS


def _text(value: str) -> str:
    """Write a text as SQL does."""
    return "'" + value.replace("'", "''") + "'"


def meant(column: str) -> str:
    """Write what a source or medium means, after the aliases."""
    pairs = ", ".join(f"{_text(old)}: {_text(new)}" for old, new in DEFAULT_ALIASES[column].items())
    return f"coalesce(MAP {{{pairs}}}[{column}], {column})"


def click_channel() -> str:
    """Write whose click id an opportunity carries; the first one counts."""
    whens = (
        f"WHEN {name} <> '' THEN {_text(channel)}" for name, channel in CLICK_ID_CHANNELS.items()
    )
    return f"CASE {' '.join(whens)} ELSE '' END"


def as_tag(column: str) -> str:
    """Write an id as the tag it would be; DuckDB knows NFC where admira has NFKC."""
    tag = f"trim(regexp_replace(lower(nfc_normalize({column})), '\\s+', ' ', 'g'))"
    nothing = ", ".join(map(_text, sorted(_PLACEHOLDERS)))
    says_nothing = f"{tag} IN ({nothing}) OR regexp_matches({tag}, {_text(_MACRO.pattern)})"
    return f"CASE WHEN {says_nothing} THEN '' ELSE {tag} END"


# Of ``monthly`` (one row per campaign, tags and month) and ``counted`` (opportunities added up per
# label, month and whatever else is asked for) it makes ``shares``: label, month, channel,
# campaign_id and weight.  Best tier first: 0 the opportunity's own campaign id, 1 the tags as
# stored, 2 the tags after aliases, 3 a campaign id as tag, 4 the campaign tag alone.
SHARES = f"""
    entities AS MATERIALIZED (
        SELECT *, row_number() OVER () AS entity, {meant("utm_source")} AS source,
               {meant("utm_medium")} AS medium, {as_tag("campaign_id")} AS id_as_tag
        FROM (
            SELECT channel, campaign_id, utm_campaign, utm_source, utm_medium,
                   min(month) AS first_month, min(first_day) AS first_day
            FROM monthly
            GROUP BY ALL
        )
    ),
    labels AS MATERIALIZED (
        SELECT *, row_number() OVER () AS label,
               {meant("utm_source")} AS source, {meant("utm_medium")} AS medium
        FROM (SELECT DISTINCT ad_campaign_id, utm_campaign, utm_source, utm_medium FROM counted)
        WHERE ad_campaign_id <> '' OR utm_campaign <> ''
    ),
    situations AS MATERIALIZED (
        SELECT DISTINCT label, month
        FROM counted
        JOIN labels USING (ad_campaign_id, utm_campaign, utm_source, utm_medium)
    ),
    tagged AS (SELECT * FROM labels WHERE utm_campaign <> ''),
    met AS (
        SELECT label, entity, min(tier) AS tier
        FROM (
            SELECT label, entity, 0 AS tier
            FROM labels
            JOIN entities ON labels.ad_campaign_id = entities.campaign_id
            UNION ALL
            SELECT label, entity,
                   CASE WHEN '' IN (asked.utm_source, asked.utm_medium,
                                    there.utm_source, there.utm_medium) THEN 4
                        WHEN asked.utm_source = there.utm_source
                             AND asked.utm_medium = there.utm_medium THEN 1
                        ELSE 2 END AS tier
            FROM tagged AS asked
            JOIN entities AS there USING (utm_campaign)
            WHERE (asked.source = there.source OR '' IN (asked.source, there.source))
                AND (asked.medium = there.medium OR '' IN (asked.medium, there.medium))
            UNION ALL
            SELECT label, entity, 3 AS tier
            FROM tagged AS asked
            JOIN entities AS there ON asked.utm_campaign = there.id_as_tag
            WHERE (asked.source = there.source OR '' IN (asked.source, there.source))
                AND (asked.medium = there.medium OR '' IN (asked.medium, there.medium))
        )
        GROUP BY ALL
    ),
    candidates AS MATERIALIZED (
        SELECT label, month, entity, tier, channel, campaign_id, first_month, first_day
        FROM situations
        JOIN met USING (label)
        JOIN entities USING (entity)
    ),
    best AS MATERIALIZED (
        SELECT label, month, min(tier) AS tier
        FROM candidates
        WHERE first_month <= month
        GROUP BY ALL
    ),
    history AS (
        SELECT entity, month,
               sum(monthly.clicks) OVER (PARTITION BY entity ORDER BY month) AS clicks_so_far
        FROM monthly
        JOIN entities USING (channel, campaign_id, utm_campaign, utm_source, utm_medium)
    ),
    running AS MATERIALIZED (
        SELECT now.label, now.month, now.channel, now.campaign_id,
               sum(history.clicks_so_far) AS clicks
        FROM (
            SELECT *
            FROM candidates
            JOIN best USING (label, month, tier)
            WHERE first_month <= month
        ) AS now
        ASOF JOIN history ON now.entity = history.entity AND now.month >= history.month
        GROUP BY ALL
    ),
    before_first_ad AS (
        SELECT label, month, unnest(
            min_by(
                {{'channel': channel, 'campaign_id': campaign_id}},
                (first_day, tier, campaign_id, channel)
            )
        )
        FROM candidates
        ANTI JOIN best USING (label, month)
        GROUP BY label, month
    ),
    shares AS MATERIALIZED (
        SELECT label, month, channel, campaign_id,
               CASE WHEN all_clicks > 0 THEN clicks / all_clicks ELSE 1 / campaigns END AS weight
        FROM running
        JOIN (
            SELECT label, month, sum(clicks) AS all_clicks, count(*) AS campaigns
            FROM running
            GROUP BY ALL
        ) USING (label, month)
        WHERE clicks > 0 OR all_clicks = 0
        UNION ALL BY NAME
        SELECT label, month, channel, campaign_id, 1.0 AS weight FROM before_first_ad
    )"""  # noqa: S608 - texts of our own
