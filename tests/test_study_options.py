"""What studies switch: fewer labels, an encoder that stays as it is, and frames without their order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file
from torch import Tensor

from vsslfw import Pipeline, load_recipe
from vsslfw.data.samples import PretrainSamples
from vsslfw.data.store import FeatureEntry
from vsslfw.errors import UserError
from vsslfw.interfaces import SequenceCorruption
from vsslfw.pipeline.finetune import build_classifier, fine_tune
from vsslfw.pipeline.folds import Case, Fold
from vsslfw.pipeline.labels import labelled_part
from vsslfw.pipeline.pretrain import pretrain_samples
from vsslfw.plugins import registries
from vsslfw.seeds import Stream
from vsslfw.testing.tiny import tiny_overrides

Tiny = Callable[..., Pipeline]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """The tiny recipe's pipeline with changes, all over one cache."""
    cache = tmp_path_factory.mktemp("options") / "cache"

    def pipeline(**changes: str) -> Pipeline:
        return Pipeline(load_recipe("seizure_bart", profile="demo", overrides=tiny_overrides(**changes)), cache=cache)

    return pipeline


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(tensor, other[name]) for name, tensor in one.items())


@pytest.mark.parametrize("source", ["contextual", "none"])
@pytest.mark.parametrize("trained", ["all", "head"])
def test_with_the_head_alone_trained_the_encoder_stays_bit_by_bit(trained: str, source: str, tiny: Tiny, tmp_path: Path) -> None:
    pipeline = tiny(finetune__trained=trained, pretrain__source=source)
    task = pipeline.fold_tasks[0]
    initial = build_classifier(pipeline.recipe, task.feature_dim, len(task.classes))
    start = load_file(task.encoder) if task.encoder else initial.encoder.state_dict()
    tuned = fine_tune(task, tmp_path).model
    assert same(tuned.encoder.state_dict(), start) == (trained == "head")
    before = dict(initial.head.named_parameters())
    assert all(not torch.equal(parameter, before[name]) for name, parameter in tuned.head.named_parameters())


def test_an_encoder_that_stays_as_it_is_has_no_dropout(tiny: Tiny) -> None:
    recipe = tiny(finetune__trained="head").recipe
    model = build_classifier(recipe, 512, 2).train()
    assert model.head.training
    assert not any(module.training for module in model.encoder.modules())
    assert not any(parameter.requires_grad for parameter in model.encoder.parameters())


def case(subject: str, label: str, video: int = 0) -> Case:
    """A video whose content is the subject's, whatever they are called."""
    name = f"{subject}-{label}-{video}"
    return Case(name, subject, label, 1.0, f"content of {name}", FeatureEntry(Path(f"{name}.json"), 1, 1, 1, (), {}))


def fold_of(bearers: dict[str, str], videos: int = 2) -> Fold:
    """A fold that trains on these subjects, each with the classes that its letters name."""
    train = [case(subject, label, video) for subject, labels in bearers.items() for label in labels for video in range(videos)]
    return Fold("fold", tuple(train), (case("tested", "E"), case("tested", "P")))


def kept(fold: Fold, fraction: float, seed: int = 0) -> set[str]:
    return {case.subject_id for case in labelled_part(fold, fraction, seed).train}


MANY = {f"S{number:02}": "E" if number < 12 else "P" if number < 32 else "EP" for number in range(35)}
BEARERS = st.dictionaries(st.integers(0, 60).map("S{:02}".format), st.sampled_from(["E", "P", "EP"]), min_size=1, max_size=30)
FRACTIONS = st.floats(0.01, 1.0)


@given(BEARERS, st.tuples(FRACTIONS, FRACTIONS).map(sorted), st.integers(0, 5))
def test_fewer_labels_are_whole_subjects_of_each_class_and_lie_within_more(
    bearers: dict[str, str], fractions: list[float], seed: int
) -> None:
    fold = fold_of(bearers)
    fewer, more = (labelled_part(fold, fraction, seed) for fraction in fractions)
    chosen, among = ({case.subject_id for case in part.train} for part in (fewer, more))
    assert chosen <= among
    for labels in set(bearers.values()):
        bearing = [subject for subject, own in bearers.items() if own == labels]
        assert len(chosen.intersection(bearing)) == max(1, round(fractions[0] * len(bearing)))
    assert fewer.train == tuple(case for case in fold.train if case.subject_id in chosen)
    assert (fewer.name, fewer.test) == (fold.name, fold.test)
    assert labelled_part(fold, fractions[0], seed) == fewer


@pytest.mark.parametrize(("fraction", "counts"), [(1.0, (12, 20, 3)), (0.5, (6, 10, 2)), (0.25, (3, 5, 1)), (0.01, (1, 1, 1))])
def test_a_share_is_counted_in_subjects_of_each_class(fraction: float, counts: tuple[int, int, int]) -> None:
    chosen = kept(fold_of(MANY), fraction)
    assert tuple(sum(MANY[subject] == labels for subject in chosen) for labels in ("E", "P", "EP")) == counts


