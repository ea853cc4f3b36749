"""study.json: what a study's folder says of it, and what was named before anything had run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vsslfw.ablation.outcome import Outcome
from vsslfw.ablation.study import Arranged, Study
from vsslfw.atomic import read_json, write_json
from vsslfw.errors import Problem, UserError

NAME = "study.json"


@dataclass
class StudyRecord:
    """The record of a study; it is extended, never begun anew, when variants are added."""

    folder: Path
    name: str
    content: dict[str, Any]
    warnings: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, folder: Path, name: str, digest: str, study: Study, identify: bool) -> StudyRecord:
        """The record in ``folder``, or a new one. UserError if the folder holds something else, or a study of another recipe."""
        path, where = folder / NAME, f"--out {folder}"
        question = _question(study)
        if not path.is_file():
            if folder.is_dir() and any(child.name not in (".lock", "log.txt") for child in folder.iterdir()):
                raise UserError(Problem("is not empty, and holds no study", where, "Choose a new folder"))
            content = {"name": name, "base": digest, "question": question, "named": _now(), "identified": identify, "asked_later": []}
            return cls(folder, name, content)
        try:
            content = read_json(path)
            known, asked = str(content["base"]), content["question"]
        except (ValueError, KeyError, TypeError) as error:
            hint = "Choose another --out, or remove this folder: what was computed is in the cache"
            raise UserError(Problem(f"its {NAME} cannot be read ({type(error).__name__})", where, hint)) from error
        if known != digest:
            what = f"holds a study of another recipe, data or seeds (digest {known[:8]}; this one is {digest[:8]})"
            raise UserError(Problem(what, where, "Choose another --out; only variants can be added to a study"))
        later = content.setdefault("asked_later", [])
        if asked != question and not content.get("results"):
            content |= {"question": question, "named": _now()}
        elif asked != question and question not in [known["question"] for known in later]:
            later.append({"question": question, "named": _now()})
        return cls(folder, name, content | {"identified": identify}, _changed(content, question))

    def begin(self, variants: Sequence[Arranged]) -> None:
        """Note the question and the variants before anything runs."""
        rows = [{"name": v.name, "recipe": v.recipe.digest, "changes": v.changes, "probe": v.probe, "of": v.of} for v in variants]
        for ended in ("ended", "error"):
            self.content.pop(ended, None)
        self.content |= {"state": "running", "started": _now(), "variants": rows}
        self._write()

    def finished(self, outcome: Outcome, counts: Mapping[str, Mapping[str, int]]) -> None:
        """It is over; failed variants are named."""
        failed = {row.name: row.reason for row in outcome.rows if row.state == "failed"}
        self.content |= {"state": "finished", "ended": _now(), "failed": failed, "stages": counts, "results": True}
        self._write()

    def ended_by(self, error: BaseException) -> None:
        """It is over without a comparison."""
        state = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
        self.content |= {"state": state, "ended": _now(), "error": type(error).__name__}
        self._write()

    def _write(self) -> None:
        write_json(self.folder / NAME, self.content)


def _question(study: Study) -> dict[str, Any]:
    return {"primary": list(study.primary) if study.primary else None, "metric": study.metric, "margin": study.margin}


def _changed(content: Mapping[str, Any], question: dict[str, Any]) -> list[str]:
    """What a reader must know of a question that is not the one that was named before there were results."""
    first = content["question"]
    if first == question:
        return []
    said = f"“{first['primary'][0]}” against “{first['primary'][1]}”" if first["primary"] else "no primary contrast"
    return [
        f"The question was changed after results were there. Named before ({content['named']}): {said}, in {first['metric']}, margin "
        f"{first['margin']}. Read what is primary here as exploratory."
    ]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
