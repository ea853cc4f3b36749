"""What holds for every noise, in any order and at every length that could go wrong."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vsslfw_bart_noise.document_rotation import DocumentRotation
from vsslfw_bart_noise.sentence_permutation import SentencePermutation
from vsslfw_bart_noise.text_infilling import TextInfilling
from vsslfw_bart_noise.time_reversal import TimeReversal
from vsslfw_bart_noise.token_deletion import TokenDeletion
from vsslfw_bart_noise.token_masking import TokenMasking

from vsslfw.builtin.mask_frames import MaskFrames
from vsslfw.builtin.permute_span import PermuteSpan
from vsslfw.interfaces import SequenceCorruption
from vsslfw.plan import MASK, CorruptionPlan
from vsslfw.plugins import registries
from vsslfw.seeds import Stream

NOISES = {
    "token_masking": TokenMasking,
    "token_deletion": TokenDeletion,
    "text_infilling": TextInfilling,
    "sentence_permutation": SentencePermutation,
    "document_rotation": DocumentRotation,
    "time_reversal": TimeReversal,
}

seeds = st.integers(0, 2**32 - 1)
lengths = st.sampled_from((0, 1, 2, 3, 25, 250, 256)) | st.integers(0, 300)
pads = st.sampled_from((0, 1, 6))
ratios = st.sampled_from((0.0, 0.15, 0.3, 1.0)) | st.floats(0, 1)
orderings = st.one_of(
    st.builds(SentencePermutation, segment=st.integers(1, 300), boundaries=st.sampled_from(("even", "random"))),
    st.just(DocumentRotation()),
    st.builds(TimeReversal, span=st.none() | st.integers(2, 300), probability=st.sampled_from((0.0, 0.5, 1.0))),
)
noises = st.one_of(
    st.builds(TokenMasking, ratio=ratios),
    st.builds(TokenDeletion, ratio=ratios),
    st.builds(TextInfilling, ratio=ratios, lam=st.floats(0.1, 40), unit=st.integers(1, 8)),
    orderings,
)
builtin = st.builds(PermuteSpan, span=st.integers(1, 40)) | st.builds(MaskFrames, ratio=ratios, replace=st.sampled_from(("mask", "bert")))
chains = st.lists(noises | builtin, min_size=1, max_size=4)


def generator(seed: int) -> np.random.Generator:
    return Stream(seed, "corruption").generator()


def corrupt(chain: list[SequenceCorruption], k: int, positions: int, seed: int) -> CorruptionPlan:
    plan, draw = CorruptionPlan.clean(k, positions), generator(seed)
    for noise in chain:
        plan = noise(plan, draw)
    return plan


@pytest.mark.parametrize("name", NOISES)
def test_is_found_as_a_plugin_and_takes_the_parameters_it_is_checked_with(name: str) -> None:
    component = registries().find("corruption", name)
    assert component.distribution == "vsslfw-bart-noise"
    assert component.load() is NOISES[name]
    for parameters in NOISES[name].check_with:
        assert isinstance(registries().build("corruption", {"type": name, **parameters}), SequenceCorruption)


def test_finding_the_plugin_imports_neither_torch_nor_numpy() -> None:
    code = "import sys, vsslfw_bart_noise; print({'torch', 'numpy'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "set()"


@given(chains, seeds, lengths, pads)
def test_after_any_noises_in_any_order_targets_and_pad_are_where_they_were(
    chain: list[SequenceCorruption], seed: int, k: int, pad: int
) -> None:
    clean, plan = CorruptionPlan.clean(k, k + pad), corrupt(chain, k, k + pad, seed)
    assert np.array_equal(plan.target, clean.target)
    assert np.array_equal(plan.valid, clean.valid)


@given(chains, seeds, lengths)
def test_how_many_positions_are_padding_decides_nothing(chain: list[SequenceCorruption], seed: int, k: int) -> None:
    assert np.array_equal(corrupt(chain, k, k, seed).source, corrupt(chain, k, k + 6, seed).source[:k])


@given(chains, seeds, lengths)
def test_the_generator_alone_decides(chain: list[SequenceCorruption], seed: int, k: int) -> None:
    np.random.seed(0)
    state = np.random.get_state()[1].tolist()
    once = corrupt(chain, k, k + 2, seed)
    assert np.random.get_state()[1].tolist() == state
    np.random.seed(1)
    assert corrupt(chain, k, k + 2, seed) == once


@given(noises, noises, seeds, lengths)
def test_no_frame_is_shown_twice(first: SequenceCorruption, then: SequenceCorruption, seed: int, k: int) -> None:
    frames = [i for i in corrupt([first, then], k, k, seed).source if i != MASK]
    assert len(set(frames)) == len(frames)


@given(orderings, seeds, lengths, ratios)
def test_a_noise_of_order_keeps_all_that_was_shown_mask_too(noise: SequenceCorruption, seed: int, k: int, ratio: float) -> None:
    before = corrupt([TokenMasking(ratio=ratio)], k, k + 3, seed)
    assert sorted(noise(before, generator(seed + 1)).source) == sorted(before.source)


@given(noises, seeds)
def test_a_single_frame_stays_or_becomes_mask_and_nothing_stays_nothing(noise: SequenceCorruption, seed: int) -> None:
    assert corrupt([noise], 1, 3, seed).source[0] in (0, MASK)
    assert corrupt([noise], 0, 3, seed) == CorruptionPlan.clean(0, 3)


@pytest.mark.parametrize("name", NOISES)
def test_another_seed_gives_another_sequence(name: str) -> None:
    assert len({corrupt([NOISES[name]()], 250, 256, seed).source.tobytes() for seed in range(20)}) > 1


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: TokenMasking(ratio=1.5), "ratio is 1.5"),
        (lambda: TokenDeletion(ratio=-0.1), "ratio is -0.1"),
        (lambda: TextInfilling(ratio=float("nan")), "ratio is nan"),
        (lambda: TextInfilling(lam=0.0), "lam is 0.0"),
        (lambda: TextInfilling(lam=float("inf")), "lam is inf"),
        (lambda: TextInfilling(unit=0), "unit is 0"),
        (lambda: SentencePermutation(segment=0), "segment is 0"),
        (lambda: SentencePermutation(boundaries="some"), 'boundaries is "some"'),  # type: ignore[arg-type]
        (lambda: TimeReversal(span=1), "span is 1"),
        (lambda: TimeReversal(probability=2.0), "probability is 2.0"),
    ],
)
def test_values_that_make_no_sense_are_refused_in_words(build, words: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=words):
        build()
