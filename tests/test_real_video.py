"""Real video, four subjects: the whole pipeline, and that no fold's pre-training saw its test subject."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def test_real_video_completes_four_folds_without_the_test_subject_in_pretraining(shared_data: Path, tmp_path: Path) -> None:
    manifest = shared_data / "gmdcsa24" / "videos.csv"
    sets = ["--set", "pretrain.source=labelled-train-fold"]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "vsslfw",
            "run",
            "seizure_bart",
            "--profile",
            "demo",
            "--data",
            str(manifest),
            *sets,
            "--out",
            str(tmp_path / "run"),
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    audits = {line["check"]: line for line in json.loads((tmp_path / "run" / "audits.json").read_text())["lines"]}
    assert {line["outcome"] for line in audits.values()} <= {"ok", "noted", "warning"}
    assert [name for name, line in audits.items() if " two sides" in name and line["outcome"] != "ok"] == []
    assert "No labelled video of a test subject in pre-training" in audits
    assert len(list((tmp_path / "run" / "pretrain").iterdir())) == 4  # one a test subject
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert (metrics["n_videos"], metrics["n_subjects"], metrics["n_folds"]) == (23, 4, 4)
    assert metrics["data"] == "recorded"
