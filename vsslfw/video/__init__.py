"""A file -> (T, H, W, 3) uint8 at any rate, upright, in constant memory. Knows nothing of models."""

from vsslfw.video.decode import FrameStream, decoder_version, frames_at, grid
from vsslfw.video.frames import compose, crop, normalise
from vsslfw.video.player import Player
from vsslfw.video.probe import Probe, probe

__all__ = ["FrameStream", "Player", "Probe", "compose", "crop", "decoder_version", "frames_at", "grid", "normalise", "probe"]
