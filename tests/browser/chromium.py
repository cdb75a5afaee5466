"""A headless Chromium that can reach this machine and no other."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

_BINARIES = ("chromium", "chromium-browser", "google-chrome")
_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Unlike a route of Playwright's, this keeps the cache.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
_PATIENCE_MILLISECONDS = 60_000


@contextmanager
def empty_page() -> Iterator["Page"]:
    """Open a page; skip where there is no browser, but fail in CI."""
    binary = found_binary()
    try:
        from playwright.sync_api import expect, sync_playwright
    except ImportError:
        absent("Playwright is not installed: pip install 'admira[browser]'")
    expect.set_options(timeout=_PATIENCE_MILLISECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary, args=list(_OPTIONS))
        page = browser.new_page(
            viewport={"width": 1280, "height": 900}, locale="en-US", timezone_id="UTC"
        )
        page.set_default_timeout(_PATIENCE_MILLISECONDS)
        yield page
        browser.close()


def found_binary() -> str:
    """Find the browser."""
    binary = next(filter(None, map(shutil.which, _BINARIES)), None)
    return binary or absent(f"no browser found; looked for {', '.join(_BINARIES)}")


def absent(reason: str) -> NoReturn:
    """Skip the test for want of something; in CI, where it must not be wanting, fail."""
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
