"""Stage 3, pretrain: the encoder restores the clean features of corrupted clips (paper, eq. 1)."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vsslfw.atomic import read_json, write_json
from vsslfw.data.clips import Clip
from vsslfw.data.samples import CachedClips, Clips, PretrainSamples
from vsslfw.data.store import FeatureEntry
from vsslfw.engine import PretextModel, Training, check_not_collapsed, evaluate_pretext, fit, save_weights
from vsslfw.interfaces import FeatureCorruption, FrameCorruption, Head, SequenceCorruption, SequenceEncoder
from vsslfw.last_use import note_use
from vsslfw.pipeline import progress
from vsslfw.pipeline.blame import naming_culprits
from vsslfw.pipeline.cache import Cache
from vsslfw.pipeline.clip_reader import Request
from vsslfw.pipeline.index import Video
from vsslfw.pipeline.keys import component_key, component_keys
from vsslfw.pipeline.online import OnlineClips
from vsslfw.pipeline.origin import measured_unless_resumed, write_origin
from vsslfw.recipe import Recipe
from vsslfw.seeds import Stream

MEAN_CLIPS = 256
"""Clips over which the mean feature, one of the trivial answers, is taken."""


@dataclass(frozen=True)
class Tokens:
    """(D,) features of the MASK and PAD images."""

    mask: Tensor
    pad: Tensor


@dataclass(frozen=True)
class PretrainClip:
    """A clip admitted to a pre-training: how it is read, the key of what is read, and its features unless they are online."""

    request: Request
    key: str
    entry: FeatureEntry | None

    @property
    def clip(self) -> Clip:
        """Where it is cut."""
        return self.request.clip

    @property
    def video(self) -> Video:
        """What it is cut from."""
        return self.request.video


@dataclass(frozen=True)
class PretrainTask:
    """One pre-training: everything a worker process needs."""

    key: str
    recipe: Recipe
    cache: Path
    clips: tuple[PretrainClip, ...]
    tokens: Tokens
    feature_dim: int
    device: str
    provenance: dict[str, Any]
    inputs: dict[str, Any] = field(default_factory=dict)
    """What the key digests."""

    @property
    def work(self) -> dict[str, Any]:
        """What kind of work it is, as `vsslfw.pipeline.origin.Costs` counts it."""
        settings = self.recipe.settings
        how = settings.pretrain.model_dump(mode="json", include={"head", "batch_size", "micro_batch", "precision"})
        own = {"encoder": settings.encoder, "positions": settings.positions, "feature_dim": self.feature_dim, "device": self.device}
        return {"stage": "pretrain", **own, **how, "online": settings.extract.views == "online" and settings.backbone}

    @property
    def units(self) -> int:
        """How much of it: clips times epochs."""
        return len(self.clips) * self.recipe.settings.pretrain.epochs


@dataclass(frozen=True)
class PretrainResult:
    """What a pre-training left: the encoder's weights, the loss by epoch, and whether anything was learnt."""

    key: str
    weights: Path
    history: list[dict[str, Any]]
    pretext: dict[str, Any]
    clips: int
    held_out: int
    reused: bool
    provenance: dict[str, Any] = field(default_factory=dict)


def pretrain_inputs(recipe: Recipe, backbone_key: dict[str, Any], clips: Sequence[PretrainClip]) -> dict[str, Any]:
    """Settings, seed and the set of clips admitted, whose digest is the key: folds that admit the same clips share it (reading 13)."""
    settings = recipe.settings
    section = settings.pretrain.model_dump(mode="json", exclude={"source", "subjects", "region", "head"})  # components have keys
    return {
        "stage": "pretrain",
        "seed": settings.seed,
        "positions": settings.positions,
        "backbone": backbone_key,
        "corruption": component_keys(recipe, "corruption", settings.corruption),
        "encoder": component_key(recipe, "encoder", settings.encoder),
        "head": component_key(recipe, "head", settings.pretrain.head),
        "settings": section,
        "views": settings.extract.views,
        "clips": sorted(clip.key for clip in clips),
    }


def load_pretrained(task: PretrainTask) -> PretrainResult | None:
    """The result of this task if the cache holds it."""
    folder = Cache(task.cache).stage("pretrain", task.key)
    path = folder / "result.json"
    if not path.is_file():
        return None
    note_use(path)
    return PretrainResult(task.key, folder / "encoder.safetensors", **read_json(path), reused=True)


def pretrain(task: PretrainTask) -> PretrainResult:
    """Pre-train, or continue where a killed run stopped; RunError if the loss diverges or nothing is learnt at all."""
    cache = Cache(task.cache)
    with cache.lock(task.key):
        found = load_pretrained(task)
        if found is not None:
            return found
        with naming_culprits(task.recipe), measured_unless_resumed(task, cache.stage("pretrain", task.key)):
            return _pretrain(task, cache.stage("pretrain", task.key))


def build_encoder(recipe: Recipe, feature_dim: int, seed_index: int = 0) -> SequenceEncoder:
    """The recipe's encoder with its seeded initial weights."""
    return _seeded(recipe, "encoder", seed_index, lambda: recipe.registries.build("encoder", recipe.settings.encoder, feature_dim))  # type: ignore[no-any-return]


def build_head(recipe: Recipe, config: dict[str, Any], hidden_dim: int, output_dim: int, seed_index: int = 0) -> Head:
    """A head with its seeded initial weights."""
    return _seeded(recipe, "head", seed_index, lambda: recipe.registries.build("head", config, hidden_dim, output_dim))  # type: ignore[no-any-return]


