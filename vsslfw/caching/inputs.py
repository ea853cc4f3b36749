"""The inputs that keys digest, by the dotted keys of the recipe that set them. A test holds that none is left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from vsslfw.caching.facts import Component, Fact, MadeOf, Note, Setting, Unexplained
from vsslfw.digest import digest_of

Inputs = Mapping[str, Any]
Reader = Callable[[Any, Inputs], Iterator[Fact]]
"""An input's value, and all inputs of the result -> what it is."""
KINDS = {"head": "head", "region": "detector"}
"""The last part of a dotted key -> the kind of component that stands there, where they are not the same word."""
OTHER_VIDEOS = "other videos, or other features of them (vsslfw cache why KEY of one says what changes those)"
OTHER_LABELS = "other labels, other subjects, or another split"


def facts_of(stage: str, inputs: Inputs) -> list[Fact]:
    """Each input of a result of this stage, explained; one that is not known is `Unexplained`."""
    readers = READERS.get(stage, {})
    found: list[Fact] = []
    for name, value in inputs.items():
        if name not in readers:
            found.append(Unexplained(name, value))
            continue
        try:
            found += readers[name](value, inputs)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError):  # another version of vsslfw gave it another form
            found.append(Unexplained(name, value))
    return found


def _nothing(_value: Any, _inputs: Inputs) -> Iterator[Fact]:
    yield from ()


def _setting(key: str) -> Reader:
    def read(value: Any, _inputs: Inputs) -> Iterator[Fact]:
        yield Setting(key, value)

    return read


def _section(key: str) -> Reader:
    def read(value: Any, inputs: Inputs) -> Iterator[Fact]:
        for name, inside in value.items():
            yield from (_section if isinstance(inside, Mapping) else _setting)(f"{key}.{name}")(inside, inputs)

    return read


def _note(what: str, *keys: str, otherwise: str = "") -> Reader:
    def read(value: Any, _inputs: Inputs) -> Iterator[Fact]:
        yield Note(what, value, keys, otherwise)

    return read


def _component(key: str) -> Reader:
    def read(value: Any, _inputs: Inputs) -> Iterator[Fact]:
        known = {"config", "distribution", "cache_version", "code"}
        kind = KINDS.get(key.rpartition(".")[2], key.partition(".")[0])
        yield Component(key, kind, dict(value["config"]), value["distribution"], value["cache_version"], value.get("code", ""))
        yield from (Unexplained(f"{key}, {name}", inside) for name, inside in value.items() if name not in known)

    return read


def _components(key: str) -> Reader:
    def read(value: Any, inputs: Inputs) -> Iterator[Fact]:
        for number, one in enumerate(value):
            yield from _component(f"{key}.{number}")(one, inputs)

    return read


def _backbone(value: Any, inputs: Inputs) -> Iterator[Fact]:
    own = {"fingerprint", "precision", "input"}
    yield from _component("backbone")({name: inside for name, inside in value.items() if name not in own}, inputs)
    mean, std, length, stride = value["input"]
    yield Setting("extract.precision", value["precision"])
    yield Note("backbone, digest of its weights", value["fingerprint"], otherwise="other weights of the backbone")
    yield Note("backbone, what it is given", f"mean {mean}, SD {std}, {length} frames a feature, {stride} apart")


def _clips(value: Any, inputs: Inputs) -> Iterator[Fact]:
    drawn = ("contextual.clip_s", "contextual.clips", "contextual.skip_blank", "video.fps")
    keys = ("pretrain.source", "pretrain.subjects", "pretrain.region", *drawn)
    role = "clips read online, which leaves no features" if inputs["views"] == "online" else "clips"
    yield MadeOf("features", role, tuple(value), f"another set of clips: {OTHER_VIDEOS}, or another {_listed(keys)}")


def _pretrained(value: Any, _inputs: Inputs) -> Iterator[Fact]:
    if value is None:
        yield Setting("pretrain.source", "none")
    else:
        yield MadeOf("pretrain", "begins with the encoder of", (value,), "another pre-training")


def _trained_on(value: Any, _inputs: Inputs) -> Iterator[Fact]:
    keys = tuple(key for key, _, _ in value)
    changing = ("validation", "finetune.label_fraction", "finetune.region")
    yield MadeOf("features", "trained on", keys, f"other training videos: {OTHER_VIDEOS}, or another {_listed(changing)}")
    counts = Counter(label for _, label, _ in value)
    said = ", ".join(f"{number} {label}" for label, number in sorted(counts.items()))
    labels = [own for _, *own in value]
    subjects = len({subject for _, subject in labels})
    yield Note("labels and subjects in training", _digested(f"{said}; {subjects} subjects", labels), otherwise=OTHER_LABELS)


def _tested(value: Any, _inputs: Inputs) -> Iterator[Fact]:
    yield MadeOf("features", "tested on", tuple(value), f"other tested videos: {OTHER_VIDEOS}, or another validation")


def _nth_seed(value: Any, _inputs: Inputs) -> Iterator[Fact]:
    yield Note("which of the seeds of finetune.seeds", value, ("finetune.seeds",))


def _probed(value: Any, _inputs: Inputs) -> Iterator[Fact]:
    yield MadeOf("features", "videos", tuple(value), f"other labelled videos: {OTHER_VIDEOS}")


