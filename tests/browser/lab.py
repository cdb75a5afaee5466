"""JupyterLab as a reader sees it: opens notebooks, runs them, uses their widgets, reports faults.

Every step waits for what it expects to see, and no step sleeps.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tests.browser.server import TOKEN

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

CHART = ".js-plotly-plot:has(.main-svg)"
WIDGET = ".jp-OutputArea-output > .jupyter-widgets"
PANEL = ".jp-NotebookPanel:not(.lm-mod-hidden)"
CHART_TYPE = "application/vnd.plotly.v1+json"
WIDGET_TYPE = "application/vnd.jupyter.widget-view+json"

_TAB = "window.tab"
_LOST = Path(__file__).with_name("lost.js").read_text()
_RUN_MILLISECONDS = 120_000
_RENDER_MILLISECONDS = 10_000
_WIDGET_FAULTS = ("Error displaying widget", "Loading widget", "VBox(children", "HBox(children")


class Lab:
    """A page with JupyterLab in it, and the notebook that is open there."""

    def __init__(self, page: "Page", address: str) -> None:
        self.page = page
        self.outside: list[str] = []
        self.page_errors: list[str] = []
        page.on("request", lambda request: self._note(request.url, address))
        page.on("websocket", lambda socket: self._note(socket.url, address))
        page.on("pageerror", lambda error: self.page_errors.append(str(error)))
        page.goto(f"{address}/lab?token={TOKEN}&reset")
        page.wait_for_function("() => window.jupyterapp?.started")
        page.evaluate("async () => { await jupyterapp.restored; jupyterapp.shell.collapseLeft(); }")

    def _note(self, url: str, address: str) -> None:
        """Remember a request to another host."""
        host = address.partition("://")[2]
        if not url.startswith((f"http://{host}/", f"ws://{host}/", "data:", "blob:")):
            self.outside.append(url)

    def _do(self, script: str, argument: object = None) -> None:
        """Have JupyterLab do something; a question that nobody answers ends in an error."""
        self.page.evaluate(
            f"""argument => Promise.race([
                ({script})(argument),
                new Promise((_, fail) => setTimeout(fail, {_RUN_MILLISECONDS}, "took too long")),
            ])""",
            argument,
        )

    @property
    def panel(self) -> "Locator":
        """The notebook that is open."""
        return self.page.locator(PANEL)

    @contextmanager
    def opened(self, path: str) -> Iterator["Lab"]:
        """Open a notebook for the length of a block."""
        self.open(path)
        try:
            yield self
        finally:
            self.close()

    def open(self, path: str) -> None:
        """Open a notebook, by its path below the server's folder."""
        self.outside.clear()
        self.page_errors.clear()
        self._do(
            """async path => {
                const options = {path, factory: 'Notebook'};
                window.tab = await jupyterapp.commands.execute('docmanager:open', options);
                jupyterapp.shell.activateById(window.tab.id);
                await window.tab.context.ready;
                await window.tab.sessionContext.ready;
            }""",
            path,
        )
        self.panel.locator(".jp-Cell").first.wait_for()

    def run(self) -> None:
        """Run all cells, and wait until their charts and widgets are there."""
        kernel = f"{_TAB}.sessionContext.session?.kernel?.status"
        self.page.wait_for_function(f"() => ['idle', 'busy'].includes({kernel})")
        self.page.evaluate(
            """() => {
                window.ran = false;
                const done = () => { window.ran = true; };
                jupyterapp.commands.execute('notebook:run-all-cells').then(done, done);
            }"""
        )
        self.page.wait_for_function("() => window.ran", timeout=_RUN_MILLISECONDS)
        self.idle()
        if not self.errors():
            self.wait_for_charts(self.shown(CHART_TYPE))
            self.wait_for_widgets(self.shown(WIDGET_TYPE))

    def idle(self) -> None:
        """Wait until the kernel has nothing to do and the page has painted."""
        self.page.wait_for_function(
            f"() => {_TAB}.sessionContext.session.kernel.status === 'idle'",
            timeout=_RUN_MILLISECONDS,
        )
        self.page.evaluate(
            "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )

    def cells(self) -> list[dict[str, Any]]:
        """Give the cells as the page holds them, outputs and all."""
        return list(self.page.evaluate(f"() => {_TAB}.content.model.toJSON().cells"))

    def shown(self, kind: str) -> int:
        """Count the outputs of a MIME type."""
        outputs = [output for cell in self.cells() for output in cell.get("outputs", ())]
        return sum(kind in output.get("data", {}) for output in outputs)

    def errors(self) -> list[str]:
        """Name the errors of cells that are not meant to fail."""
        return [
            f"cell {place}: {output['ename']}: {output['evalue']}"
            for place, cell in enumerate(self.cells(), start=1)
            if "raises-exception" not in cell["metadata"].get("tags", ())
            for output in cell.get("outputs", ())
            if output["output_type"] == "error"
        ]

    def faults(self) -> list[str]:
        """Name all that a reader should never meet: errors, other hosts, widgets that are not."""
        text = self.panel.inner_text()
        return [
            *self.errors(),
            *(f"asks another host: {url}" for url in self.outside),
            *(f"error in the page: {error}" for error in self.page_errors),
            *(f"shows {fault!r}" for fault in _WIDGET_FAULTS if fault in text),
        ]

    def is_trusted(self) -> bool:
        """Whether the page shows all that the notebook holds, or only what is harmless."""
        return bool(
            self.page.evaluate(
                f"""() => Array.from({_TAB}.content.model.cells)
                    .some(cell => cell.type === 'code' && cell.outputs.length && cell.trusted)"""
            )
        )

    def lost(self) -> list[str]:
        """Name the outputs whose text or tables the page does not show."""
        from playwright.sync_api import TimeoutError as TookTooLong

        with suppress(TookTooLong):
            self.page.wait_for_function(f"() => !({_LOST})().length", timeout=_RENDER_MILLISECONDS)
        return list(self.page.evaluate(_LOST))

    def close(self) -> None:
        """Stop the kernel and close the notebook, unsaved."""
        self._do(
            f"""async () => {{
                await {_TAB}.sessionContext.shutdown();
                {_TAB}.context.model.dirty = false;  // else it asks
                {_TAB}.close();
            }}"""
        )
        self.panel.wait_for(state="detached")

    def theme(self, name: Literal["Light", "Dark"]) -> None:
        """Change the theme."""
        theme = f"JupyterLab {name}"
        self._do("theme => jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
        self.page.wait_for_function("name => document.body.dataset.jpThemeName === name", arg=theme)

    def screenshot(self, file: Path) -> None:
        """Save a picture of the whole notebook, however long."""
        with self._all_in_view():
            self.panel.screenshot(path=file)

    def picture(self, file: Path, place: int) -> None:
        """Save a picture of one code cell, counted from 1, with what it shows."""
        with self._all_in_view():
            self.panel.locator(".jp-CodeCell").nth(place - 1).screenshot(path=file)

    @contextmanager
    def _all_in_view(self) -> Iterator[None]:
        """Make the page as high as the notebook is long."""
        size = self.page.viewport_size
        assert size
        scroller = self.panel.locator(".jp-WindowedPanel-outer")
        hidden = scroller.evaluate("pane => pane.scrollHeight - pane.clientHeight")
        self.page.set_viewport_size({**size, "height": size["height"] + hidden})
        scroller.evaluate("pane => pane.scrollTo(0, 0)")
        yield
        self.page.set_viewport_size(size)

    # What a reader does.

    def press(self, name: str) -> None:
        """Press a button, or switch a toggle button."""
        has_name = re.compile(rf"^\W*{re.escape(name)}$")  # before it stands an icon's character
        self.panel.get_by_role("button", name=has_name).click()

    def choose(self, option: str, *, label: str | None = None) -> None:
        """Choose in the dropdown that offers the option, or in the one with the label."""
        offered = self.page.locator("option", has_text=option)
        dropdowns = self.panel.locator(".widget-dropdown")
        if label is not None:
            dropdowns = dropdowns.filter(has=self.page.get_by_text(label, exact=True))
        dropdowns.locator("select").and_(
            self.page.locator("select").filter(has=offered)
        ).select_option(label=option)

    def unfold(self, title: str) -> None:
        """Open a part of an accordion, by its title."""
        heads = self.panel.locator(".jupyter-widget-Collapse-header")
        heads.filter(has_text=re.compile(rf"^\W*{re.escape(title)}$")).click()

    def enter_day(self, day: str, *, place: int = 0) -> None:
        """Enter a day, ``2026-06-01``, in one of the date pickers."""
        picker = self.panel.locator(".widget-datepicker input[type=date]").nth(place)
        picker.fill(day)
        picker.blur()

    def enter_text(self, text: str, *, place: int = 0) -> None:
        """Enter a text, in one of the text fields."""
        field = self.panel.locator(".widget-text input[type=text]").nth(place)
        field.fill(text)
        field.press("Enter")

    # What a reader then sees.

    def wait_for_text(self, text: str) -> None:
        """Wait until an output shows a text."""
        self._outputs.filter(has_text=text).first.wait_for()

    def wait_for_title(self, title: str) -> None:
        """Wait until a chart has a title."""
        self.panel.locator(".gtitle").filter(
            has_text=re.compile(f"^{re.escape(title)}$")
        ).wait_for()

    def wait_until_gone(self, text: str) -> None:
        """Wait until no output shows a text."""
        from playwright.sync_api import expect

        expect(self._outputs.filter(has_text=text)).to_have_count(0)

    def wait_for_charts(self, least: int = 1) -> None:
        """Wait until so many charts are drawn."""
        if least:
            self.panel.locator(CHART).nth(least - 1).wait_for()

    def wait_for_widgets(self, least: int = 1) -> None:
        """Wait until so many widgets are there."""
        if least:
            self.panel.locator(WIDGET).nth(least - 1).wait_for()

    @property
    def _outputs(self) -> "Locator":
        return self.panel.locator(".jp-OutputArea-output")
