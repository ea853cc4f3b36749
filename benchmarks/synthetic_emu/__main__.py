"""The calibration of `synthetic_emu`: what can be told at each level, by whom, on subjects and a seed that were never seen.

    python benchmarks/synthetic_emu [--levels easy rhythm order] [--seeds 0 1 2] [--jobs 2] [--folder FOLDER]

Trains on 24 subjects, tests on 36 fresh ones. An hour on two cores, 3 GB in FOLDER; what is there is used again. Prints the tables,
saves benchmarks/results/synthetic_emu.json and rewrites the tables in docs/benchmark.md.
"""

from __future__ import annotations

import argparse
import logging
import os
import platform
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path

import torch
from measure import ENCODERS, measured, quiet
from nuisances import nuisances
from sets import Size
from tables import rewrite, tables

from vsslfw.atomic import write_json

ROOT = Path(__file__).parents[2]
RESULT = ROOT / "benchmarks" / "results" / "synthetic_emu.json"
PAGE = ROOT / "docs" / "benchmark.md"
LEVELS = ("easy", "rhythm", "order")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--levels", nargs="+", default=LEVELS, choices=LEVELS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--folder", type=Path, default=Path("emu-benchmark"))
    parser.add_argument("--encoders", nargs="*", default=list(ENCODERS), choices=list(ENCODERS))
    parser.add_argument("--subjects", nargs=2, type=int, metavar=("TRAIN", "TEST"), default=(24, 36))
    parser.add_argument("--nuisance-seeds", type=int, default=20, help="how many sets the nuisances are probed on (none is drawn)")
    parser.add_argument("--no-write", action="store_true", help="print the tables, and leave the result and the page as they are")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    size = Size(train_subjects=options.subjects[0], test_subjects=options.subjects[1])
    wanted = [(level, seed) for seed in options.seeds for level in options.levels]
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn"), initializer=quiet) as pool:
        futures = {
            at: pool.submit(measured, at, size, options.folder.resolve() / f"{at[0]}-{at[1]}", tuple(options.encoders)) for at in wanted
        }
        results = [futures[at].result() for at in wanted]
    matching = nuisances(range(options.nuisance_seeds), size)
    machine = {"cpus": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version(), "torch": torch.__version__}
    record = {"machine": machine, "size": asdict(size), "results": results, "nuisances": matching}
    print(tables(record))
    if not options.no_write:
        write_json(RESULT, record)
        rewrite(PAGE, record)


if __name__ == "__main__":
    main()
