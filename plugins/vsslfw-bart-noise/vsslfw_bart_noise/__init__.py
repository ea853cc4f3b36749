"""A vsslfw plugin: the five noising functions of BART (Lewis et al. 2020, section 2.2) for video, and time reversal."""

from __future__ import annotations

from vsslfw.hookspecs import Register, hookimpl

VSSLFW_API = 1


@hookimpl
def vsslfw_register(register: Register) -> None:
    """Six corruptions of the plan; a class is imported when a recipe first asks for it."""
    for name, target, summary in (
        ("token_masking", "token_masking:TokenMasking", "BART: a share of the frames becomes MASK, as in BERT"),
        ("token_deletion", "token_deletion:TokenDeletion", "BART: a share of the frames is deleted; which ones does not show"),
        ("text_infilling", "text_infilling:TextInfilling", "BART: spans of Poisson length each shrink to a single MASK"),
        ("sentence_permutation", "sentence_permutation:SentencePermutation", "BART: the sequence is cut into segments, which are shuffled"),
        ("document_rotation", "document_rotation:DocumentRotation", "BART: the sequence is rotated to begin with a random frame"),
        ("time_reversal", "time_reversal:TimeReversal", "The sequence, or a span of it, runs backwards"),
    ):
        register("corruption", name, f"vsslfw_bart_noise.{target}", summary=summary)
