"""``vsslfw new plugin``: what it writes works unedited, for every kind, level and task."""

from __future__ import annotations

import ast
import builtins
import importlib
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from vsslfw.cli import main
from vsslfw.errors import UserError
from vsslfw.interfaces import CONTRACTS
from vsslfw.plugins import Plugins, Selection
from vsslfw.plugins.selection import from_environment, with_options
from vsslfw.registry import KINDS
from vsslfw.scaffold import VARIANTS, Variant, Written, rendered, variant_of, write_plugin
from vsslfw.scaffold.writing import taken
from vsslfw.testing import run_checks

ROOT = Path(__file__).parents[1]
each_variant = pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: f"{variant.kind} {variant.which}".strip())


def component_of(variant: Variant) -> str:
    return f"my_{variant.kind}{'_' * bool(variant.which)}{variant.which}"


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Variant, Written]]:
    """A package of each, importable, with the metadata that pip would have written."""
    folder = tmp_path_factory.mktemp("packages")
    found, before = {}, list(sys.path)
    for variant in VARIANTS:
        component = component_of(variant)
        found[variant] = write_plugin(f"new-{component.replace('_', '-')}", variant, component, folder)
        sys.path.insert(0, str(found[variant].path))
        install_metadata(found[variant].path)
    yield found
    sys.path[:] = before


@pytest.fixture(scope="module")
def single_files(tmp_path_factory: pytest.TempPathFactory) -> dict[Variant, Written]:
    folder = tmp_path_factory.mktemp("files")
    return {variant: write_plugin(f"one_{component_of(variant)}.py", variant, component_of(variant), folder) for variant in VARIANTS}


def install_metadata(package: Path) -> None:
    project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    info = package / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    points = "\n".join(f"{name} = {target}" for name, target in project["entry-points"]["vsslfw"].items())
    (info / "entry_points.txt").write_text(f"[vsslfw]\n{points}\n")


# ---- what is written works


def test_every_kind_level_and_task_can_be_written() -> None:
    assert tuple(dict.fromkeys(variant.kind for variant in VARIANTS)) == KINDS
    assert {variant.which for variant in VARIANTS if variant.kind == "corruption"} == {"frame", "sequence", "feature"}
    assert {variant.which for variant in VARIANTS if variant.kind == "head"} == {"pretext", "classification"}


@each_variant
def test_the_component_of_a_new_package_keeps_its_contract_unedited(variant: Variant, packages: dict[Variant, Written]) -> None:
    names = packages[variant].names
    module = importlib.import_module(f"{names.module}.{names.component}")
    outcomes = run_checks(variant.kind, getattr(module, names.cls(variant.kind, frozenset())))
    assert len(outcomes) > 10
    assert [f"{outcome.name}: {outcome.words}" for outcome in outcomes if outcome.outcome == "failed"] == []


@each_variant
def test_a_new_package_is_found_by_its_entry_point(variant: Variant, packages: dict[Variant, Written]) -> None:
    names = packages[variant].names
    plugins = Plugins(from_environment({"VSSLFW_PLUGINS": names.distribution}))
    assert plugins.named(names.distribution).state == "ok"  # type: ignore[union-attr]
    component = plugins.registries.find(variant.kind, f"{names.distribution}/{names.component}")
    assert component.summary == variant.does
    assert component.load().__module__ == f"{names.module}.{names.component}"


@each_variant
def test_finding_a_new_package_imports_nothing_of_its_component(variant: Variant, packages: dict[Variant, Written]) -> None:
    tree = ast.parse((packages[variant].path / packages[variant].names.module / "__init__.py").read_text())
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported == {"__future__", "vsslfw.hookspecs"}


@each_variant
def test_a_single_file_is_the_same_component_and_a_plugin(
    variant: Variant, packages: dict[Variant, Written], single_files: dict[Variant, Written]
) -> None:
    written = single_files[variant]
    plugin = Plugins(with_options(Selection(), [str(written.path)])).named(str(written.path))
    assert plugin is not None
    assert (plugin.state, plugin.error, plugin.warnings) == ("ok", "", ())
    assert [(c.kind, c.name, c.load().__name__) for c in plugin.components] == [
        (variant.kind, component_of(variant), written.names.cls(variant.kind, frozenset()))
    ]
    package = packages[variant].path / packages[variant].names.module / f"{component_of(variant)}.py"
    assert class_in(written.path) == class_in(package)


