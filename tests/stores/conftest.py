"""An empty store of each kind for the conformance suite, and an empty bucket of S3."""

import logging
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import pytest

from admira.stores.base import Backend
from tests.stores.backends import REMOTE_STORES, STORES

KEY_ID, SECRET = "the-key-id", "the-secret-key"

_NUMBERS = count(1)


@pytest.fixture(params=[*STORES, *REMOTE_STORES])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    if request.param in STORES:
        return STORES[request.param](tmp_path)
    return REMOTE_STORES[request.param](request.getfixturevalue("bucket"))


@pytest.fixture(scope="session")
def s3() -> Iterator[Any]:
    """Serve the API of S3 on this machine, and give a client of it."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    client = boto3.client(
        "s3",
        endpoint_url=f"http://{host}:{port}",
        region_name="us-east-1",
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
    )
    yield client
    client.close()
    server.stop()


@pytest.fixture
def bucket(s3: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Give the URL of an empty bucket, and let the environment hold credentials for it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {
        "AWS_ACCESS_KEY_ID": KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_CONFIG_FILE": str(tmp_path / "no-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "no-credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    bucket = f"bucket-{next(_NUMBERS)}"
    s3.create_bucket(Bucket=bucket)
    return f"s3://{bucket}?endpoint_override={s3.meta.endpoint_url}&region=us-east-1"
