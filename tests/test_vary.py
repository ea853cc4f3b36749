"""What a study is made of: ``--vary`` on the command line, and study files, which are read and never executed."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from vsslfw import Recipe, load_recipe
from vsslfw.ablation import vary
from vsslfw.ablation.forecast import not_comparable
from vsslfw.ablation.running import Planned, plan
from vsslfw.ablation.study import Arranged, Study, Variant, arranged, probe_names
from vsslfw.ablation.study_file import KEYS, find_study, read_study
from vsslfw.cli import ablate, main
from vsslfw.errors import UserError
from vsslfw.last_use import note_use
from vsslfw.testing.tiny import tiny_overrides

SPAN, MASK = {"type": "permute_span", "span": 8}, {"type": "mask_frames", "ratio": 0.15}
Varying = Callable[..., dict[str, Arranged]]
Reading = Callable[[str], Study]


@pytest.fixture(scope="module")
def base() -> Recipe:
    return load_recipe("seizure_bart", profile="demo", overrides=tiny_overrides())


@pytest.fixture
def varying(base: Recipe) -> Varying:
    """``--vary`` each of these: the variants by name, in order, with their recipes."""

    def arrange(*texts: str, grid: bool = False) -> dict[str, Arranged]:
        read = vary.varied(texts, base)
        variants = vary.grid(read) if grid else vary.one_at_a_time(read)
        study = Study("seizure_bart", variants, [], profile="demo", overrides=tiny_overrides())
        return {variant.name: variant for variant in arranged(study)}

    return arrange


@pytest.fixture
def reading(tmp_path: Path) -> Reading:
    """Reads this text as ``study.py``."""

    def read(text: str) -> Study:
        path = tmp_path / "study.py"
        path.write_text(text)
        return read_study(path)

    return read


def value(variant: Arranged, key: str) -> Any:
    found = variant.recipe.to_dict()
    for part in key.split("."):
        found = found[int(part)] if isinstance(found, list) else found[part]
    return found


def shared(found: Any, expected: Any) -> Any:
    """``found`` without the parameters that ``expected`` does not name: those that are there by default."""
    if isinstance(expected, dict):
        return {key: shared(found[key], child) for key, child in expected.items()}
    return [shared(*pair) for pair in zip(found, expected, strict=True)] if isinstance(expected, list) else found


VALUES = {
    # what --vary says -> the values of its key, in the order of the variants
    "pretrain.epochs=2,3,1": [2, 3, 1],
    "pretrain.optimiser.lr=0.1, 1e-4": [0.1, 1e-4],
    "pretrain.source=contextual,none": ["contextual", "none"],
    "video.resize=None,(48, 64)": [None, (48, 64)],
    "finetune.optimiser=dict(lr=0.1, warmup=0.2),dict(lr=0.2)": [{"lr": 0.1, "warmup": 0.2}, {"lr": 0.2, "warmup": 0.1}],
    'labels.positive=\'a, b\',"c",d e,"it\'s"': ["a, b", "c", "d e", "it's"],
    "corruption=permute_span+mask_frames,mask_frames + permute_span,mask_frames,none": [[SPAN, MASK], [MASK, SPAN], [MASK], []],
    "corruption=none,time_reversal+mask_frames": [[], [{"type": "time_reversal"}, MASK]],
    "corruption=[dict(type='mask_frames', ratio=0.5)],none": [[{"type": "mask_frames", "ratio": 0.5}], []],
    "finetune.head=fc,attention_pooling": [{"type": "fc", "dropout": 0.5}, {"type": "attention_pooling"}],
    "finetune.head=fc,dict(type='fc', dropout=0.1)": [{"type": "fc", "dropout": 0.5}, {"type": "fc", "dropout": 0.1}],
}


@pytest.mark.parametrize("text", VALUES)
def test_vary_takes_values_and_parts_by_name(text: str, varying: Varying) -> None:
    found = [value(variant, text.partition("=")[0]) for variant in varying(text).values()]
    assert shared(found, VALUES[text]) == VALUES[text]


def test_an_element_of_a_list_is_varied_where_it_stands(varying: Varying) -> None:
    found = varying("corruption.0.span=8,4", "corruption.1.ratio=0.15,0.3").values()
    assert [shared(value(variant, "corruption"), [SPAN, MASK]) for variant in found] == [
        [SPAN, MASK],
        [SPAN | {"span": 4}, MASK],
        [SPAN, MASK | {"ratio": 0.3}],
    ]


NAMES = {
    # values, all combinations or not -> the variants' names
    (("seed=0,1",), False): ["reference", "seed=1"],
    (("pretrain.source=contextual,none", "encoder.layers=2,1,3"), False): ["reference", "source=none", "layers=1", "layers=3"],
    (("pretrain.source=contextual,none", "encoder.layers=2,1"), True): [
        "source=contextual, layers=2",
        "source=contextual, layers=1",
        "source=none, layers=2",
        "source=none, layers=1",
    ],
    (("pretrain.epochs=2,3", "finetune.epochs=3,2"), False): ["reference", "pretrain.epochs=3", "finetune.epochs=2"],
    (("pretrain.epochs=2,3", "finetune.epochs=3,2", "seed=0,1"), True): [
        f"pretrain.epochs={a}, finetune.epochs={b}, seed={c}" for a in (2, 3) for b in (3, 2) for c in (0, 1)
    ],
}


@pytest.mark.parametrize(("texts", "grid"), NAMES)
def test_a_variants_name_says_what_it_changes_and_no_other_has_it(texts: tuple[str, ...], grid: bool, varying: Varying) -> None:
    assert list(varying(*texts, grid=grid)) == NAMES[texts, grid]


PATHS = {
    # values that are paths -> the names of all variants but the first
    "backbone.weights=None,/data/jane_doe/w.pth": ["weights=w.pth"],
    "backbone.weights=None,/data/jane_doe/w.pth,/data/john_roe/w.pth,w.pth": ["weights=w.pth", "weights=w.pth #2", "weights=w.pth #3"],
    "backbone.weights=None,'jane_doe/the weights.pth'": ["weights=the weights.pth"],
    "backbone=resnet18,dict(type='resnet50', weights='/data/jane_doe/w.pth')": ["backbone={'type': 'resnet50', 'weights': 'w.pth'}"],
    "backbone=resnet18,vsslfw/resnet50": ["backbone=vsslfw/resnet50"],
}


@pytest.mark.parametrize("text", PATHS)
def test_no_folder_of_a_path_stands_in_a_name(text: str, varying: Varying) -> None:
    found = list(varying(text).values())[1:]
    assert [variant.name for variant in found] == PATHS[text]
    assert not any("jane" in variant.changes or "john" in variant.changes for variant in found)


def test_no_folder_of_windows_does_either(base: Recipe) -> None:
    (one,) = vary.varied([r"backbone.weights=None,C:\jane_doe\w.pth"], base)
    assert [name for name, _ in one.values] == ["None", "w.pth"]


def test_a_part_of_the_recipe_goes_by_its_name_even_if_a_path_is_among_its_parameters() -> None:
    base = load_recipe("seizure_bart", overrides=["backbone.weights=/data/jane_doe/w.pth"])
    (one,) = vary.varied(["backbone=efficientnet_lite0,resnet50"], base)
    assert [name for name, _ in one.values] == ["efficientnet_lite0", "resnet50"]


def test_one_at_a_time_each_change_stands_alone_and_in_a_grid_with_all_others(varying: Varying) -> None:
    texts = ("pretrain.source=contextual,none", "encoder.layers=2,1,3")
    alone = [(value(v, "pretrain.source"), value(v, "encoder.layers")) for v in varying(*texts).values()]
    assert alone == [("contextual", 2), ("none", 2), ("contextual", 1), ("contextual", 3)]
    crossed = [(value(v, "pretrain.source"), value(v, "encoder.layers")) for v in varying(*texts, grid=True).values()]
    assert crossed == [(source, layers) for source in ("contextual", "none") for layers in (2, 1, 3)]


def test_the_first_values_may_differ_from_the_recipes(varying: Varying) -> None:
    found = varying("encoder.layers=1,2", "seed=5,6")
    assert [(value(v, "encoder.layers"), value(v, "seed")) for v in found.values()] == [(1, 5), (2, 5), (1, 6)]


WRONG = {
    # --vary -> what must be said
    "pretrain.source": "expected KEY=VALUE,VALUE",
    "pretrain.source=none": "two values or more",
    "pretrain.source=none,": "two values or more",
    "=1,2": "expected KEY=VALUE,VALUE",
    "pretrain..epochs=1,2": "expected KEY=VALUE,VALUE",
    "name='a,b": "two values or more",
    "seed=1,2,1": "a value is named twice",
    "pretrain.sorce=contextual,none": 'did you mean "source"?',
    "pretrain.source=contextual,nonne": 'did you mean "none"?',
    "corruption=mask_frames,mask_frame": 'there is no corruption "mask_frame"; did you mean "mask_frames"?',
    "corruption=none,permute_span+mask_farmes": 'did you mean "mask_frames"?',
    "corruption.0.spam=8,4": 'did you mean "span"?',
    "corruption.2.span=8,4": "corruption",
    "finetune.head=fc,gru_": 'there is no head "gru_"; did you mean "gru"?',
    "finetune.head=fc,bert": '"bert" is a component of kind encoder',
    "encoder.layers=2,two": "expected an integer",
    "encoder.layers=2,02+0": "expected an integer",
    "pretrain.optimiser.lr=0.1,0.10": 'it is the same recipe as the variant "reference"',
}


@pytest.mark.parametrize("text", WRONG)
def test_what_cannot_be_varied_is_told_with_the_option(text: str, varying: Varying) -> None:
    with pytest.raises(UserError) as caught:
        varying(text)
    told = str(caught.value)
    assert WRONG[text] in told
    assert ("variant lr=0.10" if "same recipe" in told else f"--vary {text}") in told


def test_all_mistakes_of_form_are_told_at_once(varying: Varying) -> None:
    with pytest.raises(UserError) as caught:
        varying("seed", "encoder.layers=1,1", "pretrain.epochs=1,2", "pretrain.epochs=3,4")
    assert [problem.what for problem in caught.value.problems] == [
        "expected KEY=VALUE,VALUE with two values or more",
        "a value is named twice",
        "pretrain.epochs is varied twice",
    ]


def test_all_mistakes_of_all_variants_are_told_at_once_and_each_once(varying: Varying) -> None:
    with pytest.raises(UserError) as caught:
        varying("encoder.layer=1,2", "finetune.head=fc,fcc", "corruption=mask_frame,none")
    told = str(caught.value)
    for nearest in ("layers", "fc", "mask_frames"):
        assert told.count(f'did you mean "{nearest}"?') == 1, nearest


COMMANDS: dict[str, tuple[list[str], list[str]]] = {
    # the words of the command -> what must be said
    "no --vary": (["seizure_bart"], ["there is nothing to compare: no --vary", "--vary pretrain.source=contextual,none"]),
    "another primary": (
        ["seizure_bart", "--vary", "pretrain.source=contextual,none", "--primary", "source=nona"],
        ['there is no variant "source=nona" behind the first, "reference"', 'did you mean "source=none"?'],
    ),
    "the first as primary": (
        ["seizure_bart", "--vary", "pretrain.source=contextual,none", "--primary", "reference"],
        ['there is no variant "reference" behind the first'],
    ),
    "a study file and --vary": (["{study}", "--vary", "seed=0,1"], ["a study file names its variants"]),
    "a study file and --primary": (["{study}", "--primary", "b"], ["a study file names its variants"]),
    "a file without variants": (["{recipe}"], ["there is nothing to compare: no --vary", "or give a study file"]),
    "a recipe that is not there": (["seizure_bert", "--vary", "seed=0,1"], ['did you mean "seizure_bart"?']),
    "a table": (["{table}"], ["this is a table"]),
    "another seed": (
        ["seizure_bart", "--vary", "seed=0,1"],
        [
            "--vary seed=0,1: “seed=1” cannot be compared with “reference”",
            "--seeds 3 fine-tunes each fold with several seeds",
            "--identify",
        ],
    ),
    "no margin": (
        ["seizure_bart", "--vary", "encoder.layers=2,1", "--margin", "nan"],
        ["expected a margin above 0 and below 1, found nan"],
    ),
    "a margin that nothing can reach": (
        ["seizure_bart", "--vary", "encoder.layers=2,1", "--margin", "1"],
        ["found 1: no difference in balanced_accuracy is larger than 1"],
    ),
    "too few swaps": (["seizure_bart", "--vary", "encoder.layers=2,1", "--permutations", "38"], ["x>=39"]),
}


@pytest.mark.parametrize("case", COMMANDS)
def test_a_command_that_makes_no_study_is_told_why(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    places = {name: tmp_path / f"{name}.{'csv' if name == 'table' else 'py'}" for name in ("study", "recipe", "table")}
    places["study"].write_text('recipe = "seizure_bart"\nvariants = dict(a=dict(), b=dict(seed=1))\n')
    places["recipe"].write_text('_base_ = "seizure_bart"\n')
    places["table"].write_text("video_id\n")
    words, told = COMMANDS[case]
    assert main(["ablate", *(word.format(**places) for word in words)]) == 2
    said = " ".join(capsys.readouterr().err.split())
    for part in told:
        assert part in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["recipe.py", "study.py", "table.csv"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--margin", "inf"], "expected a margin above 0 and below 1, found inf"),
        (["--margin", "nan"], "found nan"),
        (["--margin", "0"], "found 0"),
        (["--margin", "2", "--metric", "mcc"], "expected a margin above 0 and below 2, found 2"),
        (["--margin", "1.5", "--metric", "mcc"], "there is no such run folder"),
        (["--permutations", "38"], "x>=39"),
    ],
)
def test_a_comparison_takes_no_margin_that_no_difference_can_have(words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "runs/one", "runs/other", *words]) == 2
    assert told in capsys.readouterr().err


EVERY_KEY = """
'''A study.'''
_few = 3
recipe = "seizure_bart"
name = "does_it_pay"
profile = "demo"
data = "videos.csv"
change = dict(pretrain=dict(epochs=_few))
variants = {
    "whole": dict(),
    "from scratch": dict(pretrain=dict(source="none")),
    "mean": dict(probe="mean"),
    "stft": dict(probe="stft", of="from scratch"),
}
primary = ("whole", "from scratch")
contrasts = [("whole", "mean"), ("from scratch", "stft")]
seeds = 2
metric = "f1_macro"
margin = 0.05
permutations = 99
"""


def test_a_study_file_may_say_all_this(reading: Reading) -> None:
    study = reading(EVERY_KEY)
    assert all(f"\n{key} = " in EVERY_KEY for key in KEYS), "a key that study files gained belongs here"
    assert [(v.name, v.probe, v.of) for v in study.variants] == [
        ("whole", "", ""),
        ("from scratch", "", ""),
        ("mean", "mean", "whole"),
        ("stft", "stft", "from scratch"),
    ]
    assert study.change is not None
    assert study.change.plain() == {"pretrain": {"epochs": 3}}
    assert study.primary == ("whole", "from scratch")
    assert list(study.pairs) == [("whole", "from scratch"), ("whole", "mean"), ("from scratch", "stft")]
    told = (study.recipe, study.name, study.profile, study.data, study.seeds, study.metric, study.margin, study.permutations)
    assert told == ("seizure_bart", "does_it_pay", "demo", Path("videos.csv"), 2, "f1_macro", 0.05, 99)


def test_a_study_file_need_only_say_what_is_compared(reading: Reading) -> None:
    study = reading('recipe = "seizure_bart"\nvariants = dict(a=dict(), b=dict(seed=1), c=dict(seed=2))\n')
    assert list(study.pairs) == [("b", "a"), ("c", "a")]
    told = (study.name, study.primary, study.metric, study.seeds, study.margin, study.permutations)
    assert told == ("study", None, "balanced_accuracy", None, None, Study("", [], []).permutations)


def test_the_variants_of_a_file_have_what_all_share_and_their_own_on_top(reading: Reading) -> None:
    change = "change = dict(pretrain=dict(epochs=5), encoder=dict(layers=1))"
    variants = 'variants = dict(a=dict(), b=dict(pretrain=dict(epochs=6)), c=dict(corruption="mask_frames"), p=dict(probe="mean", of="b"))'
    found = arranged(reading(f'recipe = "seizure_bart"\nprofile = "demo"\n{change}\n{variants}\n'))
    assert [value(v, "pretrain.epochs") for v in found] == [5, 6, 5, 6]
    assert {value(v, "encoder.layers") for v in found} == {1}
    assert shared(value(found[2], "corruption"), [MASK]) == [MASK]
    assert [v.changes for v in found[:2]] == ["", "pretrain.epochs: 6"]
    assert [v.runs for v in found] == [True, True, True, False]


def test_a_recipe_that_lies_beside_the_study_file_is_the_one_meant(reading: Reading, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text('_base_ = "seizure_bart"\nname = "mine"\n')
    study = reading(f'recipe = "mine.py"\n{TWO}\n')
    assert {variant.recipe.settings.name for variant in arranged(study)} == {"mine"}


TWO = "variants = dict(a=dict(), b=dict(encoder=dict(layers=1)))"
BAD_FILES = {
    # the file below its first line, which names the recipe -> the line, and what must be said
    "no variants": ("seeds = 2", None, '"variants" is missing'),
    "one variant": ("variants = dict(a=dict())", 2, "a study needs two variants or more"),
    "variants as a list": ("variants = [dict(), dict(seed=1)]", 2, "expected dict(NAME=..., ...)"),
    "a variant that is no dict": ("variants = dict(\n    a=dict(),\n    b=3,\n)", 4, "expected a dict of settings, found 3"),
    "a key that is not there": (f"{TWO}\nprimry = ('b', 'a')", 3, 'there is no key "primry" in a study\n    did you mean "primary"?'),
    "a recipe's key": (f"{TWO}\nprofiles = dict()", 3, "profiles belongs to a recipe"),
    "a base": (f"{TWO}\n_base_ = 'seizure_bart'", 3, "_base_ belongs to a recipe"),
    "an unknown primary": (f"{TWO}\nprimary = ('bb', 'a')", 3, 'there is no variant "bb"\n    did you mean "b"?'),
    "a primary of itself": (f"{TWO}\nprimary = ('b', 'b')", 3, "a variant cannot be compared with itself"),
    "a primary of three": (f"{TWO}\nprimary = ('b', 'a', 'b')", 3, "expected two names of variants"),
    "an unknown contrast": (
        f"{TWO}\ncontrasts = [\n    ('b', 'a'),\n    ('b', 'no'),\n]",
        5,
        'there is no variant "no"\n    known: a, b',
    ),
    "contrasts of one": (f"{TWO}\ncontrasts = [('b',)]", 3, "expected a list of such"),
    "a probe of what is not there": (
        "variants = dict(\n    first=dict(),\n    p=dict(probe='mean', of='frist'),\n)",
        4,
        '"frist" is no variant that runs\n    did you mean "first"?',
    ),
    "a probe of a probe": (
        "variants = dict(a=dict(), p=dict(probe='mean'), q=dict(probe='stft', of='p'))",
        2,
        '"p" is no variant that runs',
    ),
    "a probe of nothing": ("variants = dict(a=3, p=dict(probe='mean'))", 2, '"a" is no variant that runs'),
    "a probe with settings": ("variants = dict(a=dict(), p=dict(probe='mean', seed=1))", 2, "a probe has no seed"),
    "seeds": (f"{TWO}\nseeds = 0", 3, "expected an integer above 0, found 0"),
    "seeds that are true": (f"{TWO}\nseeds = True", 3, "expected an integer above 0, found True"),
    "a metric": (f"{TWO}\nmetric = 'accuracy_'", 3, "expected one of balanced_accuracy"),
    "a margin below 0": (f"{TWO}\nmargin = -0.1", 3, "expected a margin above 0 and below 1, found -0.1"),
    "a margin of 1": (f"{TWO}\nmargin = 1", 3, "found 1: no difference in balanced_accuracy is larger than 1"),
    "a margin for the MCC": (f"{TWO}\nmetric = 'mcc'\nmargin = 2.5", 4, "expected a margin above 0 and below 2, found 2.5"),
    "a margin that is none": (f"{TWO}\nmargin = True", 3, "expected a number, found True"),
    "too few swaps": (f"{TWO}\npermutations = 38", 3, "expected an integer of at least 39, as many as a p of .05 needs, found 38"),
    "an unknown probe": (
        "variants = dict(\n    a=dict(),\n    p=dict(\n        probe='stfft',\n    ),\n)",
        5,
        'there is no probe "stfft"\n    did you mean "stft"?',
    ),
    "a probe of what is not pre-trained": (
        "variants = dict(a=dict(pretrain=dict(source='none')), p=dict(probe='pretrained_encoder'))",
        2,
        'there is no probe "pretrained_encoder"',
    ),
    "a list of probes": ("variants = dict(a=dict(), p=dict(probe=['stft']))", 2, "expected text, found ['stft']"),
    "a probe of a list": ("variants = dict(a=dict(), p=dict(probe='stft', of=['a']))", 2, "expected text, found ['a']"),
    "a variant without a name": ("variants = {'a': dict(), '': dict(positions=8)}", 2, "a variant needs a name"),
    "another seed": (
        "variants = dict(\n    a=dict(),\n    b=dict(seed=1),\n    p=dict(probe='mean', of='b'),\n)",
        4,
        "“b” cannot be compared with “a”: with another seed, subjects bear other pseudonyms\n    --seeds 3",
    ),
    "a name": (f"{TWO}\nname = 3", 3, "expected text, found 3"),
    "a call": (f"{TWO}\nmargin = float('0.1')", 3, "float"),
    "an import": (f"import os\n{TWO}", 2, "import"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_mistake_in_a_study_file_is_told_with_its_line(case: str, reading: Reading, tmp_path: Path) -> None:
    text, line, told = BAD_FILES[case]
    with pytest.raises(UserError) as caught:
        arranged(reading(f'recipe = "seizure_bart"\n{text}\n'))
    (problem,) = [problem for problem in caught.value.problems if told in str(problem)]
    assert problem.where.startswith(f"{tmp_path / 'study.py'}" + (f":{line}:" if line else ""))


def test_all_mistakes_of_a_study_file_are_told_at_once(reading: Reading) -> None:
    with pytest.raises(UserError) as caught:
        reading("recpe = 'seizure_bart'\nvariants = []\nseeds = 0\nmetric = 3\nmargin = 'x'\n")
    assert [problem.where.rpartition("study.py")[2].partition("  ")[0] for problem in caught.value.problems] == [
        ":1:1",
        ":2:1",
        ":3:1",
        ":4:1",
        ":5:1",
        "",
    ]


MANY = """
recipe = "seizure_bart"
primry = ("b", "a")
margin = -1
seeds = 0
change = {change}
variants = dict(
    a=dict(),
    b=dict(pretrain=dict(sorce="none")),
    c=dict(corruption="mask_frame", encoder=dict(layers=two)),
    d=3,
    p=dict(probe="stfft"),
    q=dict(probe="mean", of="z"),
)
primary = ("bb", "a")
contrasts = [("c", "e")]
"""
WRONG_LINES = {
    # line of `MANY` -> what must be said of it
    3: 'there is no key "primry"',
    4: "expected a margin above 0",
    5: "expected an integer above 0",
    9: 'did you mean "source"?',
    10: 'did you mean "mask_frames"?',
    11: "expected a dict of settings",
    12: 'did you mean "stft"?',
    13: '"z" is no variant that runs',
    15: 'there is no variant "bb"',
    16: 'there is no variant "e"',
}


@pytest.mark.parametrize("change", ["dict(pretrain=dict(epochs=5))", "dict(encoder=dict(layer=1))"])
def test_mistakes_of_the_file_of_its_probes_and_of_every_variant_are_told_at_once(change: str, reading: Reading) -> None:
    with pytest.raises(UserError) as caught:
        arranged(reading(MANY.format(change=change)))
    told = list(map(str, caught.value.problems))
    expected = WRONG_LINES | ({6: 'did you mean "layers"?'} if "layer=" in change else {})
    for line, what in expected.items():
        assert sum(f"study.py:{line}:" in one and what in one for one in told) == 1, (line, what)
    (unread,) = [one for one in told if "two" in one]
    assert "study.py:10:" in unread
    assert len(told) == len(expected) + 1, "and nothing else"
    assert f"{len(told)} problems" in caught.value.title


@pytest.mark.parametrize("line", ["margin = 1 if True else 2", "data = open('x')", "primary = ('b', [x for x in 'a'])"])
def test_what_could_not_be_read_is_told_once(line: str, reading: Reading) -> None:
    with pytest.raises(UserError) as caught:
        arranged(reading(f'recipe = "seizure_bart"\n{TWO}\n{line}\n'))
    assert len(caught.value.problems) == 1


def test_a_margin_is_of_the_metric(reading: Reading) -> None:
    study = reading(f'recipe = "seizure_bart"\n{TWO}\nmetric = "mcc"\nmargin = 1.5\n')
    assert [variant.name for variant in arranged(study)] == ["a", "b"]
    with pytest.raises(UserError, match=r"found 1.5: no difference in f1_macro is larger than 1"):
        arranged(replace(study, metric="f1_macro"))


def test_probes_are_known_before_anything_is_computed(base: Recipe) -> None:
    usual = ["metadata", "mean", "moments", "stft", "random_encoder"]
    assert probe_names(base) == [*usual, "pretrained_encoder"]
    scratch = load_recipe("seizure_bart", profile="demo", overrides=["pretrain.source=none"])
    assert probe_names(scratch) == usual


def test_with_real_ids_other_seeds_can_be_compared() -> None:
    variants = vary.one_at_a_time(vary.varied(["seed=0,1"], load_recipe("seizure_bart")))
    study = Study("seizure_bart", variants, [("seed=1", "reference")])
    with pytest.raises(UserError, match="cannot be compared"):
        arranged(study)
    assert [variant.recipe.settings.seed for variant in arranged(study, identify=True)] == [0, 1]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("vary") / "cache"


def ahead(cache: Path, *texts: str) -> Planned:
    """The plan of these, one at a time, over made video."""
    variants = vary.one_at_a_time(vary.varied(texts, load_recipe("seizure_bart", profile="demo", overrides=tiny_overrides())))
    pairs = [(variant.name, variants[0].name) for variant in variants[1:]]
    return plan(Study("seizure_bart", variants, pairs, profile="demo", overrides=tiny_overrides()), cache=cache)


COMPARABLE = {
    # what is varied -> what the plan says of the contrast
    "encoder.layers=2,1": "",
    "finetune.label_fraction=1.0,0.5": "",
    "validation=loso,dict(type='group_kfold', n_splits=2)": "will not be compared with “reference”: they differ in split",
    "labels.classes=('ES', 'PNES'),('PNES', 'ES')": "will not be compared with “reference”: they differ in classes, positive class",
    "labels.positive=ES,PNES": "will not be compared with “reference”: they differ in positive class",
    "data.subjects=4,5": "will not be compared with “reference”: they differ in manifest",
    "data.level=easy,order": "will not be compared with “reference”: they differ in data",
    "positions=64,63": "answer each video from other windows (positions)",
    "evaluate.stride=None,8": "answer each video from other windows (evaluate.stride)",
}


@pytest.mark.slow
@pytest.mark.parametrize("text", COMPARABLE)
def test_a_plan_says_which_contrasts_will_have_no_result(text: str, cache: Path) -> None:
    planned = ahead(cache, text)
    told = not_comparable(planned.study, planned.variants, planned.forecast)
    assert bool(told) == bool(COMPARABLE[text])
    assert all(COMPARABLE[text] in line for line in told)


def test_to_look_ahead_is_no_use(cache: Path) -> None:
    (piece,) = ahead(cache, "finetune.epochs=3,2").forecast.of("pretrain")
    result = cache / "pretrain" / piece.key / "result.json"
    result.parent.mkdir(parents=True)
    result.write_text('{"history": [], "pretext": {}, "clips": 8, "held_out": 0}')
    os.utime(result, (1e9, 1e9))
    (piece,) = ahead(cache, "finetune.epochs=3,2").forecast.of("pretrain")
    assert piece.there
    assert result.stat().st_mtime == 1e9
    shutil.rmtree(result.parent)
    note = cache / "note"
    note.touch()
    os.utime(note, (1e9, 1e9))
    note_use(note)
    assert note.stat().st_mtime > 1e9, "after it has looked, use is noted again"


def command(cache: Path, *words: str) -> list[str]:
    """``vsslfw ablate --plan`` of two variants."""
    sets = [word for override in tiny_overrides() for word in ("--set", override)]
    return [
        "ablate",
        "seizure_bart",
        "--profile",
        "demo",
        "--vary",
        "evaluate.stride=None,8",
        *sets,
        "--cache",
        str(cache),
        "--plan",
        *words,
    ]


def test_a_plan_says_on_the_screen_what_will_not_be_compared(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command(cache)) == 0
    assert "“stride=8” and “reference” answer each video from other windows (evaluate.stride)" in capsys.readouterr().out


@pytest.mark.parametrize("what", ["a file", "below a file", "something else", "new"])
def test_a_plan_looks_at_the_folder_too(what: str, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    if what == "something else":
        out.mkdir()
    if what != "new":
        (out / "thesis.txt" if what == "something else" else out).write_text("mine")
    out = out / "study" if what == "below a file" else out
    assert main(command(cache, "--out", str(out))) == (0 if what == "new" else 2)
    assert (f"--out {out}" in capsys.readouterr().err) == (what != "new")
    assert what != "new" or not out.exists()


def test_a_plan_says_that_nothing_is_to_be_computed(cache: Path) -> None:
    planned = ahead(cache, "evaluate.stride=None,8")
    for piece in planned.forecast.pieces.values():
        piece.there = True
    console = Console(file=io.StringIO(), width=200)
    ablate._print_plan(console, planned)
    assert "Nothing is to be computed but reports and contrasts: about " in console.file.getvalue()  # type: ignore[attr-defined]


FATES = {
    # (rows that failed, contrasts with a result) -> exit code, if the primary contrast is b against a
    ((), ("b",)): 0,
    ((), ("b", "c")): 0,
    (("c",), ("b",)): 1,
    (("b",), ()): 1,
    ((), ("c",)): 1,
    (("an earlier one",), ("b",)): 0,
}


@pytest.mark.parametrize(("failed", "answered"), FATES)
def test_the_exit_code_says_whether_something_has_no_result(failed: tuple[str, ...], answered: tuple[str, ...]) -> None:
    planned: Any = SimpleNamespace(
        study=Study("seizure_bart", [], [("b", "a"), ("c", "a")], ("b", "a")), variants=[Variant(name) for name in "abc"]
    )
    rows = [SimpleNamespace(name=name, state="failed" if name in failed else "finished") for name in [*"abc", "an earlier one"]]
    contrasts = [SimpleNamespace(arm=name, against="a", primary=name == "b") for name in answered]
    result: Any = SimpleNamespace(outcome=SimpleNamespace(rows=rows, contrasts=contrasts))
    assert ablate._exit_code(planned, result) == FATES[failed, answered]


def test_a_mistake_in_a_variants_settings_is_told_with_its_line_and_its_variant(reading: Reading) -> None:
    variants = 'variants = dict(\n    a=dict(),\n    b=dict(pretrain=dict(sorce="none")),\n    c=dict(corruption="mask_frame"),\n)'
    with pytest.raises(UserError) as caught:
        arranged(reading(f'recipe = "seizure_bart"\n{variants}\n'))
    sorce, frame = map(str, caught.value.problems)
    for problem, line, variant, nearest in ((sorce, 4, "b", "source"), (frame, 5, "c", "mask_frames")):
        assert f"study.py:{line}:" in problem
        assert f"(variant {variant})" in problem
        assert f'did you mean "{nearest}"?' in problem


def test_a_probe_needs_the_probes_of_the_run_that_it_is_of() -> None:
    variants = [Variant("a"), Variant("p", None, "mean", "a")]
    study = Study("seizure_bart", variants, [], profile="demo", overrides=["statistics.baselines=False"])
    with pytest.raises(UserError, match=r"baselines are off[\s\S]*give a statistics.baselines=True"):
        arranged(study)


@pytest.mark.parametrize(
    "line",
    ["__import__('pathlib').Path(r'{mark}').touch()", "name = open(r'{mark}', 'w').name", "variants = [open(r'{mark}', 'w') for _ in '1']"],
)
def test_a_study_file_is_never_executed(line: str, reading: Reading, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    with pytest.raises(UserError, match=r"study\.py:2:"):
        arranged(reading(f'recipe = "seizure_bart"\n{line.format(mark=mark)}\n'))
    assert not mark.exists()


def test_a_file_is_a_study_if_it_has_variants(tmp_path: Path) -> None:
    for name, text in (("study", f'recipe = "seizure_bart"\n{TWO}\n'), ("recipe", '_base_ = "seizure_bart"\n')):
        (tmp_path / f"{name}.py").write_text(text)
    assert find_study(str(tmp_path / "study.py")) == tmp_path / "study.py"
    assert find_study(str(tmp_path / "recipe.py")) is None
    assert find_study("seizure_bart") is None
