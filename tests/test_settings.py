"""Settings: arguments win over the environment, that over .env; what is wrong is one sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

import admira
from admira import OptionError, Settings, SettingsError
from admira.cli import app
from admira.cli_upkeep import asking
from admira.present.language import set_language

SECRET = "correct horse battery staple"  # noqa: S105 - no real one


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty folder, with no variable of admira's set."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_an_argument_wins_over_the_environment_and_that_over_the_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Settings().admira_store == "./admira-store"
    (folder / ".env").write_text("ADMIRA_STORE=of-the-file\n", encoding="utf-8")
    assert Settings().admira_store == "of-the-file"
    monkeypatch.setenv("ADMIRA_STORE", "of-the-environment")
    assert Settings().admira_store == "of-the-environment"
    assert Settings(admira_store="given").admira_store == "given"
    assert Settings(admira_store=None).admira_store == "of-the-environment"


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SINK_URL", "")
    assert Settings().sink_url is None


def test_settings_never_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().admira_store = "other"


def test_no_secret_and_no_address_is_shown() -> None:
    settings = Settings(
        sink_secret=SECRET, sink_url=f"https://sink.example.com/?token={SECRET}", ads_api_url=SECRET
    )
    assert SECRET not in f"{settings!r} {settings} {settings.sink_secret}"
    assert settings.sink_secret is not None
    assert settings.sink_secret.get_secret_value() == SECRET


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ADS_API_URL", "http://ads.example.com:99999/rows"),
        ("CRM_API_URL", "https://:443/rows"),
        ("SINK_URL", "http://sink.example.com:port/kpis"),
        ("SINK_URL", "sink.example.com/kpis"),
        ("SINK_URL", "http://sink.example.com:0/"),
        ("SINK_SECRET", "   "),
        ("ADMIRA_TIMEOUT_SECONDS", "five"),
        ("ADMIRA_TIMEOUT_SECONDS", "0"),
        ("ADMIRA_DEADLINE_SECONDS", "inf"),
        ("ADMIRA_TRACEBACK", "perhaps"),
    ],
)
def test_a_bad_value_is_one_sentence_that_does_not_repeat_it(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as caught:
        Settings()
    expected = Settings.model_fields[variable.lower()].title
    assert str(caught.value) == (
        f"{variable} should be {expected}; correct the argument, the variable or its line in .env."
    )
    assert caught.value.setting == variable
    assert caught.value.__context__ is None


def test_a_path_is_a_source_too() -> None:
    assert Settings(ads_api_url="exports/*.csv").ads_api_url == "exports/*.csv"
    assert Settings(ads_api_url="s3://bucket/ads.csv").ads_api_url == "s3://bucket/ads.csv"


def test_a_file_in_another_encoding_is_one_sentence(folder: Path) -> None:
    (folder / ".env").write_bytes(b"ADMIRA_STORE=caf\xe9\n")
    with pytest.raises(SettingsError, match=r"^\.env should be a text file in UTF-8") as caught:
        Settings()
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_a_file_that_may_not_be_read_is_one_sentence(folder: Path) -> None:
    """Root may read everything, so another user asks."""
    (folder / ".env").write_text("ADMIRA_STORE=shop\n", encoding="utf-8")
    (folder / ".env").chmod(0)
    folder.chmod(0o755)
    script = (
        "import os, admira, admira.config\n"
        "if os.geteuid() == 0: os.seteuid(65534)\n"
        "try: admira.Settings()\n"
        "except admira.SettingsError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=folder, check=True
    )
    assert done.stdout.startswith(".env should be a text file in UTF-8 that can be read; check its")


def test_a_setting_that_does_not_exist_is_refused() -> None:
    with pytest.raises(OptionError, match="Did you mean 'sink_url'"):
        Settings(sink_ulr="https://sink.example.com")


def test_a_missing_source_is_one_sentence() -> None:
    with pytest.raises(admira.SourceRejected, match=r"^No source for ads: .* set ADS_API_URL"):
        admira.ingest("memory:")


def test_a_command_says_it_in_one_sentence_too(folder: Path) -> None:
    (folder / ".env").write_text("ADMIRA_TIMEOUT_SECONDS=soon\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["ingest", "--ads", "a.csv", "--crm", "c.csv"])
    assert isinstance(done.exception, SettingsError)
    assert str(done.exception).startswith("ADMIRA_TIMEOUT_SECONDS should be a number of seconds")


def test_the_time_that_commands_wait_is_a_setting(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / ".env").write_text("ADMIRA_DEADLINE_SECONDS=30\n", encoding="utf-8")
    monkeypatch.setenv("ADMIRA_TIMEOUT_SECONDS", "20")
    assert asking() == admira.HttpClient(timeout_seconds=20, deadline_seconds=30)


def test_a_setting_for_others_keeps_nothing_from_showing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SINK_URL", "kafka://somebody.else")
    set_language(None)
    assert admira.language() == "en"


def test_settings_that_cannot_be_read_hide_no_error(folder: Path) -> None:
    (folder / ".env").write_bytes(b"\xff")
    lines = OptionError("metric", "cpaa", ["cpa"])._render_traceback_()
    assert lines[0].startswith("OptionError: metric='cpaa' is not understood")
