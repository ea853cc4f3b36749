"""vsslfw compare: finished runs on the same split, differences and how sure they are."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

from vsslfw import load_recipe, run
from vsslfw.ablation.writing import NAMES
from vsslfw.cli import main
from vsslfw.testing.tiny import tiny_overrides


@pytest.fixture(scope="module")
def scratch(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny run without pre-training, over the same cache."""
    folder = tmp_path_factory.mktemp("scratch") / "scratch"
    recipe = load_recipe("seizure_bart", profile="demo", overrides=tiny_overrides(pretrain__source="none"))
    run(recipe, out=folder, cache=tiny_run.parent / ".vsslfw-cache")
    return folder


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
        assert difference in (tmp_path / name).read_text(encoding="utf-8")
    assert "toprule" in (tmp_path / "variants.tex").read_text(encoding="utf-8")
    for figure in csv.DictReader((tmp_path / "variants.csv").open(encoding="utf-8")):
        told = f"{float(figure['balanced_accuracy']):.3f} ({float(figure['balanced_accuracy_low']):.3f} to"
        for name in ("variants.md", "variants.tex", "comparison.html"):
            assert told in (tmp_path / name).read_text(encoding="utf-8")


def test_every_figure_leads_to_its_run_its_recipe_and_who_made_the_parts(tiny_run: Path, scratch: Path, tmp_path: Path) -> None:
    assert main(["compare", str(scratch), str(tiny_run), "--out", str(tmp_path)]) == 0
    rows = list(csv.DictReader((tmp_path / "variants.csv").open(encoding="utf-8")))
    assert [(tmp_path / row["run"]).resolve() for row in rows] == [scratch.resolve(), tiny_run.resolve()]
    for row in rows:
        lines = (tmp_path / row["run"] / "recipe.py").read_text().splitlines()
        assert f"# digest {row['recipe_digest']}" in lines
        assert "encoder bert of vsslfw " in row["made_by"]
        assert f"(<{row['run']}/report.html>)" in (tmp_path / "variants.md").read_text()
        assert f"{row['run']}; recipe {row['recipe_digest']}; " in (tmp_path / "contrasts.tex").read_text()


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
    ("arguments", "said"),
    [
        (["{run}"], "one run alone cannot be compared"),
        (["{run}", "nowhere"], "there is no such run folder"),
        (["{run}", "{run}"], "is named twice"),
        (["{run}", "{run}/probes/sftf.csv"], "there is no such probe"),
        (["{run}", "{run}/probes/mean.csv", "--primary", "other"], "is not among the runs"),
    ],
)
def test_bad_input_is_told_in_words(arguments: list[str], said: str, tiny_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", *(text.format(run=tiny_run) for text in arguments)]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error


def test_an_unfinished_run_is_no_arm(tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = shutil.copytree(tiny_run, tmp_path / "other")
    state = json.loads((other / "run.json").read_text())
    (other / "run.json").write_text(json.dumps(state | {"state": "failed", "error": "RunError"}))
    assert main(["compare", str(tiny_run), str(other)]) == 2
    assert "holds no finished run: it is failed (RunError)" in capsys.readouterr().err
