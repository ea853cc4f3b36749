"""Ablation studies: variants of a recipe, each stage paid for once, and differences that can be believed."""

from vsslfw.ablation.finished import FinishedArm, read_arm, same_question
from vsslfw.ablation.outcome import Outcome, Row, outcome_of

__all__ = ["FinishedArm", "Outcome", "Row", "outcome_of", "read_arm", "same_question"]
