"""The paper's numbers, as the recipe's profile ``paper`` gives them."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import torch
from torch import nn

from vsslfw import Pipeline, Recipe, load_recipe
from vsslfw.engine import Training
from vsslfw.engine.schedule import share_of_lr
from vsslfw.pipeline.finetune import build_classifier
from vsslfw.pipeline.pretrain import build_encoder, build_pretext_model

D = 2048


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return load_recipe("seizure_bart", profile="paper")


def trainable(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)


def test_the_models_have_the_papers_numbers_of_parameters(recipe: Recipe) -> None:
    assert trainable(build_encoder(recipe, D)) == 77_941_760  # "about 78M"
    assert trainable(build_pretext_model(recipe, D, torch.zeros(D))) == 80_040_960
    assert trainable(build_classifier(recipe, D, 2)) == 77_943_810


def test_a_clip_of_ten_seconds_is_250_frames_and_6_pad(recipe: Recipe) -> None:
    settings = recipe.settings
    frames = round(settings.contextual.clip_s * settings.video.fps)
    plan = Pipeline(recipe).corruption_plan(frames, epoch=0, sample=0)
    assert (len(plan), plan.length, int((~plan.valid).sum())) == (256, 250, 6)
    assert int(plan.masked.sum()) == 38  # floor(0.15 * 250 + 0.5)


@pytest.mark.parametrize(("stage", "lr", "epochs"), [("pretrain", 0.01, 60), ("finetune", 0.005, 50)])
def test_learning_rates_fall_linearly_to_zero(stage: str, lr: float, epochs: int, recipe: Recipe) -> None:
    training = Training.of(getattr(recipe.settings, stage))
    assert (training.lr, training.epochs, training.weight_decay, training.batch_size) == (lr, epochs, 1e-4, 16)
    shares = [share_of_lr(i, 100, training.schedule, training.warmup) for i in range(101)]
    assert shares == pytest.approx([1 - i / 100 for i in range(101)])


@pytest.mark.slow
def test_one_real_optimiser_step_at_full_size_from_video_file_to_loss(tmp_path: Path) -> None:
    weights = tmp_path / "resnet152.pth"
    from torchvision.models import resnet152

    with torch.random.fork_rng():
        torch.manual_seed(0)
        torch.save(resnet152(weights=None).state_dict(), weights)
    overrides = [
        *(
            "data.subjects=4",
            "data.seizures_per_subject=1",
            "data.seizure_s=(2.0, 2.5)",
            "data.contextual_per_subject=1",
            "data.contextual_s=10.0",
        ),
        *(f"backbone.weights={weights}", "contextual.clips=1", "pretrain.epochs=1", "pretrain.held_out=0.0"),
    ]
    pipeline = Pipeline(load_recipe("seizure_bart", profile="paper", overrides=overrides), cache=tmp_path / "cache")

    from vsslfw.engine import fit
    from vsslfw.pipeline.clip_reader import Request
    from vsslfw.pipeline.pretrain import PretrainClip, pretrain_samples
    from vsslfw.seeds import Stream

    clip = pipeline.index.contextual[0]
    request = Request(clip, pipeline.index.videos[clip.video_id], pipeline.recipe.settings.pretrain.region, "random", "online")
    clips = [PretrainClip(request, "online", None)]
    model = build_pretext_model(pipeline.recipe, D, pipeline.tokens.mask)
    before = io.BytesIO()
    torch.save(model.state_dict(), before)
    samples = pretrain_samples(pipeline.recipe, clips, pipeline.tokens, "cpu", Stream(0, "step"))
    batch = samples.sample(0, 0)
    assert batch.features.shape == (1, 256, D)
    assert int(batch.valid.sum()) == 250
    history = fit(
        model, samples, Training.of(pipeline.recipe.settings.pretrain), folder=tmp_path / "fit", stream=Stream(0), checkpoint_every=None
    )
    assert history[0]["lr"] == pytest.approx(0.01)
    assert torch.isfinite(torch.tensor(history[0]["loss"]))
    before.seek(0)
    old = torch.load(before, weights_only=True)
    moved = [name for name, tensor in model.named_parameters() if not torch.equal(tensor, old[name])]
    assert len(moved) == len(list(model.parameters()))
