"""The difference between two arms over the same subjects: its p, its interval, and what so few subjects can show at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from math import isclose
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vsslfw.evaluation.arms import METRICS, Arm, Arms
from vsslfw.evaluation.uncertainty import ALIKE, SubjectBootstrap

POWER = 0.8
"""Of the minimum detectable effect."""
DIGITS = 12
"""After the point, within which two differences are the same one."""
TOO_ALIKE = "Fewer than two subjects differ, or all of them alike: how much others would differ cannot be told from them."
MEANING = (
    "A difference is the first arm minus the second over the same videos. Its p is that of a permutation test: the whole answers of a "
    "subject are swapped between the arms, in all combinations of subjects or in {permutations} drawn ones (scipy's permutation_test, "
    "two-sided; for the AUROC each arm's probabilities are ranked first; an MCC of 0 / 0, as of one answer to all, counts as 0). Its "
    "interval: subjects are resampled with all their videos in both arms at once, those of each class among themselves; plus or minus "
    "Student's t ({df} degrees of freedom) times the standard error. Seeds are averaged within a video before anything is compared: an "
    "ensemble is. The interval is conditional on the fitted folds, as all are. Equivalence is two one-sided t-tests. For contrasts other "
    "than the primary one, the p of a difference and that of equivalence are adjusted by Holm, and what is detectable is so at the "
    "strictest step of that, where p must be below {alpha:.2g} / their number; intervals are not adjusted."
)


@dataclass(frozen=True)
class Contrast:
    """One difference: ``arm`` minus ``against``, in one metric."""

    arm: str
    against: str
    metric: str
    primary: bool
    value: float
    value_against: float
    difference: float
    low: float | None
    high: float | None
    se: float | None
    df: int | None
    """Degrees of freedom of its t: one less than the subjects of the smaller class."""
    reason: str | None
    """Why there is no interval."""
    p: float
    p_holm: float | None
    """Adjusted for all contrasts but the primary one; none for that one."""
    permutations: int
    exact: bool
    """All combinations of swaps were made."""
    subjects: int
    differing: int
    """Subjects whose answers differ at all: only their swaps change anything."""
    smallest_p: float
    """That this test could have given; with Holm's adjustment where ``p_holm`` is."""
    detectable: float | None
    """The true difference that a study with this standard error would find with a power of 80%; beside others at the strictest step of
    Holm's adjustment, where p must be below 5% / their number.
    """
    margin: float | None
    p_equivalence: float | None
    """Of two one-sided t-tests against the margin; small: the difference lies within it."""
    equivalent: bool | None

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Options:
    """How contrasts are computed."""

    metric: str = "balanced_accuracy"
    confidence: float = 0.95
    resamples: int = 500
    permutations: int = 1999
    margin: float | None = None
    seed: int = 0


def contrast(arms: Arms, arm: str, against: str, options: Options, *, primary: bool = False) -> Contrast:
    """Compare two of the arms."""
    from sklearn import config_context

    with config_context(skip_parameter_validation=True):
        return _contrast(arms, arms.arms[arm], arms.arms[against], options, primary)


def contrasts(arms: Arms, pairs: Sequence[tuple[str, str]], primary: tuple[str, str] | None, options: Options) -> list[Contrast]:
    """All pairs (arm, against), the primary one first and as it is; Holm's adjustment is over the others."""
    ordered = ([primary] if primary else []) + [pair for pair in pairs if pair != primary]
    return adjusted([contrast(arms, *pair, options, primary=pair == primary) for pair in ordered], options)


def adjusted(found: Sequence[Contrast], options: Options) -> list[Contrast]:
    """The primary contrast first and as it is, the others behind it with Holm's adjustment."""
    from statsmodels.stats.multitest import multipletests

    secondary = [one for one in found if not one.primary]
    if not secondary:
        return list(found)
    alpha = 1 - options.confidence

    def holm(values: Sequence[float]) -> list[float]:
        return [float(p) for p in multipletests(values, alpha=alpha, method="holm")[1]] if values else []

    ps, least = holm([one.p for one in secondary]), holm([one.smallest_p for one in secondary])
    tested = [one.p_equivalence for one in secondary if one.p_equivalence is not None]
    equivalence = iter(holm(tested))
    rows = []
    for one, p, smallest in zip(secondary, ps, least, strict=True):
        same = None if one.p_equivalence is None else next(equivalence)
        able = one.detectable is not None and (smallest < alpha or isclose(smallest, alpha))
        detectable = detectable_of(one.se, one.df, alpha / len(secondary)) if able else None
        row = replace(one, p_holm=p, smallest_p=smallest, detectable=detectable, p_equivalence=same)
        rows.append(replace(row, equivalent=None if same is None else same < alpha))
    return [one for one in found if one.primary] + rows


def meaning(arms: Arms, options: Options) -> str:
    """What the figures are, in words."""
    bootstrap = SubjectBootstrap(arms.subjects, arms.labels)
    return MEANING.format(permutations=f"{options.permutations:,}", df=max(bootstrap.m - 1, 0), alpha=1 - options.confidence)


