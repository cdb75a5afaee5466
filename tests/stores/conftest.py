"""An empty store of each kind, for the conformance suite."""

from pathlib import Path

import pytest

from admira.stores.base import Backend
from tests.stores.backends import REMOTE_STORES, STORES


@pytest.fixture(params=[*STORES, *REMOTE_STORES])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    if request.param in STORES:
        return STORES[request.param](tmp_path)
    return REMOTE_STORES[request.param](request.getfixturevalue("bucket"))
