"""What a team tells a store beside its data: groups of campaigns, and tags read as others."""

from admira.schemas.model import Column, Table

GROUPS = Table(
    name="groups",
    grain="one row per rule of a group; of the rules of one name the first that matches counts",
    key=("name", "place"),
    partitions=(),
    columns=(
        Column("name", "text", "", "what by= calls it, such as brand"),
        Column("place", "count", "", "the rule's place among those of the name, from 0"),
        Column("group", "text", "", "the group that a matching campaign is in"),
        Column("channel", "tag", "", "the ad platform; blank for any"),
        Column("campaign_id", "text", "", "the campaign's id; blank where a pattern is given"),
        Column("pattern", "text", "", "a regular expression, searched in the name", default=""),
    ),
)

TAG_ALIASES = Table(
    name="aliases",
    grain="one row per tag, or utm triple, that is read as another",
    key=("utm_campaign", "utm_source", "utm_medium"),
    partitions=(),
    columns=(
        Column("utm_campaign", "tag", "", "the tag that opportunities carry"),
        Column("utm_source", "text", "", "likewise; missing for any source", nullable=True),
        Column("utm_medium", "text", "", "likewise; missing for any medium", nullable=True),
        Column("read_campaign", "tag", "", "the campaign tag that it is read as"),
        Column("read_source", "text", "", "likewise; missing keeps the source", nullable=True),
        Column("read_medium", "text", "", "likewise; missing keeps the medium", nullable=True),
    ),
)
