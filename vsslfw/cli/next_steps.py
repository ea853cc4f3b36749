"""What to type next: commands that can be copied as they stand, in the words that this run was started with."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vsslfw.recipe.files import Sources
from vsslfw.report.html import NAME
from vsslfw.report.terminal import Step

SWAP = """corruption=[dict(type="mask_frames", ratio=0.3)]"""
"""A part to swap, as an example: only masks, and more of them."""
OWN_DATA_PROFILE = "stable"
RUNS = Path("runs")
"""Where runs lie if nobody says where, and which `vsslfw runs` lists."""


@dataclass(frozen=True)
class Invocation:
    """How ``vsslfw run`` was started: its words after the program, the run folder, and whether they name it."""

    words: Sequence[str]
    recipe: str
    folder: Path
    named: bool

    def again(self) -> str:
        """The command that continues this run."""
        words = [*self.words, *([] if self.named else ["--out", str(self.folder)])]
        return _command(*words, *([] if "--resume" in words else ["--resume"]))

    def beside(self, setting: str, folder: Path) -> str:
        """The command of the same run with one more setting, in another folder."""
        return _command(*_without_folder(self.words), "--set", setting, "--out", str(folder))

    def on_own_data(self) -> str:
        """The recipe on a manifest of the person's own."""
        source = Sources().open(self.recipe)
        profile = ["--profile", OWN_DATA_PROFILE] if source is not None and OWN_DATA_PROFILE in source.profiles() else []
        return _command("run", self.recipe, *profile, "--data", "videos.csv")


def after_a_run(started: Invocation, *, synthetic: bool, pretrained: bool) -> list[Step]:
    """What a person may want after a run that has finished."""
    folder, opener = started.folder, _opener()
    opened = [f"{opener} {shlex.quote(str(folder / NAME))}"] if opener else []
    steps = [Step("open the report in any browser; it needs no network", opened)]
    if synthetic:
        steps.append(Step("run it on your own video", [started.on_own_data()]))
    if pretrained and not any("corruption" in word for word in started.words):
        other = folder.with_name(f"{folder.name}-masks-only")
        compare = _command("diff", str(folder), str(other))
        steps.append(Step("swap a part, and see what that changes; stages before it are reused", [started.beside(SWAP, other), compare]))
    steps.append(Step("see all runs of this folder", [_command("runs", *([] if folder.parent == RUNS else [str(folder.parent)]))]))
    return steps


def _command(*words: str) -> str:
    return shlex.join([*_program(), *words])


def _program() -> list[str]:
    """vsslfw as a person must type it here: its name if the shell finds it, else its path."""
    typed = Path(sys.argv[0])
    if typed.name == "__main__.py":
        return [Path(sys.executable).name if shutil.which(Path(sys.executable).name) == sys.executable else sys.executable, "-m", "vsslfw"]
    if typed.name != "vsslfw" or _same(shutil.which("vsslfw"), typed):
        return ["vsslfw"]
    return [_short(typed)]


def _same(found: str | None, path: Path) -> bool:
    return found is not None and os.path.realpath(found) == os.path.realpath(path)


def _short(path: Path) -> str:
    """Relative if it lies below the current folder."""
    absolute = Path(os.path.abspath(path))
    return str(absolute.relative_to(Path.cwd())) if absolute.is_relative_to(Path.cwd()) else str(absolute)


def _without_folder(words: Sequence[str]) -> list[str]:
    """Without --out and its value, and without --resume: another folder holds no run yet."""
    kept: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "--out":
            next(rest, None)
        elif word != "--resume" and not word.startswith("--out="):
            kept.append(word)
    return kept


def _opener() -> str:
    """The program that opens a page on this system; nothing where there is none, as on a server."""
    if sys.platform == "darwin":
        return "open"
    if sys.platform == "win32":
        return "start"
    return "xdg-open" if shutil.which("xdg-open") and (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")) else ""
