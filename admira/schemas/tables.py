"""The contract: every table, and what each of its columns is called, means and is measured in."""

from collections.abc import Iterable
from typing import Any, Literal

from admira.errors import OptionError, SchemaMismatch
from admira.schemas.model import Column, Table, Type

Kind = Literal["ads", "crm"]

UNATTRIBUTED = "(unattributed)"
UNTAGGED = "(untagged)"
UNKNOWN = "(unknown)"

STAGES = ("lead", "opportunity", "closed_won", "closed_lost")

# Which platform gave an opportunity its click id.  ``fbclid`` is left out on purpose: organic
# clicks carry it too.
CLICK_ID_CHANNELS = {
    "gclid": "google_ads",
    "gbraid": "google_ads",
    "wbraid": "google_ads",
    "msclkid": "microsoft_ads",
    "ttclid": "tiktok_ads",
    "li_fat_id": "linkedin_ads",
}


def _key(name: str, meaning: str, type: Type = "text") -> Column:  # noqa: A002 - the field's name
    """Give a column that names a row: it must exist and not be blank."""
    return Column(name, type, "", meaning, required=True, not_blank=True)


def _day(name: str, meaning: str, **more: Any) -> Column:
    """Give a column of days."""
    return Column(name, "day", "day", meaning, **more)


def _instant(name: str, meaning: str, **more: Any) -> Column:
    """Give a column of instants."""
    return Column(name, "instant", "UTC", meaning, **more)


def _text(name: str, meaning: str, unit: str = "") -> Column:
    """Give a column of optional text."""
    return Column(name, "text", unit, meaning, nullable=True)


def _count(name: str, unit: str, meaning: str) -> Column:
    """Give a column of whole numbers from 0 up."""
    return Column(name, "count", unit, meaning, required=True, at_least=0)


def _claim(name: str, unit: str, meaning: str) -> Column:
    """Give a column of what the platform says of its own success; missing where it says nothing."""
    return Column(name, "number", unit, meaning, nullable=True, at_least=0, since="1.1")


def _number(name: str, unit: str, meaning: str, **more: Any) -> Column:
    """Give a column of numbers from 0 up."""
    return Column(name, "number", unit, meaning, required=True, at_least=0, **more)


_UTM = (
    Column("utm_campaign", "tag", "", "campaign tag, normalised", required=True),
    Column("utm_source", "tag", "", "source tag, normalised"),
    Column("utm_medium", "tag", "", "medium tag, normalised"),
)
_SPENT = (
    _count("clicks", "clicks", "clicks on the ads"),
    _count("impressions", "impressions", "times an ad was shown"),
    _number("cost", "account currency", "money spent"),
)

ADS = Table(
    name="ads",
    grain="one row per day, campaign and channel",
    key=("date", "campaign_id", "channel"),
    partitions=("date", "channel"),
    columns=(
        _day("date", "the ad account's local day, as written", required=True),
        _key("campaign_id", "the platform's id of the campaign"),
        _key("channel", "the ad platform, such as google_ads", "tag"),
        *_SPENT,
        *_UTM,
        _text("campaign_name", "the campaign's name that day"),
        _text("account_id", "the ad account"),
        _text("currency", "currency of cost", "ISO 4217"),
        _claim("platform_conversions", "conversions", "conversions that the platform claims"),
        _claim("platform_value", "account currency", "their value, as the platform states it"),
    ),
)

ENTRY_STAGES = ("lead", "opportunity")

CRM = Table(
    name="crm",
    grain="one row per opportunity",
    key=("opportunity_id",),
    partitions=("date",),
    columns=(
        _key("opportunity_id", "the CRM's id of the record"),
        _text("contact_email", "the contact's e-mail address"),
        _key("stage", f"{', '.join(STAGES)}, or the CRM's own word", "tag"),
        _number("amount", "CRM currency", "value of the deal; missing is not 0", nullable=True),
        _instant("created_at", "when the record was created", required=True),
        _day("date", "the day of created_at in the reporting time zone"),
        *_UTM,
        _text("currency", "currency of amount", "ISO 4217"),
        _instant("updated_at", "when the record last changed", nullable=True),
        _instant("closed_at", "when the deal was won or lost", nullable=True),
        _day("closed_date", "the day of closed_at in the reporting time zone", nullable=True),
        Column(
            "entry_stage",
            "tag",
            "",
            "lead, or opportunity where the source holds only deals",
            one_of=ENTRY_STAGES,
            default="lead",
        ),
        _text("ad_campaign_id", "the ad campaign's id, where the CRM knows it"),
        *(_text(name, f"click id of {channel}") for name, channel in CLICK_ID_CHANNELS.items()),
    ),
)

