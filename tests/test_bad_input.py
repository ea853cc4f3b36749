"""Bad input: one clear message, exit code 2, no traceback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from vsslfw.cli import main

GOOD_RECIPE = '_base_ = "seizure_bart"\n'
HEADER = "video_id,path,subject_id,role,label\n"
ROWS = "a1,a.mp4,A,labelled,ES\na2,b.mp4,A,labelled,PNES\nb1,c.mp4,B,labelled,ES\nb2,d.mp4,B,labelled,PNES\n"

Refused = Callable[..., str]


@pytest.fixture
def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Refused:
    """Run a command line in an empty folder; it must exit with 2 and return what it said."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> str:
        code = main(list(arguments))
        said = capsys.readouterr()
        assert code == 2, said
        assert "Traceback" not in said.err
        assert "error:" in said.err
        assert not list(tmp_path.rglob("predictions.csv"))
        return said.err.split("error:", 1)[1]

    return run


def manifest(content: str | bytes) -> str:
    for name in ("a.mp4", "b.mp4", "c.mp4", "d.mp4"):
        Path(name).write_bytes(b"")
    path = Path("videos.csv")
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


MANIFESTS = {
    "missing column": ("video_id,path,role,label\na,a.mp4,labelled,ES\n", ["subject_id"]),
    "unknown role": (HEADER + ROWS.replace("labelled", "labeled", 1), ["labeled", "labelled", "row 2"]),
    "duplicated id": (HEADER + ROWS.replace("b2,", "a1,"), ["a1"]),
    "one class only": (HEADER + ROWS.replace("PNES", "ES"), ["class"]),
    "missing video": (HEADER + ROWS.replace("b.mp4", "gone.mp4"), ["gone.mp4"]),
    "empty file": ("", ["empty"]),
    "header alone": (HEADER, ["video"]),
    "binary file": (bytes(range(256)) * 20, ["videos.csv"]),
    "several at once": (HEADER + "a1,gone.mp4,A,labeled,ES\na1,b.mp4,A,labelled,\n", ["gone.mp4", "labeled", "row 3, column label"]),
}


@pytest.mark.parametrize("case", MANIFESTS)
def test_a_bad_manifest_is_refused(case: str, refused: Refused) -> None:
    content, expected = MANIFESTS[case]
    said = refused("run", "seizure_bart", "--profile", "demo", "--data", manifest(content))
    for words in expected:
        assert words in said


def test_data_that_does_not_exist_is_an_error_and_never_the_demo(refused: Refused) -> None:
    assert "nowhere/videos.csv" in refused("run", "seizure_bart", "--data", "nowhere/videos.csv")


def test_unreadable_videos_that_empty_a_class_stop_the_run(refused: Refused) -> None:
    source = ("--set", "pretrain.source=labelled-train-fold")
    said = refused("run", "seizure_bart", "--profile", "demo", "--data", manifest(HEADER + ROWS), *source)
    assert "empty" in said
    assert "video.on_unreadable=leave_out" in said
    assert "class ES" in said


RECIPES = {
    "a typo": (GOOD_RECIPE + "pretrain = dict(epoch=3)\n", ["my.py:2", "epoch", 'did you mean "epochs"?']),
    "code in it": (GOOD_RECIPE + "import os\nseed = os.getpid()\n", ["my.py:2", "my.py:3"]),
    "a component of the wrong kind": (GOOD_RECIPE + 'encoder = dict(type="resnet152")\n', ["kind backbone", "encoder"]),
    "an unknown component": (GOOD_RECIPE + 'backbone = dict(type="resnet125")\n', ["resnet125", 'did you mean "resnet152"?']),
    "a value of the wrong type": (GOOD_RECIPE + 'pretrain = dict(epochs="sixty")\n', ["sixty", "pretrain.epochs"]),
    "an unknown parameter": (GOOD_RECIPE + 'corruption = [dict(type="mask_frames", ration=0.2)]\n', ["ration", "ratio"]),
    "T above max positions": (GOOD_RECIPE + "positions = 512\n", ["512", "max_positions"]),
    "a syntax error": (GOOD_RECIPE + "pretrain = dict(\n", ["my.py:2"]),
    "several at once": (GOOD_RECIPE + 'sed = 1\nfinetune = dict(epochs=-1)\nheads = "x"\n', ["sed", "finetune.epochs", "heads"]),
    "levels out of order": (
        GOOD_RECIPE + 'corruption = [dict(type="feature_noise"), dict(type="permute_span")]\n',
        ["corruption.1", "sequence", "feature"],
    ),
}


@pytest.mark.parametrize("case", RECIPES)
def test_a_bad_recipe_is_refused(case: str, refused: Refused) -> None:
    content, expected = RECIPES[case]
    Path("my.py").write_text(content, encoding="utf-8")
    said = refused("run", "my.py", "--profile", "paper")
    for words in expected:
        assert words in said


def test_a_recipe_that_does_not_exist_is_refused(refused: Refused) -> None:
    assert "seizure_bart" in refused("run", "seizure_brat")


def test_an_unknown_profile_is_refused(refused: Refused) -> None:
    assert 'did you mean "stable"?' in refused("run", "seizure_bart", "--profile", "stabel")


def test_weights_that_do_not_fit_are_refused_before_any_video_is_read(refused: Refused) -> None:
    import torch
    from torchvision.models import resnet18

    torch.save(resnet18(weights=None).state_dict(), "resnet18.pth")
    said = refused("run", "seizure_bart", "--set", 'backbone=dict(type="resnet34", weights="resnet18.pth")')
    assert "resnet18" in said


def test_missing_weights_are_never_replaced_by_random_ones(refused: Refused, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    said = refused("run", "seizure_bart", "--profile", "paper")
    assert "resnet152" in said
    assert "weights" in said


def test_an_empty_source_of_pretraining_says_what_to_do(refused: Refused, shared_data: Path) -> None:
    said = refused("run", "seizure_bart", "--profile", "demo", "--data", str(shared_data / "gmdcsa24" / "videos.csv"))
    assert "--set pretrain.source=labelled-train-fold" in said


def test_a_folder_with_something_else_in_it_is_refused(refused: Refused) -> None:
    Path("out").mkdir()
    Path("out/thesis.docx").touch()
    assert "not empty" in refused("run", "seizure_bart", "--out", "out")


def test_resume_without_a_run_is_refused(refused: Refused) -> None:
    assert "no run" in refused("run", "seizure_bart", "--out", "out", "--resume")


@pytest.mark.parametrize("resume", [[], ["--resume"]])
def test_a_run_made_with_another_recipe_is_not_continued(resume: list[str], refused: Refused) -> None:
    Path("out").mkdir()
    Path("out/run.json").write_text('{"recipe": "0123456789abcdef", "state": "finished"}', encoding="utf-8")
    assert "another recipe" in refused("run", "seizure_bart", "--out", "out", *resume)


def test_a_mistake_that_was_mended_does_not_cost_the_folder(refused: Refused, shared_data: Path) -> None:
    data = ["--profile", "demo", "--data", str(shared_data / "gmdcsa24" / "videos.csv")]
    assert "pretrain.source" in refused("run", "seizure_bart", *data, "--out", "out")
    other = refused("run", "seizure_bart", *data, "--out", "out", "--set", "pretrain.source=none", "--set", "labels.positive=ES")
    assert "labels.positive" in other
    assert "another recipe" not in other


def test_a_manifest_in_the_place_of_the_recipe_is_told_where_it_belongs(refused: Refused) -> None:
    assert "--data videos.csv" in refused("run", manifest(HEADER + ROWS))
