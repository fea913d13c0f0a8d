"""How quickly the studio answers the brush in a browser: ``python -m benchmarks.studio_browser``.

A new project of the generator of faces, Chromium without a screen, strokes with the mouse. The page itself
measures from the end of a stroke to its prediction, drawn. The bar is 300 ms (median of 50).
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright
from tests.browser.chromium import launched
from tests.browser.studio_page import StudioPage

from benchmarks.studio_server import StudioServer
from partly.storage import write_json

_MEASURED = "stroke end to prediction"
_LIVE_S, _ANSWER_S = 60, 20


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.studio_browser", description=__doc__)
    options.add_argument("--generator", default="ffhq")
    options.add_argument("--strokes", type=int, default=50)
    options.add_argument("--out", type=Path, default=Path("bench-out"))
    asked = options.parse_args()
    draws = random.Random(0)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = StudioServer(Path(folder) / "project", "--generator", asked.generator)
        with server, launched(playwright) as browser:
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            studio = StudioPage(page, f"http://{server.host}:{server.port}/")
            studio.open()
            page.wait_for_timeout(1000 * _LIVE_S)  # wall and proposals: nothing else should run beside it
            for number in range(asked.strokes + 2):
                page.keyboard.press(str(number % 2 if number < 2 else draws.randrange(10)))
                x, y = draws.uniform(0.2, 0.8), draws.uniform(0.2, 0.8)
                studio.paint((x, y), (x + draws.uniform(-0.1, 0.1), y + draws.uniform(-0.1, 0.1)))
                if number:  # two parts are the least
                    page.wait_for_function(
                        "([name, n]) => performance.getEntriesByName(name).length >= n",
                        arg=[_MEASURED, number],
                        timeout=1000 * _ANSWER_S,
                    )
            measured = f"performance.getEntriesByName('{_MEASURED}').map((e) => e.duration)"
            times = sorted(page.evaluate(measured))
    found = {
        "strokes": len(times),
        "median, ms": round(statistics.median(times)),
        "nine in ten below, ms": round(times[int(0.9 * len(times))]),
        "most, ms": round(times[-1]),
    }
    print(found)
    write_json(asked.out / "studio-browser.json", found)


if __name__ == "__main__":
    main()
