"""The pictures of the README are drawn by a script, from the noises as they are."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("matplotlib")

DOCS = Path(__file__).parents[1] / "docs"
NAMES = ("document_rotation", "sentence_permutation", "text_infilling", "time_reversal", "token_deletion", "token_masking")


def described(picture: Path) -> str:
    (words,) = re.findall(r"<dc:description>(.*?)</dc:description>", picture.read_text(encoding="utf-8"))
    return words


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the script drew."""
    folder = tmp_path_factory.mktemp("pictures")
    subprocess.run([sys.executable, str(DOCS / "draw.py"), str(folder)], check=True, capture_output=True)
    return folder


def test_the_script_draws_a_picture_of_each_noise(drawn: Path) -> None:
    assert sorted(path.stem for path in drawn.iterdir()) == sorted(path.stem for path in DOCS.glob("*.svg")) == list(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_in_the_docs_shows_what_the_noise_does_now(drawn: Path, name: str) -> None:
    assert described(DOCS / f"{name}.svg") == described(drawn / f"{name}.svg"), "draw it again: python docs/draw.py"


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_small_and_fits_a_dark_page(name: str) -> None:
    picture = (DOCS / f"{name}.svg").read_text(encoding="utf-8")
    assert len(picture) < 60_000
    assert "prefers-color-scheme: dark" in picture


def test_drawing_again_changes_no_byte(drawn: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(DOCS / "draw.py"), str(tmp_path)], check=True, capture_output=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {path.name: path.read_bytes() for path in drawn.iterdir()}
