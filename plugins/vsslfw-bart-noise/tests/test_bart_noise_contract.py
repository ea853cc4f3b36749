"""The six noises keep the contract of a corruption, as the conformance kit understands it."""

from __future__ import annotations

from collections.abc import Callable

from vsslfw_bart_noise.document_rotation import DocumentRotation
from vsslfw_bart_noise.sentence_permutation import SentencePermutation
from vsslfw_bart_noise.text_infilling import TextInfilling
from vsslfw_bart_noise.time_reversal import TimeReversal
from vsslfw_bart_noise.token_deletion import TokenDeletion
from vsslfw_bart_noise.token_masking import TokenMasking

from vsslfw.testing import parametrize_with_checks


@parametrize_with_checks("corruption", TokenMasking)
def test_token_masking(check: Callable[[], None]) -> None:
    check()


@parametrize_with_checks("corruption", TokenDeletion)
def test_token_deletion(check: Callable[[], None]) -> None:
    check()


@parametrize_with_checks("corruption", TextInfilling)
def test_text_infilling(check: Callable[[], None]) -> None:
    check()


@parametrize_with_checks("corruption", SentencePermutation)
def test_sentence_permutation(check: Callable[[], None]) -> None:
    check()


@parametrize_with_checks("corruption", DocumentRotation)
def test_document_rotation(check: Callable[[], None]) -> None:
    check()


@parametrize_with_checks("corruption", TimeReversal)
def test_time_reversal(check: Callable[[], None]) -> None:
    check()