def test_who_is_labelled_depends_on_the_seed_and_not_on_names_order_or_who_is_tested() -> None:
    fold = fold_of(MANY)
    chosen = kept(fold, 0.25)
    assert kept(fold, 0.25, seed=1) != chosen
    assert kept(replace(fold, train=fold.train[::-1]), 0.25) == chosen
    renamed = tuple(replace(case, subject_id=case.subject_id[::-1], video_id="") for case in fold.train)
    contents = {case.content for case in labelled_part(fold, 0.25, 0).train}
    assert {case.content for case in labelled_part(replace(fold, train=renamed), 0.25, 0).train} == contents
    other = next(subject for subject in MANY if subject not in chosen and MANY[subject] == "P")
    assert kept(fold_of({subject: labels for subject, labels in MANY.items() if subject != other}), 0.25) == chosen


def test_a_run_with_fewer_labels_tests_and_pretrains_as_before(tiny: Tiny) -> None:
    every, half = tiny(pretrain__source="none"), tiny(pretrain__source="none", finetune__label_fraction="0.5")
    for whole, part in zip(every.fold_tasks, half.fold_tasks, strict=True):
        assert part.fold.test == whole.fold.test
        assert {case.video_id for case in part.fold.train} < {case.video_id for case in whole.fold.train}
        assert {case.label for case in part.fold.train} == {"ES", "PNES"}
    shares = [tiny(pretrain__source="labelled-train-fold", finetune__label_fraction=share).pretrain_tasks for share in ("1.0", "0.5")]
    keys = [{name: task.key for name, task in tasks.items() if task} for tasks in shares]
    assert keys[0] == keys[1]
    assert len(set(keys[0].values())) == 4


class Counted:
    """Clips whose frame i has the feature (i, -i) when shown and (i + 100, -i) when clean."""

    lengths = (6, 9)

    def __len__(self) -> int:
        return len(self.lengths)

    def read(self, index: int, stream: Stream) -> tuple[Tensor, Tensor, Tensor]:
        number = torch.arange(float(self.lengths[index]))
        return torch.stack([number, -number], 1), torch.stack([number + 100, -number], 1), number.double() / 25


def counted(*, shuffled: bool, noises: tuple[SequenceCorruption, ...] = (), seed: int = 0) -> PretrainSamples:
    return PretrainSamples(Counted(), noises, 10, torch.tensor([-7.0, -7.0]), Stream(seed, "samples"), shuffled=shuffled)


def test_shuffled_clips_hold_the_same_frames_in_an_order_of_their_own() -> None:
    ordered, shuffled = counted(shuffled=False), counted(shuffled=True)
    orders = set()
    for index, length in enumerate(Counted.lengths):
        for epoch in range(3):
            plain, mixed = ordered.sample(index, epoch), shuffled.sample(index, epoch)
            order = mixed.features[0, :length, 0]
            assert plain.features[0, :length, 0].tolist() == list(range(length))
            assert sorted(order.tolist()) == list(range(length))
            assert torch.equal(mixed.features[0, :length, 1], -order)
            assert torch.equal(mixed.features[0, length:], plain.features[0, length:])
            assert torch.equal(mixed.times, plain.times)
            assert mixed.clean is not None
            assert torch.equal(mixed.clean[0, :length, 0], order + 100), "what is to be restored moves along"
            assert torch.equal(shuffled.sample(index, epoch).features, mixed.features)
            orders.add(tuple(order.tolist()))
    assert len(orders) == 2 * 3
    assert not torch.equal(counted(shuffled=True, seed=1).sample(1, 0).features, shuffled.sample(1, 0).features)


def test_the_noise_comes_after_the_shuffle_and_is_drawn_as_without_it() -> None:
    noise = registries().build("corruption", {"type": "permute_span", "span": 3})
    plain, mixed = (counted(shuffled=shuffled, noises=(noise,)).sample(1, 0) for shuffled in (False, True))
    for name in ("source", "target", "valid"):
        assert torch.equal(getattr(plain, name), getattr(mixed, name)), name
    assert not torch.equal(plain.source, counted(shuffled=False).sample(1, 0).source)


def test_the_recipe_says_whether_clips_are_shuffled(tiny: Tiny) -> None:
    batches = []
    for order in ("kept", "shuffled"):
        pipeline = tiny(pretrain__frame_order=order)
        samples = pretrain_samples(pipeline.recipe, pipeline.features.clips, pipeline.tokens, "cpu", Stream(0, "samples"))
        batches.append(samples.sample(0, 0).features[0])
    ordered, shuffled = batches
    assert not torch.equal(ordered, shuffled)
    assert sorted(ordered.tolist()) == sorted(shuffled.tolist())


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("finetune.trained=heads", 'did you mean "head"?'),
        ("finetune.label_fraction=0", "finetune.label_fraction"),
        ("finetune.label_fraction=1.5", "finetune.label_fraction"),
        ("pretrain.frame_order=shufled", 'did you mean "shuffled"?'),
    ],
)
def test_other_values_are_refused(override: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        load_recipe("seizure_bart", overrides=[override])
    assert said in str(caught.value)
