"""The package's root: its names are sorted, complete, typed, and loaded when they are used."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest

import admira

VERBS = {
    "campaign_map",
    "compute_metrics",
    "extract_ads",
    "extract_crm",
    "ingest",
    "join_utm",
    "normalize",
    "open_store",
    "reconcile",
    "upsert",
    "validate",
}


def in_a_new_process(script: str) -> str:
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return run.stdout.strip()


def test_the_public_names_are_sorted_and_there_once() -> None:
    assert admira.__all__ == sorted(set(admira.__all__))


def test_the_verbs_and_the_errors_are_public() -> None:
    errors = {
        name
        for name, value in vars(import_module("admira.errors")).items()
        if isinstance(value, type) and issubclass(value, admira.AdmiraError)
    }
    assert VERBS | errors <= {*admira.__all__}


@pytest.mark.parametrize("name", admira.__all__)
def test_every_public_name_can_be_had_and_is_documented(name: str) -> None:
    value = getattr(admira, name)
    if callable(value):
        assert value.__doc__
        assert value.__module__.startswith("admira.")


def test_the_stub_names_the_same_from_the_same_modules() -> None:
    stub = ast.parse(Path(admira.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    imports = [node for node in stub.body if isinstance(node, ast.ImportFrom)]
    stubbed = {alias.asname: node.module for node in imports for alias in node.names}
    homes = {"datasets": "admira"} | {
        name: module
        for module, names in admira._HOMES.items()  # noqa: SLF001 - the table that the stub repeats
        for name in names
    }
    assert stubbed == homes
    assert sorted(homes) == admira.__all__


def test_no_public_name_is_a_modules_name() -> None:
    """The lazy root would hand out the module instead of the verb."""
    modules = {module.name for module in iter_modules(admira.__path__)}
    assert modules & {*admira.__all__} == {"datasets"}


@pytest.mark.parametrize("heavy", ["babel", "jinja2", "narwhals", "pandera", "plotly", "requests"])
def test_importing_admira_imports_pandas_and_nothing_else_heavy(heavy: str) -> None:
    script = f"import sys, admira; print({heavy!r} in sys.modules)"
    assert in_a_new_process(script) == "False"


def test_a_name_is_loaded_when_it_is_first_used() -> None:
    script = (
        "import sys, admira; before = 'admira.core.join' in sys.modules; admira.join_utm;"
        " print(before, 'admira.core.join' in sys.modules, 'join_utm' in vars(admira))"
    )
    assert in_a_new_process(script) == "False True True"


def test_completion_shows_all_names_before_they_are_loaded() -> None:
    script = (
        "import admira; names = dir(admira);"
        " print({*admira.__all__} <= {*names}, names == sorted(names))"
    )
    assert in_a_new_process(script) == "True True"


def test_a_star_import_gives_all_public_names() -> None:
    script = "from admira import *; import admira; print({*admira.__all__} <= {*globals()})"
    assert in_a_new_process(script) == "True"


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'admira' has no attribute 'join_utms'"):
        _ = admira.join_utms


def test_the_package_says_its_version_and_that_it_is_typed() -> None:
    assert admira.__version__.count(".") == 2
    assert Path(admira.__file__).with_name("py.typed").exists()
