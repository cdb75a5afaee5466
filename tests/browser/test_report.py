"""A report in a real browser."""

from pathlib import Path

import pytest

import admira
from tests.browser.lab import Lab

pytestmark = pytest.mark.browser


def test_a_browser_asks_no_host_for_anything_and_shows_it_whole(lab: Lab, tmp_path: Path) -> None:
    report = admira.report(
        admira.demo(), start="2025-11-01", end="2025-11-30", path=tmp_path / "report.html"
    )
    asked: list[str] = []
    broken: list[str] = []
    browser = lab.page.context.browser
    assert browser is not None
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: broken.append(message.text))
    page.goto(report.path.as_uri())
    page.emulate_media(media="print")
    sizes = page.evaluate("[...document.images].map(image => image.naturalWidth)")
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    page.close()
    assert {url for url in asked if not url.startswith("data:")} == {report.path.as_uri()}
    assert not broken
    assert len(sizes) > 7
    assert min(sizes) > 0
    assert wide <= 0
