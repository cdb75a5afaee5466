"""How far a long call is: who is told, who sees it, and that nothing is left behind."""

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from typing import Any

import pandas as pd
import pytest
from jupyter_client.manager import start_new_kernel

import admira
from admira.datasets import generate, worked_example
from admira.errors import OptionError
from admira.present.progress import watched

# Work of two steps that takes longer than a bar waits.
WORK = """
from time import sleep
from admira.present.progress import watched
with watched(%s) as tell:
    tell("reading", 0, 2)
    sleep(%s)
    tell("writing", 1, 2)
    sleep(0.2)
"""
SLOW, QUICK = WORK % ("None", 1), WORK % ("None", 0)
NO_RICH = "import sys; sys.modules['rich'] = None\n"
HIDES_CURSOR, SHOWS_CURSOR = "\x1b[?25l", "\x1b[?25h"


def test_a_callable_is_told_and_false_tells_nobody(capfd: pytest.CaptureFixture[str]) -> None:
    told: list[tuple[str, int, int]] = []
    with watched(lambda *step: told.append(step)) as tell:
        tell("reading", 0, 2)
    assert told == [("reading", 0, 2)]
    with watched(progress=False) as tell:
        tell("reading", 0, 2)
    assert capfd.readouterr() == ("", "")


def test_something_else_is_refused() -> None:
    store, example = admira.open_store("memory:"), worked_example()
    with pytest.raises(OptionError, match="progress='bar'"):
        admira.ingest(store, ads=example.ads, crm=example.crm, progress="bar")  # type: ignore[arg-type]
    assert store.ads().empty


def test_the_demo_tells_too() -> None:
    told: list[str] = []
    admira.demo(progress=lambda step, _done, _steps: told.append(step))
    assert told[-1] == "done"


# Terminals and pipes