def build_pretext_model(recipe: Recipe, feature_dim: int, mask: Tensor) -> PretextModel:
    """Encoder and pretext head, as pre-training begins with them."""
    settings = recipe.settings
    encoder = build_encoder(recipe, feature_dim)
    head = build_head(recipe, settings.pretrain.head, encoder.hidden_dim, feature_dim)
    noises = [c for c in _corruptions(recipe) if isinstance(c, FeatureCorruption)]
    learned = settings.pretrain.mask == "learned"
    return PretextModel(encoder, head, mask_feature=mask, learned_mask=learned, feature_corruptions=noises)


def pretrain_samples(recipe: Recipe, clips: Sequence[PretrainClip], tokens: Tokens, device: str, stream: Stream) -> PretrainSamples:
    """Corrupted samples of these clips, from the cache or online."""
    settings = recipe.settings
    corruptions = _corruptions(recipe)
    source: Clips
    if settings.extract.views == "online":
        frame = [c for c in corruptions if isinstance(c, FrameCorruption)]
        source = OnlineClips(recipe, [clip.request for clip in clips], frame, device)
    else:
        source = CachedClips([clip.entry for clip in clips if clip.entry is not None])
    sequence = [c for c in corruptions if isinstance(c, SequenceCorruption)]
    shuffled = settings.pretrain.frame_order == "shuffled"
    return PretrainSamples(source, sequence, settings.positions, tokens.pad, stream, settings.pretrain.loss_on, shuffled)


def _pretrain(task: PretrainTask, folder: Path) -> PretrainResult:
    recipe, settings = task.recipe, task.recipe.settings
    stream = Stream(settings.seed, "pretrain")
    training, held_out = split_held_out(in_order(task.clips), settings.pretrain.held_out, stream)
    model = build_pretext_model(recipe, task.feature_dim, task.tokens.mask)
    samples = pretrain_samples(recipe, training, task.tokens, task.device, stream / "samples")
    plan = Training.of(settings.pretrain)
    listener = progress.current()
    listener.start("pretrain", plan.epochs, "epochs")
    work = folder / "work"
    history = fit(
        model,
        samples,
        plan,
        folder=work,
        stream=stream / "fit",
        device=task.device,
        provenance=task.provenance,
        progress=progress.during_fit("pretrain", plan.epochs),
        stage="pretrain",
    )
    listener.finish("pretrain")
    unseen = pretrain_samples(recipe, held_out or training, task.tokens, task.device, stream / "held-out")
    pretext = evaluate_pretext(
        model, unseen, mean_feature=_mean_feature(samples), batch_size=plan.batch_size, device=task.device, precision=plan.precision
    )
    check_not_collapsed(pretext)
    pretext["measured_on"] = f"{len(held_out)} held-out clips" if held_out else "the training clips (none were held out)"
    result: dict[str, Any] = {"history": history, "pretext": pretext, "clips": len(training), "held_out": len(held_out)}
    result["provenance"] = task.provenance
    save_weights(folder / "encoder.safetensors", model.encoder, task.provenance)
    write_json(folder / "result.json", result)
    write_origin(folder, task.inputs, task.provenance)
    shutil.rmtree(work, ignore_errors=True)
    return PretrainResult(task.key, folder / "encoder.safetensors", **result, reused=False)


def in_order(clips: Sequence[PretrainClip]) -> list[PretrainClip]:
    """By content and time: the set of clips makes the key, so neither the manifest's order nor its ids may change the weights."""
    return sorted(clips, key=lambda clip: (clip.video.content, clip.clip.start_s, clip.key))


def split_held_out(clips: Sequence[PretrainClip], share: float, stream: Stream) -> tuple[list[PretrainClip], list[PretrainClip]]:
    """Training and held-out clips, both in order. ``clips`` are ordered by `in_order`.

    Neighbouring clips are nearly the same, so whole stretches of a video are held out: of a short video all, of a long one
    at most ``share`` of all clips at a time. Nothing is held out if there is only one stretch.
    """
    from sklearn.model_selection import GroupShuffleSplit

    longest = max(1, int(share * len(clips)))
    before: Counter[str] = Counter()
    stretches = []
    for clip in clips:
        stretches.append(f"{clip.video.content} {before[clip.video.content] // longest}")
        before[clip.video.content] += 1
    count = len(set(stretches))
    if share == 0 or count < 2:
        return list(clips), []
    size = min(count - 1, max(1, round(share * count)))
    splitter = GroupShuffleSplit(1, test_size=size, random_state=(stream / "held-out").seed() % 2**32)
    train, test = next(splitter.split(clips, groups=stretches))
    return [clips[i] for i in train], [clips[i] for i in test]


def _mean_feature(samples: PretrainSamples) -> Tensor:
    total, count = None, 0
    for index in range(0, len(samples), max(1, len(samples) // MEAN_CLIPS)):
        shown, clean, _ = samples.clips.read(index, samples.stream / "mean" / index)
        features = shown if clean is None else clean
        total = features.double().sum(0) if total is None else total + features.double().sum(0)
        count += len(features)
    assert total is not None
    return (total / count).float()


def _corruptions(recipe: Recipe) -> list[Any]:
    return [recipe.registries.build("corruption", config) for config in recipe.settings.corruption]


def _seeded(recipe: Recipe, name: str, seed_index: int, build: Any) -> Any:
    """Build with torch's generator set to a named stream, and give the generator back as it was."""
    stream = Stream(recipe.settings.seed, "init", name)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed((stream / seed_index if seed_index else stream).seed())
        return build()
