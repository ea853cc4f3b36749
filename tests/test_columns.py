"""A column that says who somebody is does not get into a report unasked."""

from __future__ import annotations

import csv
from pathlib import Path

from vsslfw import load_recipe, run
from vsslfw.data.columns import naming
from vsslfw.testing.tiny import TINY

ROWS = [(f"S{n}", {"name": f"Miller {n}", "site": "north" if n % 2 else "south", "born": f"19{50 + n}", "all": "x"}) for n in range(6)]


def test_names_and_birthdays_are_told_from_sites() -> None:
    assert naming(ROWS) == {"name", "born"}
    assert naming([*ROWS, *ROWS]) == {"name", "born"}, "more videos of the same people hide nobody"
    assert naming(ROWS[:1]) == set()


def test_a_report_breaks_down_by_site_and_not_by_name(tmp_path: Path, tiny_run: Path) -> None:
    (manifest,) = (tiny_run.parent / ".vsslfw-cache" / "datasets").glob("*/videos.csv")
    with manifest.open(newline="") as file:
        rows = list(csv.DictReader(file))
    subjects = sorted({row["subject_id"] for row in rows})
    for row in rows:
        number = subjects.index(row["subject_id"])
        row |= {"path": str(manifest.parent / row["path"]), "patient": f"Miller {number}", "site": "north" if number % 2 else "south"}
    with (tmp_path / "videos.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    small = [f"{key}={value}" for key, value in TINY.items() if not key.startswith("data.")]
    recipe = load_recipe("seizure_bart", profile="demo", data=tmp_path / "videos.csv", overrides=small)
    run(recipe, out=tmp_path / "run", cache=tiny_run.parent / ".vsslfw-cache")
    for path in (tmp_path / "run").rglob("*.*"):
        if path.is_file() and path.suffix != ".safetensors":
            assert "Miller" not in path.read_text(), path.name
    assert "<caption>site</caption>" in (tmp_path / "run" / "report.html").read_text()
