"""The loopback server as a fixture."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from .loopback import Loopback, Reply, Serve, serving


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers that play the replies given, and stop them after the test."""
    with ExitStack() as servers:

        def start(*replies: Reply) -> Loopback:
            return servers.enter_context(serving(*replies))

        yield start
