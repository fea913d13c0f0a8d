"""Chromium without a screen and with a camera that is none, for tests and benchmarks of the page."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

_SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)
MISSING = "There is no Chromium. Install it (apt-get install chromium), or set PARTLY_CHROMIUM"


def chromium_path() -> str | None:
    """The one that PARTLY_CHROMIUM names, or Debian's; None: there is none."""
    return os.environ.get("PARTLY_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


def launched(playwright: Playwright) -> Browser:
    """A browser; close it after use.

    Raises:
        FileNotFoundError: there is no Chromium.
    """
    path = chromium_path()
    if path is None:
        raise FileNotFoundError(MISSING)
    return playwright.chromium.launch(executable_path=path, args=list(_SWITCHES))
