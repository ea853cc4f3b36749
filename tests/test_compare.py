"""vsslfw compare: finished runs on the same split, differences and how sure they are."""

from __future__ import annotations

import csv
import html
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from vsslfw import load_recipe, run
from vsslfw.ablation import FinishedArm, Outcome, outcome_of
from vsslfw.ablation.tables import lacking, told
from vsslfw.ablation.writing import NAMES, write_outcome
from vsslfw.cli import main
from vsslfw.cli.compare import print_outcome
from vsslfw.evaluation.contrasts import Options
from vsslfw.evaluation.predictions import Prediction
from vsslfw.evaluation.uncertainty import ALIKE
from vsslfw.report.effects import SPREAD, fates, nudges, slopes
from vsslfw.same_task import RunContent
from vsslfw.testing.tiny import tiny_overrides


def text_of(page: Path) -> str:
    """What a reader sees of a page."""
    return html.unescape(re.sub(r"<[^>]*>", "", page.read_text(encoding="utf-8")))


def bytes_below(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def scratch(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny run without pre-training, over the same cache."""
    folder = tmp_path_factory.mktemp("scratch") / "scratch"
    recipe = load_recipe("seizure_bart", profile="demo", overrides=tiny_overrides(pretrain__source="none"))
    run(recipe, out=folder, cache=tiny_run.parent / ".vsslfw-cache")
    return folder


def arm(name: str, answers: str, **recipe: Any) -> FinishedArm:
    """A finished run in which four subjects with ES (E) and four with PNES (P) were answered so, a video each."""
    classes = {"E": "ES", "P": "PNES"}
    predictions = [
        Prediction(
            f"S{k}", f"V{k}", f"S{k}", classes[true], classes[said], {classes[said]: 0.9, classes["EP".replace(said, "")]: 0.1}, 1, 1.0
        )
        for k, (true, said) in enumerate(zip("EEEEPPPP", answers, strict=True))
    ]
    content = RunContent({}, recipe, {}, {}, {"classes": ["ES", "PNES"], "positive": "ES"}, {})
    return FinishedArm(name, Path(name), content, "d" * 64, "demo", predictions)


def compared(first: FinishedArm, second: FinishedArm, metric: str = "balanced_accuracy") -> Outcome:
    options = Options(metric, resamples=40, permutations=99)
    return outcome_of([first, second], [(second.name, first.name)], None, options, title="Two")


def test_a_figure_without_an_interval_says_why_in_its_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outcome = compared(arm("some", "EEEPPPPE"), arm("all", "EEEEPPPP"))
    some, every = outcome.rows
    assert (lacking(some), told(every.figures["f1_macro"])) == ("", "1.000")
    said = f"No interval of balanced accuracy, macro F1, MCC, sensitivity, specificity: {ALIKE}"
    assert lacking(every) == said
    print_outcome(Console(width=200), outcome)
    write_outcome(tmp_path, outcome)
    assert f"“all”: {said}" in capsys.readouterr().out
    for name in ("variants.md", "variants.tex", "comparison.html"):
        assert said in text_of(tmp_path / name)
    (_, row) = csv.DictReader((tmp_path / "variants.csv").open(encoding="utf-8"))
    assert (row["mcc"], row["mcc_low"], row["mcc_reason"]) == ("1.0", "", ALIKE)


def test_an_mcc_that_is_not_defined_is_a_dash_with_its_reason(tmp_path: Path) -> None:
    outcome = compared(arm("some", "EEEPPPPE"), arm("one answer", "EEEEEEEE"), "mcc")
    some, always = outcome.rows
    assert told(always.figures["mcc"]) == "–"
    assert told(some.figures["mcc"]).startswith("0.500 (")
    assert "No value of MCC: Not defined (0 / 0) where only one class is ever answered." in lacking(always)
    assert outcome.contrasts[0].difference == pytest.approx(-0.5)
    assert "an MCC of 0 / 0, as of one answer to all, counts as 0" in outcome.meaning
    write_outcome(tmp_path, outcome)
    (_, row) = csv.DictReader((tmp_path / "variants.csv").open(encoding="utf-8"))
    assert (row["mcc"], row["mcc_low"], row["sensitivity"]) == ("", "", "1.0")
    assert "No value of MCC" in text_of(tmp_path / "comparison.html")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        ({"video": {"fps": 2.5}, "positions": 64}, ["video.fps"]),
        ({"video": {"fps": 5.0}, "positions": 32, "evaluate": {"stride": 8}}, ["positions", "evaluate.stride"]),
        ({"video": {"fps": 5.0}, "positions": 64, "finetune": {"epochs": 9}}, []),
    ],
)
def test_answers_from_other_windows_are_told_wherever_they_are_compared(
    recipe: dict[str, Any], said: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = compared(arm("a", "EEEPPPPE", video={"fps": 5.0}, positions=64), arm("b", "EEPPPPPE", **recipe))
    line = f"“b” and “a” answer each video from other windows ({', '.join(said)}): not from the same evidence."
    assert [text for text in outcome.warnings if "windows" in text] == ([line] if said else [])
    print_outcome(Console(width=200), outcome)
    write_outcome(tmp_path, outcome)
    assert (line in capsys.readouterr().out) == bool(said)
    for name in ("contrasts.md", "contrasts.tex", "comparison.html", "comparison.json"):
        assert (line in text_of(tmp_path / name)) == bool(said)


def test_two_runs_are_compared_with_all_that_is_to_be_known(
    tiny_run: Path, scratch: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", str(scratch), str(tiny_run), "--margin", "0.2", "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert "run minus scratch" in said
    assert "primary" in said
    assert "Made video, no patient" in said
    assert {path.name for path in (tmp_path / "out").iterdir()} == set(NAMES)
    record = json.loads((tmp_path / "out" / "comparison.json").read_text())
    (contrast,) = record["contrasts"]
    assert contrast["difference"] == pytest.approx(contrast["value"] - contrast["value_against"])
    figures = {row["name"]: row["figures"]["balanced_accuracy"]["value"] for row in record["rows"]}
    for name, folder in (("run", tiny_run), ("scratch", scratch)):
        metrics = json.loads((folder / "metrics.json").read_text())
        assert figures[name] == pytest.approx(metrics["definitions"]["balanced_accuracy"]["value"])


def test_the_tables_say_the_same_in_every_format(tiny_run: Path, scratch: Path, tmp_path: Path) -> None:
    assert main(["compare", str(scratch), str(tiny_run), "--out", str(tmp_path)]) == 0
    (row,) = csv.DictReader((tmp_path / "contrasts.csv").open(encoding="utf-8"))
    difference = f"{float(row['difference']):+.3f}"
    for name in ("contrasts.md", "comparison.html"):
        assert difference in text_of(tmp_path / name)
    assert "toprule" in (tmp_path / "variants.tex").read_text(encoding="utf-8")
    for figure in csv.DictReader((tmp_path / "variants.csv").open(encoding="utf-8")):
        value, low = figure["balanced_accuracy"], figure["balanced_accuracy_low"]
        said = f"{float(value):.3f} ({float(low):.3f} to" if low else f"{float(value):.3f}"
        for name in ("variants.md", "variants.tex", "comparison.html"):
            assert said in text_of(tmp_path / name)


def test_every_figure_leads_to_its_run_its_recipe_and_who_made_the_parts(tiny_run: Path, scratch: Path, tmp_path: Path) -> None:
    assert main(["compare", str(scratch), str(tiny_run), "--out", str(tmp_path)]) == 0
    rows = list(csv.DictReader((tmp_path / "variants.csv").open(encoding="utf-8")))
    assert [(tmp_path / row["run"]).resolve() for row in rows] == [scratch.resolve(), tiny_run.resolve()]
    for row in rows:
        lines = (tmp_path / row["run"] / "recipe.py").read_text().splitlines()
        assert f"# digest {row['recipe_digest']}" in lines
        assert "encoder bert of vsslfw " in row["made_by"]
        assert f"(<{row['run']}/report.html>)" in (tmp_path / "variants.md").read_text()
        for name in ("variants.md", "contrasts.md", "variants.tex", "contrasts.tex"):
            (origin,) = [
                line for line in (tmp_path / name).read_text().splitlines() if line.startswith(("- ", "% ")) and row["run"] in line
            ]
            assert f"{row['variant']}: {row['run']}; recipe {row['recipe_digest']}; vsslfw " in origin
            assert "encoder bert" in origin


def test_the_names_of_a_contrast_lead_to_both_runs(tiny_run: Path, scratch: Path, tmp_path: Path) -> None:
    assert main(["compare", str(scratch), str(tiny_run), "--out", str(tmp_path)]) == 0
    runs = {row["variant"]: row["run"] for row in csv.DictReader((tmp_path / "variants.csv").open(encoding="utf-8"))}
    links = {name: f"{run}/report.html" for name, run in runs.items()}
    page = (tmp_path / "comparison.html").read_text(encoding="utf-8")
    assert f'<a href="{links["run"]}">run</a> minus <a href="{links["scratch"]}">scratch</a>' in page
    assert f"| [run](<{links['run']}>) minus [scratch](<{links['scratch']}>) |" in (tmp_path / "contrasts.md").read_text()


def test_the_page_says_for_each_variant_who_made_its_parts(tiny_run: Path, scratch: Path, tmp_path: Path) -> None:
    other = shutil.copytree(tiny_run, tmp_path / "newer")
    environment = json.loads((other / "environment.json").read_text())
    for component in environment["components"]:
        if component["kind"] == "encoder":
            component |= {"distribution": "elsewhere", "version": "9.9"}
    (other / "environment.json").write_text(json.dumps(environment))
    assert main(["compare", str(scratch), str(tiny_run), str(other), "--out", str(tmp_path / "out")]) == 0
    page = (tmp_path / "out" / "comparison.html").read_text(encoding="utf-8")
    rows = dict(re.findall(r'<tr id="(made-\d)">(.*?)</tr>', page, re.DOTALL))
    assert ["elsewhere 9.9" in row for row in rows.values()] == [False, False, True]
    assert all(f'href="#{name}"' in page for name in rows)


def test_a_folder_with_an_odd_name_breaks_no_table_and_no_link(tiny_run: Path, scratch: Path, tmp_path: Path) -> None:
    odd = shutil.copytree(tiny_run, tmp_path / "a|b [50%] #1")
    assert main(["compare", str(scratch), str(odd), "--out", str(tmp_path / "out")]) == 0
    link = "../a%7Cb%20%5B50%25%5D%20%231/report.html"
    assert f'href="{link}"' in (tmp_path / "out" / "comparison.html").read_text(encoding="utf-8")
    table = (tmp_path / "out" / "contrasts.md").read_text().split("\n\n")[0].splitlines()
    assert rf"[a\|b \[50%\] #1](<{link}>)" in table[2]
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table}) == 1


def test_a_page_needs_no_network(tiny_run: Path, scratch: Path, tmp_path: Path) -> None:
    assert main(["compare", str(scratch), str(tiny_run), "--out", str(tmp_path)]) == 0
    page = (tmp_path / "comparison.html").read_text(encoding="utf-8")
    assert "report.html" in page
    assert "<svg" in page
    assert "<script" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_the_same_comparison_gives_the_same_bytes(tiny_run: Path, scratch: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert main(["compare", str(scratch), str(tiny_run), "--out", str(tmp_path / name)]) == 0
    for name in NAMES:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_with_more_runs_all_but_the_primary_contrast_are_adjusted(
    tiny_run: Path, scratch: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    probe = tiny_run / "probes" / "stft.csv"
    assert main(["compare", str(scratch), str(tiny_run), str(probe), "--primary", str(tiny_run), "--json"]) == 0
    primary, other = json.loads(capsys.readouterr().out)["contrasts"]
    assert (primary["primary"], primary["p_holm"], other["primary"]) == (True, None, False)
    assert other["p_holm"] >= other["p"]
    assert other["arm"] == "run, probe stft"


def test_runs_that_answer_alike_do_not_differ(tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    again = shutil.copytree(tiny_run, tmp_path / "again")
    assert main(["compare", str(tiny_run), str(again), "--json"]) == 0
    (contrast,) = json.loads(capsys.readouterr().out)["contrasts"]
    assert (contrast["difference"], contrast["p"], contrast["differing"]) == (0.0, 1.0, 0)


def test_runs_on_another_split_are_refused_with_what_differs(tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = shutil.copytree(tiny_run, tmp_path / "other")
    split = json.loads((other / "split.json").read_text())
    (other / "split.json").write_text(json.dumps(split | {"digest": "0" * 64}))
    assert main(["compare", str(tiny_run), str(other)]) == 2
    assert "they differ in split" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("holds", "said"),
    [
        ({"notes.txt": "mine"}, "is not empty, and holds no earlier comparison"),
        ({"comparison.json": '{"mine": 1}'}, "is not empty, and holds no earlier comparison"),
        ({"comparison.json": "{"}, "is not empty, and holds no earlier comparison"),
        ({"comparison.json": '{"rows": [], "contrasts": []}', "study.json": "{}"}, "is the folder of a study"),
        ({"comparison.json": '{"rows": [], "contrasts": []}', "run.json": "{}"}, "is the folder of a run"),
    ],
)
def test_a_folder_that_holds_something_else_is_left_as_it_is(
    holds: dict[str, str], said: str, tiny_run: Path, scratch: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, content in holds.items():
        (tmp_path / name).write_text(content)
    before = bytes_below(tmp_path)
    assert main(["compare", str(scratch), str(tiny_run), "--out", str(tmp_path)]) == 2
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.out == "", "it is found before anything is computed"
    assert bytes_below(tmp_path) == before


def test_a_folder_is_looked_at_before_the_runs_are_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("mine")
    for out, said in (("file", "is a file"), ("file/below", "cannot be made")):
        assert main(["compare", "nowhere", "either", "--out", str(tmp_path / out)]) == 2
        error = capsys.readouterr().err
        assert said in error
        assert "nowhere" not in error


def test_an_earlier_comparison_is_replaced(tiny_run: Path, scratch: Path, tmp_path: Path) -> None:
    for first, other in ((scratch, tiny_run), (tiny_run, scratch)):
        assert main(["compare", str(first), str(other), "--out", str(tmp_path)]) == 0
    (row,) = csv.DictReader((tmp_path / "contrasts.csv").open(encoding="utf-8"))
    assert (row["arm"], row["against"]) == ("scratch", "run")


def test_runs_whose_folders_are_called_alike_are_told_apart_by_the_folders_above(tiny_run: Path, tmp_path: Path) -> None:
    places = [shutil.copytree(tiny_run, tmp_path / name / "r") for name in ("x", "y")]
    probe = places[1] / "probes" / "mean.csv"
    out = tmp_path / "out"
    assert main(["compare", *map(str, [*places, probe, tiny_run]), "--out", str(out)]) == 0
    rows = csv.DictReader((out / "variants.csv").open(encoding="utf-8"))
    assert [row["variant"] for row in rows] == ["x/r", "y/r", "y/r, probe mean", "run"]
    for name in NAMES:
        assert str(tmp_path) not in (out / name).read_text(encoding="utf-8"), name


def test_the_primary_run_may_be_written_otherwise(tiny_run: Path, scratch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    primary = ["--primary", f"{tiny_run}/../{tiny_run.name}"]
    assert main(["compare", str(scratch), str(tiny_run), *primary, "--json"]) == 0
    (contrast,) = json.loads(capsys.readouterr().out)["contrasts"]
    assert (contrast["arm"], contrast["primary"]) == ("run", True)


@pytest.mark.parametrize("count", [1, 2, 3, 60, 1000])
def test_subjects_that_fare_alike_are_drawn_near_their_place_however_many_they_are(count: int) -> None:
    found = nudges(count)
    assert len(set(found)) == count
    assert max(map(abs, found)) <= SPREAD + 1e-9
    assert sum(found) == pytest.approx(0)


def test_the_lines_of_subjects_stay_within_the_axes_and_tell_class_and_count() -> None:
    before = {f"P{i:02}": 1.0 if i < 60 else 0.0 for i in range(80)}
    after = before | {"P79": 1.0}
    labels = {subject: "ES" if i % 2 else "PNES" for i, subject in enumerate(before)}
    svg = slopes(before, after, labels, ("first", "second"), name="s")
    frame = re.search(r'id="s-patch_2">\s*<path d="M \S+ (\S+)\s+L \S+ \S+\s+L \S+ (\S+)', svg)
    assert frame
    lowest, highest = map(float, frame.groups())  # y grows downwards
    ends = [tuple(map(float, found)) for found in re.findall(r'<path d="M \S+ (\S+)\s+L \S+ (\S+)\s+" clip-path', svg)]
    assert len(ends) == 80
    assert all(highest < y < lowest for end in ends for y in end)
    full = [left for left, right in ends if left == right][:60]
    assert max(full) - min(full) < 0.04 * (lowest - highest)
    told = html.unescape(re.sub(r"<[^>]*>", " ", svg))
    for word in ("share of videos answered rightly", "ES", "PNES", "better", "worse", "alike", " 60 ", " 20 ", " 61 ", " 19 "):
        assert word in told, word
    assert fates(before, after) == (1, 0, 79)


def test_a_subject_whose_class_is_not_known_is_drawn_all_the_same() -> None:
    svg = slopes({"a": 1.0, "b": 0.5}, {"a": 1.0, "b": 0.5}, {"a": "ES"}, ("first", "second"), name="s")
    assert "class not known" in svg


def test_two_ways_to_one_share_are_alike() -> None:
    assert fates({"a": 0.1 + 0.2, "b": 0.5}, {"a": 0.3, "b": 0.25}) == (0, 1, 1)


def test_the_page_explains_colours_and_what_is_drawn_whatever_the_metric(tiny_run: Path, scratch: Path, tmp_path: Path) -> None:
    assert main(["compare", str(scratch), str(tiny_run), "--metric", "auroc", "--out", str(tmp_path)]) == 0
    told = text_of(tmp_path / "comparison.html")
    assert "answered rightly, whatever the metric of the contrasts is (AUROC, pooled over folds here)" in told
    assert re.search(r"Blue: \d subjects? that fares? better in run; orange: \d worse; grey: \d alike", told)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["{run}"], "one run alone cannot be compared"),
        (["{run}", "nowhere"], "there is no such run folder"),
        (["{run}", "{run}"], "is named twice"),
        (["{run}", "{run}/../run"], "are the same run, which is named twice"),
        (["{run}", "{run}/probes/sftf.csv"], 'did you mean "stft"?'),
        (["{run}", "{run}/probes/stft"], 'did you mean "stft.csv"?'),
        (["{run}", "{run}/../rum"], 'did you mean "run"?'),
        (["{run}", "{run}/predictions.csv"], "is a file; the folder of a run is expected"),
        (["{run}", "{run}/predictions.csv"], "Name the run itself, {run}, or a probe of it, {run}/probes/NAME.csv (known: "),
        (["{run}", __file__], "Name the folder of a run; list runs with: vsslfw runs"),
        (["{run}", "{run}/probes/mean.csv", "--primary", "other"], "is not among the runs"),
    ],
)
def test_bad_input_is_told_in_words(arguments: list[str], said: str, tiny_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", *(text.format(run=tiny_run) for text in arguments)]) == 2
    error = capsys.readouterr().err
    assert said.format(run=tiny_run) in error
    assert "Traceback" not in error


def test_an_unfinished_run_is_no_arm(tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = shutil.copytree(tiny_run, tmp_path / "other")
    state = json.loads((other / "run.json").read_text())
    (other / "run.json").write_text(json.dumps(state | {"state": "failed", "error": "RunError"}))
    assert main(["compare", str(tiny_run), str(other)]) == 2
    assert "holds no finished run: it is failed (RunError)" in capsys.readouterr().err
