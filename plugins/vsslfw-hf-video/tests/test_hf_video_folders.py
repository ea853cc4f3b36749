"""Folders of weights: read from the disk alone, never as code, and refused with a reason if they do not fit."""

from __future__ import annotations

import json
import pickle
import re
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from torch import Tensor
from vsslfw_hf_video.dinov3 import DINOv3
from vsslfw_hf_video.pretrained import Pretrained
from vsslfw_hf_video.videomae import VideoMAE
from vsslfw_hf_video.vjepa2 import VJEPA2

from vsslfw.errors import UserError

State = dict[str, Tensor]
CONFIG = VideoMAE.check_with[0]["config"]


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Any attempt to reach one fails the test, whoever catches what it raises."""
    attempts: list[object] = []

    def refuse(*arguments: object, **parameters: object) -> None:
        attempts.append(arguments)
        raise OSError("no network here")

    for owner, name in ((socket.socket, "connect"), (socket.socket, "connect_ex"), (socket, "getaddrinfo"), (socket, "create_connection")):
        monkeypatch.setattr(owner, name, refuse)
    for variable in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(variable, raising=False)
    yield
    assert attempts == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A fine-tuned VideoMAE, tiny, as save_pretrained writes it."""
    return save(transformers.VideoMAEForVideoClassification, transformers.VideoMAEConfig(**CONFIG), tmp_path / "videomae")


def save(cls: Any, config: Any, folder: Path, **how: Any) -> Path:
    torch.manual_seed(0)
    cls(config).save_pretrained(folder, **how)
    return folder


def change(folder: Path, edit: Callable[[State], State]) -> None:
    state = edit(load_file(folder / "model.safetensors"))
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, folder / "model.safetensors", metadata={"format": "pt"})


def configure(folder: Path, **values: Any) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def message(weights: Path | str, cls: type[Pretrained] = VideoMAE) -> str:
    with pytest.raises(UserError) as caught:
        cls(weights=str(weights))
    (problem,) = caught.value.problems
    assert problem.where == "backbone.weights"
    return str(caught.value)


def test_all_three_are_read_without_a_network(folder: Path, tmp_path: Path) -> None:
    """The fixture above holds it: not even a lookup of a name is tried."""
    save(
        transformers.VJEPA2Model, transformers.VJEPA2Config(**VJEPA2.check_with[0]["config"], pred_num_hidden_layers=1), tmp_path / "vjepa2"
    )
    save(transformers.DINOv3ViTModel, transformers.DINOv3ViTConfig(**DINOv3.check_with[0]["config"]), tmp_path / "dinov3")
    for cls in (VideoMAE, VJEPA2, DINOv3):
        weights = str(tmp_path / cls.__name__.lower())
        assert cls.spec(weights=weights) == cls.spec(**cls.check_with[0])
        assert cls(weights=weights).feature_dim == 32


def test_a_name_is_never_looked_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = message("MCG-NJU/videomae-base")
    assert "there is no folder MCG-NJU/videomae-base" in said
    assert "Nothing is downloaded here" in said
    assert "hf download MCG-NJU/videomae-base --local-dir videomae-base" in said
    for attempt in (VideoMAE.spec, VideoMAE):
        with pytest.raises(UserError, match="there is no folder"):
            attempt(weights="videomae-base")


def test_a_misspelt_folder_names_the_nearest(folder: Path) -> None:
    assert 'did you mean "videomae"?' in message(folder.parent / "videomea")


