"""Sequence encoders: PAD never shows, rows are apart, gradients go everywhere but to PAD."""

from __future__ import annotations

import itertools
from typing import Any

import torch
from torch import Tensor

from vsslfw.testing.compare import CLOSE, EXACT, difference, shown
from vsslfw.testing.outcomes import CannotCheckError, doing, fail, require
from vsslfw.testing.samples import sequences
from vsslfw.testing.subjects import FEATURE_DIM, Subject, torch_seed


def check_shapes(subject: Subject) -> None:
    """features (B,T,D), valid (B,T) -> finite floats (B,T,E), for any B, any D and T = 1..max_positions; E is its hidden_dim."""
    for dim in (FEATURE_DIM, 7):
        encoder = subject.build(dim).eval()
        for name in ("hidden_dim", "max_positions"):
            value = getattr(encoder, name, None)
            todo = f"set self.{name} in __init__: the heads and the recipe's check read it"
            require(isinstance(value, int) and value > 0, f"reading {name}", f"it is {value!r}", todo)
        for batch, positions in (
            (1, 1),
            (2, 2),
            (1, 3),
            (3, max(1, subject.longest // 2)),
            (2, subject.longest),
            (1, encoder.max_positions),
        ):
            if positions > min(encoder.max_positions, 1024):
                continue
            lengths = [max(1, positions - 2 * row) for row in range(batch)]
            did = f"encoding {batch} sequences of T = {positions} positions and D = {dim} numbers"
            hidden = _encoded(encoder, *sequences(lengths, positions, dim), did)
            right = isinstance(hidden, Tensor) and hidden.shape == (batch, positions, encoder.hidden_dim) and hidden.is_floating_point()
            require(right, did, f"it gave {shown(hidden)}", f"give a float tensor of shape {(batch, positions, encoder.hidden_dim)}")
            require(bool(hidden.isfinite().all()), did, "some numbers are not finite", "PAD positions must be finite too")


def check_too_long(subject: Subject) -> None:
    """A sequence longer than max_positions is refused with a ValueError that says so."""
    encoder = subject.build().eval()
    positions = encoder.max_positions + 1
    if positions > 65536:
        raise CannotCheckError(f"its max_positions is {encoder.max_positions}: no sequence is that long")
    did = f"encoding a sequence of T = {positions} positions, with max_positions = {encoder.max_positions}"
    todo = "raise ValueError(f'a sequence of {positions} positions does not fit in max_positions = {self.max_positions}')"
    try:
        with torch.no_grad():
            encoder(*sequences([positions], positions))
    except ValueError:
        return
    except Exception as error:
        fail(did, f"{type(error).__name__}: {error}", todo)
    fail(did, "it was encoded all the same", todo)


def check_padding(subject: Subject) -> None:
    """What stands at PAD positions never changes a real one, in eval mode and in train mode."""
    encoder, longest = subject.build(), subject.longest
    todo = "mask PAD in attention (key_padding_mask=~valid), in means and in normalisations; pack sequences for a recurrent one"
    for training, real in itertools.product((False, True), sorted({1, max(1, longest // 2), max(1, longest - 1)})):
        encoder.train(training)
        features, valid = sequences([real, longest], longest)
        did = f"encoding {real} real positions of T = {longest} in {'train' if training else 'eval'} mode"
        before = _encoded(encoder, features, valid, did)
        for filling in (0.0, 1e4, -1e4):
            after = _encoded(encoder, torch.where(valid.unsqueeze(-1), features, filling), valid, did)
            said = difference(before[valid], after[valid], 1e-5, "what comes out at real positions")
            require(not said, f"{did}, with the PAD feature and with {filling:g} at PAD", said, todo)


def check_padding_length(subject: Subject) -> None:
    """How much PAD stands behind a sequence changes nothing: with and without its PAD it is encoded alike."""
    encoder, longest = subject.build().eval(), subject.longest
    for real in sorted({1, max(1, longest // 2)}):
        features, valid = sequences([real], longest)
        did = f"encoding {real} positions with {longest - real} PAD positions behind them, and with none"
        padded, bare = _encoded(encoder, features, valid, did), _encoded(encoder, features[:, :real], valid[:, :real], did)
        said = difference(padded[:, :real], bare, CLOSE, "what comes out at real positions")
        require(not said, did, said, "divide by the number of real positions, not by T; count positions from the start")


def check_all_padding(subject: Subject) -> None:
    """A row of PAD alone is finite, and so are the gradients of a batch that has one."""
    encoder, longest = subject.build(), subject.longest
    features, valid = sequences([longest, 0], longest)
    did = "encoding a batch with a row of PAD alone"
    todo = "a softmax over nothing, or a division by 0 real positions, is NaN: let such a row attend to itself, and clamp counts to 1"
    with doing(did, todo), torch_seed(0):
        hidden = encoder(features, valid)
        require(bool(hidden.isfinite().all()), did, "the result is not finite", todo)
        hidden.square().sum().backward()
    broken = [name for name, p in encoder.named_parameters() if p.grad is not None and not bool(p.grad.isfinite().all())]
    require(not broken, f"{did}, and calling backward()", f"the gradient of {', '.join(broken[:3])} is not finite", todo)


def check_rows_apart(subject: Subject) -> None:
    """The sequences of a batch never see each other (in eval mode)."""
    encoder, longest = subject.build().eval(), subject.longest
    lengths = [longest, max(1, longest // 2), 1]
    features, valid = sequences(lengths, longest)
    together = _encoded(encoder, features, valid, "encoding 3 sequences")
    for row, real in enumerate(lengths):
        alone = _encoded(encoder, features[row : row + 1], valid[row : row + 1], "encoding one sequence")
        said = difference(together[row, :real], alone[0, :real], CLOSE, "what comes out")
        require(not said, f"encoding row {row} with two others, and alone", said, "normalise over the last axis, never over the batch")


def check_gradients(subject: Subject) -> None:
    """Every parameter gets a gradient: one that never does would stop data-parallel training."""
    encoder, longest = subject.build(), subject.longest
    did = f"encoding 2 sequences of T = {longest}, and calling backward()"
    with doing(did), torch_seed(0):
        encoder(*sequences([longest, max(1, longest - 1)], longest)).square().sum().backward()
    frozen = [name for name, p in encoder.named_parameters() if not p.requires_grad]
    require(not frozen, "looking at its parameters", f"{', '.join(frozen[:3])} cannot learn", "what is fixed is a buffer: register_buffer")
    without = [name for name, p in encoder.named_parameters() if p.grad is None]
    require(not without, did, f"no gradient for {', '.join(without[:3])}", "remove what is never used (word embeddings, a pooler)")
    require(any(True for _ in encoder.parameters()), "looking at its parameters", "there are none", "an encoder learns")


def check_padding_gradients(subject: Subject) -> None:
    """Gradients flow from real positions to real inputs, and never to PAD."""
    encoder, longest = subject.build().eval(), subject.longest
    features, valid = sequences([max(1, longest // 2), longest], longest)
    features.requires_grad_()
    did = "encoding, and calling backward() from the real positions"
    with doing(did):
        encoder(features, valid)[valid].square().sum().backward()
    grad = features.grad
    require(
        grad is not None and bool((grad[valid] != 0).any()), did, "no gradient arrived at the input", "no .detach(), no torch.no_grad()"
    )
    assert grad is not None
    todo = "mask PAD in attention (key_padding_mask=~valid), in means and in normalisations"
    require(bool((grad[~valid] == 0).all()), did, "PAD inputs got a gradient", todo)
    require(bool((grad[valid].abs().sum(-1) > 0).all()), did, "some real inputs got no gradient", "every real position must count")


def check_dropout(subject: Subject) -> None:
    """In train mode, what it drops comes from torch's generator: under one seed, twice the same."""
    encoder, longest = subject.build().train(), subject.longest
    features, valid = sequences([longest, 1], longest)
    found = []
    for _ in range(2):
        with doing("encoding in train mode"), torch_seed(5):
            found.append(torch.where(valid.unsqueeze(-1), encoder(features, valid), 0.0))
    said = difference(found[0], found[1], EXACT)
    require(
        not said, "encoding twice in train mode, each time after torch.manual_seed(5)", said, "draw from torch alone, and keep no counter"
    )


def _encoded(encoder: Any, features: Tensor, valid: Tensor, did: str) -> Tensor:
    with doing(did), torch.no_grad(), torch_seed(0):
        hidden: Tensor = encoder(features.clone(), valid.clone())
    return hidden
