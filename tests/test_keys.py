"""Keys: whatever a result depends on changes its key; nothing else does."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from vsslfw import Pipeline, load_recipe
from vsslfw.digest import digest_of
from vsslfw.pipeline.folds import fold_inputs
from vsslfw.pipeline.pretrain import pretrain_inputs
from vsslfw.testing.tiny import tiny_overrides

STAGES = ("features", "clips", "pretrain", "folds")

CHANGES = {
    # what is changed -> the first of the stages whose key must change; those after it change too
    "seed=1": "clips",
    "video.fps=5.0": "features",
    "video.resize=(48, 64)": "features",
    "backbone.frame_size=64": "features",
    "extract.precision=bfloat16": "features",
    "positions=63": "pretrain",
    "corruption.0.span=4": "pretrain",
    "encoder.heads=2": "pretrain",
    "pretrain.epochs=3": "pretrain",
    "pretrain.mask=learned": "pretrain",
    "pretrain.loss_on=corrupted": "pretrain",
    "pretrain.held_out=0.2": "pretrain",
    "pretrain.optimiser.lr=0.01": "pretrain",
    "pretrain.source=none": "folds",
    "finetune.epochs=2": "folds",
    "finetune.head.dropout=0.1": "folds",
    "finetune.class_weights=subjects": "folds",
    "finetune.windows=all": "folds",
    "evaluate.stride=32": "folds",
    "executor.type=local": "nothing",
    "validation.type=loso": "nothing",
}


def keys(cache: Path, *overrides: str, views: str = "2") -> dict[str, list[str]]:
    """The keys of each stage under a recipe; nothing is trained."""
    sets = [*tiny_overrides(extract__views=views, data__contextual_s="10.0", data__seizure_s="(2.0, 2.2)"), *overrides]
    pipeline = Pipeline(load_recipe("seizure_bart", profile="demo", overrides=sets), cache=cache)
    found: dict[str, list[str]] = {"features": [], "clips": [], "pretrain": [], "folds": []}
    found["features"] = sorted(case.entry.key for case in pipeline.features.cases)
    found["clips"] = sorted(clip.key for clip in pipeline.features.clips)
    for fold in pipeline.folds:
        admitted = pipeline.admitted[fold.name]
        pretrained = digest_of(pretrain_inputs(pipeline.recipe, pipeline.backbone.key, admitted)) if admitted else None
        found["pretrain"].append(pretrained or "")
        found["folds"].append(digest_of(fold_inputs(pipeline.recipe, fold, pretrained, pipeline.backbone.key, pipeline.classes)))
    return found


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("keys")
    yield folder / "cache"
    shutil.rmtree(folder)


@pytest.mark.parametrize("views", ["2", "online"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_change_gives_new_keys_from_its_stage_on_and_keeps_those_before(change: str, views: str, cache: Path) -> None:
    before, after = keys(cache, views=views), keys(cache, change, views=views)
    first = CHANGES[change]
    changed = [stage for stage in STAGES if before[stage] != after[stage]]
    expected = [] if first == "nothing" else list(STAGES[STAGES.index(first) :])
    if change == "pretrain.source=none":
        expected = ["clips", "pretrain", "folds"]  # there are none
    assert changed == expected


def own_data(cache: Path, folder: Path) -> Path:
    """The tiny set's files under a manifest of our own."""
    pipeline = Pipeline(load_recipe("seizure_bart", profile="demo", overrides=tiny_overrides()), cache=cache)
    source = pipeline.index.manifest.path.parent
    shutil.copytree(source, folder)
    return folder / "videos.csv"


def rewrite(manifest: Path, rows: list[dict[str, str]]) -> None:
    with manifest.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def test_neither_the_order_of_the_manifest_nor_its_ids_change_what_is_learnt(cache: Path, tmp_path: Path) -> None:
    manifest = own_data(cache, tmp_path / "own")
    overrides = [o for o in tiny_overrides(pretrain__source="labelled-train-fold") if not o.startswith("data.")]
    weights = []
    rows = list(csv.DictReader(manifest.open(encoding="utf-8")))
    for number, change in enumerate((rows, [{**row, "video_id": f"v{i}"} for i, row in enumerate(reversed(rows))])):
        rewrite(manifest, change)
        recipe = load_recipe("seizure_bart", profile="demo", overrides=overrides, data=manifest)
        pipeline = Pipeline(recipe, cache=tmp_path / f"cache{number}")
        weights.append({result.key: load_file(result.weights) for result in pipeline.pretrained.values() if result})
    assert weights[0].keys() == weights[1].keys()
    for key, tensors in weights[0].items():
        assert all(torch.equal(tensor, weights[1][key][name]) for name, tensor in tensors.items())
