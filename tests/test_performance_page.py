"""The page on speed and memory shows what its benchmarks saved."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
QUICK = {
    "decode": ["--seconds", "1", "--rounds", "1"],
    "extract": ["--backbones", "resnet18", "--frames", "4", "--rounds", "1"],
}


@pytest.mark.parametrize("name", ["decode", "extract", "memory"])
def test_the_table_on_the_page_is_the_one_that_was_saved(name: str) -> None:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        from pages import written
    finally:
        sys.path.pop(0)
    saved = json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text(encoding="utf-8"))
    assert written(PAGE, name, saved["header"], saved["rows"]) == PAGE


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK)
def test_a_benchmark_measures_every_way(name: str) -> None:
    done = subprocess.run([sys.executable, ROOT / "benchmarks" / f"{name}.py", *QUICK[name]], capture_output=True, text=True, check=True)
    assert "vsslfw" in done.stdout


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="only Linux says how much memory is anonymous")
def test_memory_does_not_grow_with_a_recording() -> None:
    command = [sys.executable, ROOT / "benchmarks" / "memory.py", "--minutes", "0.5", "3"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    difference = re.search(r"difference.*?([+-]\d+) MiB", done.stdout)
    assert difference
    assert int(difference[1]) < 150  # segments of a minute are held: three of 1.3 MB at a frame a second
