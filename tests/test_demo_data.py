"""``vsslfw demo-data``: made video from the command line."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from vsslfw.builtin.synthetic_emu import SyntheticEMU
from vsslfw.errors import UserError

SMALL = ("--subjects", "2", "--seizures", "1", "--hours", "0.002", "--fps", "5", "--size", "64x96")


def demo_data(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "vsslfw", "demo-data", *arguments], cwd=cwd, capture_output=True, text=True)


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_it_writes_a_manifest_videos_and_the_truth_and_says_what_to_type_next(tmp_path: Path) -> None:
    done = demo_data("emu", *SMALL, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Next: vsslfw run seizure_bart --profile demo --data emu/videos.csv" in done.stdout
    with (tmp_path / "emu" / "videos.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["role"] for row in rows] == ["contextual", "labelled"] * 2
    assert all((tmp_path / "emu" / row["path"]).is_file() for row in rows)
    assert [path.name for path in tmp_path.iterdir()] == ["emu"]
    assert {path.name for path in (tmp_path / "emu").iterdir()} >= {"boxes.csv", "truth.csv", "angles", "design.json"}


@pytest.mark.slow
def test_two_processes_write_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert demo_data(name, *SMALL, cwd=tmp_path).returncode == 0
    assert content(tmp_path / "a") == content(tmp_path / "b")


def test_wrong_options_are_refused_in_words(tmp_path: Path) -> None:
    done = demo_data("emu", "--subjects", "1", "--level", "ordre", cwd=tmp_path)
    assert done.returncode == 2
    assert "at least 2 are needed" in done.stderr
    assert 'did you mean "order"' in done.stderr
    assert "240x320" in demo_data("emu", "--size", "big", cwd=tmp_path).stderr
    assert not (tmp_path / "emu").exists()


@pytest.mark.parametrize("hours", ["nan", "inf"])
def test_hours_that_are_no_number_are_refused(hours: str, tmp_path: Path) -> None:
    done = demo_data("emu", "--hours", hours, cwd=tmp_path)
    assert done.returncode == 2
    assert f"{hours} is no number of hours" in done.stderr


@pytest.mark.parametrize(("out", "said"), [("file", "file: is a file, and a folder"), ("file/emu", "cannot be written: file is a file")])
def test_a_place_that_is_taken_is_said_before_any_video_is_made(out: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    done = demo_data(out, *SMALL, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def small() -> SyntheticEMU:
    return SyntheticEMU(subjects=2, seizures_per_subject=1, seizure_s=(2.0, 2.0), contextual_per_subject=0, fps=5.0, size=(64, 64))


def test_a_folder_that_may_not_be_written_to_is_said_and_a_set_in_it_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = small().write(tmp_path / "there")
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(UserError, match="may not be written to"):
        small().write(tmp_path / "emu")
    assert small().write(tmp_path / "there") == there
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_what_is_stopped_half_way_leaves_no_video(tmp_path: Path) -> None:
    def stop(done: int, of: int) -> None:
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        small().write(tmp_path / "emu", stop)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []
    assert small().write(tmp_path / "emu").is_file()