KNOWN_BY = ("ads", "sheet")

CAMPAIGNS = Table(
    name="campaigns",
    grain="one row per channel, campaign, utm triple and month",
    key=("channel", "campaign_id", "utm_campaign", "utm_source", "utm_medium", "month"),
    partitions=(),
    columns=(
        _key("channel", "the ad platform", "tag"),
        _key("campaign_id", "the campaign"),
        *_UTM,
        _day("month", "first day of the month", required=True),
        _count("clicks", "clicks", "clicks in the month"),
        _number("cost", "account currency", "money spent in the month"),
        _day("first_day", "first day with an ad row", required=True),
        _day("last_day", "last day with an ad row", required=True),
        _count("days", "bits", "bit n-1: day n has an ad row"),
        _text("campaign_name", "the latest name in the month"),
        Column("known_by", "text", "", "ads, or sheet: the UTM sheet says so", one_of=KNOWN_BY),
    ),
)

TAGS = Table(
    name="tags",
    grain="one row per campaign and utm triple that it is also known under",
    key=("channel", "campaign_id", "campaign_name", "utm_campaign", "utm_source", "utm_medium"),
    partitions=(),
    columns=(
        Column("channel", "tag", "", "the ad platform; blank for any"),
        Column("campaign_id", "text", "", "the campaign's id; blank where it is named", default=""),
        Column("campaign_name", "tag", "", "the campaign's name as a tag, where no id is given"),
        *_UTM,
        _day("valid_from", "from this day on; missing for always", nullable=True),
    ),
)

MATCHES = ("ad", "id", "exact", "alias", "campaign", "click_id", "none", "untagged")
MATCH_REASONS = (
    "",
    "before_first_ad",
    "utm_unknown",
    "utm_conflict",
    "ambiguous",
    "outside_window",
)

FACTS = Table(
    name="facts",
    grain="one row per ad row, and one per share of an opportunity",
    key=(),
    partitions=(),
    columns=(
        _day("date", "the ad row's day, or the day the share lands on", required=True),
        _key("channel", "the ad platform, or a bucket in brackets", "tag"),
        _key("campaign_id", "the campaign, or the bucket's name"),
        _text("campaign_name", "the campaign's name"),
        *_UTM,
        _text("currency", "currency of cost and revenue", "ISO 4217"),
        *_SPENT,
        _number("leads", "records", "share of a record that entered as a lead"),
        _number("opportunities", "records", "share of a record that reached opportunity"),
        _number(
            "opportunities_from_leads", "records", "the same, of records that entered as leads"
        ),
        _number("closed_won", "records", "share of a record that was won"),
        _number("closed_lost", "records", "share of a record that was lost"),
        _number("revenue", "CRM currency", "share of the amount of a won deal"),
        _text("opportunity_id", "the CRM record; missing on ad rows"),
        Column(
            "match", "text", "", "how the record met the campaign; ad: an ad row", one_of=MATCHES
        ),
        Column("match_reason", "text", "", "why it did not, or did so late", one_of=MATCH_REASONS),
        Column("match_candidates", "count", "campaigns", "campaigns that shared it", at_least=0),
        Column("match_weight", "number", "share", "shares of a record sum to 1", at_least=0),
    ),
)

# What ads say of themselves; 0 on the shares of opportunities.
AD_MEASURES = ("clicks", "impressions", "cost")

# What the platform claims for itself; missing where it claims nothing, and never added to ours.
PLATFORM_MEASURES = ("platform_conversions", "platform_value")

TABLES: dict[Kind, Table] = {"ads": ADS, "crm": CRM}

# The column that tells a table, and that holds what is no record at all.
ID_COLUMNS: dict[Kind, str] = {"ads": "campaign_id", "crm": "opportunity_id"}


def table_of(columns: Iterable[str], kind: str | None = None) -> Table:
    """Give the table that rows belong to: the one named, else the one whose key column is there.

    Raises
    ------
    OptionError
        When ``kind`` is neither ``"ads"`` nor ``"crm"``.
    SchemaMismatch
        When no kind is given and the columns do not tell.
    """
    if kind is not None:
        if kind not in TABLES:
            raise OptionError("kind", kind, TABLES)
        return TABLES[kind]
    present = set(columns)
    kinds: tuple[Kind, ...] = ("crm", "ads")
    for name in kinds:
        if ID_COLUMNS[name] in present:
            return TABLES[name]
    raise SchemaMismatch(
        "ads or crm",
        missing=["campaign_id", "opportunity_id"],
        found=present,
        hint="One of the two says which table this is; or pass kind='ads' or kind='crm'.",
    )
