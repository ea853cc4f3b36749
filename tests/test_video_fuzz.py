"""Two thousand damaged files: each is read or refused in words, in bounded time and memory. Nothing crashes, nothing hangs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import ffmpeg_program as ffmpeg
import numpy as np
import pytest
import video_fuzz

SEEDS = {
    "h264.mp4": ("-c:v", "libx264", "-g", "5", "-bf", "2"),
    "h264.ts": ("-c:v", "libx264", "-g", "5"),
    "hevc.mkv": ("-c:v", "libx265", "-x265-params", "log-level=error:keyint=5"),
    "mpeg2.mpg": ("-c:v", "mpeg2video", "-g", "5"),
    "mpeg4.avi": ("-c:v", "mpeg4", "-g", "5", "-bf", "2"),
    "mjpeg.avi": ("-c:v", "mjpeg", "-q:v", "10"),
    "wmv2.asf": ("-c:v", "wmv2", "-f", "asf"),
    "vp8.webm": ("-c:v", "libvpx", "-deadline", "realtime"),
}
MUTANTS, BATCH = 2000, 250
LONGEST_S, MOST_MIB = 20.0, 1200
"""A file of a few kilobytes, on a machine that does other things as well; libav itself and its threads take the greater part."""

READ = """
import json, sys, tempfile
from pathlib import Path
import numpy as np
import video_fuzz
folder, first, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
names = sorted(path.name for path in folder.iterdir())
with tempfile.TemporaryDirectory() as place:
    for number in range(first, first + count):
        name = names[number % len(names)]
        mutant = Path(place) / f"{number}-{name}"
        mutant.write_bytes(video_fuzz.mutate((folder / name).read_bytes(), np.random.default_rng(number)))
        outcome = video_fuzz.read(mutant)
        mutant.unlink()
        print(json.dumps(vars(outcome)))
print(json.dumps(video_fuzz.peak_mib()))
"""


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("seeds")
    for name, options in SEEDS.items():
        ffmpeg.make("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=10:duration=2", *options, folder / name)
    return folder


def fuzz(seeds: Path, first: int, count: int) -> tuple[list[dict[str, object]], float]:
    """Outcomes of mutants first..first+count-1, read in a process of their own, and the memory that it took in MiB."""
    command = [sys.executable, "-c", READ, str(seeds), str(first), str(count)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=LONGEST_S * count, cwd=Path(__file__).parent)
    assert done.returncode == 0, f"mutant {first + done.stdout.count(chr(10))}: {done.stderr[-2000:]}"
    *outcomes, peak = map(json.loads, done.stdout.splitlines())
    return outcomes, peak


def assert_clean(outcomes: list[dict[str, object]], peak: float) -> None:
    assert max(float(str(outcome["seconds"])) for outcome in outcomes) < LONGEST_S
    assert peak < MOST_MIB
    short = [outcome for outcome in outcomes if outcome["delivered"] != outcome["expected"] or not outcome["expected"]]
    assert all(outcome["error"] or not outcome["expected"] for outcome in short)
    assert not any("Traceback" in str(outcome["error"]) or "\n" in str(outcome["error"]) for outcome in outcomes)


@pytest.mark.timeout(600)
def test_two_thousand_mutants_end_in_words(seeds: Path) -> None:
    batches = [fuzz(seeds, first, BATCH) for first in range(0, MUTANTS, BATCH)]
    outcomes = [outcome for batch, _ in batches for outcome in batch]
    assert len(outcomes) == MUTANTS
    assert_clean(outcomes, max(peak for _, peak in batches))
    assert MUTANTS // 4 < sum(bool(outcome["error"]) for outcome in outcomes) < MUTANTS


def test_a_mutant_is_the_same_for_the_same_seed() -> None:
    content = bytes(range(256)) * 8
    mutants = [video_fuzz.mutate(content, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert mutants[0] == mutants[1] != mutants[2]


def test_the_peak_is_of_the_process_itself_and_not_of_what_started_it() -> None:
    held = np.ones(1 << 30, np.uint8)
    command = [sys.executable, "-c", "import video_fuzz; print(video_fuzz.peak_mib())"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parent)
    assert 0 < float(done.stdout) < held.nbytes / 2**20
