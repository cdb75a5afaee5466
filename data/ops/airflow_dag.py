"""Airflow: what changed into the store, then yesterday's KPIs on, every morning at six.

Put it into the DAG folder.  The workers need the program ``admira`` (``ADMIRA_PROGRAM`` says where,
if it is not on the path) and, from a secrets backend or the workers' environment, ADMIRA_STORE,
ADS_API_URL, CRM_API_URL, SINK_URL and SINK_SECRET.  The store must be one that all workers reach.
"""

import os
import subprocess
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException

ZONE = ZoneInfo("UTC")  # the store's
TRY_LATER = 75


def run(*arguments: str) -> None:
    """Run the program; only what may pass, or was killed, is worth another try."""
    program = os.environ.get("ADMIRA_PROGRAM", "admira")
    ended = subprocess.run([program, *arguments], check=False).returncode
    if ended == TRY_LATER or ended < 0:
        raise AirflowException(f"admira {arguments[0]}: try later ({ended})")
    if ended:
        raise AirflowFailException(f"admira {arguments[0]} failed ({ended}); its log says why")


@dag(
    schedule="0 6 * * *",
    start_date=datetime(2025, 1, 1, tzinfo=ZONE),
    catchup=False,  # one run reads all that is new, however many were missed
    max_active_runs=1,
    default_args={
        "retries": 4,
        "retry_delay": timedelta(minutes=10),
        "execution_timeout": timedelta(hours=1),
    },
)
def admira_daily() -> None:
    """Ingest, then export the day before the one that the run is due on."""

    @task
    def ingest() -> None:
        """Bring the store up to date."""
        run("ingest", "--since", "auto")

    @task
    def export(dag_run: Any = None) -> None:
        """Send the KPIs on, signed; sending them twice is harmless."""
        due = dag_run.run_after.astimezone(ZONE)
        day = f"{due - timedelta(days=1):%Y-%m-%d}"
        run("export", "--by", "channel", "--date", day)

    ingest() >> export()


admira_daily()
