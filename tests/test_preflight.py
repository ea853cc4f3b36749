"""What the manifest's rows alone can tell: said at once, before any file is opened."""

from __future__ import annotations

from pathlib import Path

import pytest
from sklearn.model_selection import GroupKFold

from vsslfw import load_recipe
from vsslfw.data.manifest import Manifest, VideoRow
from vsslfw.errors import UserError
from vsslfw.pipeline.preflight import classes_of, positive_of, preflight
from vsslfw.pipeline.stages import Pipeline
from vsslfw.recipe import Recipe

TWO_OF_EACH = "A ES, A PNES, B ES, B PNES, A -"


def manifest(rows: str) -> Manifest:
    """``A ES``: a labelled video of subject A; ``A -``: a contextual one."""
    made = []
    for number, (subject, label) in enumerate(row.split() for row in rows.split(", ")):
        role, borne = ("contextual", None) if label == "-" else ("labelled", label)
        made.append(VideoRow(f"v{number}", Path(f"/gone/{number}.mp4"), subject, role, borne, row=number + 2))
    return Manifest(Path("/gone/videos.csv"), made, "")


def recipe(*overrides: str) -> Recipe:
    return load_recipe("seizure_bart", profile="demo", overrides=overrides)


def problems(rows: str, *overrides: str) -> list[str]:
    with pytest.raises(UserError) as caught:
        preflight(recipe(*overrides), manifest(rows))
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    "overrides",
    [
        (),
        ('labels.classes=["PNES", "ES"]', 'labels.positive="PNES"'),
        ("pretrain.source=labelled-train-fold",),
    ],
    ids=lambda overrides: " ".join(overrides) or "as it is",
)
def test_what_fits_together_passes(overrides: tuple[str, ...]) -> None:
    preflight(recipe(*overrides), manifest(TWO_OF_EACH))


EXCLUDE = "pretrain.subjects=exclude-test-subject"
WRONG = {
    "positive class": (TWO_OF_EACH, ['labels.positive="SE"'], ["labels.positive: no video bears", 'did you mean "ES"?']),
    "unknown label": ("A ES, A PNES, B ES, B PNESS, C PNES, A -", ['labels.classes=["ES", "PNES"]'], ['"PNESS" of videos.csv', "PNES"]),
    "threshold without inner folds": (
        TWO_OF_EACH,
        ["evaluate.threshold=inner-folds"],
        ["evaluate.threshold: fold A: a class has fewer than two training subjects", 'Leave it at "half"'],
    ),
    "threshold of three classes": (
        "A ES, A PNES, A SYNCOPE, B ES, B PNES, B SYNCOPE, A -",
        ["evaluate.threshold=inner-folds"],
        ["evaluate.threshold: a threshold is for two classes, here are 3"],
    ),
    "class of no video": (
        TWO_OF_EACH,
        ['labels.classes=["ES", "PNES", "SYNCOPE"]'],
        ['labels.classes: no video bears the label "SYNCOPE"'],
    ),
    "class of one subject": ("A ES, A PNES, B ES, C ES, A -", [], ["fold A: without the tested subjects no PNES", "two subjects of each"]),
    "no source": (TWO_OF_EACH.removesuffix(", A -"), [], ["no contextual video", "--set pretrain.source=labelled-train-fold"]),
    "no source for a fold": (TWO_OF_EACH, [EXCLUDE], ["fold A: no clip is left for pre-training"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_is_refused(case: str) -> None:
    rows, overrides, expected = WRONG[case]
    found = problems(rows, *overrides)
    assert all(any(words in problem for problem in found) for words in expected), found


def test_a_scheme_that_cannot_split_these_subjects_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vsslfw.registry.Registries.build", lambda *_: GroupKFold(5))
    (problem,) = problems(TWO_OF_EACH)
    assert problem.startswith("validation: loso cannot split these 4 videos of 2 subjects: ")


def test_everything_is_said_at_once() -> None:
    found = problems("A ES, A PNES, B ES", 'labels.positive="SE"')
    assert [problem.partition(":")[0] for problem in found] == ["labels.positive", "fold A", 'pretrain.source "contextual"']


def test_it_is_said_before_any_file_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abcd":
        (tmp_path / f"{name}.mp4").write_bytes(b"")
    rows = "a,a.mp4,A,labelled,ES\nb,b.mp4,A,labelled,PNES\nc,c.mp4,B,labelled,ES\nd,d.mp4,B,labelled,PNES\n"
    (tmp_path / "videos.csv").write_text("video_id,path,subject_id,role,label\n" + rows)
    monkeypatch.setattr("vsslfw.pipeline.index.probe", lambda path: pytest.fail(f"{path} was opened"))
    data = load_recipe("seizure_bart", profile="demo", data=tmp_path / "videos.csv")
    with pytest.raises(UserError, match="no contextual video"):
        _ = Pipeline(data, tmp_path / "cache").index


def test_classes_are_sorted_and_the_first_is_positive_unless_the_recipe_says_otherwise() -> None:
    assert (classes_of(recipe(), manifest(TWO_OF_EACH)), positive_of(recipe(), manifest(TWO_OF_EACH))) == (("ES", "PNES"), "ES")
    other = recipe('labels.classes=["PNES", "ES"]')
    assert (classes_of(other, manifest(TWO_OF_EACH)), positive_of(other, manifest(TWO_OF_EACH))) == (("PNES", "ES"), "PNES")
