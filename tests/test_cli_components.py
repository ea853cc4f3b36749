"""``vsslfw components``: what can be swapped in."""

from __future__ import annotations

import subprocess
import sys

import pytest

from vsslfw.cli import main
from vsslfw.plugins import registries
from vsslfw.registry import KINDS


def test_listing_imports_no_component() -> None:
    code = "import sys; from vsslfw.cli import main; main(['components']); assert 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert all(component.name in done.stdout for component in registries().components())


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_lists_that_kind_alone(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["components", kind]) == 0
    shown = {word for line in capsys.readouterr().out.splitlines() for word in line.split()[:2]}
    names = {component.name for component in registries().components()}
    assert shown & names == set(registries().names(kind))


@pytest.mark.parametrize("component", registries().components(), ids=lambda component: f"{component.kind}-{component.name}")
def test_every_component_can_be_described(component, capsys: pytest.CaptureFixture[str]) -> None:  # type: ignore[no-untyped-def]
    assert main(["components", component.kind, component.name]) == 0
    shown = capsys.readouterr().out
    assert component.summary in shown
    assert f"contributed by {component.distribution} {component.version}" in shown
    assert "contract" in shown


def test_a_description_has_parameters_shapes_and_contract(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["components", "head", "fc"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for part in (
        "class vsslfw.builtin.fc:FullyConnected",
        "Head(hidden_dim, output_dim",
        "hidden (B,T,E)",
        "classification",
        "dropout float 0.5",
    ):
        assert part in shown
    assert main(["components", "detector", "boxes_csv"]) == 0
    assert "path Location required" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["encodr"], 'there is no kind "encodr"\n    did you mean "encoder"?'),
        (["encoder", "bart"], 'there is no encoder "bart"; did you mean "bert"?'),
        (["encoder", "fc"], '"fc" is a component of kind head; one of kind encoder is expected here.'),
    ],
)
def test_wrong_names_exit_with_2(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["components", *arguments]) == 2
    assert message in capsys.readouterr().err