def class_in(path: Path) -> str:
    (found,) = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)]
    return ast.dump(found)


@pytest.mark.slow
def test_the_tests_of_every_new_package_pass_unedited(packages: dict[Variant, Written]) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(str(written.path) for written in packages.values())}
    folders = [str(written.path / "tests") for written in packages.values()]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib", *folders]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=next(iter(packages.values())).path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped" not in done.stdout.splitlines()[-1].replace("2 skipped", "")  # a backbone without weights, checked twice


# ---- what is written reads well


def test_what_is_written_passes_our_own_lint(packages: dict[Variant, Written], single_files: dict[Variant, Written]) -> None:
    pytest.importorskip("ruff")
    folders = [str(written.path) for written in (*packages.values(), *single_files.values())]
    for command in (["check"], ["format", "--check", "--diff"]):
        call = [sys.executable, "-m", "ruff", *command, "--no-cache", "--config", str(ROOT / "pyproject.toml"), *folders]
        done = subprocess.run(call, capture_output=True, text=True, cwd=ROOT)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_what_is_written_passes_strict_types(
    packages: dict[Variant, Written], single_files: dict[Variant, Written], tmp_path: Path
) -> None:
    pytest.importorskip("mypy")
    paths = [str(written.path / folder) for written in packages.values() for folder in (written.names.module, "tests")]
    paths += [str(written.path) for written in single_files.values()]
    call = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), "--cache-dir", str(tmp_path), *paths]
    done = subprocess.run(call, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@each_variant
def test_the_same_names_give_the_same_text_which_holds_no_path_and_no_address(variant: Variant, packages: dict[Variant, Written]) -> None:
    written = packages[variant]
    texts = rendered(written.names, variant)
    assert texts == rendered(written.names, variant)
    assert set(texts) == set(written.files)
    for name, text in texts.items():
        assert (written.path / name).read_text() == text
        assert not re.search(r"https?:|{{|{%|/home/|/root|\bTODO\b", text), name


@each_variant
def test_a_class_never_has_a_name_that_its_module_uses_otherwise(variant: Variant, tmp_path: Path) -> None:
    contract = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", CONTRACTS[variant.kind].__name__).lower()
    for component in (contract, "tensor", "examples", "value_error"):
        path = write_plugin(f"new_{component}.py", variant, component, tmp_path).path
        (cls,) = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)]
        assert cls.name not in taken(variant)
        assert not hasattr(builtins, cls.name)


# ---- what cannot be


@pytest.mark.parametrize(
    ("name", "kind", "component", "words", "hint"),
    [
        ("Vsslfw_Reverse", "corruption", "x", "cannot be the name of a package", "write vsslfw-reverse"),
        ("vsslfw-", "corruption", "x", "cannot be the name of a package", "write vsslfw"),
        ("3d", "corruption", "x", "cannot be the name of a package", "write d"),
        ("../up", "corruption", "x", "cannot be the name of a package", "write up"),
        ("class", "corruption", "x", "a word of Python's own", "write vsslfw-class"),
        ("numpy", "corruption", "x", "numpy .* is installed already", "pip uninstall numpy"),
        ("json", "corruption", "x", 'there is a module "json" already', "choose another name"),
        ("vsslfw-timm", "corruption", "x", "is a plugin that is made beside vsslfw", "choose another name"),
        ("My Plugin.py", "corruption", "x", "cannot be the name of a plugin file", ""),
        ("here/my_plugin.py", "corruption", "x", "a name is expected, not a path", "write my_plugin.py, and --out here"),
        ("vsslfw-x", "corruption", "MaskFrames", "cannot be the name of a corruption", "write mask_frames"),
        ("vsslfw-x", "corruption", "lambda", "a word of Python's own", "write lambda_corruption"),
        ("vsslfw-x", "corruption", "mask_frames", "is built in, and nobody else can have its name", "write mask_frames_2"),
    ],
)
def test_a_name_that_cannot_be_is_refused_with_one_that_can(
    name: str, kind: str, component: str, words: str, hint: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=words) as raised:
        write_plugin(name, variant_of(kind), component, tmp_path)
    (problem,) = raised.value.problems
    assert problem.where.startswith(f"vsslfw new plugin {name}")
    assert hint in problem.hint
    assert list(tmp_path.iterdir()) == []


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(UserError) as raised:
        write_plugin("Not_This", variant_of("head"), "Nor This", tmp_path)
    assert len(raised.value.problems) == 2


