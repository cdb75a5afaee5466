"""What may be copied to run admira daily: it names what the program has, and keeps the rules."""

import ast
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from hera.workflows.models import CronWorkflow
from typer.main import get_command

from admira.cli import app
from admira.config import Settings
from admira.exit_codes import ExitCode

OPS = Path(__file__).parents[2] / "data" / "ops"
EXAMPLES = [
    "admira.service",
    "airflow_dag.py",
    "argo-cronworkflow.yaml",
    "crontab",
    "kubernetes-cronjob.yaml",
    "prefect_flow.py",
]
STAYS = {ExitCode.FAILED, ExitCode.WRONG_USAGE, ExitCode.NOT_ALIVE}
SETTINGS = {name.upper() for name in Settings.model_fields}

Call = tuple[str, ...]


def read(name: str) -> str:
    return (OPS / name).read_text(encoding="utf-8")


def documents(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(read(name)))


def nested(node: Any) -> Iterator[dict[str, Any]]:
    """Give every mapping in a document, outer ones first."""
    if isinstance(node, dict):
        yield node
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from nested(each)


def containers(name: str) -> list[dict[str, Any]]:
    return [each for document in documents(name) for each in nested(document) if "image" in each]


def calls_in(name: str) -> list[Call]:
    """Find how an example calls the program, in the order of the file."""
    if name.endswith(".yaml"):
        return [tuple(each["command"][1:]) for each in containers(name)]
    if name.endswith(".py"):
        return list(_calls_in_python(ast.parse(read(name))))
    shells = re.findall(r"/opt/admira/bin/admira ([^>\n]*?)\s*(?:>>|$)", read(name), re.MULTILINE)
    return [tuple(shlex.split(each)) for each in shells]


def _calls_in_python(tree: ast.Module) -> Iterator[Call]:
    """Find the calls of ``run``; what is no constant there is a day."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "run":
            given = [each.value if isinstance(each, ast.Constant) else "" for each in node.args]
            yield tuple(str(each) or "2025-08-31" for each in given)


# What the program has


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_ingests_what_is_new_and_then_exports(name: str) -> None:
    ingest, export = calls_in(name)
    assert ingest == ("ingest", "--since", "auto")
    assert export[:3] == ("export", "--by", "channel")


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_calls_only_what_the_program_has(name: str) -> None:
    commands = get_command(app).commands  # type: ignore[attr-defined]
    for command, *options in calls_in(name):
        commands[command].make_context(command, options)  # an error for what it does not know


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_setting_that_an_example_names_exists(name: str) -> None:
    named = set(re.findall(r"\b(?:ADMIRA|ADS|CRM|SINK)_[A-Z_]+\b", read(name)))
    assert named - {"ADMIRA_PROGRAM"} <= SETTINGS
    assert "ADMIRA_STORE" in named


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_tries_again_after_what_may_pass_only(name: str) -> None:
    text = read(name)
    if name.endswith(".py"):
        assert f"TRY_LATER = {ExitCode.TRY_LATER.value}\n" in text
    elif name == "argo-cronworkflow.yaml":
        retried = [
            each["retryStrategy"] for each in nested(documents(name)) if "retryStrategy" in each
        ]
        assert len(retried) == len(containers(name))
        codes = set(map(int, re.findall(r"\d+", retried[0]["expression"])))
        assert ExitCode.TRY_LATER in codes
        assert not codes & STAYS
    elif name == "kubernetes-cronjob.yaml":
        (rule,) = (each["onExitCodes"] for each in nested(documents(name)) if "onExitCodes" in each)
        assert (rule["operator"], set(rule["values"])) == ("In", STAYS)
    elif name == "admira.service":
        (codes_kept,) = re.findall("^RestartPreventExitStatus=(.*)$", text, re.MULTILINE)
        assert set(map(int, codes_kept.split())) == STAYS


# Kubernetes and Argo


def test_the_cron_job_is_what_kubernetes_takes() -> None:
    volume, job = documents("kubernetes-cronjob.yaml")
    for document in (volume, job):
        kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert job["spec"]["concurrencyPolicy"] == "Forbid"
    assert pod["restartPolicy"] == "Never"  # else a podFailurePolicy is refused
    assert [each["name"] for each in pod["initContainers"]] == ["ingest"]
    claims = [each.get("persistentVolumeClaim", {}).get("claimName") for each in pod["volumes"]]
    assert volume["metadata"]["name"] in claims


def test_the_workflow_is_what_argo_takes() -> None:
    (workflow,) = documents("argo-cronworkflow.yaml")
    read_back = CronWorkflow.model_validate(workflow)
    written = read_back.model_dump(mode="json", by_alias=True, exclude_none=True)
    assert written == workflow  # what it does not know would be gone
    assert workflow["spec"]["concurrencyPolicy"] == "Forbid"
    spec = workflow["spec"]["workflowSpec"]
    daily, *steps = spec["templates"]
    assert daily["name"] == spec["entrypoint"]
    named = [step["template"] for (step,) in daily["steps"]]
    assert named == [step["name"] for step in steps] == ["ingest", "export"]


@pytest.mark.parametrize("name", ["argo-cronworkflow.yaml", "kubernetes-cronjob.yaml"])
def test_a_container_holds_no_secret_and_keeps_the_store_on_a_volume(name: str) -> None:
    for container in containers(name):
        given = {each["name"]: each for each in container["env"]}
        literal = {each for each, value in given.items() if "value" in value}
        assert literal == {"ADMIRA_STORE"}
        for secret in given.keys() - literal:
            assert given[secret]["valueFrom"]["secretKeyRef"]["key"] == secret
        mounted = [each["mountPath"] for each in container["volumeMounts"]]
        assert Path(given["ADMIRA_STORE"]["value"]).is_relative_to(mounted[0])
        assert container["securityContext"]["readOnlyRootFilesystem"]


def test_both_run_the_same() -> None:
    ours, theirs = (containers(name) for name in ("kubernetes-cronjob.yaml", EXAMPLES[2]))
    alike = ("image", "command", "env", "resources", "securityContext", "volumeMounts")
    assert [[each[name] for name in alike] for each in ours] == [
        [each[name] for name in alike] for each in theirs
    ]


# systemd and cron


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_the_units_are_what_systemd_takes(tmp_path: Path) -> None:
    for name in ("admira.service", "admira.timer"):
        text = read(name).replace("/opt/admira/bin/admira", "/bin/true")
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", *map(str, tmp_path.iterdir())],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_crontab_is_one_line_that_cron_takes() -> None:
    lines = [line for line in read("crontab").splitlines() if not line.startswith("#")]
    variables = [line for line in lines if re.fullmatch(r"[A-Z_]+=\S+", line)]
    (job,) = (line for line in lines if line not in variables)
    minute, hours, *rest, user, command = job.split(maxsplit=6)
    assert (minute, hours, rest) == ("0", "6-8", ["*"] * 3)
    assert user == "admira"
    assert "%" not in command  # cron makes a new line of it


# Airflow and Prefect


@pytest.mark.parametrize("name", ["airflow_dag.py", "prefect_flow.py"])
def test_a_python_example_compiles(name: str) -> None:
    compile(read(name), name, "exec", dont_inherit=True)
