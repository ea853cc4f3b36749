"""``vsslfw cache``: what is there, why, and how it is kept small."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock, Timeout

from vsslfw import Pipeline, load_recipe
from vsslfw.ablation import running
from vsslfw.caching import KEYED, Result, bytes_of, collect, read_contents, size_in_words
from vsslfw.caching.facts import Unexplained
from vsslfw.caching.inputs import READERS, facts_of
from vsslfw.caching.locks import unused
from vsslfw.caching.origins import read_origin
from vsslfw.caching.uses import STUDIES
from vsslfw.cli import main
from vsslfw.cli.cache import STAGES
from vsslfw.errors import UserError
from vsslfw.pipeline.cache import Cache
from vsslfw.pipeline.folds import fold_inputs
from vsslfw.testing.tiny import tiny_overrides

OLD = 1_000_000_000.0
HEAVY = "print({'torch', 'pydantic'} & set(sys.modules))"
Say = Callable[..., str]


@pytest.fixture
def cache(tiny_run: Path, tmp_path: Path) -> Path:
    """A copy of the tiny run's cache, that may be changed."""
    folder = tmp_path / ".vsslfw-cache"
    shutil.copytree(tiny_run.parent / ".vsslfw-cache", folder)
    return folder


@pytest.fixture
def said(cache: Path, capsys: pytest.CaptureFixture[str]) -> Say:
    """``vsslfw cache ...`` on the copy: what it prints, on standard error if it ends with another exit code than 0."""

    def run(*words: str, code: int = 0) -> str:
        assert main(["cache", *words, "--cache", str(cache)]) == code
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return printed.err if code else printed.out

    return run


def keys_of(run: Path) -> dict[str, list[str]]:
    """Stage -> the keys that a run folder records."""
    return {
        stage: [json.loads(path.read_text())["key"] for path in sorted((run / stage).glob("*/training.json"))]
        for stage in ("pretrain", "folds")
    }


def inputs_of(cache: Path, stage: str, key: str) -> dict[str, Any]:
    inputs: dict[str, Any] = json.loads((cache / stage / key / "origin.json").read_text())["inputs"]
    return inputs


def there(cache: Path) -> dict[tuple[str, str], Result]:
    return {(result.stage, result.key): result for result in read_contents(cache).results}


def used_at(result: Result, seconds: float) -> None:
    for file in result.files:
        os.utime(file.path, (seconds, seconds))


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file() and "locks" not in path.parts}


def test_ls_counts_every_kind_and_adds_up(said: Say, cache: Path) -> None:
    told = json.loads(said("ls", "--json"))
    kinds = {kind["name"]: kind for kind in told["kinds"]}
    assert kinds["features"]["results"] == len(list(cache.glob("features/*/*.json")))
    for stage in ("pretrain", "folds", "baselines", "shortcuts"):
        assert kinds[stage]["results"] == len(list((cache / stage).glob("*/result.json"))), stage
    assert kinds["probe"]["results"] == len(list((cache / "probe").iterdir()))
    assert kinds["datasets"]["results"] == len(list((cache / "datasets").iterdir()))
    assert told["bytes"] == sum(kind["bytes"] for kind in told["kinds"]) == sum(p.stat().st_size for p in cache.rglob("*") if p.is_file())
    assert told["freeable"] == sum(kinds[stage]["bytes"] for stage in KEYED)
    table = said("ls")
    assert all(name in table for name in kinds)
    assert f"{size_in_words(told['bytes'])} in all" in table


def test_ls_of_a_stage_says_what_made_each_result(said: Say, tiny_run: Path) -> None:
    keys = keys_of(tiny_run)
    row = next(line for line in said("ls", "--stage", "pretrain").splitlines() if keys["pretrain"][0][:12] in line)
    assert "bert, 2 epochs, 8 clips, permute_span + mask_frames" in row
    row = next(line for line in said("ls", "--stage", "folds").splitlines() if keys["folds"][0][:12] in line)
    assert f"3 videos trained on, 1 tested, from pretrain {keys['pretrain'][0][:12]}" in row
    assert "probe mean, 4 videos, 2 permutations" in said("ls", "--stage", "baselines")
    assert "2 random crops" in said("ls", "--stage", "features")
    assert "not recorded" in said("ls", "--stage", "shortcuts")
    assert "There is no result of final" in said("ls", "--stage", "final")


