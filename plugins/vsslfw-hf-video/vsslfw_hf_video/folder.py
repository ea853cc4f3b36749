"""A folder of weights as ``save_pretrained`` writes it: found, checked and read, from the disk alone."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vsslfw.errors import Problem, UserError, did_you_mean
from vsslfw.weights import WHERE, seeded

Channels = tuple[float, float, float]
CONFIG = "config.json"
PROCESSORS = ("video_preprocessor_config.json", "preprocessor_config.json", "processor_config.json")
"""Where a folder says how its pictures were normalised: of video models, of picture models, and of both in newer releases."""


def find_folder(weights: str, example: str) -> Path:
    """The folder at a location. UserError if there is none, or no weights in it that can be read without running code.

    ``example`` is the published name of such weights: a name is never looked up, so the message says how to fetch it elsewhere.
    """
    folder = Path(weights).expanduser()
    fetch = f"on a machine with internet access, run: hf download {example} --local-dir {example.rpartition('/')[2]}"
    hint = f"Nothing is downloaded here. To get one, {fetch}; then copy that folder here and name it: backbone.weights=FOLDER."
    if folder.is_file():
        raise _problem(f"{folder} is a file; the folder that holds it is needed, with {CONFIG} and model.safetensors")
    if not folder.is_dir():
        near = did_you_mean(folder.name, (path.name for path in folder.parent.glob("*") if path.is_dir()))
        raise _problem(f"there is no folder {folder}", f"{near} {hint}".strip())
    if not (folder / CONFIG).is_file():
        raise _problem(f"folder {folder} holds no {CONFIG}", _inner(folder) or hint)
    if not any(folder.glob("*.safetensors")):
        if any(folder.glob("*.bin")) or any(folder.glob("*.pt*")):
            what = f"folder {folder} holds weights as pickle files, which can run code when they are read; model.safetensors is needed"
            convert = "where you trust the file, load the folder with transformers' from_pretrained and save it with save_pretrained"
            raise _problem(what, f"To convert: {convert}, which writes model.safetensors.")
        raise _problem(f"folder {folder} holds no model.safetensors", hint)
    return folder


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file. UserError if it is none."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _problem(f"{path} cannot be read: {error}") from error
    if not isinstance(values, dict):
        raise _problem(f"{path} holds a {type(values).__name__}; an object with names and values is expected")
    return values


def normalisation(folder: Path, mean: Channels, std: Channels) -> tuple[Channels, Channels]:
    """(mean, std) of pixels in [0, 1] as the folder's preprocessor says; the model family's, which are handed in, if it says nothing."""
    for name in PROCESSORS:
        if (folder / name).is_file():
            values = read_json(folder / name)
            values = values.get("video_processor") or values.get("image_processor") or values
            if "image_mean" in values or not values.get("do_normalize", True):
                return _normalisation(values, folder / name)
    return mean, std


def load_model(cls: Any, folder: Path, config: Any, *, needless: str, together: frozenset[str] = frozenset()) -> Any:
    """A model of transformers with the folder's weights, as float32, in eval mode. UserError unless all that is needed is there.

    ``needless`` matches the names of tensors that do not count, missing or left over: heads of other tasks, a decoder.
    ``together`` may be missing too, if all of it is.
    """
    import torch

    try:
        with quiet(), seeded(0):  # what is missing and does not count is drawn: not from the global generator
            model, found = cls.from_pretrained(
                folder,
                config=config,
                local_files_only=True,
                use_safetensors=True,
                ignore_mismatched_sizes=True,  # they are told below, with their names
                trust_remote_code=False,
                dtype=torch.float32,
                output_loading_info=True,
            )
    except Exception as error:  # transformers and safetensors raise OSError, RuntimeError, ValueError and types of their own
        reason = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
        hint = "Compare the sizes of its files with the original's: one of a few hundred bytes is a git-lfs pointer, not the weights."
        raise _problem(f"the weights in {folder} cannot be read as {cls.__name__}: {reason[0]}", hint) from error
    missing = set(found["missing_keys"])
    missing -= together if together <= missing else frozenset()
    wrong = [f"{name} is missing" for name in sorted(missing) if not re.search(needless, name)]
    wrong += [f"{name} is unknown" for name in sorted(found["unexpected_keys"]) if not re.search(needless, name)]
    wrong += [f"{entry[0]} is {tuple(entry[1])}, {tuple(entry[2])} expected" for entry in found["mismatched_keys"]]
    if wrong:
        more = f" (and {len(wrong) - 3} more)" if len(wrong) > 3 else ""
        what = f"the weights in {folder} do not fit its {CONFIG}: {'; '.join(wrong[:3])}{more}"
        raise _problem(what, f"Both must come from one save_pretrained of a {config.model_type} model.")
    return model.eval()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without transformers' progress bar and its report of tensors: what counts of it is told as an error."""
    from transformers.utils import logging

    verbosity, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bar:
            logging.enable_progress_bar()


def _normalisation(values: dict[str, Any], path: Path) -> tuple[Channels, Channels]:
    """In units of pixels in [0, 1], whatever scale the preprocessor works in."""
    try:
        scale = 255 * float(values.get("rescale_factor", 1 / 255)) if values.get("do_rescale", True) else 255.0
        if not values.get("do_normalize", True):
            return (0.0, 0.0, 0.0), (1 / scale, 1 / scale, 1 / scale)
        return _channels(values["image_mean"], scale), _channels(values["image_std"], scale)
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise _problem(f"image_mean and image_std of {path} are not three numbers each: {error}") from error


def _channels(value: Any, scale: float) -> Channels:
    red, green, blue = value if isinstance(value, list | tuple) else (value,) * 3
    return float(red) / scale, float(green) / scale, float(blue) / scale


def _inner(folder: Path) -> str:
    """The library's cache keeps a folder for each state of a model, two levels down."""
    found = sorted(folder.glob(f"snapshots/*/{CONFIG}"))
    return f"Name the folder inside: backbone.weights={found[-1].parent}" if found else ""


def _problem(what: str, hint: str = "") -> UserError:
    return UserError(Problem(what, WHERE, hint))
