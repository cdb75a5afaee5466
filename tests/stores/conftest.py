"""An empty store of each kind for the conformance suite."""

from pathlib import Path

import pytest

from admira.stores.base import Backend
from tests.stores.backends import STORES


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    return STORES[request.param](tmp_path)
