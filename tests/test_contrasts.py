"""Differences between arms: what is compared, by which metric, and how sure it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t
from sklearn import metrics as sklearn
from statsmodels.stats.multitest import multipletests

from vsslfw.errors import UserError
from vsslfw.evaluation.arms import METRICS, Arms
from vsslfw.evaluation.contrasts import TOO_ALIKE, Options, adjusted, contrast, contrasts
from vsslfw.evaluation.predictions import Prediction
from vsslfw.evaluation.uncertainty import TOO_FEW

CLASSES = ("ES", "PNES")
QUICK = Options(resamples=40, permutations=99)
EXACT = Options(resamples=2, permutations=4095)


def answer(subject: str, video: str, label: str, share: float, repeat: int = 1) -> Prediction:
    """``share`` is the probability of ES."""
    return Prediction(
        subject, video, subject, label, "ES" if share > 0.5 else "PNES", {"ES": share, "PNES": 1 - share}, 1, 1.0, repeat=repeat
    )


def drawn(seed: int, subjects: int = 8, videos: int = 3, repeats: int = 1) -> list[Prediction]:
    """Answers that are right more often than not; every third subject has PNES."""
    generator = np.random.default_rng(seed)
    found = []
    for repeat, s, v in product(range(1, repeats + 1), range(subjects), range(videos)):
        label = CLASSES[s % 3 == 0]
        shift = 0.8 if label == "ES" else -0.8
        found.append(answer(f"S{s:02d}", f"V{s:02d}{v}", label, float(1 / (1 + np.exp(-shift - generator.normal()))), repeat))
    return found


def always(right: bool, subjects: int) -> list[Prediction]:
    labels = [CLASSES[s % 3 == 0] for s in range(subjects)]
    return [answer(f"S{s:02d}", f"V{s:02d}", label, 0.9 if (label == "ES") == right else 0.1) for s, label in enumerate(labels)]


def opposite(own: Sequence[Prediction], subject: str = "") -> list[Prediction]:
    """The other answer to every video, or to those of one subject."""
    return [answer(p.subject, p.video, p.label, 1 - p.probabilities["ES"]) if p.subject.startswith(subject) else p for p in own]


def of(predictions: Mapping[str, Sequence[Prediction]], positive: str = "ES") -> Arms:
    return Arms.of(predictions, CLASSES, positive)


def two(first: Sequence[Prediction], second: Sequence[Prediction]) -> Arms:
    return of({"first": first, "second": second})


def compared(first: Sequence[Prediction], second: Sequence[Prediction], options: Options = QUICK) -> Any:
    return contrast(two(first, second), "second", "first", options)


@pytest.mark.parametrize("positive", CLASSES)
@pytest.mark.parametrize("metric", METRICS)
def test_a_metric_is_the_one_of_scikit_learn(metric: str, positive: str) -> None:
    own = drawn(0, subjects=12)
    true, said = [p.label for p in own], [p.predicted for p in own]
    other = next(name for name in CLASSES if name != positive)
    expected = {
        "balanced_accuracy": sklearn.balanced_accuracy_score(true, said),
        "f1_macro": sklearn.f1_score(true, said, average="macro"),
        "mcc": sklearn.matthews_corrcoef(true, said),
        "sensitivity": sklearn.recall_score(true, said, pos_label=positive),
        "specificity": sklearn.recall_score(true, said, pos_label=other),
        "auroc": sklearn.roc_auc_score([label == positive for label in true], [p.probabilities[positive] for p in own]),
    }
    arms = of({"an arm": own}, positive)
    assert arms.figure(arms.arms["an arm"], metric) == pytest.approx(expected[metric])


def test_right_by_subject_is_a_share_of_videos_over_all_repeats() -> None:
    own = [answer("B", "V1", "ES", 0.9), answer("A", "V2", "PNES", 0.1), answer("B", "V3", "ES", 0.2)]
    again = [replace(p, repeat=2) for p in own[:2]] + [answer("B", "V3", "ES", 0.8, repeat=2)]
    arms = of({"an arm": own + again})
    assert arms.right_by_subject(arms.arms["an arm"]) == {"A": 1.0, "B": 0.75}


@pytest.mark.parametrize("metric", METRICS)
def test_arms_that_answer_alike_do_not_differ(metric: str) -> None:
    found = compared(drawn(0), drawn(0), replace(QUICK, metric=metric))
    assert (found.difference, found.p, found.low, found.high, found.differing, found.smallest_p) == (0, 1, None, None, 0, 1)


@pytest.mark.parametrize("metric", METRICS)
def test_one_subject_that_is_answered_otherwise_shows_nothing(metric: str) -> None:
    first = drawn(0)
    second = opposite(first, "S01")
    found = compared(first, second, replace(QUICK, metric=metric))
    if metric != "auroc":  # there another rank moves those of all videos
        assert (found.differing, found.p, found.smallest_p, found.low) == (1, 1, 1, None)
    assert found.p >= found.smallest_p


def by_hand(first: Sequence[Prediction], second: Sequence[Prediction]) -> float:
    """The two-sided p of all swaps of whole subjects, in fractions."""
    names = sorted({p.subject for p in first})

    def balanced(own: list[Prediction]) -> Fraction:
        recalls = []
        for label in CLASSES:
            right = [p.predicted == label for p in own if p.label == label]
            recalls.append(Fraction(sum(right), len(right)))
        return sum(recalls, Fraction()) / 2

    null = []
    for swaps in product((False, True), repeat=len(names)):
        swapped = dict(zip(names, swaps, strict=True))
        pairs = [(b, a) if swapped[a.subject] else (a, b) for a, b in zip(first, second, strict=True)]
        repeats = sorted({p.repeat for p in first})
        parts = [balanced([b for _, b in pairs if b.repeat == r]) - balanced([a for a, _ in pairs if a.repeat == r]) for r in repeats]
        null.append(sum(parts, Fraction()))
    tails = (sum(one >= null[0] for one in null), sum(one <= null[0] for one in null))
    return min(1.0, 2 * min(tails) / len(null))


@pytest.mark.parametrize("seed", range(6))
def test_an_exact_p_is_that_of_all_swaps(seed: int) -> None:
    first, second = drawn(2 * seed, subjects=5, repeats=1 + seed % 3), drawn(2 * seed + 1, subjects=5, repeats=1 + seed % 3)
    found = compared(first, second, EXACT)
    assert found.exact
    assert found.permutations == 2**found.differing
    assert found.p == pytest.approx(by_hand(first, second))


@pytest.mark.parametrize("seed", range(4))
def test_the_last_digits_of_sums_make_no_difference(seed: int) -> None:
    """The same answers in other repeats are equally good, whichever subjects are swapped; in floating point, nearly."""
    first = drawn(seed, subjects=7, repeats=3)
    second = [replace(p, repeat=p.repeat % 3 + 1) for p in first]
    found = compared(first, second, EXACT)
    assert found.differing > 3
    assert found.difference == pytest.approx(0)
    assert found.p == 1


@pytest.mark.parametrize(("subjects", "options", "exact", "smallest"), [(6, EXACT, True, 2 / 64), (20, QUICK, False, 2 / 100)])
def test_the_smallest_p_is_reached_where_one_arm_is_always_right_and_the_other_never(
    subjects: int, options: Options, exact: bool, smallest: float
) -> None:
    found = compared(always(False, subjects), always(True, subjects), options)
    assert (found.difference, found.exact) == (1, exact)
    assert found.p == found.smallest_p == pytest.approx(smallest)


@pytest.mark.parametrize("options", [QUICK, EXACT])
def test_the_order_of_the_answers_does_not_matter(options: Options) -> None:
    first, second = drawn(0, subjects=9), drawn(1, subjects=9)
    shuffled = [first[i] for i in np.random.default_rng(0).permutation(len(first))]
    assert compared(shuffled, second[::-1], options) == compared(first, second, options)


def test_nor_do_the_names_of_the_videos() -> None:
    def renamed(own: list[Prediction]) -> list[Prediction]:
        return [replace(p, video=p.video[::-1]) for p in own]

    first, second = drawn(0), drawn(1)
    assert compared(renamed(first), renamed(second), EXACT).p == compared(first, second, EXACT).p


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("options", [QUICK, EXACT])
def test_swapping_the_arms_negates_the_difference_and_keeps_p(metric: str, options: Options) -> None:
    arms, chosen = two(drawn(0), drawn(1)), replace(options, metric=metric)
    one, other = contrast(arms, "second", "first", chosen), contrast(arms, "first", "second", chosen)
    assert (one.value, one.value_against) == (other.value_against, other.value)
    assert (one.difference, one.p, one.se) == (-other.difference, other.p, pytest.approx(other.se))
    assert one.low == pytest.approx(-other.high)


def test_auroc_needs_no_common_scale_of_probabilities() -> None:
    first, second = drawn(0), drawn(1)
    squared = [replace(p, probabilities={"ES": p.probabilities["ES"] ** 4}) for p in second]
    options = replace(QUICK, metric="auroc")
    assert compared(first, squared, options) == compared(first, second, options)


def test_repeats_are_averaged() -> None:
    first, second = drawn(0, repeats=3), drawn(1, repeats=3)
    each = [compared([p for p in first if p.repeat == r], [p for p in second if p.repeat == r]) for r in (1, 2, 3)]
    found = compared(first, second)
    assert found.value == pytest.approx(np.mean([one.value for one in each]))
    assert found.difference == pytest.approx(np.mean([one.difference for one in each]))


def test_and_do_not_count_as_more_subjects() -> None:
    def thrice(own: list[Prediction]) -> list[Prediction]:
        return [replace(p, repeat=r) for r in (1, 2, 3) for p in own]

    found, once = compared(thrice(drawn(0)), thrice(drawn(1))), compared(drawn(0), drawn(1))
    assert (found.p, found.subjects) == (once.p, once.subjects)
    assert (found.low, found.high) == pytest.approx((once.low, once.high))


def test_holm_is_over_the_secondary_contrasts_alone() -> None:
    arms = of({name: drawn(seed, subjects=10) for seed, name in enumerate("abcd")})
    primary, pairs = ("b", "a"), [("c", "a"), ("b", "a"), ("d", "a"), ("d", "c")]
    first, *others = contrasts(arms, pairs, primary, QUICK)
    assert (first.arm, first.against, first.primary, first.p_holm) == ("b", "a", True, None)
    assert first == contrast(arms, "b", "a", QUICK, primary=True)
    assert [(one.arm, one.against) for one in others] == [pair for pair in pairs if pair != primary]
    assert [one.p_holm for one in others] == pytest.approx(multipletests([one.p for one in others], method="holm")[1])
    assert contrasts(arms, [], primary, QUICK) == [first]


def test_without_a_primary_contrast_all_are_adjusted() -> None:
    arms = of({name: drawn(seed) for seed, name in enumerate("abc")})
    found = contrasts(arms, [("b", "a"), ("c", "a")], None, QUICK)
    assert [one.p_holm for one in found] == pytest.approx(multipletests([one.p for one in found], method="holm")[1])


@pytest.mark.slow
@pytest.mark.parametrize("margin", [0.02, 0.1, 0.2, 0.3, 0.5, 0.9])
def test_arms_are_equivalent_where_the_90_percent_interval_lies_within_the_margin(margin: float) -> None:
    first, second = drawn(0, subjects=15), drawn(1, subjects=15)
    found = compared(first, second, replace(QUICK, margin=margin))
    narrow = compared(first, second, replace(QUICK, confidence=0.9))
    assert found.equivalent == (-margin < narrow.low and narrow.high < margin)
    assert found.equivalent == (found.p_equivalence < 0.05)


def test_what_lies_far_outside_the_margin_is_not_equivalent() -> None:
    assert compared(drawn(0), opposite(drawn(0)), replace(QUICK, margin=0.05)).equivalent is False
    assert compared(drawn(0), drawn(1)).equivalent is None, "no margin, no question"


ALIKE: dict[str, tuple[list[Prediction], list[Prediction]]] = {
    "the same answers": (drawn(0), drawn(0)),
    "one subject differs": (drawn(0), opposite(drawn(0), "S01")),
    "every subject by as much": (always(False, 9), always(True, 9)),
}


@pytest.mark.parametrize(("first", "second"), ALIKE.values(), ids=ALIKE)
def test_arms_that_vary_too_little_have_no_interval_and_are_not_called_equivalent(
    first: list[Prediction], second: list[Prediction]
) -> None:
    found = compared(first, second, replace(QUICK, margin=0.5))
    assert (found.low, found.high, found.se, found.detectable, found.p_equivalence, found.equivalent) == (None,) * 6
    assert found.reason == TOO_ALIKE


def test_no_effect_can_be_detected_by_a_test_that_cannot_reject() -> None:
    found = compared(drawn(0, subjects=4), drawn(1, subjects=4))
    assert found.smallest_p > 0.05
    assert found.detectable is None
    assert compared(drawn(0, subjects=20), drawn(1, subjects=20)).detectable is not None


@pytest.mark.parametrize("count", [1, 3])
def test_beside_others_only_a_larger_difference_can_be_detected(count: int) -> None:
    arms = of({name: drawn(seed, subjects=20) for seed, name in enumerate("abcde")})
    alone = contrast(arms, "b", "a", QUICK, primary=True)
    first, *others = contrasts(arms, [(name, "a") for name in "cde"[:count]], ("b", "a"), replace(QUICK, permutations=199))
    assert first.detectable == alone.detectable == pytest.approx((t.ppf(0.975, 6) + t.ppf(0.8, 6)) * alone.se)
    assert len(others) == count
    for one in others:
        assert one.detectable == pytest.approx((t.ppf(1 - 0.025 / count, 6) + t.ppf(0.8, 6)) * one.se)
    five = adjusted([replace(alone, primary=False, df=3, smallest_p=0.001)] * 5, QUICK)
    assert [one.detectable / one.se for one in five] == pytest.approx([6.82] * 5, abs=0.005)


@pytest.mark.parametrize("repeats", [1, 2])
def test_an_mcc_of_one_answer_is_not_defined_and_counts_as_nothing_in_a_difference(repeats: int) -> None:
    own = drawn(0, subjects=9, repeats=repeats)
    arms = of({"always": [replace(p, predicted="ES") if p.repeat == repeats else p for p in own], "varied": own})
    value, reason = arms.told(arms.arms["always"], "mcc")
    assert value is None
    assert "Not defined (0 / 0) where only one class is ever answered." in (reason or "")
    assert arms.told(arms.arms["varied"], "mcc") == (arms.figure(arms.arms["varied"], "mcc"), None)
    assert arms.told(arms.arms["always"], "f1_macro") == (arms.figure(arms.arms["always"], "f1_macro"), None)
    if repeats == 1:
        assert contrast(arms, "varied", "always", replace(QUICK, metric="mcc")).difference == arms.figure(arms.arms["varied"], "mcc")


def test_the_smallest_p_is_that_of_what_swaps_can_reach() -> None:
    """Eight subjects, each of whom trades one right video for another: swapping any of them changes nothing."""
    right = [
        answer(f"S{s}", f"V{s}{v}", label, 0.9 if label == "ES" else 0.1) for s in range(8) for v in (0, 1) for label in [CLASSES[s % 2]]
    ]
    first, second = ([opposite([p])[0] if p.video[-1] == miss else p for p in right] for miss in "01")
    for permutations in (99, 999):
        found = compared(first, second, replace(QUICK, permutations=permutations))
        assert (found.differing, found.p, found.smallest_p) == (8, 1.0, 1.0)


@pytest.mark.slow
def test_with_others_beside_it_less_can_be_shown() -> None:
    arms = of({name: drawn(seed, subjects=10) for seed, name in enumerate("abcd")})
    alone = [contrast(arms, name, "a", QUICK) for name in "bcd"]
    together = contrasts(arms, [(name, "a") for name in "bcd"], None, QUICK)
    least = multipletests([one.smallest_p for one in alone], method="holm")[1]
    assert [one.smallest_p for one in together] == pytest.approx(least)
    margin = replace(QUICK, margin=0.3)
    tested = [contrast(arms, name, "a", margin).p_equivalence for name in "bcd"]
    found = contrasts(arms, [(name, "a") for name in "bcd"], None, margin)
    assert [one.p_equivalence for one in found] == pytest.approx(multipletests(tested, method="holm")[1])


def test_too_few_subjects_have_no_interval_and_a_reason() -> None:
    found = compared(drawn(0, subjects=3), drawn(1, subjects=3), replace(QUICK, margin=0.1))
    assert (found.low, found.high, found.se, found.detectable, found.p_equivalence, found.equivalent) == (None,) * 6
    assert found.reason == TOO_FEW
    assert 0 < found.p <= 1


CHANGES: dict[str, dict[str, Any]] = {
    "video": {"video": "V99"},
    "subject": {"subject": "S99"},
    "label": {"label": "PNES"},
    "fold": {"fold": "another"},
    "repeat": {"repeat": 2},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_an_arm_with_another_split_is_named(change: dict[str, Any]) -> None:
    own = drawn(0)
    other = [*own[:-1], replace(own[-1], **change)]
    with pytest.raises(UserError, match="the odd one") as caught:
        of({"first": own, "as good": drawn(1), "the odd one": other})
    assert [problem.where for problem in caught.value.problems] == ["the odd one"]


def test_so_is_every_arm_that_lacks_a_video() -> None:
    with pytest.raises(UserError) as caught:
        of({"first": drawn(0), "short": drawn(1)[1:], "long": [*drawn(2), answer("S98", "V98", "ES", 0.5)]})
    assert [problem.where for problem in caught.value.problems] == ["short", "long"]


@settings(max_examples=30, deadline=None)
@given(
    seeds=st.tuples(st.integers(0, 50), st.integers(0, 50)),
    subjects=st.integers(2, 9),
    videos=st.integers(1, 3),
    repeats=st.integers(1, 2),
    metric=st.sampled_from(list(METRICS)),
)
def test_a_difference_keeps_to_its_limits_and_a_p_is_a_probability(
    seeds: tuple[int, int], subjects: int, videos: int, repeats: int, metric: str
) -> None:
    first, second = (drawn(seed, subjects, videos, repeats) for seed in seeds)
    found = compared(first, second, replace(QUICK, metric=metric, permutations=19, resamples=10, margin=0.1))
    most = 2 if metric == "mcc" else 1  # it goes from -1 to 1 itself
    assert -most <= found.difference <= most
    assert 0 < found.p <= 1
    assert found.p >= found.smallest_p - 1e-12
    if found.low is not None:
        assert -most <= found.low <= found.difference <= found.high <= most
