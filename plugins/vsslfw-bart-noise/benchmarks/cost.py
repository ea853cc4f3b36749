"""What a noise costs, beside the two built-in ones, by the cost report of vsslfw's conformance kit. Usage: python benchmarks/cost.py"""

from __future__ import annotations

from typing import Any

from vsslfw.plugins import registries
from vsslfw.testing import cost_of

NAMES = "permute_span mask_frames token_masking token_deletion text_infilling sentence_permutation document_rotation time_reversal"
CERTAIN: dict[str, dict[str, Any]] = {"time_reversal": {"probability": 1.0}}  # else the coin might say that nothing is done

for name in NAMES.split():
    cost = cost_of("corruption", registries().find("corruption", name).load(), CERTAIN.get(name, {}), repeats=1001)
    print(f"{name:22} {1000 * cost.microseconds:5.0f} ns, {cost.memory_bytes:3.0f} bytes a position ({cost.size})")
