"""Strict: every mistake in a recipe is found before any work, all at once, with its place and the nearest valid name."""

from __future__ import annotations

from pathlib import Path

import pytest
from torch import Tensor

from vsslfw.errors import UserError
from vsslfw.interfaces import Backbone, SequenceEncoder
from vsslfw.plugins import Plugin, registries
from vsslfw.recipe import load_recipe
from vsslfw.recipe.check import check
from vsslfw.registry import Component, Registries


class OddEncoder(SequenceEncoder):
    """An encoder that tells its sizes only when it is built, and wants an even D."""

    def __init__(self, feature_dim: int, *, hidden_dim: int, tags: tuple[str, ...] = ("a", "b"), path: Path | None = None) -> None:
        super().__init__()
        if feature_dim % 2:
            raise ValueError(f"D = {feature_dim} is odd")
        if hidden_dim > 10_000:
            raise RuntimeError("too wide")
        self.hidden_dim, self.max_positions = hidden_dim, 300

    def forward(self, features: Tensor, valid: Tensor) -> Tensor:
        raise NotImplementedError


class OddBackbone(Backbone):
    feature_dim = 7
    frame_size = (112, 112)

    def forward(self, frames: Tensor) -> Tensor:
        raise NotImplementedError


class ClipBackbone(OddBackbone):
    feature_dim = 8
    clip_length = 16
    clip_stride = 2


class LooseBackbone(OddBackbone):
    def __init__(self, **anything: object) -> None:
        raise AssertionError("a backbone would load its weights: it is not built to check a recipe")


@pytest.fixture(scope="module")
def toys() -> Registries:
    found = Registries()
    for component in registries().components():
        found.add(component)
    for kind, name in [("encoder", "OddEncoder"), ("backbone", "OddBackbone"), ("backbone", "ClipBackbone"), ("backbone", "LooseBackbone")]:
        found.add(Component(kind, name, f"{__name__}:{name}", "", "toys", "toys", "1.0"))
    found.add(Component("encoder", "absent", "no_such_module:Thing", "", "toys", "toys", "1.0"))
    return found


