"""Takes docs/img/report.png, the picture in the README: the overview of a finished run's report.

    python docs/screenshot.py RUN_FOLDER

Needs a Chromium on this machine; none is downloaded.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

if __name__ == "__main__":
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None or len(sys.argv) != 2:
        sys.exit(__doc__)
    target = Path(__file__).parent / "img" / "report.png"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1180, "height": 690})
        page.goto((Path(sys.argv[1]).resolve() / "report.html").as_uri())
        page.screenshot(path=target)
        browser.close()
    print(f"{target.name}: {target.stat().st_size / 1000:.0f} kB")