def _contrast(arms: Arms, arm: Arm, against: Arm, options: Options, primary: bool) -> Contrast:
    metric = options.metric
    value, other = arms.figure(arm, metric), arms.figure(against, metric)
    p, smallest, made, exact, differing = _swapped(arms, arm, against, options)
    bootstrap = SubjectBootstrap(arms.subjects, arms.labels, options.resamples, options.confidence, options.seed)
    scores: list[float | None] = []
    if bootstrap.t is not None:
        scores = [_difference(arms, arm, against, metric, units) for units in bootstrap.draws()]
    difference = value - other
    interval, reason = bootstrap.interval(difference, scores, (-2.0, 2.0) if metric == "mcc" else (-1.0, 1.0))
    if reason == ALIKE or (interval is not None and differing < 2):
        interval, reason = None, TOO_ALIKE
    se = interval["se"] if interval else None
    able = smallest < 1 - options.confidence or isclose(smallest, 1 - options.confidence)
    df = bootstrap.m - 1 if se is not None else None
    p_equivalence = None
    if se is not None and df is not None and options.margin is not None:
        p_equivalence = _equivalence(difference, se, df, options.margin)
    return Contrast(
        arm=arm.name,
        against=against.name,
        metric=metric,
        primary=primary,
        value=value,
        value_against=other,
        difference=difference,
        low=interval["low"] if interval else None,
        high=interval["high"] if interval else None,
        se=se,
        df=df,
        reason=reason,
        p=p,
        p_holm=None,
        permutations=made,
        exact=exact,
        subjects=len(set(arms.subjects)),
        differing=differing,
        smallest_p=smallest,
        detectable=detectable_of(se, df, 1 - options.confidence) if able else None,
        margin=options.margin,
        p_equivalence=p_equivalence,
        equivalent=None if p_equivalence is None else p_equivalence < 1 - options.confidence,
    )


def detectable_of(se: float | None, df: int | None, alpha: float) -> float | None:
    """The true difference that a two-sided test at ``alpha`` finds with a power of 80%; none where there is no standard error."""
    from scipy.stats import t

    if se is None or df is None:
        return None
    return float(t.ppf(1 - alpha / 2, df) + t.ppf(POWER, df)) * se


def _equivalence(difference: float, se: float, df: int, margin: float) -> float:
    """The larger p of the two one-sided tests (Schuirmann 1987)."""
    from scipy.stats import t

    return float(max(t.sf((difference + margin) / se, df), t.cdf((difference - margin) / se, df)))


def _difference(arms: Arms, arm: Arm, against: Arm, metric: str, units: NDArray[np.intp]) -> float | None:
    """In a resample; none if a class is not in it."""
    if len(set(arms.true[units].tolist())) < len(set(arms.true.tolist())):
        return None
    return arms.figure(arm, metric, units) - arms.figure(against, metric, units)


def _swapped(arms: Arms, arm: Arm, against: Arm, options: Options) -> tuple[float, float, int, bool, int]:
    """p and the least that it could have been, how many combinations of swaps it comes from, whether those are all, and how many subjects
    answer differently.
    """
    from scipy.stats import permutation_test

    use_ranks = options.metric == "auroc"
    one, other = (arm.ranks, against.ranks) if use_ranks else (arm.said, against.said)
    units: dict[str, list[int]] = {}
    for number, subject in enumerate(arms.subjects):
        units.setdefault(subject, []).append(number)
    videos = [np.array(own) for own in units.values() if not np.array_equal(one[:, own], other[:, own])]
    count = len(videos)
    if count < 2:  # with one subject either swap gives as large a difference
        return 1.0, 1.0, 2**count, True, count

    def difference(left: NDArray[np.int64], right: NDArray[np.int64]) -> float:
        """``left`` holds who stands in the arm, by number; a number from ``count`` on is the other arm's."""
        swapped = [videos[i] for i in np.flatnonzero(left >= count)]
        a, b = arm, against
        if swapped:
            at = np.concatenate(swapped)
            a, b = (_with(mine, theirs, at) for mine, theirs in ((arm, against), (against, arm)))
        # Equal differences must be equal numbers to be counted as ties: sums in another order differ in the last digits.
        return round(arms.figure(a, options.metric) - arms.figure(b, options.metric), DIGITS)

    numbers = np.arange(count)
    exact = 2.0**count <= options.permutations + 1
    made = 2**count if exact else options.permutations
    result = permutation_test(
        (numbers, numbers + count),
        difference,
        permutation_type="samples",
        vectorized=False,
        n_resamples=np.inf if exact else options.permutations,
        alternative="two-sided",
        rng=np.random.default_rng(options.seed),
    )
    null = result.null_distribution
    known = exact or null.max() == null.min()
    smallest = min(1.0, 2 * float(np.mean(null >= null.max()))) if known else 2 / (made + 1)
    return float(result.pvalue), smallest, made, exact, count


def _with(arm: Arm, other: Arm, at: NDArray[np.intp]) -> Arm:
    """The arm with the other's answers for some videos."""
    said, shares, ranks = arm.said.copy(), arm.shares.copy(), arm.ranks.copy()
    said[:, at], shares[:, at], ranks[:, at] = other.said[:, at], other.shares[:, at], other.ranks[:, at]
    return Arm(arm.name, said, shares, ranks)


def known_metric(name: str) -> bool:
    """Whether contrasts can be computed in it."""
    return name in METRICS