ONE = [
    # keys and types
    ("positons = 128", "my.py:2:1  positons", 'there is no key "positons"', 'did you mean "positions"?'),
    ("pretrain = dict(epochs='sixty')", "my.py:2:17  pretrain.epochs", 'expected an integer above 0, found "sixty"', ""),
    ("pretrain = dict(epochs='10')", "my.py:2:17  pretrain.epochs", 'expected an integer above 0, found "10"', ""),
    ("pretrain = dict(epochs=True)", "my.py:2:17  pretrain.epochs", "expected an integer above 0, found True", ""),
    ("pretrain = dict(epochs=2.5)", "my.py:2:17  pretrain.epochs", "expected an integer above 0, found 2.5", ""),
    ("video = dict(max_lost=2)", "my.py:2:14  video.max_lost", "expected a number of at least 0 and at most 1, found 2", ""),
    ("video = dict(resize=(128,))", "my.py:2:14  video.resize", "expected 2 integers above 0 or None, found (128,)", ""),
    ("video = 25", "my.py:2:1  video", "expected dict(fps=..., resize=..., max_lost=..., on_unreadable=...), found 25", ""),
    ("labels = dict(classes=['ES'])", "my.py:2:15  labels.classes", "expected a list of texts (at least 2) or None, found ['ES']", ""),
    (
        "extract = dict(views='onlin')",
        "my.py:2:16  extract.views",
        'expected an integer above 0 or "online", found "onlin"',
        'did you mean "online"?',
    ),
    (
        "pretrain = dict(subjects='every')",
        "my.py:2:17  pretrain.subjects",
        'expected "all" or "exclude-test-subject", found "every"',
        "",
    ),
    (
        "name = '../Ärzte & co'",
        "my.py:2:1  name",
        "'../Ärzte & co' cannot be part of a folder's name; expected letters, digits, '.', '_' and '-', with no '.' or '-' first",
        'write "Ärzte_co"',
    ),
    ("name = ''", "my.py:2:1  name", 'expected text that is not empty, found ""', ""),
    # components
    (
        "backbone = dict(type='resnet15')",
        "my.py:2:17  backbone.type",
        'there is no backbone "resnet15"; did you mean "resnet152"?',
        "",
    ),
    ("encoder = 'bert'", "my.py:2:1  encoder", 'expected a component, dict(type="NAME", ...), found "bert"', 'write dict(type="bert")'),
    ("encoder = dict(heds=2)", "my.py:2:16  encoder.heds", 'encoder "bert" has no parameter "heds"', 'did you mean "heads"?'),
    ("encoder = dict(layers='6')", "my.py:2:16  encoder.layers", 'expected an integer, found "6"', ""),
    (
        "finetune = dict(head=dict(pooling='maen'))",
        "my.py:2:27  finetune.head.pooling",
        'expected "mean", "first" or "frame_logits", found "maen"',
        'did you mean "mean"?',
    ),
    ("executor = dict(jobs=2)", "my.py:2:17  executor.jobs", 'executor "local" has no parameter "jobs"', "it has no parameters"),
    ("validation = dict(folds=2)", "my.py:2:19  validation.folds", 'validation "loso" has no parameter "folds"', "it has no parameters"),
    (
        "finetune = dict(region=dict(type='boxes_csv'))",
        "my.py:2:17  finetune.region.path",
        'detector "boxes_csv" needs this parameter; expected a path',
        "",
    ),
    (
        "pretrain = dict(head=dict(type='fc'))",
        "my.py:2:27  pretrain.head.type",
        'head "fc" is for the classification task; a head for the pretext task is expected here',
        "known: feature_regression",
    ),
    (
        "corruption = [dict(type='permute_span'), 'mask_frames']",
        "my.py:2:42  corruption.1",
        'expected a component, dict(type="NAME", ...), found "mask_frames"',
        'write dict(type="mask_frames")',
    ),
    (
        "corruption = [dict(type='mask_frames', ratio=1.5)]",
        "my.py:2:40  corruption.0.ratio",
        'corruption "mask_frames" refuses this: ratio is 1.5',
        "",
    ),
    # what must fit together
    (
        "positions = 512",
        "my.py:2:1  positions",
        "512 positions do not fit into the encoder: its max_positions is 256",
        "set positions=256 or less, or encoder.max_positions=512",
    ),
    (
        "encoder = dict(max_positions=250)",
        "my.py:2:16  encoder.max_positions",
        "256 positions do not fit into the encoder: its max_positions is 250",
        "set positions=250 or less, or encoder.max_positions=256",
    ),
    (
        "positions = 128",
        "my.py:2:1  positions",
        "10.0 s at 25.0 frames per second fill 250 positions, and there are 128",
        "set positions=250, or contextual.clip_s to 5.12 or less",
    ),
    (
        "encoder = dict(heads=7)",
        "my.py:2:16  encoder.heads",
        'encoder "bert" refuses this: ',
        "",
    ),
    (
        "corruption = [dict(type='feature_noise'), dict(type='permute_span')]",
        "my.py:2:43  corruption.1",
        '"permute_span" acts on level sequence and stands after one that acts on level feature',
        "corruptions are listed in the order frame, sequence, feature",
    ),
    ("evaluate = dict(stride=300)", "my.py:2:17  evaluate.stride", "a stride of 300 skips frames: a window has 256 positions", ""),
    ("finetune = dict(micro_batch=32)", "my.py:2:17  finetune.micro_batch", "a micro_batch of 32 is more than the batch_size, 16", ""),
    ("labels = dict(classes=('A', 'B'), positive='C')", "my.py:2:35  labels.positive", '"C" is not among labels.classes', "known: A, B"),
    ("video = dict(resize=(64, 64))", "my.py:2:14  video.resize", "64 x 64 is smaller than the crop of the backbone, 112 x 112", ""),
    (
        "contextual = dict(clip_s=0.01)",
        "my.py:2:19  contextual.clip_s",
        "0.01 s at 25.0 frames per second give no feature: 0 frames, and 1 are needed",
        "",
    ),
    # components of plugins
    (
        "encoder = dict(type='OddEncoder')",
        "my.py:2:1  encoder.hidden_dim",
        'encoder "OddEncoder" needs this parameter; expected an integer',
        "",
    ),
    (
        "encoder = dict(type='OddEncoder', hidden_dim=8)\nbackbone = dict(type='OddBackbone')",
        "my.py:2:1  encoder",
        'encoder "OddEncoder" refuses this: D = 7 is odd',
        "",
    ),
    (
        "encoder = dict(type='OddEncoder', hidden_dim=20000)",
        "my.py:2:1  encoder",
        'encoder "OddEncoder" refuses this: RuntimeError: too wide',
        "",
    ),
    (
        "encoder = dict(type='OddEncoder', hidden_dim=8, tags=['x', 3])",
        "my.py:2:49  encoder.tags",
        "expected a list of texts, found ['x', 3]",
        "",
    ),
    (
        "encoder = dict(type='absent')",
        "my.py:2:16  encoder.type",
        "encoder \"absent\" of plugin toys cannot be imported (no_such_module:Thing): No module named 'no_such_module'",
        "Is everything that toys 1.0 needs installed?",
    ),
]