@pytest.mark.parametrize(
    ("options", "words", "hint"),
    [
        ({"kind": "corruptions"}, 'there is no kind "corruptions"', 'did you mean "corruption"?'),
        ({"kind": "corruption", "level": "frames"}, 'there is no level "frames"', 'did you mean "frame"?'),
        ({"kind": "head", "task": "classify"}, 'there is no task "classify"', 'did you mean "classification"?'),
        ({"kind": "head", "level": "frame"}, "a head has no level", "only a corruption has one"),
        ({"kind": "backbone", "task": "pretext"}, "a backbone has no task", "only a head has one"),
    ],
)
def test_a_kind_level_or_task_that_does_not_exist_is_answered_with_the_nearest(options: dict[str, str], words: str, hint: str) -> None:
    with pytest.raises(UserError, match=words) as raised:
        variant_of(**options)
    assert hint in raised.value.problems[0].hint


@pytest.mark.parametrize("name", ["vsslfw-reverse", "my_plugin.py"])
def test_what_is_there_is_never_overwritten(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(UserError, match="is there already, and is left as it is"):
        write_plugin(name, variant_of("corruption"), "reverse", tmp_path)
    assert (tmp_path / name).read_text() == "mine"


@pytest.mark.parametrize("name", ["vsslfw-reverse", "my_plugin.py"])
def test_all_files_are_written_or_none(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.rename", full)
        with pytest.raises(UserError, match="cannot be written: No space left on device"):
            write_plugin(name, variant_of("corruption"), "reverse", tmp_path)
    assert list(tmp_path.iterdir()) == []
    write_plugin(name, variant_of("corruption"), "reverse", tmp_path / "new" / "folder")
    assert [path.name for path in (tmp_path / "new" / "folder").iterdir()] == [name]


# ---- on the command line


def test_the_command_says_what_to_type_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new", "plugin", "vsslfw-reverse", "--kind", "corruption", "--name", "reverse"]) == 0
    told = capsys.readouterr().out
    assert told.splitlines()[0] == 'vsslfw-reverse: a plugin with the sequence corruption "reverse" (a span of frames runs backwards)'
    assert [line.strip() for line in told.partition("Next:")[2].splitlines() if line] == [
        "cd vsslfw-reverse",
        "pip install -e '.[test]'",
        "pytest",
        "vsslfw plugins",
        "vsslfw check vsslfw-reverse",
        """vsslfw run seizure_bart --set corruption='[{"type": "reverse"}]'""",
    ]


def test_a_single_file_is_run_with_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new", "plugin", "hide.py", "--kind", "corruption", "--level", "frame", "--name", "hide"]) == 0
    steps = capsys.readouterr().out.partition("Next:")[2].split("\n")
    assert [step.strip() for step in steps if step] == [
        "vsslfw check ./hide.py",
        """vsslfw run seizure_bart --plugin ./hide.py --set corruption='[{"type": "hide"}]' --set extract.views='"online"'""",
    ]


def test_a_name_that_another_plugin_has_too_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "plugin", "vsslfw-back", "--kind", "corruption", "--name", "time_reversal", "--out", str(tmp_path)]) == 0
    assert 'vsslfw-bart-noise has a corruption "time_reversal" too: with both, write "vsslfw-back/time_reversal"' in capsys.readouterr().out


def test_a_mistake_is_an_error_with_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "plugin", "vsslfw-x", "--kind", "corruptoin", "--name", "x", "--out", str(tmp_path)]) == 2
    assert 'did you mean "corruption"?' in capsys.readouterr().err
    assert main(["new", "plugin", "vsslfw-x"]) == 2


def test_help_says_which_kinds_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "plugin", "--help"]) == 0
    text = capsys.readouterr().out
    assert [kind for kind in KINDS if kind not in text] == []
    assert main(["new", "--help"]) == 0
    assert "plugin  Write a plugin: a package or a single file." in capsys.readouterr().out
