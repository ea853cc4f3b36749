"""What a study saves: `vsslfw ablate` with eight variants against eight `vsslfw run`, and that both end with the same bytes.

    python benchmarks/ablation.py [--variants 8] [--profile demo] [--jobs 1] [--json FILE] [--rewrite]

The separate runs are made twice: each with an empty cache of its own, and one after the other over one cache. The made video lies in
every cache beforehand: who has video does not make it again for each run. About forty minutes of one core. Prints the table, saves
benchmarks/results/ablation.json; --rewrite puts the table into docs/costs.md. Fails if an answer or a figure differs, or a record does
not tell what the caches hold.
"""

from __future__ import annotations

import argparse
import itertools
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.markdown import Markdown

from vsslfw.atomic import read_json, write_json, write_text
from vsslfw.caching import read_contents
from vsslfw.digest import digest_of_file
from vsslfw.pipeline.stages import Pipeline
from vsslfw.recipe import Recipe, load_recipe

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "benchmarks" / "results" / "ablation.json"
PAGE = ROOT / "docs" / "costs.md"
RECIPE = "seizure_bart"
CORRUPTIONS = ("permute_span+mask_frames", "mask_frames", "permute_span", "none")
SOURCES = ("contextual", "none")
THREADS = "1"
"""Of every process: whoever else uses the machine then slows all of them alike."""
STAGES = {"extract": "features", "pretrain": "pretrain", "validate": "folds", "baselines": "baselines"}
"""Stage of a run -> kind of result in the cache."""
SIDES = {"cold": "{} runs, a cache each", "warm": "{} runs, one cache", "study": "one study of {} variants"}
Record = dict[str, Any]


def variants(recipe: Recipe, corruptions: tuple[str, ...]) -> dict[str, list[str]]:
    """Name -> what a person who has only `vsslfw run` gives to --set."""
    parts = {part["type"]: part for part in recipe.settings.corruption}
    found = {}
    for named, source in itertools.product(corruptions, SOURCES):
        noise = [] if named == "none" else [parts[name] for name in named.split("+")]
        found[f"{named}, {source}"] = [f"corruption={noise}", f"pretrain.source={source}"]
    return found


def measured(arguments: list[str], made: Path, cache: Path) -> dict[str, float]:
    """Seconds on the clock, and those of the processor, which somebody else's work disturbs less."""
    if not cache.exists():
        shutil.copytree(made, cache / "datasets")
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-m", "vsslfw", *arguments, "--cache", str(cache), "--device", "cpu", "--quiet"]
    subprocess.run(command, cwd=cache.parent, env={**os.environ, "OMP_NUM_THREADS": THREADS}, stdout=subprocess.DEVNULL, check=True)
    spent, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"seconds": spent, "cpu_seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime}


def held(*caches: Path) -> dict[str, int]:
    """How many results of each kind caches hold that began empty: so often was each stage executed."""
    kinds = [kind for cache in caches for kind in read_contents(cache).kinds()]
    return {name: sum(kind.results for kind in kinds if kind.name == name) for name in (*STAGES.values(), "shortcuts")}


def told(runs: list[Path]) -> dict[str, int]:
    """The same by the runs' own records, where the table of shortcuts is a part of the baselines."""
    records = [record for run in runs for record in read_json(run / "stages.json")["stages"]]
    return {kind: sum(r["parts"] - r["reused"] for r in records if r["stage"] == stage) for stage, kind in STAGES.items()}


def check(record: Record, runs: dict[str, list[Path]], study: Path) -> None:
    """SystemExit unless both sides have the same recipes, answers and figures, and the records tell what the caches hold."""
    wrong = []
    of_study = {read_json(run / "run.json")["recipe"]: run for run in (study / "runs").iterdir()}
    for side in ("cold", "warm"):
        for row, run in zip(record["variants"], runs[side], strict=True):
            other = of_study[read_json(run / "run.json")["recipe"]]
            row["predictions"] = digest_of_file(run / "predictions.csv")
            if row["predictions"] != digest_of_file(other / "predictions.csv"):
                wrong.append(f"{row['name']}, {side}: other answers than in the study")
            if read_json(run / "metrics.json") != read_json(other / "metrics.json"):
                wrong.append(f"{row['name']}, {side}: other figures than in the study")
        counts = dict(record[side]["executed"])
        counts["baselines"] += counts.pop("shortcuts")
        if counts != told(runs[side]):
            wrong.append(f"{side}: the runs say {told(runs[side])}, the caches hold {counts}")
    said = {stage: count["computed"] for stage, count in read_json(study / "study.json")["stages"].items()}
    executed = record["study"]["executed"]
    counts = {stage: executed["features" if stage == "extract" else stage] for stage in said}
    if said != counts:
        wrong.append(f"the study says {said}, its cache holds {counts}")
    if wrong:
        raise SystemExit("\n".join(wrong))


