"""report.html and the terminal summary: complete, escaped, self-contained, the same bytes twice."""

from __future__ import annotations

import dataclasses
import io
import re
import stat
from collections import Counter
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from vsslfw.evaluation.audits import AuditLine
from vsslfw.evaluation.metrics import compute_metrics
from vsslfw.evaluation.options import StatisticsOptions
from vsslfw.evaluation.predictions import Prediction
from vsslfw.evaluation.uncertainty import ALIKE
from vsslfw.report import words
from vsslfw.report.data import (
    SYNTHETIC,
    Example,
    FoldLine,
    HeldOut,
    LeftOut,
    PluginLine,
    Pretraining,
    ReportData,
    StageLine,
    Tile,
    VideoLine,
)
from vsslfw.report.figures import loss_curves
from vsslfw.report.html import render, write_report
from vsslfw.report.terminal import print_summary

CLASSES = ["ES", "PNES"]
HELD_OUT = HeldOut(
    losses={
        "all": {"model": 19.0, "copy": 55.0, "mean": 95.0, "interpolation": 33.0},
        "masked": {"model": 41.0, "copy": 310.0, "mean": 95.0, "interpolation": 50.0},
        "moved": {"model": 38.0, "copy": 61.0, "mean": 95.0, "interpolation": 19.0},
        "untouched": {"model": 12.0, "copy": 0.0, "mean": 95.0, "interpolation": 30.0},
    },
    frames={"all": 400, "masked": 60, "moved": 60, "untouched": 280},
    clips=16,
)
HISTORY = [{"epoch": 1, "loss": 2.0, "lr": 0.1}, {"epoch": 2, "loss": 1.0, "lr": 0.05}]


PIXEL = "data:image/jpeg;base64,/9j/4AAQ"
EXAMPLE = Example(
    source=[0, 3, 2, 1, -1, -2],
    tiles=[Tile(0, "own", 0, PIXEL, PIXEL), Tile(1, "moved", 3, PIXEL, PIXEL), Tile(4, "mask", None, PIXEL, PIXEL)],
    fps=5.0,
    held_out=True,
    pictures=True,
)


