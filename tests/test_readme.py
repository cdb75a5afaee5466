"""README says what the code says."""

import re

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from admira.cli import app

from .readme_tables import README, with_tables

TEXT = README.read_text(encoding="utf-8")


def test_the_tables_are_those_of_the_schemas() -> None:
    assert with_tables(TEXT) == TEXT


def test_a_table_that_differs_would_be_noticed() -> None:
    assert with_tables(TEXT.replace("the ad account's local day", "the day")) == TEXT


def named_commands() -> set[str]:
    """Find the commands in README's blocks of shell."""
    blocks = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
    return set(re.findall(r"\badmira ([a-z]+)", "\n".join(blocks)))


@pytest.mark.parametrize("command", sorted(named_commands()))
def test_every_command_that_it_names_exists(command: str) -> None:
    assert CliRunner().invoke(app, [command, "--help"]).exit_code == 0


def test_every_command_is_named() -> None:
    assert set(get_command(app).commands) == named_commands()
