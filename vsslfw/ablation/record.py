"""study.json: what a study's folder says of it, and what was named before anything had run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from vsslfw.ablation.study import Arranged, Pair, Study
from vsslfw.atomic import read_json, write_json
from vsslfw.errors import Problem, UserError

NAME = "study.json"


class Question(BaseModel):
    """What is asked: the one contrast, and how it is answered."""

    primary: tuple[str, str] | None
    metric: str
    margin: float | None
    permutations: int


class Asked(BaseModel):
    """Another question, and when it came."""

    question: Question
    named: str


class Known(BaseModel):
    """A variant as its folder knows it, whichever command asked for it."""

    name: str
    recipe: str
    changes: str
    probe: str
    of: str
    run: str
    """Its run folder, or that of the variant on whose features the probe was tried; relative to the study's."""
    failed: str = ""


class Content(BaseModel):
    """What study.json holds."""

    name: str
    base: str
    question: Question
    named: str
    identified: bool
    asked_later: list[Asked] = []
    state: str = ""
    started: str = ""
    ended: str | None = None
    error: str | None = None
    variants: list[Known] = []
    contrasts: list[tuple[str, str]] = []
    failed: dict[str, str] = {}
    stages: dict[str, dict[str, int]] = {}
    results: bool = False


class StudyRecord:
    """The record of a study. It is extended, never begun anew: what was asked once stands in every later table."""

    def __init__(self, folder: Path, content: Content, question: Question, warnings: Sequence[str] = ()) -> None:
        self.folder = folder
        self.content = content
        self.question = question
        """What is asked now."""
        self.warnings = list(warnings)

    @property
    def primary(self) -> Pair | None:
        """The contrast that is the question."""
        return self.question.primary

    @property
    def name(self) -> str:
        """What the study is called."""
        return self.content.name

    @classmethod
    def of(cls, folder: Path, name: str, digest: str, study: Study, identify: bool) -> StudyRecord:
        """The record in ``folder``, or a new one. UserError if the folder holds something else, or a study of another recipe."""
        path, where = folder / NAME, f"--out {folder}"
        asked = Question(primary=study.primary, metric=study.metric, margin=study.margin, permutations=study.permutations)
        if not path.is_file():
            if folder.is_dir() and any(child.name not in (".lock", "log.txt") for child in folder.iterdir()):
                raise UserError(Problem("is not empty, and holds no study", where, "Choose a new folder"))
            return cls(folder, Content(name=name, base=digest, question=asked, named=_now(), identified=identify), asked)
        content = _read(path, where)
        if content.base != digest:
            what = f"holds a study of another recipe, data or seeds (digest {content.base[:8]}; this one is {digest[:8]})"
            raise UserError(Problem(what, where, "Choose another --out; only variants can be added to a study"))
        content.identified = identify
        if not content.results:
            content.question, content.named = asked, _now()
            return cls(folder, content, asked)
        return cls._extended(folder, content, study, asked)

    @classmethod
    def _extended(cls, folder: Path, content: Content, study: Study, asked: Question) -> StudyRecord:
        """There are results already: a contrast that a single new variant would make the question does not become it."""
        first = content.question
        if asked.primary is None or study.implied:
            asked.primary = first.primary
        if asked == first:
            return cls(folder, content, first)
        if asked not in [later.question for later in content.asked_later]:
            content.asked_later.append(Asked(question=asked, named=_now()))
        return cls(folder, content, asked, [_changed(content)])

    def begin(self, variants: Sequence[Arranged], pairs: Sequence[Pair], runs: Mapping[str, str]) -> None:
        """Note the question and the variants before anything runs. runs: variant -> its run folder within the study's."""
        known = {one.name: one for one in self.content.variants}
        for v in variants:
            before = known.get(v.name)
            if before is not None and before.recipe != v.recipe.digest:
                self.warnings.append(f"“{v.name}” was another recipe before ({before.recipe[:8]}); that one's result is left out.")
            known[v.name] = Known(
                name=v.name, recipe=v.recipe.digest, changes=v.changes, probe=v.probe, of=v.of, run=runs[v.of if v.probe else v.name]
            )
        self.content.variants = list(known.values())
        self.content.contrasts = list(dict.fromkeys([*self.content.contrasts, *pairs]))
        self.content.state, self.content.started, self.content.ended, self.content.error = "running", _now(), None, None
        self._write()

    def earlier(self, variants: Sequence[Arranged]) -> list[Known]:
        """The variants that an earlier command asked for and this one does not."""
        now = {v.name for v in variants}
        return [one for one in self.content.variants if one.name not in now]

    def finished(self, failed: Mapping[str, str], counts: Mapping[str, Mapping[str, int]]) -> None:
        """It is over; failed variants are named."""
        for one in self.content.variants:
            one.failed = failed.get(one.name, "")
        self.content.state, self.content.ended, self.content.results = "finished", _now(), True
        self.content.failed = dict(failed)
        self.content.stages = {stage: dict(count) for stage, count in counts.items()}
        self._write()

    def ended_by(self, error: BaseException) -> None:
        """It is over without a comparison."""
        self.content.state = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
        self.content.ended, self.content.error = _now(), type(error).__name__
        self._write()

    def _write(self) -> None:
        found: dict[str, Any] = self.content.model_dump(exclude_none=False)
        write_json(self.folder / NAME, {key: value for key, value in found.items() if value is not None or key not in ("ended", "error")})


def _read(path: Path, where: str) -> Content:
    try:
        return Content.model_validate(read_json(path))
    except (ValidationError, ValueError, TypeError) as error:
        hint = "Choose another --out, or remove this folder: what was computed is in the cache"
        raise UserError(Problem(f"its {NAME} cannot be read ({type(error).__name__})", where, hint)) from error


def _changed(content: Content) -> str:
    """What a reader must know of a question that is not the one that was named before there were results."""
    first = content.question
    said = f"“{first.primary[0]}” against “{first.primary[1]}”" if first.primary else "no primary contrast"
    how = f"in {first.metric}, margin {first.margin}, {first.permutations} permutations"
    return (
        f"The question was changed after results were there. Named before ({content.named}): {said}, {how}. Read what is primary here as "
        "exploratory."
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
