"""The synthetic benchmark and that of studies: the pages show what was measured, the figures are those promised, and the script runs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "benchmarks" / "synthetic_emu"
LEVELS = ("easy", "rhythm", "order")


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    measured: dict[str, Any] = json.loads((ROOT / "benchmarks" / "results" / "synthetic_emu.json").read_text(encoding="utf-8"))
    return measured


def means(record: dict[str, Any], level: str) -> dict[str, float]:
    """Mean over seeds of each probe and encoder."""
    results = [result for result in record["results"] if result["level"] == level]
    flat = [result["probes"] | result["encoders"] for result in results]
    return {name: sum(one[name] for one in flat) / len(flat) for name in flat[0]}


def test_the_page_shows_what_was_measured(record: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SCRIPT))
    import tables

    page = (ROOT / "docs" / "benchmark.md").read_text(encoding="utf-8")
    for name, table in tables.TABLES.items():
        (shown,) = re.findall(rf"<!-- begin {name} -->\n(.*?)\n<!-- end {name} -->", page, re.DOTALL)
        assert shown == table(record), "run: python benchmarks/synthetic_emu"


def test_what_a_study_saves_is_what_was_measured_and_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import ablation

    record = json.loads(ablation.RESULT.read_text(encoding="utf-8"))
    (shown,) = re.findall(r"<!-- table ablation -->\n(.*?)\n<!-- /table -->", ablation.PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert shown == ablation.table(record), "run: python benchmarks/ablation.py --rewrite"
    assert len(record["variants"]) == 8
    assert record["study"]["seconds"] <= 0.4 * record["cold"]["seconds"]
    assert record["study"]["executed"] == record["warm"]["executed"]


def test_the_standard_study_is_shown_as_it_came_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import does_ssl_pay

    record = json.loads(does_ssl_pay.RESULT.read_text(encoding="utf-8"))
    page = does_ssl_pay.PAGE.read_text(encoding="utf-8")
    for name, table in does_ssl_pay.TABLES.items():
        (shown,) = re.findall(rf"<!-- begin {name} -->\n(.*?)\n<!-- end {name} -->", page, re.DOTALL)
        assert shown == table(record), "run: python benchmarks/does_ssl_pay.py --rewrite"
    assert record["command"] == does_ssl_pay.shown()
    assert [row["state"] for row in record["rows"]] == ["finished"] * 13


def test_every_level_was_measured_on_enough_fresh_subjects(record: dict[str, Any]) -> None:
    assert sorted((r["level"], r["seed"]) for r in record["results"]) == sorted((level, seed) for level in LEVELS for seed in range(3))
    assert all(r["train"]["subjects"] == 24 and r["test"]["subjects"] >= 36 for r in record["results"])


@pytest.mark.parametrize("level", ["rhythm", "order"])
def test_nothing_but_rhythm_or_order_tells_the_classes_apart(record: dict[str, Any], level: str) -> None:
    found = means(record, level)
    for name in ("metadata", "motion energy", "features: mean", "features: mean, SD, mean absolute change"):
        assert found[name] < 0.6, name
    assert found["features: log-STFT"] > 0.9
    assert found["true limb angles: log-STFT"] > 0.9


def test_an_encoder_passes_at_level_rhythm(record: dict[str, Any]) -> None:
    assert min(r["encoders"]["self_similarity"] for r in record["results"] if r["level"] == "rhythm") > 0.85


def test_nuisances_tell_no_more_than_permuted_labels(record: dict[str, Any]) -> None:
    for name, found in record["nuisances"].items():
        labels, permuted = (sum(found[which]) / len(found[which]) for which in ("labels", "permuted"))
        assert abs(labels - permuted) < 0.1, name


@pytest.mark.slow
def test_the_script_runs(tmp_path: Path) -> None:
    small = ["--levels", "order", "--seeds", "9", "--jobs", "1", "--subjects", "6", "4", "--nuisance-seeds", "2", "--encoders"]
    command = [sys.executable, str(SCRIPT), *small, "--no-write", "--folder", str(tmp_path / "emu")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "| true limb angles: log-STFT |" in done.stdout
    assert "| camera |" in done.stdout
