# The names of the package's root, for type checkers and editors; a test compares them.
from admira import datasets as datasets
from admira.core.campaigns import campaign_map as campaign_map
from admira.core.join import join_utm as join_utm
from admira.core.metrics import compute_metrics as compute_metrics
from admira.core.normalize import normalize as normalize
from admira.core.reconcile import reconcile as reconcile
from admira.core.rules import DEFAULT_ALIASES as DEFAULT_ALIASES
from admira.core.upsert import upsert as upsert
from admira.core.validate import Validated as Validated
from admira.core.validate import validate as validate
from admira.errors import AdmiraError as AdmiraError
from admira.errors import AmbiguousData as AmbiguousData
from admira.errors import DataError as DataError
from admira.errors import MissingExtra as MissingExtra
from admira.errors import OptionError as OptionError
from admira.errors import ReconciliationError as ReconciliationError
from admira.errors import SchemaMismatch as SchemaMismatch
from admira.errors import SourceError as SourceError
from admira.errors import SourceRejected as SourceRejected
from admira.errors import SourceUnavailable as SourceUnavailable
from admira.errors import StoreError as StoreError
from admira.ingest_report import IngestReport as IngestReport
from admira.pipeline import demo as demo
from admira.pipeline import ingest as ingest
from admira.schemas import SCHEMA_VERSION as SCHEMA_VERSION
from admira.schemas.registry import MetricRegistry as MetricRegistry
from admira.schemas.registry import metrics as metrics
from admira.sources.extract import extract_ads as extract_ads
from admira.sources.extract import extract_crm as extract_crm
from admira.sources.http import HttpClient as HttpClient
from admira.store import Store as Store
from admira.store import open_store as open_store
from admira.stores.memory import MemoryStore as MemoryStore
from admira.stores.parquet import ParquetStore as ParquetStore

__version__: str
