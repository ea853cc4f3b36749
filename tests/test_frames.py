"""Transforms of frames: one crop a clip, seeded, strict about what is asked for, and without a word to the network."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from vsslfw.errors import UserError
from vsslfw.video import compose, crop, normalise


@pytest.fixture
def frames() -> np.ndarray:
    """(5, 20, 30, 3): pixels that say where they are; the frames differ by their number alone."""
    clip = np.zeros((5, 20, 30, 3), np.uint8)
    clip[..., 0], clip[..., 1], clip[..., 2] = np.arange(20)[:, None], np.arange(30), np.arange(5)[:, None, None]
    return clip


def test_a_random_crop_is_the_same_for_every_frame_of_a_clip(frames: np.ndarray) -> None:
    cut = crop(frames, (8, 10), where="random", seed=3)
    assert cut.shape == (5, 8, 10, 3)
    assert (cut[..., :2] == cut[:1, ..., :2]).all()
    assert cut[:, 0, 0, 2].tolist() == [0, 1, 2, 3, 4]
    top, left = cut[0, 0, 0, :2]
    assert np.array_equal(cut, frames[:, top : top + 8, left : left + 10])


def test_the_same_seed_crops_the_same_and_others_spread(frames: np.ndarray) -> None:
    corners = [tuple(crop(frames, (8, 10), where="random", seed=seed)[0, 0, 0, :2].tolist()) for seed in range(60)]
    again = [tuple(crop(frames, (8, 10), where="random", seed=seed)[0, 0, 0, :2].tolist()) for seed in range(60)]
    assert corners == again
    assert len({top for top, _ in corners}) > 8
    assert len({left for _, left in corners}) > 12


def test_the_global_random_state_has_no_say(frames: np.ndarray) -> None:
    import random

    np.random.seed(1)
    random.seed(1)
    before = crop(frames, (8, 10), where="random", seed=2**62 + 5)
    np.random.seed(2)
    random.seed(2)
    assert np.array_equal(before, crop(frames, (8, 10), where="random", seed=2**62 + 5))


def test_a_centre_crop_takes_the_middle(frames: np.ndarray) -> None:
    assert np.array_equal(crop(frames, (8, 10), where="centre", seed=9), frames[:, 6:14, 10:20])


def test_no_frames_give_no_crops() -> None:
    assert crop(np.zeros((0, 20, 30, 3), np.uint8), (8, 10), where="random", seed=0).shape == (0, 8, 10, 3)


def test_a_crop_larger_than_the_frame_is_refused(frames: np.ndarray) -> None:
    with pytest.raises(ValueError, match="a crop of 21 x 10 does not fit in frames of 20 x 30"):
        crop(frames, (21, 10), where="centre", seed=0)


def test_normalise_gives_channels_first_in_units_of_the_deviation(frames: np.ndarray) -> None:
    tensor = normalise(frames, (0.5, 0.25, 0.0), (0.5, 0.25, 1.0))
    assert (tensor.shape, tensor.dtype) == ((5, 3, 20, 30), torch.float32)
    expected = (np.moveaxis(frames, 3, 1) / 255 - np.array([0.5, 0.25, 0])[:, None, None]) / np.array([0.5, 0.25, 1])[:, None, None]
    assert np.allclose(tensor.numpy(), expected, atol=1e-6)


def test_compose_draws_once_for_all_frames_of_a_call(frames: np.ndarray) -> None:
    flat = np.full((4, 16, 16, 3), 128, np.uint8)
    changed = compose([{"type": "RandomBrightnessContrast", "p": 1.0}, {"type": "CoarseDropout", "p": 1.0}], seed=5)(flat)
    assert changed.shape == flat.shape
    assert changed.dtype == np.uint8
    assert not np.array_equal(changed, flat)
    assert (changed == changed[:1]).all()
    assert np.array_equal(
        changed, compose([{"type": "RandomBrightnessContrast", "p": 1.0}, {"type": "CoarseDropout", "p": 1.0}], seed=5)(flat)
    )


def test_everything_that_is_wrong_with_a_list_is_said_at_once() -> None:
    wrong = [
        {"type": "GaussNoize"},
        {"type": "GaussNoise", "sigma": 3},
        {"type": "GaussNoise", "std_range": [5, 9]},
        {"p": 1},
        {"type": "Compose"},
    ]
    with pytest.raises(UserError) as caught:
        compose(wrong, seed=0)
    first, second, third, fourth, fifth = caught.value.problems
    assert (first.where, first.hint) == ("transforms[0]", 'did you mean "GaussNoise"?')
    assert "sigma" in second.what
    assert "std_range" in third.what
    assert "no transform" in fourth.what
    assert "no transform" in fifth.what


def test_the_adapter_contacts_nobody() -> None:
    program = """
import socket
def refuse(*args, **kwargs):
    raise SystemExit("network!")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
import numpy as np
from vsslfw.video import crop
print(crop(np.zeros((2, 8, 8, 3), np.uint8), (4, 4), where="random", seed=0).shape)
"""
    environment = {"PATH": "/usr/bin:/bin"}  # without NO_ALBUMENTATIONS_UPDATE of the test session
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", program], capture_output=True, text=True, env=environment, timeout=120
    )
    assert (done.stdout.strip(), done.returncode) == ("(2, 4, 4, 3)", 0), done.stderr


def test_importing_the_video_package_loads_neither_torch_nor_albumentations() -> None:
    program = "import sys, vsslfw.video; print([m for m in ('torch', 'albumentations') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == "[]"