@pytest.mark.parametrize(("text", "where", "what", "hint"), ONE, ids=[entry[0][:50] for entry in ONE])
def test_one_mistake_one_message(  # type: ignore[no-untyped-def]
    tmp_path: Path, monkeypatch, toys: Registries, text: str, where: str, what: str, hint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my.py").write_text(f'_base_ = "seizure_bart"\n{text}\n')
    with pytest.raises(UserError) as raised:
        load_recipe("my.py", profile="paper", registries=toys)
    assert [(problem.where, problem.what[: len(what)], problem.hint) for problem in raised.value.problems] == [(where, what, hint)]


def test_all_mistakes_at_once_in_the_order_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my.py").write_text(
        "\n".join(
            [
                '_base_ = "seizure_bart"',
                "seed = f()",
                "positons = 3",
                "encoder = dict(heads=7, layrs=2)",
                "evaluate = dict(stride=999)",
                "pretrain = dict(epochs=0)",
            ]
        )
    )
    with pytest.raises(UserError) as raised:
        load_recipe("my.py", profile="paper", overrides=["finetune.epoch=1"])
    assert raised.value.title == "my.py: 6 problems"
    assert [problem.where for problem in raised.value.problems] == [
        "my.py:2:8",
        "--set finetune.epoch=1",
        "my.py:3:1  positons",
        "my.py:4:25  encoder.layrs",
        "my.py:5:17  evaluate.stride",
        "my.py:6:17  pretrain.epochs",
    ]


def test_what_was_refused_already_is_not_complained_about_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my.py").write_text('_base_ = "seizure_bart"\npositions = f()\nencoder = dict(max_positions=8, heads=g())\ncorruption = [h()]\n')
    with pytest.raises(UserError) as raised:
        load_recipe("my.py", profile="paper")
    assert [problem.where for problem in raised.value.problems] == ["my.py:2:13", "my.py:3:39", "my.py:4:15"]


def test_a_recipe_from_nothing_is_told_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my.py").write_text("seed = 1\n")
    with pytest.raises(UserError) as raised:
        load_recipe("my.py")
    needed = ["name", "data", "backbone", "corruption", "encoder", "pretrain", "finetune"]
    assert [problem.where for problem in raised.value.problems] == [f"my.py  {name}" for name in needed]
    assert all("missing" in problem.what for problem in raised.value.problems)


def test_frame_level_corruption_needs_online_extraction() -> None:
    frame = 'corruption=[dict(type="frame_transforms", transforms=[dict(type="HorizontalFlip")])]'
    assert load_recipe("seizure_bart", profile="paper", overrides=[frame]).settings.extract.views == "online"
    with pytest.raises(UserError, match=r'features cannot be cached.*\n.*set extract.views="online"; every clip .* 60 epochs'):
        load_recipe("seizure_bart", profile="stable", overrides=[frame])


def test_defaults_are_filled_in_so_that_the_digest_covers_them(toys: Registries) -> None:
    overrides = ["encoder.type=OddEncoder", "encoder.hidden_dim=8", "encoder.path=some/where"]
    recipe = load_recipe("seizure_bart", profile="paper", overrides=overrides, registries=toys)
    assert recipe.settings.encoder == {"type": "OddEncoder", "hidden_dim": 8, "tags": ("a", "b"), "path": "some/where"}


def test_integers_and_floats_that_mean_the_same_have_one_digest() -> None:
    digests = {
        load_recipe("seizure_bart", profile="paper", overrides=[f"pretrain.optimiser.lr={lr}"]).digest for lr in ("1", "1.0", "10e-1")
    }
    assert len(digests) == 1


def test_a_noise_that_shortens_is_noted_when_another_follows() -> None:
    noises = 'corruption=[dict(type="{}"), dict(type="{}")]'
    last, first = (
        load_recipe("seizure_bart", profile="stable", overrides=[noises.format(*names)])
        for names in (("permute_span", "token_deletion"), ("token_deletion", "permute_span"))
    )
    assert not any("tail" in note for note in last.notes)
    assert any('"token_deletion" leaves MASK in the tail it frees, and "permute_span"' in note for note in first.notes)


def test_a_backbone_that_takes_anything_is_not_built(toys: Registries) -> None:
    recipe = load_recipe("seizure_bart", profile="paper", overrides=["backbone.type=LooseBackbone", "backbone.x=3"], registries=toys)
    assert recipe.settings.backbone == {"type": "LooseBackbone", "x": 3}


def test_clip_backbones_count_clips_and_their_leak_is_noted(toys: Registries) -> None:
    recipe = load_recipe("seizure_bart", profile="stable", overrides=["backbone.type=ClipBackbone", "positions=118"], registries=toys)
    assert "neighbours of a masked position" in recipe.notes[0]
    with pytest.raises(UserError, match="fill 118 positions, and there are 117"):
        load_recipe("seizure_bart", profile="stable", overrides=["backbone.type=ClipBackbone", "positions=117"], registries=toys)


def test_an_unknown_name_may_belong_to_a_broken_plugin(toys: Registries) -> None:
    values = load_recipe("seizure_bart", profile="paper").to_dict() | {"encoder": {"type": "mamba"}}
    registries = Registries()
    for component in toys.components():
        registries.add(component)
    registries.absent.append(Plugin("vsslfw-mamba", "vsslfw-mamba", "0.1", "ImportError: no kernels", "mamba.py:3").absent())
    findings, *_ = check(values, [], registries)
    assert [(finding.path, finding.hint) for finding in findings] == [
        (("encoder", "type"), "it may belong to plugin vsslfw-mamba, which is broken: ImportError: no kernels (mamba.py:3)")
    ]
