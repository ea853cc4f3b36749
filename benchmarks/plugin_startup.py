"""What installed plugins cost every command: `vsslfw plugins` and `vsslfw --help` with 20 more plugins, and without them.

    python benchmarks/plugin_startup.py [--rounds 11] [--json FILE]

The plugins are packages of one module and one component each, on a path of their own. Both cases run in turn, so that what else
the machine does falls on both alike. Prints the median of each and their difference.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

COUNT = 20
MODULE = """from vsslfw.hookspecs import hookimpl

VSSLFW_API = 1


@hookimpl
def vsslfw_register(register):
    register("corruption", "noise_{number}", "torch.nn:Module", summary="heavy, if it were imported")
"""
COMMANDS = {"plugins": ["plugins"], "help": ["--help"]}


def install(folder: Path) -> None:
    for number in range(COUNT):
        info = folder / f"many_{number}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: many-{number}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[vsslfw]\nmany-{number} = many_{number}\n")
        (folder / f"many_{number}.py").write_text(MODULE.format(number=number))


def seconds(arguments: list[str], path: Path) -> float:
    started = time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(path)}
    done = subprocess.run([sys.executable, "-m", "vsslfw", *arguments], env=environment, capture_output=True, text=True, check=True)
    spent = time.perf_counter() - started
    assert (f"many-{COUNT - 1}" in done.stdout) == (arguments == ["plugins"] and any(path.iterdir()))
    return spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        without, with_plugins = Path(name) / "without", Path(name) / "with"
        without.mkdir()
        with_plugins.mkdir()
        install(with_plugins)
        times: dict[str, dict[str, list[float]]] = {command: {"without": [], "with": []} for command in COMMANDS}
        for number in range(options.rounds + 1):
            for command, arguments in COMMANDS.items():
                for case, path in (("without", without), ("with", with_plugins)):
                    spent = seconds(arguments, path)
                    if number:  # the first round fills the caches of the file system and of compiled modules
                        times[command][case].append(spent)
    table = Table("command", "without, ms", f"with {COUNT} more, ms", "difference, ms")
    result = {}
    for command, cases in times.items():
        before, after = (1000 * statistics.median(cases[case]) for case in ("without", "with"))
        table.add_row(command, f"{before:.0f}", f"{after:.0f}", f"{after - before:.0f}")
        result[command] = {"without_ms": before, "with_ms": after, "difference_ms": after - before, "rounds": options.rounds}
    Console().print(table)
    if options.json:
        options.json.write_text(
            json.dumps({"plugins": COUNT, "cpus": os.cpu_count(), "python": sys.version.split()[0], **result}, indent=2) + "\n"
        )


if __name__ == "__main__":
    main()
