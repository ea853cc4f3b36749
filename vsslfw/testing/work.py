"""Functions that an executor is given, in a module of their own: other processes import them by name, and nothing heavy with them."""

from __future__ import annotations

import os
import time


def square(number: int) -> int:
    """number -> number squared."""
    return number * number


def refuse_three(number: int) -> int:
    """number -> itself; 3 is a ValueError."""
    if number == 3:
        raise ValueError("three is refused")
    return number


def when_and_how(number: int) -> tuple[float, float, int, int]:
    """number -> (start, end) on the clock that all processes share, threads that torch may use, and the process."""
    import torch

    start = time.monotonic()
    time.sleep(0.05)
    return start, time.monotonic(), torch.get_num_threads(), os.getpid()
