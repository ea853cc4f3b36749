"""Sizes that a config or a parameter may have: each check raises ValueError and says what would fit."""

from __future__ import annotations

from typing import Any


def size_of(value: Any) -> tuple[int, int]:
    """(H, W) of a size in a config, which may be one number."""
    height, width = (value, value) if isinstance(value, int) else value
    return int(height), int(width)


def check_channels(config: Any, name: str) -> None:
    """ValueError unless the model takes RGB."""
    if getattr(config, name) != 3:
        raise ValueError(f"{name} of the config is {getattr(config, name)}; it must be 3, as frames are RGB")


def check_attention(config: Any) -> None:
    """ValueError unless the heads divide the hidden size."""
    hidden, heads = config.hidden_size, config.num_attention_heads
    if hidden < 1 or heads < 1 or hidden % heads:
        raise ValueError(f"num_attention_heads of the config is {heads}; it must divide hidden_size, which is {hidden}")


def check_multiple(frame_size: tuple[int, int], step: tuple[int, int]) -> None:
    """ValueError unless the picture is made of whole patches."""
    if any(size < 1 or size % of for size, of in zip(frame_size, step, strict=True)):
        shown, of = (pair[0] if pair[0] == pair[1] else pair for pair in (frame_size, step))
        raise ValueError(f"frame_size is {shown}; it must be a multiple of {of}, the patch of this model")


def stride_of(clip_stride: int | None, clip_length: int) -> int:
    """The stride of clips: side by side unless the recipe says otherwise."""
    if clip_stride is not None and clip_stride < 1:
        raise ValueError(f"clip_stride is {clip_stride}; it must be at least 1 frame")
    return clip_stride or clip_length


def check_length(clip_length: int, tubelet: int, name: str) -> None:
    """ValueError unless the clip is made of whole tubelets."""
    if clip_length < 1 or clip_length % tubelet:
        raise ValueError(f"{name} is {clip_length}; it must be a multiple of {tubelet}, the frames of a tubelet")