def _of_probe(value: Any, inputs: Inputs) -> Iterator[Fact]:
    if inputs["probe"] not in PROBES:
        raise KeyError(inputs["probe"])
    yield from PROBES[inputs["probe"]](value, inputs)


def _columns(value: Any, _inputs: Inputs) -> Iterator[Fact]:
    # Names alone: what stands in the columns may tell who somebody is.
    names = ", ".join(dict.fromkeys(name for row in value for name in row))
    yield Note("columns of the manifest", _digested(names, value), otherwise="other columns, or other values in them")


def _encoder(value: Any, inputs: Inputs) -> Iterator[Fact]:
    component, positions, stride, right_align, *pretrained = value
    yield from _component("encoder")(component, inputs)
    yield from (Setting("positions", positions), Setting("evaluate.stride", stride), Setting("evaluate.right_align", right_align))
    for keys in pretrained:
        yield MadeOf("pretrain", "describes with the encoder of", tuple(dict.fromkeys(keys)), "another pre-training")


def _summary(what: str, said: Callable[[Any], str], *keys: str) -> Reader:
    def read(value: Any, _inputs: Inputs) -> Iterator[Fact]:
        yield Note(what, _digested(said(value), value), keys, OTHER_LABELS)

    return read


def _clip(value: Any, inputs: Inputs) -> Iterator[Fact]:
    start, frames, fps = value
    drawn = inputs["frames"][2] == "random"
    keys = ("contextual.clip_s", "contextual.clips", "contextual.skip_blank", "seed") if drawn else ()
    yield Setting("video.fps", fps)
    yield Note("where it is cut", f"{frames} frames from {start:.2f} s on", keys, "another start_s or end_s in the manifest")


def _region(value: Any, inputs: Inputs) -> Iterator[Fact]:
    component, fingerprint = value
    yield from _component("pretrain.region" if inputs["frames"][2] == "random" else "finetune.region")(component, inputs)
    if fingerprint:
        yield Note("region, digest of what it says of this video", fingerprint, otherwise="other boxes for this video")


def _frames(value: Any, _inputs: Inputs) -> Iterator[Fact]:
    resize, frame_size, crop, views, seed = value
    yield Setting("video.resize", resize)
    yield Note("frame size of the backbone", frame_size)
    yield Note("crop", crop, otherwise="its role: pre-training crops at random, fine-tuning in the centre")
    if crop == "random":
        yield from (Setting("extract.views", views), Setting("seed", seed))


def _digested(text: str, value: Any) -> str:
    """Text that differs wherever the value does."""
    return f"{text} (digest {digest_of(value)[:8]})"


def _listed(keys: tuple[str, ...]) -> str:
    return f"{', '.join(keys[:-1])} or {keys[-1]}"


PROBES: dict[str, Reader] = {
    "metadata": _columns,
    "mean": _nothing,
    "moments": _nothing,
    "stft": _note("features a second", "video.fps", otherwise="a backbone with another clip_stride"),
    "random_encoder": _encoder,
    "pretrained_encoder": _encoder,
}
"""What a probe depends on beside the features of the videos."""
READERS: dict[str, dict[str, Reader]] = {
    "features": {
        "store": _note("version of the feature store", otherwise="a version of vsslfw that stores features in another way"),
        "content": _note("digest of the video file", otherwise="another video file, or another content of it"),
        "clip": _clip,
        "region": _region,
        "frames": _frames,
        "backbone": _backbone,
        "dtype": _setting("extract.dtype"),
        "decoder": _note("decoder", otherwise="other versions of the libraries that decode video"),
    },
    "pretrain": {
        "stage": _nothing,
        "seed": _setting("seed"),
        "positions": _setting("positions"),
        "backbone": _backbone,
        "corruption": _components("corruption"),
        "encoder": _component("encoder"),
        "head": _component("pretrain.head"),
        "settings": _section("pretrain"),
        "views": _setting("extract.views"),
        "clips": _clips,
    },
    "folds": {
        "stage": _nothing,
        "seed": _setting("seed"),
        "positions": _setting("positions"),
        "pretrain": _pretrained,
        "backbone": _backbone,
        "encoder": _component("encoder"),
        "head": _component("finetune.head"),
        "settings": _section("finetune"),
        "evaluate": _section("evaluate"),
        "classes": _setting("labels.classes"),
        "train": _trained_on,
        "test": _tested,
        "positive": _setting("labels.positive"),
        "seed_index": _nth_seed,
    },
    "baselines": {
        "stage": _nothing,
        "version": _note("version of the probes", otherwise="a version of vsslfw with other probes"),
        "probe": _note("probe"),
        "inputs": _of_probe,
        "videos": _probed,
        "labels": _summary("labels", lambda value: f"{len(set(value))} classes", "labels.classes"),
        "subjects": _summary("subjects", lambda value: f"{len(set(value))} subjects"),
        "folds": _summary("folds", lambda value: f"{len(value)} folds", "validation", "finetune.label_fraction"),
        "positive": _setting("labels.positive"),
        "seed": _setting("seed"),
        "permutations": _setting("statistics.permutations"),
    },
}
"""Stage -> input -> what it is. The inputs are those of the functions that make keys: ``ClipReader.inputs``, ``pretrain_inputs``,
``fold_inputs`` and ``probed_on`` in vsslfw/pipeline."""
