"""What every backbone and corruption costs, in time and memory a frame or position, by the conformance kit's cost report.

    python benchmarks/cost.py [--json FILE] [--plugin NAME ...] [--repeats 5]

Prints a Markdown table. Backbones are built small where their class declares small parameters to check them with: the parameters stand in
the table. One thread. Figures are of this machine, and of what else it did.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from pathlib import Path

import torch

from vsslfw.plugins import plugins
from vsslfw.testing import cost_of

KINDS = ("backbone", "corruption")
FULL = {
    # where the first set of check_with is too small to say anything
    "timm": {"model": "resnet50", "weights": None, "frame_size": 112},
    "efficientnet_lite0": {"frame_size": 112},
    "time_reversal": {"probability": 1.0},
    "videomae": {"weights": None, "config": {"image_size": 112}},
    "dinov3": {"weights": None, "config": {"image_size": 112, "hidden_size": 384, "intermediate_size": 1536, "num_attention_heads": 6}},
}
SKIPPED = ("resnet101", "frame_transforms")
"""Between its neighbours; and as dear as the transforms that it is given."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plugin", action="append", default=[])
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    print("| plugin | component | parameters | time | memory | weights | measured with |\n|---|---|---|---|---|---|---|")
    for plugin in plugins().found:
        if options.plugin and plugin.name not in options.plugin:
            continue
        for component in plugin.components:
            if component.kind not in KINDS or component.name in SKIPPED:
                continue
            given = {"weights": None, "frame_size": 112} if component.name.startswith("resnet") else FULL.get(component.name)
            cost = cost_of(component.kind, component.load(), given, repeats=options.repeats)
            shown = ", ".join(f"{name}={value!r}" for name, value in cost.parameters.items()) or "defaults"
            time = f"{cost.microseconds / 1000:.3g} ms" if cost.microseconds >= 1000 else f"{cost.microseconds:.3g} µs"
            memory = f"{cost.memory_bytes / 1e6:.2g} MB" if cost.memory_bytes >= 1e5 else f"{cost.memory_bytes:.3g} B"
            weights = f"{cost.parameter_bytes / 1e6:.3g} MB" if cost.parameter_bytes else "-"
            row = (plugin.name, f"`{component.name}`", f"`{shown}`", f"{time} a {cost.unit}", memory, weights, cost.size)
            print("| " + " | ".join(row) + " |", flush=True)
            rows.append({"plugin": plugin.name, "version": plugin.version, **cost.to_dict()})
    if options.json:
        machine = {"cpus": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version(), "torch": torch.__version__}
        options.json.write_text(json.dumps({"machine": machine, "costs": rows}, indent=2, default=str) + "\n")


if __name__ == "__main__":
    main()
