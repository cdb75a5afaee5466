"""Prefect: what changed into the store, then yesterday's KPIs on, every morning at six.

``python prefect_flow.py`` serves it on its schedule.  The process needs the program ``admira``
(``ADMIRA_PROGRAM`` says where, if it is not on the path) and, in its environment or in ``.env``,
ADMIRA_STORE, ADS_API_URL, CRM_API_URL, SINK_URL and SINK_SECRET.
"""

import os
import subprocess
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from prefect import flow, task
from prefect.runtime import flow_run
from prefect.schedules import Cron

ZONE = ZoneInfo("UTC")  # the store's
TRY_LATER = 75


def may_pass(_task: Any, _run: Any, state: Any) -> bool:
    """Tell whether another try can help: only after what may pass, or was killed."""
    error = state.result(raise_on_failure=False)
    if not isinstance(error, subprocess.CalledProcessError):
        return False
    return error.returncode == TRY_LATER or error.returncode < 0


@task(
    task_run_name="{command}",
    retries=4,
    retry_delay_seconds=600,
    retry_condition_fn=may_pass,
    timeout_seconds=3600,
)
def run(command: str, *options: str) -> None:
    """Run a command of the program; whatever it says goes to the process's own output."""
    program = os.environ.get("ADMIRA_PROGRAM", "admira")
    subprocess.run([program, command, *options], check=True)


@flow
def admira_daily() -> None:
    """Ingest, then export the day before the one that the run is due on."""
    run("ingest", "--since", "auto")
    due = flow_run.scheduled_start_time.astimezone(ZONE)
    day = f"{due - timedelta(days=1):%Y-%m-%d}"
    run("export", "--by", "channel", "--date", day)


if __name__ == "__main__":
    admira_daily.serve("admira-daily", schedule=Cron("0 6 * * *", timezone="UTC"), limit=1)
