"""The arms of a study: the variants that were asked for now, and those that its folder has from before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from vsslfw.ablation.execute import reason_of
from vsslfw.ablation.finished import PROBES, FinishedArm, read_arm
from vsslfw.ablation.outcome import Outcome, Row, failed_row, folder_link, outcome_of
from vsslfw.ablation.record import Known, StudyRecord
from vsslfw.ablation.study import Arranged
from vsslfw.errors import Problem, RunError, UserError
from vsslfw.evaluation.contrasts import Options


def compared(variants: Sequence[Arranged], failures: Mapping[str, str], record: StudyRecord) -> Outcome:
    """Every variant of the record: one that has a result is an arm, one that failed a row with the reason.

    failures: variant that ran -> why it has no result. RunError if every variant failed.
    """
    arms: list[FinishedArm] = []
    failed: list[Row] = []
    asked = {variant.name: variant for variant in variants}
    for known in record.content.variants:
        now = asked.get(known.name)
        profile = now.recipe.profile if now else ""
        why = _failed(known, failures) if now else known.failed
        if not why:
            try:
                arms.append(read_arm(_place(record.folder, known), known.name))
            except UserError as error:
                why = reason_of(error) if now else "its result, of an earlier command, is there no more"
        if why:
            failed.append(failed_row(known.name, why, known.recipe, profile, known.changes))
    if not arms:
        raise RunError(*(Problem(row.reason, f"variant {row.name}") for row in failed), title="Every variant failed:")
    settings, question = variants[0].recipe.settings, record.question
    statistics = settings.statistics
    options = Options(question.metric, statistics.confidence, statistics.resamples, question.permutations, question.margin, settings.seed)
    return outcome_of(
        arms,
        record.content.contrasts,
        record.primary,
        options,
        title=f"Study {record.name}",
        failed=failed,
        changes={known.name: known.changes for known in record.content.variants},
        links={arm.name: folder_link(arm.folder, record.folder) for arm in arms},
        warnings=[*record.warnings, *_from_before(record.earlier(variants))],
        order=[known.name for known in record.content.variants],
    )


def _failed(known: Known, failures: Mapping[str, str]) -> str:
    if known.probe:
        return f"“{known.of}” failed" if known.of in failures else ""
    return failures.get(known.name, "")


def _place(folder: Path, known: Known) -> Path:
    run = folder / known.run
    return run / PROBES / f"{known.probe}.csv" if known.probe else run


def _from_before(earlier: Sequence[Known]) -> list[str]:
    if not earlier:
        return []
    names = ", ".join(f"“{one.name}”" for one in earlier)
    return [f"Asked for by an earlier command, not computed anew, and counted in all the same: {names}."]