def test_a_file_that_a_run_folder_holds_too_is_counted_once_and_frees_nothing(cache: Path, tmp_path: Path, said: Say) -> None:
    for path in cache.glob("pretrain/*/encoder.safetensors"):
        os.link(path, tmp_path / path.parent.name)
    weights = sum(path.stat().st_size for path in cache.glob("pretrain/*/encoder.safetensors"))
    (kind,) = (kind for kind in read_contents(cache).kinds() if kind.name == "pretrain")
    assert kind.freeable == kind.bytes - weights
    removal = collect(cache, 0, dry_run=True)
    assert removal.freed == removal.before - removal.after - weights
    assert "since run folders hold the same files" in said("gc", "--max", "0B", "--dry-run")


def test_why_of_a_pretraining(said: Say, tiny_run: Path, cache: Path) -> None:
    (key,) = keys_of(tiny_run)["pretrain"]
    shutil.copytree(tiny_run, cache.parent / "mine")
    told = said("why", key[:8])
    recipe = ("pretrain.epochs", "encoder.hidden_dim", "corruption.0.span", "positions", "seed", "extract.views")
    for word in (*recipe, "encoder bert", "0.1.0"):
        assert word in told, word
    assert "a raised cache_version of backbone resnet18 (vsslfw)" in told
    assert "another set of clips" in told
    assert str(cache.parent / "mine") in told
    clips = inputs_of(cache, "pretrain", key)["clips"]
    assert all(clip[:12] in told for clip in clips)
    assert clips[0] in said("why", clips[0][:12])