def in_terminal(code: str, *, interrupt_after: float | None = None) -> str:
    """Run code whose standard error is a terminal, and give what came there."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=theirs,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "80"},
    ) as child:
        os.close(theirs)
        text = b""
        try:
            while chunk := os.read(ours, 1024):
                text += chunk
                if interrupt_after is not None and b"reading" in text:
                    time.sleep(interrupt_after)
                    child.send_signal(signal.SIGINT)
                    interrupt_after = None
        except OSError:  # how Linux says that the other side has closed
            pass
    os.close(ours)
    return text.decode()


def test_a_pipe_stays_clean() -> None:
    done = subprocess.run([sys.executable, "-c", SLOW], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_a_terminal_shows_the_steps_and_then_nothing() -> None:
    said = in_terminal(SLOW)
    assert "reading" in said
    assert "writing" in said
    assert said.count(HIDES_CURSOR) == said.count(SHOWS_CURSOR) == 1
    assert said.endswith("\x1b[2K")  # the line is wiped


def test_without_rich_it_is_one_line_that_is_wiped() -> None:
    said = in_terminal(NO_RICH + SLOW)
    assert [line.rstrip() for line in said.split("\r")] == [
        "",
        "0/2 reading",
        "1/2 writing",
        "",
        "",
    ]
    assert "\n" not in said


@pytest.mark.parametrize("code", [QUICK, NO_RICH + QUICK, WORK % ("False", 1)])
def test_quick_work_and_false_show_nothing(code: str) -> None:
    assert in_terminal(code) == ""


@pytest.mark.parametrize("before", ["", NO_RICH])
def test_an_interrupt_wipes_the_line_before_it_speaks(before: str) -> None:
    said = in_terminal(before + WORK % ("None", 30), interrupt_after=0.1)
    assert said.count(HIDES_CURSOR) == said.count(SHOWS_CURSOR)
    assert said.rstrip().endswith("KeyboardInterrupt")
    trace = said[said.index("Traceback") :]
    assert said[: said.index("Traceback")].endswith(("\x1b[2K", " \r"))
    assert "reading\r" not in trace


# Notebooks


@pytest.fixture(scope="module")
def kernel() -> Iterator[Any]:
    manager, client = start_new_kernel(kernel_name="python3")
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def outputs(kernel: Any, code: str, *, is_watched: bool) -> list[dict[str, Any]]:
    """Run a cell, and give the display messages that came."""
    asked = kernel.execute(code, allow_stdin=is_watched)
    found = []
    while True:
        try:
            message = kernel.get_iopub_msg(timeout=60)
        except Empty:
            pytest.fail("the kernel does not answer")
        if message["parent_header"].get("msg_id") != asked:
            continue
        kind, content = message["msg_type"], message["content"]
        if kind == "status" and content["execution_state"] == "idle":
            return found
        if kind not in {"status", "execute_input"}:
            found.append({"kind": kind, **content})


def test_a_cell_shows_one_bar_that_ends_as_nothing(kernel: Any) -> None:
    shown = outputs(kernel, SLOW, is_watched=True)
    kinds = [each["kind"] for each in shown]
    assert kinds == ["display_data", "update_display_data", "update_display_data"]
    first, second, last = (each["data"] for each in shown)
    assert '<progress value="0" max="2"' in first["text/html"]
    assert '<progress value="1" max="2"' in second["text/html"]
    assert last == {"text/html": "", "text/plain": ""}
    assert len({each["transient"]["display_id"] for each in shown}) == 1


def test_a_cell_that_nobody_watches_shows_nothing(kernel: Any) -> None:
    assert outputs(kernel, SLOW, is_watched=False) == []
    assert outputs(kernel, QUICK.replace("0.2", "0"), is_watched=True) == []


# Interrupts

INGEST = """
import sys, admira
from admira.datasets import generate
data = generate(days=60, campaigns=30, opportunities=1000)
tell = lambda step, done, steps: print(step, flush=True)
admira.ingest(sys.argv[1], ads=data.ads, crm=data.crm, progress=tell)
print("returned", flush=True)
"""


def rows(store: admira.Store) -> tuple[pd.DataFrame, pd.DataFrame]:
    return store.ads(), store.crm()


@pytest.fixture(scope="module")
def after() -> tuple[pd.DataFrame, pd.DataFrame]:
    store, example = admira.open_store("memory:"), worked_example()
    admira.ingest(store, ads=example.ads, crm=example.crm)
    data = generate(days=60, campaigns=30, opportunities=1000)
    admira.ingest(store, ads=data.ads, crm=data.crm)
    return rows(store)


@pytest.mark.parametrize(
    ("step", "seconds"),
    [
        ("ads: extract records", 0.0),
        ("crm: normalize and validate", 0.01),
        ("ads: write", 0.05),
        ("crm: write", 0.02),
        ("done", 0.0),
        ("done", 0.1),
        ("done", 0.3),
    ],
)
def test_an_interrupt_leaves_the_store_as_before_or_after(
    tmp_path: Path, after: tuple[pd.DataFrame, pd.DataFrame], step: str, seconds: float
) -> None:
    example = worked_example()
    store = admira.open_store(tmp_path / "store")
    admira.ingest(store, ads=example.ads, crm=example.crm)
    before = rows(store)
    with subprocess.Popen(
        [sys.executable, "-c", INGEST, str(tmp_path / "store")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        while child.stdout.readline().strip() != step:
            assert child.poll() is None
        time.sleep(seconds)
        child.send_signal(signal.SIGINT)
        said, complaint = child.communicate(timeout=60)
    found = admira.open_store(tmp_path / "store")
    assert found.verify().is_sound
    expected = after if len(found.ads()) > len(before[0]) else before
    for got, wanted in zip(rows(found), expected, strict=True):
        pd.testing.assert_frame_equal(got, wanted)
    assert "returned" in said or complaint.rstrip().endswith("KeyboardInterrupt")
