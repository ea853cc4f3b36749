"""What a plugin author meets: the decorator, expected failures, wrong names, outcomes, fixtures, the cost report."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor
from wrong_components.corruptions import MasksNoneOfThem, NoNoise, ShortensThePlan
from wrong_components.right import Decide, MeanEncoder, Mosaic, Rotation, Wanderer

from vsslfw.builtin.mask_frames import MaskFrames
from vsslfw.builtin.videos_csv import VideosCsv
from vsslfw.plan import CorruptionPlan
from vsslfw.testing import ContractError, checks_for, cost_of, parametrize_with_checks, run_checks

pytest_plugins = ["pytester"]


def ids(kind: str, factory: Callable[..., Any], **options: Any) -> list[str]:
    return [parameter.id for parameter in parametrize_with_checks(kind, factory, **options).args[1]]


# The decorator


@parametrize_with_checks("corruption", Rotation)
def test_it_keeps_the_contract(check: Callable[[], None]) -> None:
    check()


class TestsMayStandInAClass:
    @parametrize_with_checks("corruption", partial(MaskFrames, ratio=0.5))
    def test_it_keeps_the_contract(self, check: Callable[[], None]) -> None:
        check()


def test_a_test_is_named_by_component_and_check() -> None:
    assert "rotation-check_determinism" in ids("corruption", Rotation)


def test_a_registered_class_goes_by_its_name() -> None:
    assert "mask_frames(ratio=1.0)-check_shapes" in ids("corruption", MaskFrames)


def test_each_set_of_parameters_is_checked_and_named() -> None:
    class Twice(Rotation):
        check_with = ({"least": 1}, {"least": 2})

    assert [name for name in ids("corruption", Twice) if "check_shapes" in name] == [
        "twice(least=1)-check_shapes",
        "twice(least=2)-check_shapes",
    ]


def test_a_level_has_its_own_checks_alone() -> None:
    assert any("check_composes" in name for name in ids("corruption", Rotation))
    assert not any("check_gradients" in name for name in ids("corruption", Rotation))


def test_a_function_is_a_factory_too_and_checks_of_another_level_are_skipped() -> None:
    outcomes = {outcome.name: outcome.outcome for outcome in run_checks("corruption", lambda: Rotation())}
    assert outcomes["check_composes"] == "passed"
    assert outcomes["check_gradients"] == "skipped"
    assert "failed" not in outcomes.values()


@pytest.mark.parametrize(
    ("kind", "expected", "words"),
    [
        ("corruptoin", {}, 'there is no kind "corruptoin"; did you mean "corruption"?'),
        ("corruption", {"check_shape": "why"}, 'expected_failures names no check "check_shape"; did you mean "check_shapes"?'),
    ],
)
def test_a_wrong_name_is_answered_with_the_nearest(kind: str, expected: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words.replace("?", r"\?")):
        parametrize_with_checks(kind, Rotation, expected_failures=expected)


def test_check_with_is_a_tuple_of_dicts() -> None:
    class Misdeclared(Rotation):
        check_with = {"least": 1}  # type: ignore[assignment]  # noqa: RUF012

    with pytest.raises(ValueError, match="it must be a tuple of dicts"):
        parametrize_with_checks("corruption", Misdeclared)


def test_a_required_parameter_asks_for_check_with() -> None:
    class Needs(Rotation):
        """plan -> plan. least: the fewest positions."""

        def __init__(self, *, least: int) -> None:
            super().__init__(least=least)

    words = next(outcome.words for outcome in run_checks("corruption", Needs) if outcome.name == "check_shapes")
    assert "building it: needs()" in words
    assert "declare check_with on the class" in words


# What pytest says


SUITE = """
from vsslfw.testing import parametrize_with_checks
from wrong_components.corruptions import FillsUpWithPad, MasksNoneOfThem
from wrong_components.right import Rotation

@parametrize_with_checks("corruption", {factory}, expected_failures={expected})
def test_contract(check):
    check()