def test_why_finds_the_runs_of_studies_too(tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert running.STUDIES.name == STUDIES
    cache = tmp_path / "runs" / ".vsslfw-cache"
    shutil.copytree(tiny_run.parent / ".vsslfw-cache", cache)
    words = ["cache", "why", *keys_of(tiny_run)["pretrain"], "--cache", str(cache)]
    main(words)
    assert f"Runs below {tmp_path}/runs that used it: none" in capsys.readouterr().out
    variant = tmp_path / "studies" / "mine" / "runs" / "reference-1234"
    shutil.copytree(tiny_run, variant)
    main(words)
    assert f"Runs below {tmp_path}/runs and {tmp_path}/studies that used it: {variant}\n" in capsys.readouterr().out


def test_why_of_a_fold_leads_to_its_pretraining_and_features(said: Say, tiny_run: Path, cache: Path) -> None:
    shutil.copytree(tiny_run, cache.parent / "mine")
    key = keys_of(tiny_run)["folds"][0]
    told = json.loads(said("why", key, "--json"))
    assert told["recipe"]["finetune.epochs"] == 3
    assert told["recipe"]["labels.classes"] == ["ES", "PNES"]
    of = {part["role"]: part["keys"] for part in told["made_of"]}
    assert of["begins with the encoder of"] == keys_of(tiny_run)["pretrain"]
    assert [len(of["trained on"]), len(of["tested on"])] == [3, 1]
    assert told["runs"] == [str(cache.parent / "mine")]
    assert told["missing"] == []


def test_why_of_features_and_of_a_probe(said: Say, tiny_run: Path, cache: Path) -> None:
    shutil.copytree(tiny_run, cache.parent / "mine")
    test = inputs_of(cache, "folds", keys_of(tiny_run)["folds"][0])["test"][0]
    told = said("why", test[:10])
    assert "finetune.region.type" in told
    assert "another video file" in told
    assert str(cache.parent / "mine") in told
    for path in cache.glob("baselines/*/origin.json"):
        inputs = json.loads(path.read_text())["inputs"]
        if inputs["probe"] == "metadata" and inputs["videos"][0] and len(inputs["videos"]) == 4:
            told = said("why", path.parent.name)
            assert "statistics.permutations" in told
            assert "blanket" in told
            assert all(str(value) not in told for value in (row["(duration)"] for row in inputs["inputs"])), "values of columns are private"


def test_why_says_which_parts_are_gone(said: Say, tiny_run: Path, cache: Path) -> None:
    key = keys_of(tiny_run)["folds"][0]
    shutil.rmtree(cache / "features")
    assert "4 of these are no longer in the cache" in said("why", key)


def test_why_of_two_keys_says_what_differs(said: Say, tiny_run: Path, cache: Path) -> None:
    one, other = keys_of(tiny_run)["folds"][:2]
    told = said("why", one[:12], other[:12])
    assert "tested on (features)" in told
    assert "finetune" not in told, "the same settings"
    inputs = inputs_of(cache, "folds", one)
    path = cache / "folds" / one / "origin.json"
    encoder = inputs["encoder"] | {"cache_version": 2, "config": inputs["encoder"]["config"] | {"layers": 5}}
    path.write_text(json.dumps({"inputs": inputs | {"encoder": encoder, "positions": 7}, "provenance": {}}))
    differing = {d["name"]: (d["a"], d["b"]) for d in json.loads(said("why", one, other, "--json"))["differences"]}
    assert differing["encoder.layers"] == ("5", "2")
    assert differing["cache_version of encoder bert"] == ("2", "1")
    assert differing["positions"] == ("7", "64")
    assert "It is one result." in said("why", one, one)
    assert "is a result of pretrain" in said("why", one, keys_of(tiny_run)["pretrain"][0], code=2)


@pytest.mark.parametrize(
    ("key", "message"),
    [("abc", "4 to 64 hexadecimal digits"), ("xyz123", "is no key"), ("0" * 64, "no result of the cache"), ("[red]", "is no key")],
)
def test_a_key_that_is_none_is_bad_input(key: str, message: str, said: Say) -> None:
    assert message in said("why", key, code=2)


def test_a_wrong_key_is_answered_with_the_nearest_and_an_ambiguous_one_with_all(said: Say, tiny_run: Path, cache: Path) -> None:
    (key,) = keys_of(tiny_run)["pretrain"]
    wrong = key[:7] + ("0" if key[7] != "0" else "1")
    assert f"{key[:12]} (pretrain)" in said("why", wrong, code=2)
    twin = f"{key[:40]}{'0' * 24}"
    shutil.copytree(cache / "pretrain" / key, cache / "folds" / twin)
    told = said("why", key[:6], code=2)
    assert "2 results have a key that begins so" in told
    assert "(folds)" in told
    assert "(pretrain)" in told


def test_a_result_that_is_older_than_its_notes_says_so(said: Say, tiny_run: Path, cache: Path) -> None:
    one, other = keys_of(tiny_run)["folds"][:2]
    (cache / "folds" / one / "origin.json").unlink()
    told = said("why", one)
    assert "not recorded" in told
    assert "by vsslfw" in told
    assert "is not recorded" in said("why", one, other, code=2)
    (cache / "folds" / one / "origin.json").write_text("{")
    assert "origin.json: cannot be read" in said("why", one, code=2)
    assert "damaged" in said("ls", "--stage", "folds")


def test_every_input_of_every_stage_is_explained(cache: Path) -> None:
    """None silently: an input that a stage gains must be given its recipe key here."""
    seen: dict[str, set[str]] = {stage: set() for stage in READERS}
    found = [(r.stage, read_origin(r).inputs) for r in read_contents(cache).results if r.stage in READERS]
    recipe, tuned = (
        load_recipe("seizure_bart", profile="demo", overrides=tiny_overrides(finetune__seeds="2", evaluate__threshold=threshold))
        for threshold in ("half", "inner-folds")
    )
    pipeline = Pipeline(recipe, cache=cache)
    found += [("folds", task.inputs) for task in pipeline.fold_tasks]
    from_scratch = fold_inputs(tuned, pipeline.folds[0], None, pipeline.backbone.key, pipeline.classes, positive="ES")
    found += [("folds", from_scratch)]
    found += [("pretrain", task.inputs) for task in pipeline.pretrain_tasks.values() if task]
    for stage, inputs in found:
        assert inputs is not None
        assert [fact for fact in facts_of(stage, inputs) if isinstance(fact, Unexplained)] == [], stage
        seen[stage] |= set(inputs)
    assert seen == {stage: set(readers) for stage, readers in READERS.items()}


def test_an_input_that_is_not_known_is_shown_all_the_same(said: Say, tiny_run: Path, cache: Path) -> None:
    key = keys_of(tiny_run)["folds"][0]
    inputs = inputs_of(cache, "folds", key) | {"phase_of_the_moon": "full", "evaluate": 3}
    (cache / "folds" / key / "origin.json").write_text(json.dumps({"inputs": inputs, "provenance": {}}))
    told = said("why", key)
    assert "phase_of_the_moon (not known to this version)" in told
    assert "evaluate (not known to this version)" in told


def test_gc_removes_what_was_not_used_for_longest(cache: Path, said: Say) -> None:
    results = sorted(there(cache).values(), key=lambda result: result.key)
    for number, result in enumerate(results):
        used_at(result, OLD + number)
    size = read_contents(cache).bytes
    gone = results[:5]
    most = size - sum(result.bytes for result in gone[:-1]) - 1
    told = said("gc", "--max", f"{most}B")
    assert {result.key for result in there(cache).values()} == {result.key for result in results[5:]}
    assert "removed" in told
    assert read_contents(cache).bytes <= most
    assert all(not path.exists() for result in gone for path in [file.path for file in result.files])
    assert "Nothing was removed" in said("gc", "--max", "1PB")


def test_gc_leaves_what_is_no_result(cache: Path, said: Say) -> None:
    (cache / "pretrain" / "notes.txt").write_text("mine")
    (cache / "mine").mkdir()
    (cache / "mine" / "file").write_text("mine")
    kept = {name: content for name, content in files_of(cache).items() if Path(name).parts[0] not in KEYED}
    told = said("gc", "--max", "0B")
    assert there(cache) == {}
    assert "That is more than asked for" in told
    assert files_of(cache) == kept | {"pretrain/notes.txt": b"mine"}


def test_a_dry_run_changes_nothing(cache: Path, said: Say) -> None:
    before = files_of(cache)
    times = {path: path.stat().st_mtime_ns for path in cache.rglob("*") if "locks" not in path.parts}
    told = said("gc", "--max", "1MB", "--dry-run")
    assert "would be removed" in told
    assert files_of(cache) == before
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*") if "locks" not in path.parts} == times


LOOKS = [["ls"], ["ls", "--stage", "folds"], ["why", "KEY"], ["why", "KEY", "OTHER"], ["gc", "--max=0B", "--dry-run"]]


@pytest.mark.parametrize("words", LOOKS)
def test_to_look_at_a_result_is_not_to_use_it(words: list[str], cache: Path, tiny_run: Path, said: Say) -> None:
    keys = dict(zip(("KEY", "OTHER"), keys_of(tiny_run)["folds"], strict=False))
    for result in there(cache).values():
        used_at(result, OLD)
    before = {path: path.stat().st_mtime_ns for path in cache.rglob("*") if "locks" not in path.parts}
    said(*(keys.get(word, word) for word in words))
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*") if "locks" not in path.parts} == before
    assert {result.last_used for result in there(cache).values()} == {OLD}


def test_what_is_written_wrongly_or_forgotten_is_told_with_what_is_meant(said: Say) -> None:
    assert 'did you mean "pretrain"?' in said("ls", "--stage", "pretran", code=2)
    assert "known: baselines, " in said("ls", "--stage", "xyz", code=2)
    assert "Such as: vsslfw cache gc --max 200GB --dry-run" in said("gc", code=2)


def test_gc_removes_what_killed_runs_left_in_the_order_of_its_age(cache: Path) -> None:
    key = uuid.uuid4().hex * 2
    shard = cache / "features" / key[:2] / f"{key}-0000.safetensors"
    part = cache / "features" / key[:2] / f".{key}-0001.safetensors.x.part"
    checkpoint = cache / "final" / key / "seed-0" / "checkpoint.pth"
    for path in (shard, part, checkpoint):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 10)
        os.utime(path, (OLD, OLD))
    kinds = {kind.name: kind for kind in read_contents(cache).kinds()}
    assert (kinds["features"].unfinished, kinds["final"].unfinished, kinds["final"].results) == (1, 1, 0)
    collect(cache, read_contents(cache).bytes - 1)
    assert not shard.exists()
    assert not part.exists()
    assert checkpoint.exists()
    collect(cache, read_contents(cache).bytes - 1)
    assert not (cache / "final" / key).exists()


