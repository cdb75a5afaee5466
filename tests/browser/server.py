"""A JupyterLab server on a free port of this machine, with settings and history of its own."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import urllib3

TOKEN = "test-token"  # noqa: S105 - opens a server that lives for one run of the tests

_SETTINGS = {
    # No toast that asks whether to fetch news.
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    # Cells out of sight are rendered too, and a picture ends with the last one.
    "notebook-extension/tracker": {"windowingMode": "none", "scrollPastEnd": False},
}
_FOLDERS = (
    "IPYTHONDIR",
    "JUPYTERLAB_SETTINGS_DIR",
    "JUPYTERLAB_WORKSPACES_DIR",
    "JUPYTER_CONFIG_DIR",
    "JUPYTER_DATA_DIR",
    "JUPYTER_RUNTIME_DIR",
)


@contextmanager
def jupyterlab(root: Path, home: Path) -> Iterator[str]:
    """Serve the notebooks below a folder; give the address of the server."""
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={TOKEN}",
        f"--ServerApp.root_dir={root}",
        "--LabApp.expose_app_in_browser=True",
        "--ServerApp.terminals_enabled=False",
    ]
    log = home / "jupyterlab.log"
    with (
        log.open("w") as said,
        subprocess.Popen(command, env=_environment(home), stdout=said, stderr=said) as server,
    ):
        try:
            _wait_until_ready(address, log)
            yield address
        finally:
            server.terminate()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _environment(home: Path) -> dict[str, str]:
    """Give an environment in which nothing of the user's own set-up is read or written."""
    folders = {name: home / name.lower() for name in _FOLDERS}
    for folder in folders.values():
        folder.mkdir(parents=True)
    for name, settings in _SETTINGS.items():
        file = folders["JUPYTERLAB_SETTINGS_DIR"] / f"@jupyterlab/{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(settings))
    return {**os.environ, **{name: str(folder) for name, folder in folders.items()}}


def _wait_until_ready(address: str, log: Path) -> None:
    retries = urllib3.Retry(240, backoff_factor=0.1, backoff_max=0.5)
    with urllib3.PoolManager(retries=retries) as pool:
        try:
            pool.request("GET", f"{address}/api/status?token={TOKEN}")
        except urllib3.exceptions.MaxRetryError as error:
            message = f"JupyterLab did not start:\n{log.read_text()[-2000:]}"
            raise RuntimeError(message) from error
