"""Which ad spend brought which sale: ads and CRM joined so that every opportunity counts once.

The public names are loaded when they are first used, so that ``import admira`` costs little more
than ``import pandas``.
"""

from importlib import import_module
from typing import Any

from admira import accessor as _accessor  # noqa: F401 - makes frame.admira known

__version__ = "0.1.0"

_HOMES = {
    "admira.config": ("Settings",),
    "admira.core.campaigns": ("campaign_map",),
    "admira.core.currency": ("convert_currency",),
    "admira.core.join": ("join_utm",),
    "admira.core.rules": ("DEFAULT_ALIASES",),
    "admira.core.metrics": ("compute_metrics",),
    "admira.core.normalize": ("normalize",),
    "admira.core.reconcile": ("reconcile",),
    "admira.schemas.contract_changes": ("ContractChange", "contract_diff"),
    "admira.schemas.contracts": ("contract",),
    "admira.schemas.metrics": ("metrics",),
    "admira.schemas.registry": ("MetricRegistry",),
    "admira.core.upsert": ("upsert",),
    "admira.core.validate": ("Validated", "validate"),
    "admira.errors": (
        "AdmiraError",
        "AmbiguousData",
        "DataError",
        "ExportError",
        "MissingExtra",
        "OptionError",
        "ReconciliationError",
        "SchemaMismatch",
        "SettingsError",
        "SourceError",
        "SourceRejected",
        "SourceUnavailable",
        "StoreBusy",
        "StoreError",
    ),
    "admira.export.delivery": ("ExportReceipt", "export_metrics"),
    "admira.export.signing": ("sign", "verify_signature"),
    "admira.explanations": ("Explanation", "explain"),
    "admira.explorer": ("Explorer", "explore"),
    "admira.ingest_report": ("IngestReport",),
    "admira.log_output": ("configure_logging",),
    "admira.monitoring.health": ("Health", "health"),
    "admira.monitoring.server": ("start_metrics_server",),
    "admira.monitoring.text_file": ("metrics_file",),
    "admira.operations": ("operation",),
    "admira.pipeline": ("ingest",),
    "admira.ready": ("demo", "load"),
    "admira.present.language": ("language", "set_language"),
    "admira.reporting": ("Report", "report"),
    "admira.schemas": ("SCHEMA_VERSION",),
    "admira.sources.extract": ("extract_ads", "extract_crm"),
    "admira.sources.http": ("HttpClient",),
    "admira.sources.presets": ("presets",),
    "admira.sources.request": ("Request",),
    "admira.sources.source": ("Source",),
    "admira.sources.utm": ("parse_utm",),
    "admira.store": ("Store", "open_store"),
    "admira.stores.memory": ("MemoryStore",),
    "admira.stores.parquet": ("ParquetStore",),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted([*_HOME_OF, "datasets"])  # noqa: PLE0605 - one table holds the names, not two


def __getattr__(name: str) -> Any:
    """Load a public name from its module at its first use, and remember it."""
    if name == "datasets":
        return import_module("admira.datasets")
    if name not in _HOME_OF:
        message = f"module 'admira' has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, so that completion shows them before they are loaded."""
    return sorted({*__all__, *globals()})
