"""The standard study on made video: does pre-training pay?

    python benchmarks/does_ssl_pay.py [--out FOLDER] [--jobs 2] [--rewrite]

Runs the command that docs/benchmark.md shows, at level `easy`, since at the others no encoder of this size tells the classes apart. An hour
on two cores; what FOLDER's cache holds is used again. Saves benchmarks/results/does_ssl_pay.json; --rewrite puts the tables into the page.
"""

from __future__ import annotations

import argparse
import os
import platform
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from vsslfw.ablation.outcome import Figure
from vsslfw.ablation.tables import p_told, told
from vsslfw.atomic import read_json, write_json, write_text
from vsslfw.evaluation.contrasts import detectable_of
from vsslfw.evaluation.uncertainty import varies

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "benchmarks" / "results" / "does_ssl_pay.json"
PAGE = ROOT / "docs" / "benchmark.md"
SIZE = {
    "data.level": "easy",
    "data.seizures_per_subject": "2",
    "finetune.epochs": "30",
    "statistics.permutations": "19",
    "evaluate.occlusion_s": "None",
    "validation": 'dict(type="stratified_group_kfold", n_splits=4, shuffle=True, random_state=0)',
}
"""What makes it fit: 24 subjects with two seizures each, four folds, fewer epochs and probes' permutations."""
COMMAND = ["ablate", "does_ssl_pay", "--recipe", "emu_benchmark", "--profile", "stable"]
Record = dict[str, Any]


def command() -> list[str]:
    """The words after ``vsslfw``, as the page shows them."""
    return [*COMMAND, *(word for key, value in SIZE.items() for word in ("--set", f"{key}={value}"))]


def shown() -> str:
    """The command for a page, a line an option."""
    lines = [shlex.join(["vsslfw", *COMMAND]), *(shlex.join(["--set", f"{key}={value}"]) for key, value in SIZE.items())]
    return " \\\n    ".join(lines)


def figures(record: Record) -> str:
    """A row a variant."""
    lines = ["| variant | changes | balanced accuracy (95% interval) |", "|---|---|---|"]
    for row in record["rows"]:
        figure = row["figures"].get("balanced_accuracy")
        cell = told(_as_given(Figure(**figure))) if figure else f"failed: {row['reason']}"
        lines.append(f"| {row['name']} | {row['changes'].replace('|', ' ') or '–'} | {cell} |")
    return "\n".join(lines)


def _as_given(figure: Figure) -> Figure:
    """Without an interval that has no width, as a record of before may hold."""
    if None in (figure.value, figure.low, figure.high) or varies(figure.high - figure.low, figure.value):
        return figure
    return replace(figure, low=None, high=None)


def contrasts(record: Record) -> str:
    """A row a contrast, the primary one first."""
    lines = ["| contrast | difference (95% interval) | p | p (Holm) | smallest p | detectable |", "|---|---|---|---|---|---|"]
    secondary, df = sum(not one["primary"] for one in record["contrasts"]), min(record["subjects_by_class"].values()) - 1
    for one in record["contrasts"]:
        name = f"{one['arm']} minus {one['against']}"
        between = f" ({one['low']:+.3f} to {one['high']:+.3f})" if one["low"] is not None else ""
        cells = [
            f"**{name}**" if one["primary"] else name,
            f"{one['difference']:+.3f}{between}",
            p_told(one["p"]),
            "–" if one["p_holm"] is None else p_told(one["p_holm"]),
            p_told(one["smallest_p"]),
            # by the standard error: a record of before holds what is detectable alone
            "none" if one["detectable"] is None else f"{detectable_of(one['se'], df, 0.05 / (1 if one['primary'] else secondary)):.2f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


TABLES = {"does_ssl_pay": figures, "does_ssl_pay contrasts": contrasts, "does_ssl_pay command": lambda _: f"```text\n{shown()}\n```"}


def rewrite(page: Path, record: Record) -> None:
    """Put each table between its markers."""
    text = page.read_text(encoding="utf-8")
    for name, table in TABLES.items():
        before, rest = text.split(f"<!-- begin {name} -->\n", 1)
        text = f"{before}<!-- begin {name} -->\n{table(record)}\n<!-- end {name} -->" + rest.split(f"<!-- end {name} -->", 1)[1]
    write_text(page, text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("does-ssl-pay"))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--rewrite", action="store_true", help="put the tables into docs/benchmark.md")
    options = parser.parse_args()
    places = ["--out", str(options.out / "study"), "--cache", str(options.out / "cache"), "--jobs", str(options.jobs)]
    subprocess.run([sys.executable, "-m", "vsslfw", *command(), *places], env={**os.environ, "OMP_NUM_THREADS": "1"}, check=True)
    found = read_json(options.out / "study" / "comparison.json")
    machine = {"cpus": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version(), "torch": torch.__version__}
    stages = read_json(options.out / "study" / "study.json")["stages"]
    kept = {key: found[key] for key in ("rows", "contrasts", "warnings", "subjects_by_class", "videos")}
    record = {"machine": machine, "command": shown(), "stages": stages, **kept}
    write_json(RESULT, record)
    if options.rewrite:
        rewrite(PAGE, record)


if __name__ == "__main__":
    main()
