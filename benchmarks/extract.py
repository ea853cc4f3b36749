"""Backbone: frames/s of the pipeline's own path beside plain eager loops over the same network, in one process, in turn.

    python benchmarks/extract.py [--backbones resnet18 resnet152] [--frames 96] [--rounds 5] [--device cpu] [--rewrite]

The pipeline's path takes 112 x 112 uint8 crops to features: normalisation, batches of one fixed shape (the last one filled up, so that a
feature never depends on its neighbours), channels-last memory. The plain loops are what one would write first: torchvision's network,
eager, float32, a frame at a time or in the same batches. Random weights: they cost what others cost. One thread on a CPU.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
import torchvision
from pages import save

from vsslfw import load_recipe
from vsslfw.pipeline.backbone import FrozenBackbone
from vsslfw.video import normalise

Frames = np.ndarray
Way = Callable[[Frames], torch.Tensor]


def pipeline_of(name: str, device: str, precision: str) -> Way:
    changes = [f"backbone=dict(type={name!r}, weights=None)", f"extract.precision={precision!r}", "extract.batch_size=32", "plugins=[]"]
    return FrozenBackbone.of(load_recipe("seizure_bart", profile="stable", overrides=changes), device).features


def eager_of(name: str, device: str, batch: int) -> Way:
    network = torchvision.models.get_model(name, weights=None)
    network.fc = torch.nn.Identity()
    network.eval().to(device)

    @torch.no_grad()
    def features(frames: Frames) -> torch.Tensor:
        parts = np.array_split(frames, range(batch, len(frames), batch))
        return torch.cat([network(normalise(part, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)).to(device)).cpu() for part in parts])

    return features


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backbones", nargs="+", default=["resnet18", "resnet152"])
    parser.add_argument("--frames", type=int, default=96)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--rewrite", action="store_true", help="write benchmarks/results/extract.json and the table of docs/performance.md")
    options = parser.parse_args()
    torch.set_num_threads(1)
    frames = np.random.default_rng(0).integers(0, 255, (options.frames, 112, 112, 3), dtype=np.uint8)
    rows, measured = [], {}
    for name in options.backbones:
        ways = {
            "plain eager loop, a frame at a time": eager_of(name, options.device, 1),
            "plain eager loop, batches of 32": eager_of(name, options.device, 32),
            "vsslfw, float32": pipeline_of(name, options.device, "float32"),
            "vsslfw, bfloat16": pipeline_of(name, options.device, "bfloat16"),
        }
        rates: dict[str, list[float]] = {way: [] for way in ways}
        for number in range(options.rounds + 1):
            for way, features in ways.items():
                started = time.perf_counter()
                assert len(features(frames)) == options.frames
                if number:  # the first round allocates
                    rates[way].append(options.frames / (time.perf_counter() - started))
        for way, own in rates.items():
            ratios = [statistics.median(a / b for a, b in zip(own, rates[plain], strict=True)) for plain in list(ways)[:2]]
            rows.append([name, way, f"{statistics.median(own):.1f}", *(f"{ratio:.2f}" for ratio in ratios)])
        measured[name] = rates
    header = ["backbone", "way", "frames/s", "beside a frame at a time", "beside batches of 32"]
    facts = {"frames": options.frames, "rounds": options.rounds, "device": options.device, "frames_per_s": measured}
    save("extract", header, rows, facts, rewrite=options.rewrite)


if __name__ == "__main__":
    main()