def report(subjects: int = 4, each: int = 2, /, **changes: Any) -> ReportData:
    """A run of ``subjects`` with ``each`` videos; every third video is answered wrongly."""
    predictions = []
    for i in range(subjects * each):
        subject, label = f"P{i // each:03d}", CLASSES[i // each % 2]
        answer = label if i % 3 else CLASSES[label == "ES"]
        shares = {name: 0.7 if name == answer else 0.3 for name in CLASSES}
        predictions.append(Prediction(subject, f"{subject}-V{i}", subject, label, answer, shares, 2, 20.0))
    folds = sorted({p.fold for p in predictions})
    values: dict[str, Any] = {
        "name": "Seizure BART",
        "run": "first",
        "synthetic": True,
        "identified": False,
        "metrics": compute_metrics(predictions, CLASSES, "ES"),
        "predictions": predictions,
        "videos": [VideoLine(p.video, p.subject, "labelled", p.label, p.seconds, "2 frames lost") for p in predictions]
        + [VideoLine("P000-C1", "P000", "contextual", None, 3600.0)],
        "left_out": [LeftOut("P001-V9", "P001", "labelled", "no frame decodes")],
        "pretrainings": [Pretraining("abc", "contextual", "all", folds, 320, 4, 0.89, HISTORY, HELD_OUT)],
        "folds": [FoldLine(name, 6, 2, [name], HISTORY, reused=False) for name in folds],
        "audits": [AuditLine("No subject on two sides", "ok", "4 folds"), AuditLine("Contextual video", "noted", "40 clips")],
        "stages": [StageLine("extract", "reused", "8 of 8 reused", "k" * 64), StageLine("pretrain", "computed", "", "m" * 64, 61.0)],
        "recipe": "encoder = dict(type='bert', layers=6)",
        "recipe_source": "recipes/seizure_bart.py",
        "profile": "demo",
        "digest": "d" * 64,
        "seed": 0,
        "command": "vsslfw run recipes/seizure_bart.py",
        "environment": {"torch": "2.11.0"},
        "plugins": [PluginLine("other", "vsslfw-other", "1.0", "broken: ImportError: no module named x")],
        "provenance": {"manifest": "sha256 00ff"},
        "example": EXAMPLE,
    }
    return ReportData(**(values | changes))


class Page(HTMLParser):
    """What a browser would see: tags, attributes, text, and whether every element is closed."""

    VOID = frozenset({"meta", "link", "br", "img", "path", "use"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.stack: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        assert not self.stack, f"never closed: {self.stack}"

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_every_section_is_there_and_filled() -> None:
    page = Page(render(report()))
    for said in [
        "8 videos of 4 subjects were tested in 4 folds",
        "balanced accuracy",
        "AUROC, pooled over folds",
        "PNES (predicted)",
        "P001-V9",
        "no frame decodes",
        "2 frames lost",
        "masked frames",
        "Pre-training beat every trivial answer at masked frames; it did not beat the trivial answers at moved frames.",
        "No subject on two sides",
        "8 of 8 reused",
        "encoder = dict(type='bert', layers=6)",
        "d" * 64,
        "2.11.0",
        "ImportError: no module named x",
        "sha256 00ff",
    ]:
        assert said in page.text
    assert len(page.all("svg")) == 10, "pretext bars, two loss curves, the plan, answers by subject, and five curves of the probabilities"
    assert [a["id"] for a in page.all("section")] == re.findall(r'<a href="#([\w-]+)"', render(report()).split("</nav>")[0])


def test_every_definition_stands_beside_the_constant_answer() -> None:
    rows = re.findall(
        r"<tr>\s*<th scope=\"row\">([^<]+)</th>\s*<td class=\"number strong\">([^<]+)</td>\s*"
        r"<td class=\"number\">[^<]+</td>\s*<td class=\"number\">([^<]+)</td>",
        render(report()).partition("Why the paper")[0].partition('id="definitions"')[2],
    )
    shown = {name: (value, constant) for name, value, constant in rows}
    metrics = report().metrics
    for entry in metrics["definitions"].values():
        assert shown[entry["name"]] == (words.figure(entry["value"]), words.figure(entry["constant"]))
    assert shown["MCC"][1] == "–"


def test_a_figure_that_does_not_vary_says_why_it_has_no_interval() -> None:
    own = [dataclasses.replace(p, predicted="ES") if p.label == "ES" else p for p in report(8, 2).predictions]
    metrics = compute_metrics(own, CLASSES, "ES", options=StatisticsOptions(resamples=40))
    assert metrics["definitions"]["balanced_accuracy"]["interval"]
    page = Page(render(report(metrics=metrics, predictions=own)))
    assert page.text.count(f"No interval: {ALIKE}") == 2, "of sensitivity and NPV"


def test_nothing_is_fetched_and_nothing_runs() -> None:
    text = render(report())
    page = Page(text)
    links = [attributes[name] for _, attributes in page.tags for name in ("href", "src", "xlink:href") if name in attributes]
    assert all(str(link).startswith(("#", "data:")) for link in links)
    assert not page.all("script")
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert "@import" not in text
    assert set(re.findall(r"https?://[^\s\"']+", text)) <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert "default-src 'none'" in text


def test_tables_are_readable_without_seeing_them() -> None:
    page = Page(render(report()))
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(attributes.get("scope") in {"row", "col"} for attributes in page.all("th"))
    ids = Counter(attributes["id"] for _, attributes in page.tags if "id" in attributes)
    assert [name for name, times in ids.items() if times > 1] == []
    targets = {str(attributes.get("xlink:href") or attributes.get("href"))[1:] for attributes in page.all("use") + page.all("a")}
    assert targets <= set(ids)


EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>[bold red]$x$\x1b[31m{{ 7 * 7 }}"


OURS = {"role", "outcome", "losses", "frames", "history", "example"}
"""Fields whose strings are the program's own words."""


def poisoned(value: Any) -> Any:
    """The same value with `EVIL` behind every string that comes from outside, keys of mappings too."""
    if isinstance(value, str):
        return value + EVIL
    if isinstance(value, Mapping):
        return {poisoned(key): poisoned(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [poisoned(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = {f.name for f in dataclasses.fields(value)} - OURS - {"metrics"}
        return dataclasses.replace(value, **{name: poisoned(getattr(value, name)) for name in names})
    return value


def evil_report() -> ReportData:
    evil: ReportData = poisoned(report())
    classes = poisoned(CLASSES)
    return dataclasses.replace(evil, metrics=compute_metrics(evil.predictions, classes, classes[0]))


def test_every_string_is_escaped() -> None:
    text = render(evil_report())
    page = Page(text)
    assert not page.all("script")
    assert all(str(image["src"]).startswith("data:image/jpeg;base64,") for image in page.all("img"))
    assert not [a for _, a in page.tags if any(name.startswith("on") for name in a)]
    assert "{{ 7 * 7 }}" in text
    assert "alert(1)" in page.text
    assert page.text.count("<script>alert(1)</script>") > 100


def test_text_that_utf8_cannot_hold_is_shown_all_the_same() -> None:
    assert "recipe-\\udcff.py" in render(report(recipe_source="recipe-\udcff.py"))


def test_the_same_report_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (write_report(tmp_path / name, report()) for name in ("a", "b"))
    assert first.read_bytes() == second.read_bytes()
    assert first.name == "report.html"


def test_made_video_is_stamped_and_real_video_is_not() -> None:
    assert render(report()).count(SYNTHETIC) == 2
    assert SYNTHETIC not in render(report(synthetic=False))


def test_an_identified_report_says_so_and_is_private(tmp_path: Path) -> None:
    path = write_report(tmp_path, report(identified=True))
    assert "keep this file private" in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "keep this file private" not in render(report())


def test_a_failed_audit_comes_before_the_result() -> None:
    text = render(report(audits=[AuditLine("No video on two sides", "failed", "fold P1: video V1")]))
    assert text.index("do not use this result") < text.index("Overview")
    assert "do not use this result" not in render(report())


def test_the_smallest_and_emptiest_run() -> None:
    empty = {name: [] for name in ("left_out", "pretrainings", "folds", "audits", "stages", "plugins", "videos")}
    page = Page(render(report(2, 1, **empty, environment={}, provenance={}, command="", synthetic=False, example=None)))
    assert "the encoder starts from scratch" in page.text
    assert "No video of the manifest was left out." in page.text
    assert len(page.all("svg")) == 6, "the answers by subject, and five curves of the probabilities"
    assert "nothing was corrupted" in page.text


def test_three_hundred_videos_stay_small(tmp_path: Path) -> None:
    folds = [FoldLine(f"P{i}", 297, 3, [f"P{i}"], HISTORY * 25) for i in range(100)]
    pretrainings = [
        Pretraining(f"{i}", "contextual", "exclude-test-subject", [f"P{i}"], 320, 99, 1.0, HISTORY * 30, HELD_OUT) for i in range(100)
    ]
    path = write_report(tmp_path, report(100, 3, folds=folds, pretrainings=pretrainings))
    Page(path.read_text())
    assert path.stat().st_size < 1_000_000
    assert "mean of 100 pre-trainings" in path.read_text()


def test_curves_follow_the_page_and_their_ids_do_not_collide() -> None:
    one = loss_curves([HISTORY], name="one", ylabel="loss")
    two = loss_curves([HISTORY, HISTORY], name="two", ylabel="loss")
    ids = [set(re.findall(r'id="([^"]+)"', svg)) for svg in (one, two)]
    assert ids[0].isdisjoint(ids[1])
    assert "var(--accent)" in one
    assert not re.search(r"#0[147]0[258]0[369]", one)
    assert "<style" not in one
    assert loss_curves([[], [{"epoch": 1, "loss": float("nan")}]], name="none", ylabel="loss") == ""


def places(masked: float, moved: float) -> HeldOut:
    return HeldOut({"masked": {"model": masked, "copy": 9.0, "mean": 5.0}, "moved": {"model": moved, "copy": 4.0, "mean": 5.0}}, {}, 1)


@pytest.mark.parametrize(
    ("held_out", "said"),
    [
        ([places(1, 1)], "Pre-training beat every trivial answer at masked and moved frames."),
        ([places(6, 1)], "Pre-training beat every trivial answer at moved frames; it did not beat the trivial answers at masked frames."),
        ([places(6, 4)], "Pre-training did not beat the trivial answers at masked and moved frames. Treat it as having learnt nothing."),
        (
            [places(1, 1), places(6, 1)],
            "Pre-training beat every trivial answer at moved frames; "
            "it beat every trivial answer at masked frames in 1 of 2 pre-trainings only.",
        ),
        ([None], "No clip was held out, so whether pre-training learnt anything is not known."),
        (
            [HeldOut({"masked": {"model": None, "mean": None}})],
            "No masked or moved frame was held out, so whether pre-training learnt anything is not known.",
        ),
        ([], "There was no pre-training: the encoder starts from scratch."),
    ],
)
def test_what_pre_training_learnt_is_said_in_words(held_out: list[HeldOut | None], said: str) -> None:
    assert words.learnt([Pretraining("a", "contextual", "all", [], 1, 1, 0.1, HISTORY, h) for h in held_out]) == said


def test_each_place_is_compared_with_its_best_trivial_answer() -> None:
    assert words.verdicts(HELD_OUT) == [
        "Masked frames: the model's loss (41.00) is 18% below the best trivial answer, “interpolation” (50.00).",
        "Moved frames: the model's loss (38.00) is 100% above the best trivial answer, “interpolation” (19.00).",
        "Untouched frames: “copy the input” is exactly right there; the model's loss is 12.00.",
        "All real frames: the model's loss (19.00) is 42% below the best trivial answer, “interpolation” (33.00).",
    ]


def test_the_headline_says_when_the_constant_answer_is_better() -> None:
    counts = {("ES", "ES"): 181, ("ES", "PNES"): 54, ("PNES", "ES"): 15, ("PNES", "PNES"): 33}
    pairs = [pair for pair, times in counts.items() for _ in range(times)]
    shares = {"ES": 0.5, "PNES": 0.5}
    predictions = [Prediction(f"P{i}", f"V{i}", f"P{i}", true, answer, shares, 1, 10.0) for i, (true, answer) in enumerate(pairs)]
    lines = words.headline(compute_metrics(predictions, CLASSES, "ES"))
    assert "Accuracy is 0.756: below 0.830, which always answering ES scores." in lines
    assert "Balanced accuracy is 0.729: above 0.500, which any constant answer scores." in lines


@pytest.mark.parametrize(
    ("seconds", "said"), [(9.56, "9.6 s"), (89.96, "1 min 30 s"), (119.6, "2 min 00 s"), (150, "2 min 30 s"), (129600, "36.0 h")]
)
def test_durations(seconds: float, said: str) -> None:
    assert words.duration(seconds) == said


def printed(data: ReportData, **options: Any) -> str:
    console = Console(file=io.StringIO(), width=200, **options)
    print_summary(console, data, Path("/runs/first"))
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_the_summary_says_what_matters_and_where_the_report_is() -> None:
    text = printed(report(left_out=[LeftOut(f"V{i}", "P1", "labelled", "no frame decodes") for i in range(8)]))
    for said in [
        SYNTHETIC,
        "8 videos of 4 subjects",
        "always ES",
        "balanced accuracy",
        "Pre-training beat every trivial answer at masked frames",
        "2 audits: 1 ok, 1 noted, 0 failed",
        "8 videos left out",
        "and 3 more, in the report",
        "Stages reused: extract; computed: pretrain.",
        "Report: /runs/first/report.html",
    ]:
        assert said in text
    assert "\x1b" not in text


def test_a_failed_audit_is_the_first_thing_said() -> None:
    text = printed(report(audits=[AuditLine("No video on two sides", "failed", "fold P1: video V1")]))
    assert text.index("do not use this result") < text.index("Balanced accuracy")


def test_no_string_drives_the_terminal() -> None:
    text = printed(evil_report())
    assert "[bold red]" in text
    assert "\x1b" not in text


def test_the_path_of_the_report_is_never_broken_over_lines() -> None:
    console = Console(file=io.StringIO(), width=40)
    print_summary(console, report(), Path("/a-long-folder-name" * 5))
    assert "/a-long-folder-name" * 5 + "/report.html" in console.file.getvalue()  # type: ignore[attr-defined]


# ---- The corrupted sequence ------------------------------------------------------------------------------------------------------


def test_the_corrupted_sequence_is_shown_before_and_after() -> None:
    page = Page(render(report()))
    assert len(page.all("img")) == 2 * len(EXAMPLE.tiles)
    assert all(image["alt"] for image in page.all("img"))
    assert "from 0.6 s" in page.text
    assert [svg["aria-label"] for svg in page.all("svg") if "6 positions" in str(svg["aria-label"])]


def test_recorded_video_shows_no_frame_unless_asked_and_is_private_then(tmp_path: Path) -> None:
    hidden = dataclasses.replace(EXAMPLE, pictures=False, tiles=[])
    shy, shown = (write_report(tmp_path / str(i), report(synthetic=False, example=e)) for i, e in enumerate((hidden, EXAMPLE)))
    assert "<img" not in shy.read_text()
    assert "--thumbnails" in shy.read_text()
    assert "Patients are shown" in shown.read_text()
    assert stat.S_IMODE(shown.stat().st_mode) == 0o600
    assert "Patients are shown" not in render(report()), "made video has no patient"


def test_why_the_papers_f1_cannot_be_derived_is_computed_from_its_counts() -> None:
    box = render(report()).partition("Why the paper")[2]
    for said in ("181 ES answered ES", "0.756", "0.830", "0.840", "0.907", "0.664", "0.729"):
        assert said in box
    assert "0.82" not in box.partition("<table")[2].partition("</table>")[0].replace("0.829", "")


def test_key_figures_stand_beside_the_constant_answer() -> None:
    overview = render(report()).partition('id="overview"')[2].partition("</section>")[0]
    for card in words.cards(report().metrics):
        assert f"{card['beside']} {words.figure(card['constant'])}" in overview
        assert words.figure(card["value"]) in overview
