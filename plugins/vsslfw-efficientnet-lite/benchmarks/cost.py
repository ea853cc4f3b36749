"""What a frame costs: frames per second of a batch of 32, by picture size and threads. Usage: python benchmarks/cost.py"""

from __future__ import annotations

import torch
from torch.utils.benchmark import Timer
from vsslfw_efficientnet_lite.backbone import EfficientNetLite0

for size in (112, 224):
    backbone = EfficientNetLite0(frame_size=size)
    frames = torch.zeros(32, 3, size, size)
    for threads in (1, 2):
        with torch.inference_mode():
            timer = Timer("backbone(frames)", globals={"backbone": backbone, "frames": frames}, num_threads=threads)
            seconds = timer.blocked_autorange(min_run_time=5).median
        print(f"{size} x {size}, {threads} thread(s): {32 / seconds:6.1f} frames/s")
