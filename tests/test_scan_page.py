"""audit.html in a browser: it fetches nothing, fits a narrow screen, and loses no word of a name."""

from __future__ import annotations

import shutil
from pathlib import Path

from chromium import browser
from made_video import walk, write

from vsslfw.cli import main


def test_the_page_opens_by_itself_and_fits_a_telephone(tmp_path: Path) -> None:
    name = "<b>P1</b>"
    for folder in (name, "P2"):
        (tmp_path / folder / "ES").mkdir(parents=True)
    write(
        tmp_path / name / "ES" / "a_very_long_name_without_any_place_to_break_it_as_recorders_make_them_20260101.mp4",
        walk(3, fps=15),
        fps=15,
    )
    shutil.copy(next((tmp_path / name / "ES").iterdir()), tmp_path / "P2" / "ES" / "copy.mp4")
    write(tmp_path / "P2" / "ES" / "b.mp4", walk(3, fps=15, seed=1), fps=15)
    assert main(["index", str(tmp_path)]) == 2
    with browser() as chromium:
        page = chromium.new_page(viewport={"width": 360, "height": 640})
        asked: list[str] = []
        said: list[str] = []
        page.on("request", lambda request: asked.append(request.url.partition(":")[0]))
        page.on("console", lambda message: said.append(message.text))
        page.goto((tmp_path / "audit.html").as_uri())
        assert set(asked) <= {"file", "data"}
        assert said == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert page.locator("article").count() == 3
        assert page.locator("article img").count() == 24
        assert name in page.locator("[role=alert]").inner_text()
        assert page.evaluate("[...document.images].every(image => image.naturalWidth > 0)")
