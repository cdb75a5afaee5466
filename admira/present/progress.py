"""How far a long call is: a bar in a notebook or a terminal, nothing where nobody looks."""

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock, Timer
from time import perf_counter
from typing import Any, Protocol

from admira.errors import OptionError

Progress = Callable[[str, int, int], None]
ProgressOption = Progress | bool | None

# Work that is done sooner shows nothing.
DELAY_SECONDS = 0.5


class Bar(Protocol):
    """Something that shows how far the work is."""

    def show(self, step: str, done: int, steps: int) -> None:
        """Show the step that is being done, and how many are; 0 steps: nobody knows how many."""

    def clear(self) -> None:
        """Leave no trace."""


@contextmanager
def watched(progress: ProgressOption = None) -> Iterator[Progress]:
    """Give a callable that is told of each step, and show them while the work goes on.

    Parameters
    ----------
    progress : callable or bool, optional
        A callable is told as it is.  By default a bar in a notebook that somebody watches and in a
        terminal, once the work has taken half a second; nothing elsewhere, and nothing with False.

    Yields
    ------
    callable
        To be told ``(step, steps_done, steps)``, from any thread.

    Raises
    ------
    OptionError
        When ``progress`` is something else.

    Examples
    --------
    >>> with watched(lambda *step: print(step)) as tell:
    ...     tell("count", 0, 1)
    ('count', 0, 1)
    """
    if callable(progress):
        yield progress
        return
    if progress not in (None, True, False):
        raise OptionError("progress", progress, ["None", "False", "a callable"])
    bar = None if progress is False else _bar()
    if bar is None:
        yield _silent
        return
    patient = _Patient(bar)
    try:
        yield patient.tell
    finally:
        patient.close()


class Clock:
    """Counts the steps of a call and tells of each before it starts; threads may share it."""

    def __init__(self, tell: Progress, *, steps: int) -> None:
        self._tell = tell
        self._steps = steps
        self._done = 0
        self._begun = perf_counter()
        self._lock = Lock()

    def tell(self, doing: str) -> None:
        """Tell of a step that starts."""
        with self._lock:
            self._tell(doing, self._done, self._steps)

    def tick(self) -> None:
        """Count a step that is done."""
        with self._lock:
            self._done += 1

    @contextmanager
    def step(self, doing: str) -> Iterator[None]:
        """Tell of a step and count it."""
        self.tell(doing)
        yield
        self.tick()

    def finish(self) -> float:
        """Tell that all is done, and give the seconds it took."""
        self._tell("done", self._steps, self._steps)
        return perf_counter() - self._begun


class _Patient:
    """Holds a bar back until the work has taken a while, and takes it away at the end."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar
        self._lock = Lock()
        self._latest: tuple[str, int, int] = ("", 0, 0)
        self._is_shown = self._is_closed = False
        self._timer = Timer(DELAY_SECONDS, self._begin)
        self._timer.daemon = True
        self._timer.start()

    def tell(self, step: str, done: int, steps: int) -> None:
        """Keep the step, and show it once the bar is there."""
        with self._lock:
            self._latest = (step, done, steps)
            if self._is_shown and not self._is_closed:
                self._bar.show(*self._latest)

    def close(self) -> None:
        """Take the bar away."""
        self._timer.cancel()
        with self._lock:
            self._is_closed = True
            if self._is_shown:
                self._bar.clear()

    def _begin(self) -> None:
        with self._lock:
            if not self._is_closed:
                self._is_shown = True
                self._bar.show(*self._latest)


class _CellBar:
    """A bar in a notebook cell, updated in place."""

    def __init__(self) -> None:
        self._handle: Any = None

    def show(self, step: str, done: int, steps: int) -> None:
        from IPython.display import display

        from admira.present.html import render

        html = render("progress", step=step, done=done, steps=steps)
        page = {"text/html": html, "text/plain": step}
        if self._handle is None:
            self._handle = display(page, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(page, raw=True)

    def clear(self) -> None:
        if self._handle is not None:
            self._handle.update({"text/html": "", "text/plain": ""}, raw=True)


class _LineBar:
    """One line of a terminal, written over and over."""

    def __init__(self) -> None:
        self._room = shutil.get_terminal_size().columns - 1

    def show(self, step: str, done: int, steps: int) -> None:
        text = f"{done}/{steps} {step}" if steps else step
        self._write(text[: self._room].ljust(self._room))

    def clear(self) -> None:
        self._write(" " * self._room + "\r")

    def _write(self, text: str) -> None:
        sys.stderr.write(f"\r{text}")
        sys.stderr.flush()


class _RichBar:
    """A bar of rich in a terminal."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bars

        text = TextColumn("{task.description}", markup=False)
        columns = (BarColumn(bar_width=24), text, TimeElapsedColumn())
        self._bars = Bars(*columns, console=Console(stderr=True), transient=True)
        self._task = self._bars.add_task("", total=None)

    def show(self, step: str, done: int, steps: int) -> None:
        self._bars.update(self._task, description=step, completed=done, total=steps or None)
        self._bars.start()

    def clear(self) -> None:
        self._bars.stop()


def _bar() -> Bar | None:
    """Give a bar for whoever looks, if anybody does."""
    shell = _shell()
    if shell is not None and hasattr(shell, "kernel"):
        return _CellBar() if _is_watched(shell.kernel) else None
    if sys.stderr is None or not sys.stderr.isatty():
        return None
    try:
        return _RichBar()
    except ModuleNotFoundError:
        return _LineBar()


def _shell() -> Any:
    """Give the IPython shell that this runs in; it is not imported for that."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def _is_watched(kernel: Any) -> bool:
    """Say whether somebody is there: a notebook that a program runs cannot be asked for input."""
    return bool(getattr(kernel, "_allow_stdin", True))


def _silent(_step: str, _done: int, _steps: int) -> None:
    """Tell nobody."""