def test_the_shapes_are_known_before_weights_are_read(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"not read")
    assert VideoMAE.spec(weights=str(folder)).feature_dim == 32


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda f: (f / "config.json").unlink(), "holds no config.json"),
        (lambda f: (f / "config.json").write_text("{"), "config.json cannot be read"),
        (lambda f: (f / "config.json").write_text("[]"), "holds a list; an object"),
        (lambda f: configure(f, model_type="vit"), "a model of type 'vit'; expected \"videomae\""),
        (lambda f: configure(f, hidden_size="wide"), "config.json is refused: .*hidden_size"),
        (lambda f: (f / "model.safetensors").unlink(), "holds no model.safetensors"),
        (lambda f: (f / "model.safetensors").write_text("version https://git-lfs"), "cannot be read as VideoMAE.*git-lfs pointer"),
        (lambda f: (f / "preprocessor_config.json").write_text('{"image_mean": [1, 2], "image_std": 1}'), "image_mean and image_std of"),
        (lambda f: (f / "preprocessor_config.json").write_text("no"), "preprocessor_config.json cannot be read"),
    ],
)
def test_a_folder_that_is_not_whole_is_refused(spoil: Callable[[Path], object], expected: str, folder: Path) -> None:
    spoil(folder)
    assert re.search(expected, message(folder).replace("\n", " "))


def test_a_file_is_no_folder(folder: Path) -> None:
    assert "is a file; the folder that holds it is needed" in message(folder / "model.safetensors")


def test_the_folder_inside_the_librarys_cache_is_named(folder: Path, tmp_path: Path) -> None:
    inner = tmp_path / "models--somebody--videomae" / "snapshots" / "0123abcd"
    shutil.copytree(folder, inner)
    assert f"Name the folder inside: backbone.weights={inner}" in message(tmp_path / "models--somebody--videomae")
    assert VideoMAE(weights=str(inner)).feature_dim == 32


# Code is never run


class Trap:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_a_pickle_is_refused_with_a_way_to_convert_it_and_never_opened(folder: Path, tmp_path: Path) -> None:
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Trap(tmp_path / "sprung")))
    assert VideoMAE(weights=str(folder)).feature_dim == 32  # beside model.safetensors it does not matter
    (folder / "model.safetensors").unlink()
    said = message(folder)
    assert "pickle files, which can run code" in said
    assert "save_pretrained, which writes model.safetensors" in said
    assert not (tmp_path / "sprung").exists()


def test_code_in_a_folder_is_not_run(folder: Path, tmp_path: Path) -> None:
    (folder / "modeling_own.py").write_text(f"from pathlib import Path\nPath({str(tmp_path / 'sprung')!r}).touch()\n")
    configure(folder, auto_map=dict.fromkeys(("AutoConfig", "AutoModel", "AutoModelForVideoClassification"), "modeling_own.Model"))
    assert VideoMAE(weights=str(folder)).feature_dim == 32
    assert not (tmp_path / "sprung").exists()


# Weights that fit, and weights that do not


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (lambda s: {k: v for k, v in s.items() if "layer.1.output" not in k}, "layer.1.output.dense.bias is missing"),
        (lambda s: {k: v for k, v in s.items() if k != "fc_norm.bias"}, "fc_norm.bias is missing"),
        (lambda s: s | {"videomae.extra": torch.zeros(1)}, "extra is unknown"),
        (lambda s: s | {"fc_norm.weight": torch.zeros(3)}, r"fc_norm.weight is \(3,\), \(32,\) expected"),
        (lambda s: {"other": torch.zeros(1)}, r"is missing.*\(and \d+ more\)"),
    ],
)
def test_tensors_that_do_not_fit_are_named(edit: Callable[[State], State], expected: str, folder: Path) -> None:
    change(folder, edit)
    said = message(folder)
    assert "do not fit its config.json" in said
    assert re.search(expected, said)


def test_a_config_that_contradicts_the_weights_is_refused(folder: Path) -> None:
    configure(folder, use_mean_pooling=False)
    assert "is missing" in message(folder)


def test_a_head_a_decoder_and_a_predictor_do_not_count(folder: Path) -> None:
    before = VideoMAE(weights=str(folder)).fingerprint()
    change(
        folder,
        lambda s: {k: v for k, v in s.items() if "classifier" not in k} | {"decoder.norm.bias": torch.ones(3), "mask_token": torch.ones(1)},
    )
    assert VideoMAE(weights=str(folder)).fingerprint() == before


