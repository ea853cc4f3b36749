"""The first start on a new machine: several processes at once, or after one that was killed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

IMPORT = [sys.executable, "-c", "import vsslfw.recipe"]


def start(home: Path) -> subprocess.Popen[str]:
    places = {"HOME": str(home), "USERPROFILE": str(home), "XDG_CACHE_HOME": str(home / "cache")}
    return subprocess.Popen(IMPORT, env={**os.environ, **places}, stderr=subprocess.PIPE, text=True)


def test_processes_that_start_at_once_do_not_meet_half_a_grammar(tmp_path: Path) -> None:
    started = [start(tmp_path) for _ in range(4)]
    assert [process.communicate()[1] for process in started] == [""] * 4


@pytest.mark.skipif(sys.platform == "win32", reason="XDG_CACHE_HOME says where the grammars are on other systems")
def test_a_grammar_left_half_written_is_made_anew(tmp_path: Path) -> None:
    assert start(tmp_path).communicate()[1] == ""
    grammars = list(tmp_path.rglob("*.pickle"))
    assert grammars
    sizes = {grammar: grammar.stat().st_size for grammar in grammars}
    for grammar in grammars:
        grammar.write_bytes(grammar.read_bytes()[:-100] if grammar == grammars[0] else b"")
    assert start(tmp_path).communicate()[1] == ""
    assert {grammar: grammar.stat().st_size for grammar in grammars} == sizes


def test_a_home_that_cannot_be_written_is_no_trouble(tmp_path: Path) -> None:
    no_folder = tmp_path / "home"
    no_folder.touch()
    assert start(no_folder).communicate()[1] == ""