def measure(count: int, profile: str, jobs: int, folder: Path, console: Console) -> Record:
    """Both sides, checked. The study lies in the middle of the runs: a steady drift of the machine favours neither, a burst may."""
    recipe = load_recipe(RECIPE, profile=profile)
    corruptions = CORRUPTIONS[: count // len(SOURCES)]
    wanted = variants(recipe, corruptions)
    made = folder / "made"
    _ = Pipeline(recipe, made, 1, "cpu").manifest
    common = ["--profile", profile, "--jobs", str(jobs)]
    runs: dict[str, list[Path]] = {"cold": [], "warm": []}
    record: Record = {"size": {"variants": count, "profile": profile, "jobs": jobs, "threads": int(THREADS)}, "variants": []}
    for number, (name, settings) in enumerate(wanted.items()):
        if number == count // 2:
            noise = ["--vary", f"corruption={','.join(corruptions)}"] if len(corruptions) > 1 else []
            given = [*noise, "--vary", f"pretrain.source={','.join(SOURCES)}", "--grid", "--out", str(folder / "study")]
            record["study"] = measured(["ablate", RECIPE, *given, *common], made / "datasets", folder / "of-study")
            console.print(f"study: {record['study']['seconds']:.0f} s")
        row: Record = {"name": name}
        for side, cache in (("cold", folder / f"of-{number}"), ("warm", folder / "of-all")):
            runs[side].append(folder / side / str(number))
            given = [word for setting in settings for word in ("--set", setting)]
            row[side] = measured(["run", RECIPE, *given, *common, "--out", str(runs[side][-1])], made / "datasets", cache)
            console.print(f"{name}, {side}: {row[side]['seconds']:.0f} s")
        record["variants"].append(row)
    for side in ("cold", "warm"):
        record[side] = {unit: sum(row[side][unit] for row in record["variants"]) for unit in ("seconds", "cpu_seconds")}
    record["cold"]["executed"] = held(*(folder / f"of-{number}" for number in range(count)))
    record["warm"]["executed"] = held(folder / "of-all")
    record["study"]["executed"] = held(folder / "of-study")
    check(record, runs, folder / "study")
    return record


def table(record: Record) -> str:
    """In Markdown, with what a reader must know of it."""
    size, machine = record["size"], record["machine"]
    head = ("", "time", "of the first", "processor time", "of the first", "videos and clips", "pre-trainings", "fine-tunings", "probes")
    lines = [head, ("---",) * len(head)]
    for side, name in SIDES.items():
        cells = [name.format(size["variants"])]
        for unit in ("seconds", "cpu_seconds"):
            cells += [f"{record[side][unit]:.0f} s", f"{record[side][unit] / record['cold'][unit]:.0%}"]
        lines.append((*cells, *(str(record[side]["executed"][kind]) for kind in STAGES.values())))
    of_warm = {unit: f"{record['study'][unit] / record['warm'][unit]:.0%}" for unit in ("seconds", "cpu_seconds")}
    note = (
        f"The study takes {of_warm['seconds']} of the time, and {of_warm['cpu_seconds']} of the processor time, of the runs that share a\n"
        "cache. Every variant's `predictions.csv` is the same to the byte, and every figure of `metrics.json` is the same, in all three.\n"
        f"{machine['cpus']} cores, {machine['machine']}, Python {machine['python']}, torch {machine['torch']}; "
        f"profile `{size['profile']}`, `--jobs {size['jobs']}`, {size['threads']} thread "
        f"a process.\n\nWithout pre-training the corruption does not matter: {size['variants'] // 2} of the {size['variants']} variants "
        "are then fine-tuned alike, and the study does it once.\nA grid whose variants all differ in training saves less."
    )
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + f"\n\n{note}"


def rewrite(page: Path, record: Record) -> None:
    """Put the table between its markers, ``<!-- table ablation -->`` and ``<!-- /table -->``."""
    before, rest = page.read_text(encoding="utf-8").split("<!-- table ablation -->\n", 1)
    write_text(page, f"{before}<!-- table ablation -->\n{table(record)}\n<!-- /table -->{rest.split('<!-- /table -->', 1)[1]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variants", type=int, default=8, choices=(2, 4, 6, 8))
    parser.add_argument("--profile", default="demo")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--json", type=Path, default=RESULT)
    parser.add_argument("--rewrite", action="store_true", help="put the table into docs/costs.md")
    options = parser.parse_args()
    console = Console(width=160)
    with tempfile.TemporaryDirectory() as name:
        found = measure(options.variants, options.profile, options.jobs, Path(name), console)
    machine = {"cpus": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version(), "torch": torch.__version__}
    record = {"machine": machine, **found}
    console.print(Markdown(table(record)))
    write_json(options.json, record)
    if options.rewrite:
        rewrite(PAGE, record)


if __name__ == "__main__":
    main()
