"""The report of a real run in a real browser: desktop, phone, dark and on paper."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chromium import browser
from test_report import CLASSES, report

from vsslfw.evaluation.metrics import compute_metrics
from vsslfw.evaluation.options import StatisticsOptions
from vsslfw.evaluation.predictions import Occlusion, WindowAnswer
from vsslfw.report.html import write_report

SCREENS: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "phone": {"viewport": {"width": 375, "height": 812}, "color_scheme": "light", "is_mobile": True, "has_touch": True},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
}
LEAST_CONTRAST = 4.5
"""WCAG 2.2, level AA, for text."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as running:
        yield running


@pytest.fixture(params=SCREENS)
def opened(request: pytest.FixtureRequest, chromium: Any, tiny_run: Path) -> Iterator[tuple[Any, list[str], list[str]]]:
    """The page, what its console said, and every address that it asked for."""
    context = chromium.new_context(**SCREENS[request.param])
    page, said, asked = context.new_page(), [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda sent: asked.append(sent.url))
    page.goto((tiny_run / "report.html").as_uri())
    yield page, said, asked
    context.close()


def luminance(colour: str) -> float:
    red, green, blue = (int(part) / 255 for part in re.findall(r"\d+", colour)[:3])
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_page_is_whole_quiet_and_alone(opened: Any, tmp_path: Path) -> None:
    page, said, asked = opened
    picture = page.screenshot(path=tmp_path / "page.png", full_page=True)
    assert len(picture) > 20_000
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert sum(url.startswith("file:") for url in asked) == 1, "one file, and nothing beside it"
    texts = page.eval_on_selector_all("section", "all => all.map(one => [one.id, one.innerText.trim().length])")
    assert len(texts) == 19
    assert [name for name, length in texts if length < 60] == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "the page itself never scrolls sideways"
    assert page.eval_on_selector_all("img", "all => all.every(one => one.complete && one.naturalWidth > 0)")
    assert page.locator("img").count() > 10
    assert page.locator("svg[role=img]").count() == page.locator("svg[aria-label]").count() == page.locator("svg").count() >= 4


def test_text_can_be_read(opened: Any) -> None:
    page, _, _ = opened
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    for selector in ("body", ".quiet", "figcaption", "nav a", "summary", ".meaning", ".outcome"):
        ink = page.eval_on_selector(selector, "one => getComputedStyle(one).color")
        assert contrast(ink, paper) >= LEAST_CONTRAST, selector


def test_a_keyboard_reaches_the_result_first(opened: Any) -> None:
    page, _, _ = opened
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#overview"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"


def test_dark_is_dark(chromium: Any, tiny_run: Path) -> None:
    papers = []
    for name in ("desktop", "dark"):
        context = chromium.new_context(**SCREENS[name])
        page = context.new_page()
        page.goto((tiny_run / "report.html").as_uri())
        papers.append(luminance(page.evaluate("getComputedStyle(document.body).backgroundColor")))
        context.close()
    assert papers[0] > 0.9
    assert papers[1] < 0.05


def test_headings_are_in_order_and_no_table_is_nameless(opened: Any) -> None:
    page, _, _ = opened
    levels = page.eval_on_selector_all("h1, h2, h3", "all => all.map(one => Number(one.tagName[1]))")
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
    assert page.locator("table").count() == page.locator("table > caption").count()


def test_it_prints(chromium: Any, tiny_run: Path, tmp_path: Path) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.goto((tiny_run / "report.html").as_uri())
    page.emulate_media(media="print")
    assert page.eval_on_selector("nav", "one => getComputedStyle(one).display") == "none"
    page.pdf(path=tmp_path / "report.pdf", format="A4")
    pages = (tmp_path / "report.pdf").read_bytes().count(b"/Type /Page\n") or (tmp_path / "report.pdf").read_bytes().count(b"/Type /Page")
    assert 2 <= pages < 40
    context.close()


def test_three_hundred_videos_open_clean_and_small(chromium: Any, tmp_path: Path, record_property: Any) -> None:
    """A hundred subjects, three videos each, of two and a half minutes: a timeline of fifteen windows and 150 moments for each."""
    plain = report(100, 3)
    windows, occlusions = [], []
    for n, p in enumerate(plain.predictions):
        for k in range(15):
            share = 0.5 + 0.4 * ((n + k) % 5 - 2) / 2
            windows.append(WindowAnswer(p.fold, p.video, p.subject, p.label, 10.0 * k, 10.0 * k + 10, {"ES": share, "PNES": 1 - share}))
        for k in range(150):
            occlusions.append(Occlusion(p.fold, p.video, float(k), k + 1.0, p.probabilities["ES"] + 0.001 * ((n * k) % 17 - 8)))
    metrics = compute_metrics(plain.predictions, CLASSES, "ES", windows=windows, options=StatisticsOptions(resamples=20))
    properties = {p.video: {"site": f"site {n % 4}", "day": ("day", "night")[n % 2]} for n, p in enumerate(plain.predictions)}
    path = write_report(tmp_path, report(100, 3, metrics=metrics, windows=windows, occlusions=occlusions, properties=properties))
    assert path.stat().st_size < 15_000_000
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    started = time.monotonic()
    page.goto(path.as_uri(), wait_until="load")
    record_property("seconds", time.monotonic() - started)
    print(f"{path.stat().st_size / 1e6:.2f} MB, opened in {time.monotonic() - started:.2f} s")
    assert said == []
    assert page.locator(".timeline svg").count() == 300
    assert page.locator("#strata table").count() == 2
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.close()
