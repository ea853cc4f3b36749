"""Clip-level backbones in the pipeline: T counts clips, times are their centres, and what MASK hides is hidden only without overlap."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor
from vsslfw_hf_video.pretrained import Pretrained
from vsslfw_hf_video.videomae import VideoMAE
from vsslfw_hf_video.vjepa2 import VJEPA2

from vsslfw import Recipe, load_recipe
from vsslfw.data.clips import Clip
from vsslfw.interfaces import SequenceCorruption
from vsslfw.pipeline.backbone import FrozenBackbone
from vsslfw.pipeline.clip_reader import ClipReader
from vsslfw.plan import MASK, CorruptionPlan
from vsslfw.types import Batch
from vsslfw.video import normalise

K = 6
"""Clips of a sequence."""
CLIP_LEVEL = pytest.mark.parametrize("cls", [VideoMAE, VJEPA2], ids=["videomae", "vjepa2"])


def frozen(cls: type[Pretrained], stride: int | None = None, batch_size: int = 4) -> FrozenBackbone:
    module = cls(**cls.check_with[0], clip_stride=stride)
    return FrozenBackbone(module, {}, (37, 49), batch_size, "float32", "cpu")


def video(frames: int, size: int = 32) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (frames, size, size, 3), np.uint8)


@CLIP_LEVEL
@pytest.mark.parametrize(("stride", "frames", "expected"), [(None, 3, 0), (None, 27, 6), (2, 14, 6), (1, 9, 6), (9, 50, 6)])
def test_t_counts_clips(cls: type[Pretrained], stride: int | None, frames: int, expected: int) -> None:
    backbone = frozen(cls, stride)
    features, times = backbone.features(video(frames)), backbone.feature_times(np.arange(frames) / 25)
    assert features.shape == (expected, 32)
    assert times.shape == (expected,)


@CLIP_LEVEL
@pytest.mark.parametrize("stride", [None, 2, 9])
def test_a_feature_is_that_of_its_own_clip_and_its_time_the_clips_centre(cls: type[Pretrained], stride: int | None) -> None:
    backbone, frames = frozen(cls, stride), video(40)
    features, times = backbone.features(frames), backbone.feature_times(np.arange(40) / 25)
    step = stride or 4
    for number in range(len(features)):
        clip = frames[number * step : number * step + 4]
        assert torch.equal(backbone.features(clip)[0], features[number])
        assert times[number] == pytest.approx((number * step + 1.5) / 25)


@CLIP_LEVEL
@pytest.mark.parametrize("stride", [None, 2])
def test_the_batch_size_counts_clips_and_changes_nothing_but_the_batch(cls: type[Pretrained], stride: int | None) -> None:
    frames = video(30)
    shapes: list[tuple[int, ...]] = []
    one, three = frozen(cls, stride, batch_size=1), frozen(cls, stride, batch_size=3)
    three.module.register_forward_pre_hook(lambda module, inputs: shapes.append(tuple(inputs[0].shape)))
    torch.testing.assert_close(one.features(frames), three.features(frames))
    assert set(shapes) == {(3, 4, 3, 32, 32)}


# Masking


class Chosen(SequenceCorruption):
    """Masks the clips that it is told to."""

    def __init__(self, *clips: int) -> None:
        self.clips = clips

    def __call__(self, plan: CorruptionPlan, generator: np.random.Generator) -> CorruptionPlan:
        source = plan.source.copy()
        source[list(self.clips)] = MASK
        return plan.with_source(source)


def features_of(backbone: FrozenBackbone, pixels: Tensor) -> Tensor:
    """(n,3,H,W) normalised frames -> (F,D)."""
    module = backbone.module
    starts = [number * module.clip_stride for number in range(backbone.length(len(pixels)))]
    return backbone.forward(torch.stack([pixels[start : start + module.clip_length] for start in starts]))


def corrupted(backbone: FrozenBackbone, stride: int, *masked: int) -> tuple[Tensor, Tensor, Tensor]:
    """Features after clips were masked: in the pictures, by the plan; and the clean ones."""
    frames = (K - 1) * stride + 4
    pixels = normalise(video(frames), backbone.module.mean, backbone.module.std)
    clean = features_of(backbone, pixels)
    assert len(clean) == K
    hidden = pixels.clone()
    for clip in masked:
        hidden[clip * stride : clip * stride + 4] = -1.0
    plan = Chosen(*masked)(CorruptionPlan.clean(K, K), np.random.default_rng(0))
    source, target = torch.from_numpy(plan.source.copy())[None], torch.from_numpy(plan.target.copy())[None]
    batch = Batch(clean[None], source, target, source >= MASK, torch.zeros(1, K))
    return features_of(backbone, hidden), batch.corrupted(backbone.tokens[0])[0], clean


@CLIP_LEVEL
@pytest.mark.parametrize("stride", [4, 9])
def test_masking_whole_clips_in_the_plan_is_masking_their_frames_if_clips_do_not_overlap(cls: type[Pretrained], stride: int) -> None:
    in_pictures, by_plan, clean = corrupted(frozen(cls, stride), stride, 1, 2, 4)
    assert torch.equal(in_pictures, by_plan)
    assert torch.equal(by_plan[[0, 3, 5]], clean[[0, 3, 5]])
    assert not torch.allclose(by_plan[1], clean[1])


@CLIP_LEVEL
def test_with_overlap_the_neighbours_of_a_masked_clip_show_part_of_it(cls: type[Pretrained]) -> None:
    """Clips 1 and 3 share frames with clip 2: hiding its frames changes them, and the plan leaves them as they were."""
    in_pictures, by_plan, clean = corrupted(frozen(cls, 2), 2, 2)
    assert torch.equal(in_pictures[2], by_plan[2])
    for neighbour in (1, 3):
        assert torch.equal(by_plan[neighbour], clean[neighbour])
        assert not torch.allclose(in_pictures[neighbour], clean[neighbour])
    assert torch.equal(in_pictures[[0, 4, 5]], clean[[0, 4, 5]])


@CLIP_LEVEL
def test_mask_and_pad_are_clips_of_constant_frames(cls: type[Pretrained]) -> None:
    backbone = frozen(cls)
    mask, pad = backbone.tokens
    constant = torch.stack([torch.full((4, 3, 32, 32), value) for value in (-1.0, 0.0)])
    assert torch.equal(torch.stack([mask, pad]), backbone.forward(constant))
    assert not torch.allclose(mask, pad)


# Recipes


def recipe(*overrides: str) -> Recipe:
    return load_recipe("hf_video", profile="demo", overrides=overrides)


def test_a_recipe_with_overlap_is_told_that_neighbours_leak() -> None:
    assert recipe().notes == ()
    (note,) = recipe("backbone.clip_stride=2", "positions=30", "encoder.max_positions=30").notes
    assert "a feature covers 4 frames at a stride of 2: neighbours of a masked position show part of what it hides" in note


def test_clips_that_do_not_fill_the_positions_or_overfill_them_are_known_before_any_work() -> None:
    with pytest.raises(Exception, match="fill 30 positions, and there are 16"):
        recipe("contextual.clip_s=19.3")
    with pytest.raises(Exception, match="give no feature: 3 frames, and 4 are needed"):
        recipe("contextual.clip_s=0.5")


@pytest.mark.parametrize(
    ("frames", "features", "lost", "usable"),
    [
        (256, 16, 0, True),
        (256, 15, 1, True),
        (256, 15, 12, True),
        (256, 15, 16, False),
        (250, 3, 12, True),
        (250, 14, 13, False),
        (64, 3, 16, False),
        (64, 0, 1, False),
    ],
)
def test_what_may_be_lost_is_counted_in_frames(frames: int, features: int, lost: int, usable: bool) -> None:
    """video.max_lost is a share of frames, whatever clips they make: 255 of 256 frames make 15 of 16 clips."""
    reader = ClipReader(recipe(), FrozenBackbone(_SixteenFrames(), {}, (37, 49), 1, "float32", "cpu"))
    request: Any = SimpleNamespace(clip=Clip("V", "S", 0.0, frames, 25.0))
    assert (reader.unusable(request, features, lost, "") == "") is usable


def test_a_video_that_is_too_short_for_a_clip_says_so() -> None:
    reader = ClipReader(recipe(), FrozenBackbone(_SixteenFrames(), {}, (37, 49), 1, "float32", "cpu"))
    request: Any = SimpleNamespace(clip=Clip("V", "S", 0.0, 10, 25.0))
    assert reader.unusable(request, 0, 0, "") == "10 frames at 25 fps are too few for one feature, which covers 16"
    request = SimpleNamespace(clip=Clip("V", "S", 0.0, 250, 25.0))
    assert reader.unusable(request, 8, 100, "") == "150 of 250 expected frames could be read; at most 5% may be lost (video.max_lost)"
    assert (
        reader.unusable(request, 0, 9, "") == "241 of 250 expected frames could be read, and nowhere the 16 in a row that a feature covers"
    )


class _SixteenFrames(VideoMAE):
    """The clips of the published weights, in no time."""

    def __init__(self) -> None:
        super().__init__(config=VideoMAE.check_with[0]["config"] | {"num_frames": 16})


# The recipe at work


def test_the_recipe_says_what_to_do_where_there_is_no_folder_of_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for profile in ("paper", "stable"):
        with pytest.raises(Exception, match=r"there is no folder videomae-base(.|\n)*hf download MCG-NJU/videomae-base"):
            load_recipe("hf_video", profile=profile)


@pytest.mark.parametrize(
    ("overrides", "clips"),
    [
        ([], 15),
        (["contextual.clip_s=41.0", "positions=64", "encoder.max_positions=64", "corruption.0.span=8"], 64),
        (["video.fps=7.5", "contextual.clip_s=34.2"], 16),
    ],
    ids=["as it is", "more at once", "at the speed of the weights"],
)
def test_it_and_the_changes_that_its_comments_name_fit_published_weights(overrides: list[str], clips: int) -> None:
    full_size = ["backbone.weights=None", "backbone.config=dict()"]
    made = load_recipe("hf_video", profile="stable", overrides=[*full_size, *overrides])
    spec = VideoMAE.spec(config={})
    assert (spec.feature_dim, spec.frame_size, spec.clip_length, spec.clip_stride) == (768, (224, 224), 16, 16)
    frames = int(made.settings.contextual.clip_s * made.settings.video.fps + 1e-6)
    assert frames // 16 == clips <= made.settings.positions


@pytest.mark.slow
def test_the_recipe_runs_on_made_video(vsslfw_run: Any) -> None:
    backbone = recipe().settings.backbone
    result = vsslfw_run(f"backbone={backbone!r}", recipe="hf_video")
    assert (result.folder / "report.html").is_file()
    headers = _headers(result.folder.parent / "cache")
    contextual = [header for header in headers if header["provenance"]["clip"]["crop"] == "random"]
    assert {header["length"] for header in contextual} == {15}, "10 s are 15 clips of 0.64 s"
    assert {header["feature_dim"] for header in headers} == {64}


def test_a_run_from_a_folder_of_weights_may_decode_anew_and_overlap_its_clips(vsslfw_run: Any, tmp_path: Path) -> None:
    import transformers

    transformers.VideoMAEModel(transformers.VideoMAEConfig(**VideoMAE.check_with[0]["config"])).save_pretrained(
        tmp_path / "Jane Doe" / "mae"
    )
    backbone = {"type": "videomae", "weights": str(tmp_path / "Jane Doe" / "mae"), "config": None, "clip_stride": 3}
    changes = ["positions=24", "encoder.max_positions=24", "extract.views='online'", "pretrain.epochs=1", "finetune.epochs=1"]
    changes += ["contextual.clips=4", "evaluate.stride=12"]
    result = vsslfw_run(f"backbone={backbone!r}", *changes, recipe="hf_video")
    assert (result.folder / "report.html").is_file()
    written = [path for path in result.folder.rglob("*") if path.is_file() and b"Jane Doe" in path.read_bytes()]
    assert written == [], "a folder may bear a patient's name"


def _headers(cache: Path) -> list[dict[str, Any]]:
    from vsslfw.atomic import read_json

    return [read_json(path) for path in (cache / "features").rglob("*.json")]
