"""The DAG and the flow in Airflow and Prefect themselves, each in an environment of its own.

Run by ``pytest -m orchestrators``; ``ADMIRA_ORCHESTRATORS=folder`` keeps the environments.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import admira
from admira.datasets import serve, worked_example
from tests.sources.loopback import Loopback, Reply, Request, serving

pytestmark = pytest.mark.orchestrators

OPS = Path(__file__).parents[2] / "data" / "ops"
REQUIREMENTS = {"airflow": "apache-airflow>=3.3", "prefect": "prefect>=3.9"}
BUSY, REFUSING = Reply(status=503), Reply(status=400)

# Without the ten minutes between tries, and failing as the run fails.
SCRIPTS = {
    "prefect": """
import prefect_flow
prefect_flow.run = prefect_flow.run.with_options(retry_delay_seconds=0)
prefect_flow.admira_daily()
""",
    "airflow": """
from datetime import timedelta
import airflow_dag
daily = airflow_dag.admira_daily()
for each in daily.tasks:
    each.retry_delay = timedelta(0)
raise SystemExit(daily.test().state != "success")
""",
}

Run = Callable[[], subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module", params=sorted(REQUIREMENTS))
def orchestrator(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def python(orchestrator: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the interpreter of an environment that holds the orchestrator, and admira not."""
    kept = os.environ.get("ADMIRA_ORCHESTRATORS")
    folder = (Path(kept) if kept else tmp_path_factory.mktemp("environments")) / orchestrator
    interpreter = folder / "bin" / "python"
    if not interpreter.exists():
        _called(sys.executable, "-m", "venv", str(folder))
        _called(str(interpreter), "-m", "pip", "install", "-q", REQUIREMENTS[orchestrator])
    return interpreter


@pytest.fixture(scope="module")
def home(orchestrator: str, python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder where the orchestrator keeps what it knows."""
    home = tmp_path_factory.mktemp("home")
    if orchestrator == "airflow":
        _called(str(python.with_name("airflow")), "db", "migrate", environment=_known(python, home))
    return home


@pytest.fixture
def receiver() -> Iterator[Loopback]:
    with serving(Reply()) as started:
        yield started


@pytest.fixture
def run(
    orchestrator: str, python: Path, home: Path, receiver: Loopback, tmp_path: Path
) -> Iterator[Run]:
    """Give what runs the example against sources and a receiver on this machine."""
    with serve(worked_example()) as api:
        environment = _known(python, home) | {
            "ADMIRA_PROGRAM": str(Path(sys.executable).with_name("admira")),
            "ADMIRA_STORE": str(tmp_path / "store"),
            "ADS_API_URL": api.ads_url,
            "CRM_API_URL": api.crm_url,
            "SINK_URL": f"{receiver.url}/kpis",
            "SINK_SECRET": "a secret of two",
        }
        yield lambda: subprocess.run(
            [str(python), "-c", SCRIPTS[orchestrator]],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


def _known(python: Path, home: Path) -> dict[str, str]:
    """Give the environment of an orchestrator that finds the examples and calls nobody."""
    return os.environ | {
        "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(OPS),
        "PYTHONDONTWRITEBYTECODE": "1",
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(OPS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "DO_NOT_TRACK": "1",
    }


def _called(*command: str, environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr


def keys_of(requests: list[Request]) -> set[str]:
    return {each.headers["Idempotency-Key"] for each in requests}


def test_it_fills_the_store_and_sends_yesterday_however_often(
    run: Run, receiver: Loopback, tmp_path: Path
) -> None:
    yesterdays = {f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"}
    for _ in range(2):
        done = run()
        assert done.returncode == 0, done.stdout + done.stderr
    yesterdays.add(f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}")  # midnight may have passed
    store = admira.open_store(tmp_path / "store")
    assert (len(store.ads()), len(store.crm())) == (4, 6)
    runs = store.runs()
    assert list(runs["status"].unique()) == ["ok"]
    assert runs["run_id"].nunique() == 2
    assert {each.json["date"] for each in receiver.requests} <= yesterdays
    assert len(keys_of(receiver.requests)) == len({x.json["date"] for x in receiver.requests})


def test_what_may_pass_is_tried_again(run: Run, receiver: Loopback) -> None:
    receiver.play(*[BUSY] * 6, Reply())  # more than one process tries
    done = run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(receiver.requests) == 7
    assert len(keys_of(receiver.requests)) == 1


def test_what_stays_is_not_tried_again(run: Run, receiver: Loopback) -> None:
    receiver.play(REFUSING)
    done = run()
    assert done.returncode != 0
    assert len(receiver.requests) == 1, done.stdout + done.stderr