def test_a_folder_in_pieces_is_the_same(folder: Path, tmp_path: Path) -> None:
    model = transformers.VideoMAEForVideoClassification.from_pretrained(folder)
    model.save_pretrained(tmp_path / "sharded", max_shard_size="20KB")
    assert len(list((tmp_path / "sharded").glob("*.safetensors"))) > 1
    assert VideoMAE(weights=str(tmp_path / "sharded")).fingerprint() == VideoMAE(weights=str(folder)).fingerprint()


def test_weights_in_half_precision_compute_in_float32(folder: Path) -> None:
    change(folder, lambda s: {k: v.half() for k, v in s.items()})
    configure(folder, dtype="float16")
    assert {parameter.dtype for parameter in VideoMAE(weights=str(folder)).parameters()} == {torch.float32}


@pytest.mark.parametrize(
    ("cls", "model", "config"),
    [
        (VideoMAE, "VideoMAEForVideoClassification", transformers.VideoMAEConfig(**CONFIG)),
        (DINOv3, "DINOv3ViTModel", transformers.DINOv3ViTConfig(**DINOv3.check_with[0]["config"])),
        (DINOv3, "DINOv3ConvNextModel", transformers.DINOv3ConvNextConfig(hidden_sizes=[8] * 4, depths=[1] * 4, image_size=32)),
    ],
    ids=["videomae", "dinov3-vit", "dinov3-convnext"],
)
def test_tensors_may_be_named_as_published_or_as_the_library_names_them_now(
    cls: type[Pretrained], model: str, config: Any, tmp_path: Path
) -> None:
    """Published folders have names that older releases chose, and save_pretrained still writes those."""
    published = save(getattr(transformers, model), config, tmp_path / "model")
    before, names = cls(weights=str(published)).fingerprint(), set(load_file(published / "model.safetensors"))
    now = getattr(transformers, model).from_pretrained(published).state_dict()
    assert names != set(now)
    change(published, lambda _: now)
    assert cls(weights=str(published)).fingerprint() == before


def test_a_config_of_another_release_may_hold_names_that_this_one_does_not_know(folder: Path) -> None:
    before = VideoMAE(weights=str(folder)).fingerprint()
    configure(folder, torch_dtype="float32", wide_silu=True, transformers_version="4.22.0.dev0")
    assert VideoMAE(weights=str(folder)).fingerprint() == before


# The fingerprint


def test_the_fingerprint_is_that_of_the_content_wherever_it_lies(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "elsewhere")
    assert VideoMAE(weights=str(tmp_path / "elsewhere")).fingerprint() == VideoMAE(weights=str(folder)).fingerprint()


@pytest.mark.parametrize(
    "edit",
    [
        lambda f: change(f, lambda s: s | {"fc_norm.bias": torch.ones(32)}),
        lambda f: configure(f, num_attention_heads=4),
        lambda f: configure(f, layer_norm_eps=1e-3),
        lambda f: configure(f, hidden_act="relu"),
        lambda f: configure(f, num_frames=8),
        lambda f: configure(f, image_size=48),
        lambda f: (f / "preprocessor_config.json").write_text('{"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}'),
    ],
    ids=["weights", "heads", "epsilon", "activation", "frames", "size", "normalisation"],
)
def test_all_that_changes_features_changes_the_fingerprint(edit: Callable[[Path], object], folder: Path) -> None:
    before = VideoMAE(weights=str(folder)).fingerprint()
    edit(folder)
    assert VideoMAE(weights=str(folder)).fingerprint() != before


def test_reading_a_folder_prints_nothing_and_leaves_the_librarys_settings(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    change(folder, lambda s: {k: v for k, v in s.items() if "classifier" not in k})
    settings = transformers.utils.logging.get_verbosity(), transformers.utils.logging.is_progress_bar_enabled()
    capfd.readouterr()
    VideoMAE(weights=str(folder))
    assert capfd.readouterr() == ("", "")
    assert (transformers.utils.logging.get_verbosity(), transformers.utils.logging.is_progress_bar_enabled()) == settings