def test_a_gc_that_is_killed_leaves_no_result_that_seems_whole(cache: Path, said: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(path: Path) -> None:
        raise KeyboardInterrupt

    for result in there(cache).values():
        if result.stage == "pretrain":
            used_at(result, OLD)
    monkeypatch.setattr(shutil, "rmtree", killed)
    count = len([result for result in there(cache).values() if result.head])
    assert "interrupted" in said("gc", "--max", "0B", code=130)
    left = there(cache).values()
    assert len([result for result in left if result.head]) == count - 1
    assert [result.stage for result in left if not result.head] == ["pretrain"]


def test_gc_is_refused_while_the_cache_is_used(cache: Path, said: Say) -> None:
    before = files_of(cache)
    with Cache(cache).used():
        assert "a run uses this cache" in said("gc", "--max", "0B", code=2)
        assert "Nothing could be removed now" in said("gc", "--max", "0B", "--dry-run")
    with Cache(cache).lock("extract"):  # a stage that is called from Python
        assert "a run uses this cache" in said("gc", "--max", "0B", code=2)
    assert files_of(cache) == before


def test_a_run_in_another_process_is_seen_and_what_a_killed_one_left_is_not(cache: Path, said: Say) -> None:
    code = (
        "import sys, time; from pathlib import Path; from vsslfw.pipeline.cache import Cache\n"
        "with Cache(Path(sys.argv[1])).used():\n    print('using', flush=True); time.sleep(600)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(cache)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "using\n"
        assert "a run uses this cache" in said("gc", "--max", "0B", code=2)
    finally:
        process.kill()
        process.wait()
    assert list((cache / "locks" / "users").iterdir()) != []
    said("gc", "--max", "0B")
    assert list((cache / "locks" / "users").iterdir()) == []


def test_a_run_that_begins_waits_for_gc(cache: Path) -> None:
    with unused(cache), pytest.raises(Timeout):
        FileLock(cache / "locks" / "removal.lock").acquire(timeout=0)


def test_the_same_run_computes_again_just_what_was_removed(cache: Path, tiny_run: Path, tmp_path: Path, said: Say) -> None:
    known, keys = there(cache), keys_of(tiny_run)
    inputs = inputs_of(cache, "folds", keys["folds"][0])
    videos = {inputs["test"][0], *(key for key, *_ in inputs["train"])}
    probes = {path.parent.name: json.loads(path.read_text())["inputs"] for path in cache.glob("baselines/*/origin.json")}
    (probe,) = (key for key, own in probes.items() if own["probe"] == "mean" and set(own["videos"]) == videos)
    clips = inputs_of(cache, "pretrain", keys["pretrain"][0])["clips"]
    removed = [("features", clips[0]), ("features", clips[1]), ("features", inputs["test"][0])]
    removed += [("folds", key) for key in keys["folds"][:2]] + [("baselines", probe)]
    for name, result in known.items():
        used_at(result, OLD if name in removed else OLD + 1)
    most = read_contents(cache).bytes - sum(known[name].bytes for name in removed)
    said("gc", "--max", f"{most}B")
    assert known.keys() - there(cache).keys() == set(removed)

    sets = [word for override in tiny_overrides() for word in ("--set", override)]
    out = tmp_path / "again"
    assert main(["run", "seizure_bart", "--profile", "demo", *sets, "--out", str(out), "--cache", str(cache), "--quiet"]) == 0
    stages = {stage["stage"]: stage["parts"] - stage["reused"] for stage in json.loads((out / "stages.json").read_text())["stages"]}
    assert {stage: stages[stage] for stage in ("extract", "pretrain", "validate", "baselines")} == {
        "extract": 3,
        "pretrain": 0,
        "validate": 2,
        "baselines": 1,
    }
    assert (out / "metrics.json").read_bytes() == (tiny_run / "metrics.json").read_bytes()
    now = there(cache)
    assert set(removed) <= now.keys()
    used = [("features", key) for key in clips] + [(stage, key) for stage in keys for key in keys[stage]] + [("baselines", probe)]
    assert all(now[name].last_used > OLD + 2 for name in used), "what a run reuses is used now"


@pytest.mark.parametrize(
    ("text", "size"),
    [("200GB", 200 * 10**9), ("1.5 TB", 1.5 * 10**12), ("500mb", 5 * 10**8), ("2GiB", 2 * 2**30), ("0B", 0), ("7kB", 7000)],
)
def test_sizes(text: str, size: float) -> None:
    assert bytes_of(text, "--max") == size


@pytest.mark.parametrize("text", ["200", "GB", "-1GB", "1,5TB", "1e3GB", "9" * 400 + "GB", "2 gigs", ""])
def test_what_is_no_size_is_bad_input(text: str, said: Say) -> None:
    assert "is no size" in said("gc", f"--max={text}", code=2)
    with pytest.raises(UserError, match="--max"):
        bytes_of(text, "--max")


def test_sizes_in_words() -> None:
    assert [size_in_words(count) for count in (0, 999, 1000, 999_960, 2 * 10**12)] == ["0 B", "999 B", "1.0 kB", "1.0 MB", "2.0 TB"]


@pytest.mark.parametrize("words", [["ls"], ["why", "abcd"], ["gc", "--max", "1GB"]])
def test_a_folder_that_is_no_cache_is_bad_input(words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "runs" / ".vsslfw-cache").mkdir(parents=True)
    told = {"empty": "holds no cache", "file": "is a file", "nowhere": "no such folder", "runs": "There is one in it"}
    for name, message in told.items():
        assert main(["cache", *words, "--cache", str(tmp_path / name)]) == 2
        assert message in capsys.readouterr().err
    assert list((tmp_path / "empty").iterdir()) == []


def test_an_empty_cache_is_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Cache(tmp_path / ".vsslfw-cache")
    assert main(["cache", "ls", "--cache", str(tmp_path / ".vsslfw-cache")]) == 0
    assert "of which gc could free 0 B" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["--help"], ["ls"], ["why", "KEY"], ["gc", "--max", "1MB", "--dry-run"]])
def test_no_torch_is_imported(words: list[str], cache: Path, tiny_run: Path) -> None:
    (key,) = keys_of(tiny_run)["pretrain"]
    given = [key if word == "KEY" else word for word in words] + ([] if words == ["--help"] else ["--cache", str(cache)])
    code = f"import sys; from vsslfw.cli import main; assert main(['cache', *{given!r}]) == 0; {HEAVY}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"


def test_the_stages_of_the_command_are_those_with_keys() -> None:
    assert STAGES == KEYED
