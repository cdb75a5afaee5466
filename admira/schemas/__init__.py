"""What each column is called, means and is measured in: the contract of every table."""

from admira.schemas.model import SCHEMA_VERSION, Column, Table, missing_values
from admira.schemas.tables import (
    ADS,
    CAMPAIGNS,
    CLICK_ID_CHANNELS,
    CRM,
    FACTS,
    ID_COLUMNS,
    MATCH_REASONS,
    MATCHES,
    STAGES,
    TABLES,
    TAGS,
    UNATTRIBUTED,
    UNKNOWN,
    UNTAGGED,
    Kind,
    table_of,
)

__all__ = [
    "ADS",
    "CAMPAIGNS",
    "CLICK_ID_CHANNELS",
    "CRM",
    "FACTS",
    "ID_COLUMNS",
    "MATCHES",
    "MATCH_REASONS",
    "SCHEMA_VERSION",
    "STAGES",
    "TABLES",
    "TAGS",
    "UNATTRIBUTED",
    "UNKNOWN",
    "UNTAGGED",
    "Column",
    "Kind",
    "Table",
    "missing_values",
    "table_of",
]
