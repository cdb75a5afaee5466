"""The program as its tests call it: by the words of a command line."""

import json
from typing import Any

from typer.testing import CliRunner

from admira.cli import app
from admira.errors import AdmiraError


def asked(*words: str, exit_code: int = 0) -> str:
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == exit_code, done.output
    return done.stdout


def told(*words: str, exit_code: int = 0) -> Any:
    """Ask a command for JSON; the whole of what it prints is one value."""
    return json.loads(asked(*words, "--json", exit_code=exit_code))


def refused(*words: str) -> AdmiraError:
    """Ask for what cannot be, and give the error that the program ends with."""
    error = CliRunner().invoke(app, list(words)).exception
    assert isinstance(error, AdmiraError), error
    return error
