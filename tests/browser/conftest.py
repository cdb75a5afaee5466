"""One JupyterLab and one page for all browser tests; the notebooks are opened as tabs."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.chromium import empty_page
from tests.browser.lab import Lab
from tests.browser.server import jupyterlab
from tests.notebooks.execute import FOLDER


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with copies of the notebooks and of the demo files, as they stand here."""
    shelf = tmp_path_factory.mktemp("shelf")
    for folder in (FOLDER, FOLDER.parent / "data"):
        shutil.copytree(folder, shelf / folder.name, ignore=shutil.ignore_patterns(".*"))
    return shelf


@pytest.fixture(scope="session")
def lab(shelf: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Give JupyterLab, with no notebook open."""
    home = tmp_path_factory.mktemp("home")
    with empty_page() as page, jupyterlab(shelf, home) as address:
        yield Lab(page, address)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder for screenshots: ``ADMIRA_SCREENSHOTS``, else one of the test run's."""
    named = os.environ.get("ADMIRA_SCREENSHOTS")
    folder = Path(named) if named else tmp_path_factory.mktemp("pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