"""


def run_suite(pytester: pytest.Pytester, factory: str, expected: dict[str, str]) -> pytest.RunResult:
    pytester.syspathinsert(Path(__file__).parent)
    pytester.makepyfile(SUITE.format(factory=factory, expected=expected))
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:xdist", "-rA")


def test_an_expected_failure_is_an_xfail_with_its_reason(pytester: pytest.Pytester) -> None:
    result = run_suite(pytester, "MasksNoneOfThem", {"check_changes_something": "this one is for show"})
    result.assert_outcomes(passed=len(checks_for("corruption", "sequence")) - 1, xfailed=1)
    result.stdout.fnmatch_lines(["XFAIL*masks_none_of_them-check_changes_something*this one is for show*"])


def test_an_expected_failure_that_passes_is_an_error(pytester: pytest.Pytester) -> None:
    result = run_suite(pytester, "Rotation", {"check_shapes": "nobody knows"})
    result.assert_outcomes(passed=len(checks_for("corruption", "sequence")) - 1, failed=1)


def test_a_failure_says_what_was_done_what_came_out_what_is_asked_and_what_to_do(pytester: pytest.Pytester) -> None:
    result = run_suite(pytester, "FillsUpWithPad", {})
    result.stdout.fnmatch_lines(
        [
            "E*done: *corrupting a plan of K = 2 real frames in T = 2 positions, generator seed 0",
            "E*came out: *1 positions are real, 2 were",
            "E*contract: *plan -> plan of the same T and the same K*",
            "E*what to do: real positions stay real: show MASK where nothing is left, never PAD",
        ]
    )


# Without pytest


def test_outcomes_are_in_the_order_of_the_checks_and_carry_their_words() -> None:
    outcomes = run_checks("corruption", ShortensThePlan)
    assert [outcome.name for outcome in outcomes] == [check.name for check in checks_for("corruption", "sequence")]
    failed = next(outcome for outcome in outcomes if outcome.name == "check_shapes")
    assert (failed.component, failed.outcome) == ("shortens_the_plan", "failed")
    assert "use plan.showing(shown)" in failed.words
    assert failed.contract.startswith("plan -> plan")


def test_a_component_that_cannot_be_built_fails_every_check_that_builds_it() -> None:
    def factory() -> Rotation:
        raise RuntimeError("out of order")

    outcomes = run_checks("corruption", factory)
    assert {outcome.outcome for outcome in outcomes} == {"failed"}
    assert all("RuntimeError: out of order" in outcome.words for outcome in outcomes)


def test_an_expected_failure_is_skipped_with_its_reason_and_one_that_does_not_come_is_a_failure() -> None:
    expected = {"check_changes_something": "this one is for show", "check_shapes": "nobody knows"}
    outcomes = {outcome.name: outcome for outcome in run_checks("corruption", MasksNoneOfThem, expected_failures=expected)}
    assert outcomes["check_changes_something"].outcome == "skipped"
    assert outcomes["check_changes_something"].words == "fails as expected: this one is for show"
    assert outcomes["check_shapes"].outcome == "failed"


def test_a_class_may_declare_its_expected_failures() -> None:
    class Declared(MasksNoneOfThem):
        expected_failures: ClassVar[dict[str, str]] = {"check_changes_something": "this one is for show"}

    outcomes = {outcome.name: outcome.outcome for outcome in run_checks("corruption", Declared)}
    assert outcomes["check_changes_something"] == "skipped"


def test_what_needs_files_says_so_with_an_empty_check_with() -> None:
    outcomes = {outcome.name: outcome for outcome in run_checks("dataset", VideosCsv)}
    assert outcomes["check_parameters"].outcome == "passed"
    assert outcomes["check_manifest"].outcome == "skipped"
    assert "cannot be built without files" in outcomes["check_manifest"].words


def test_a_network_is_reached_in_vain_and_an_attempt_in_an_earlier_check_is_remembered() -> None:
    attempts: list[str] = []

    class Downloads(Rotation):
        def __init__(self, *, least: int = 1) -> None:
            super().__init__(least=least)
            if not attempts:  # as a library does when it is first imported
                try:
                    socket.create_connection(("weights.invalid", 443), timeout=1)
                except OSError as error:
                    attempts.append(str(error))

    outcomes = {outcome.name: outcome for outcome in run_checks("corruption", Downloads)}
    assert "nothing may contact a network" in attempts[0]
    assert "it tried socket.getaddrinfo('weights.invalid', 443" in outcomes["check_no_network"].words


def test_settings_that_a_component_changes_are_put_back_for_the_next() -> None:
    class Meddles(Rotation):
        def __call__(self, plan: CorruptionPlan, generator: np.random.Generator) -> CorruptionPlan:
            torch.set_default_dtype(torch.float64)
            np.seterr(all="raise")
            return super().__call__(plan, generator)

    before = np.geterr()
    outcomes = {outcome.name: outcome for outcome in run_checks("corruption", Meddles)}
    words = outcomes["check_settings_untouched"].words
    assert "torch.get_default_dtype() was torch.float32 and is torch.float64" in words
    assert "numpy.geterr()" in words
    assert (torch.get_default_dtype(), np.geterr()) == (torch.float32, before)


def test_a_failure_is_an_assertion() -> None:
    assert issubclass(ContractError, AssertionError)


@pytest.mark.parametrize(
    "statement",
    ["import vsslfw.testing.fixtures", 'from vsslfw.testing import parametrize_with_checks as p; p("corruption", lambda: None)'],
)
def test_collecting_imports_nothing_heavy(statement: str) -> None:
    code = f"import sys; {statement}; print(*[name for name in ('torch', 'transformers', 'sklearn', 'av') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split() == []


# Devices


class LooksAtTheNumbers(MeanEncoder):
    """features (B,T,D), valid (B,T) -> (B,T,E), by a way that depends on the numbers, which a simulated device has not."""

    def forward(self, features: Tensor, valid: Tensor) -> Tensor:
        return super().forward(features * (2 if bool(valid.all()) else 1), valid)


class BringsItsTensorAlong(MeanEncoder):
    """features (B,T,D), valid (B,T) -> (B,T,E), with a tensor that is no buffer and goes where the input is."""

    def __init__(self, feature_dim: int, **parameters: int) -> None:
        super().__init__(feature_dim, **parameters)
        self.scale = torch.ones(feature_dim)

    def forward(self, features: Tensor, valid: Tensor) -> Tensor:
        return super().forward(features * self.scale.to(features.device), valid)


@pytest.mark.parametrize(("cls", "expected"), [(LooksAtTheNumbers, "skipped"), (BringsItsTensorAlong, "passed")])
def test_the_device_check_fails_only_what_is_wrong(cls: type, expected: str) -> None:
    outcomes = {outcome.name: outcome.outcome for outcome in run_checks("encoder", cls)}
    if torch.cuda.is_available() and expected == "skipped":
        pytest.skip("a real device has the numbers")
    assert outcomes["check_device"] == expected


# Fixtures


def test_the_dataset_is_a_manifest_that_can_be_read(vsslfw_dataset: Path) -> None:
    from vsslfw.data.manifest import read_manifest

    manifest = read_manifest(vsslfw_dataset)
    assert {row.subject_id for row in manifest.rows} == {row.subject_id for row in manifest.labelled}
    assert len(manifest.labels) == 2


def test_a_recipe_is_tiny_unless_it_is_told_otherwise(vsslfw_recipe: Callable[..., Any], vsslfw_dataset: Path) -> None:
    settings = vsslfw_recipe('corruption=[dict(type="mask_frames", ratio=0.5)]', "pretrain.epochs=1").settings
    assert settings.corruption == [{"type": "mask_frames", "ratio": 0.5, "draw": "exact", "replace": "mask", "spare_moved": False}]
    assert (settings.pretrain.epochs, settings.finetune.epochs, settings.data["subjects"]) == (1, 3, 4)
    assert settings.backbone == {"type": "resnet18", "weights": None, "frame_size": 32}
    own = vsslfw_recipe(f'data=dict(type="videos_csv", path="{vsslfw_dataset}")').settings
    assert own.data["type"] == "videos_csv"


def test_a_recipe_with_a_backbone_of_its_own_keeps_it(vsslfw_recipe: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text('_base_ = "seizure_bart"\nname = "mine"\nprofiles = dict(demo=dict(backbone=dict(type="resnet34", weights=None)))\n')
    assert vsslfw_recipe(recipe=path).settings.backbone["type"] == "resnet34"


@pytest.mark.slow
def test_a_run_has_a_folder_of_its_own(vsslfw_run: Callable[..., Any]) -> None:
    one, two = vsslfw_run("pretrain.epochs=1"), vsslfw_run("pretrain.epochs=1")
    assert one.folder != two.folder
    assert one.metrics == two.metrics
    assert (one.folder / "report.html").is_file()


# Cost


@pytest.mark.parametrize(
    ("kind", "cls", "unit"),
    [
        ("corruption", Rotation, "position"),
        ("backbone", Mosaic, "frame"),
        ("encoder", MeanEncoder, "position"),
        ("head", Decide, "position"),
        ("detector", Wanderer, "frame"),
    ],
)
def test_a_cost_has_a_unit_and_says_what_was_measured(kind: str, cls: type, unit: str) -> None:
    cost = cost_of(kind, cls, repeats=2)
    assert cost.unit == unit
    assert cost.microseconds > 0
    assert cost.memory_bytes > 0
    assert f"a {unit}" in str(cost)
    assert cost.to_dict()["size"] == cost.size


def test_memory_is_what_one_call_allocates() -> None:
    cost = cost_of("corruption", NoNoise, repeats=1)
    assert cost.memory_bytes == pytest.approx(2048 * 4, rel=0.05)  # one new tensor of 2048 float32 numbers a position


def test_the_weights_are_counted() -> None:
    module = Mosaic()
    assert cost_of("backbone", Mosaic, repeats=1).parameter_bytes == 4 * sum(p.numel() for p in module.parameters())


def test_a_scheme_has_no_cost_a_frame() -> None:
    with pytest.raises(ValueError, match="a validation has no cost"):
        cost_of("validation", object)
