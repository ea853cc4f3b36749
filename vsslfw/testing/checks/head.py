"""Heads of both tasks: sums and counts that add up, weights, PAD that never counts, and a loss that prefers the truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from vsslfw.testing.compare import EXACT, difference, shown
from vsslfw.testing.outcomes import doing, require
from vsslfw.testing.samples import batch_for
from vsslfw.testing.subjects import CLASSES, FEATURE_DIM, HIDDEN_DIM, Subject, torch_seed
from vsslfw.types import IGNORE, Batch, Loss

LENGTHS, T = [6, 3, 1, 4], 6


def check_shapes(subject: Subject) -> None:
    """hidden (B,T,E), valid (B,T) -> (B,T,D) for a pretext task, logits (B,K) for classification: any B and T, K = 2 and more."""
    for output_dim in (2, CLASSES, FEATURE_DIM):
        head = subject.build(HIDDEN_DIM, output_dim).eval()
        for lengths, positions in (([1], 1), ([5], 5), ([2, 1], 2), ([8, 3, 1], 8), ([64, 30], 64)):
            hidden, batch = batch_for(subject, lengths, positions, dims=(HIDDEN_DIM, output_dim))
            expected = (len(lengths), positions, output_dim) if subject.variant == "pretext" else (len(lengths), output_dim)
            did = f"{len(lengths)} sequences of T = {positions} positions, output_dim = {output_dim}"
            with doing(did), torch.no_grad():
                output = head(hidden, batch.valid)
            right = isinstance(output, Tensor) and output.shape == expected and output.is_floating_point()
            require(right, did, f"it gave {shown(output)}", f"give a float tensor of shape {expected}")
            require(bool(output[_counted(subject, batch)].isfinite().all()), did, "some numbers are not finite", "look at short sequences")


def check_loss(subject: Subject) -> None:
    """loss(output, batch) -> Loss(sums, count): scalars, "loss" among the sums, with and without weights; it has a gradient."""
    head = subject.build().eval()
    for weights in (True, False):
        hidden, batch = batch_for(subject, LENGTHS, T, weights=weights)
        did = f"the loss of {len(LENGTHS)} sequences {'with weights' if weights else 'without weights (batch.weights is None)'}"
        loss = _loss(head, hidden, batch, did)
        require(isinstance(loss, Loss), did, f"it gave {shown(loss)}", "return vsslfw.types.Loss(sums, count)")
        require("loss" in loss.sums, did, f"its sums are {', '.join(loss.sums) or 'empty'}", 'what is minimised is called "loss"')
        for name, value in {**loss.sums, "count": loss.count}.items():
            right = isinstance(value, Tensor) and value.shape == () and bool(value.isfinite())
            require(right, did, f"{name} is {shown(value)}", "give finite scalar tensors: sums over the batch, not one number a sample")
        require(
            _numbers(loss)["count"] > 0,
            did,
            f"the count is {_numbers(loss)['count']:g}",
            "count what the sum is averaged over: frames or samples",
        )
        require(loss.sums["loss"].requires_grad, did, "it has no gradient", "no .detach(), .item() or torch.no_grad() on the way")


def check_loss_adds_up(subject: Subject) -> None:
    """The sums and the count of a batch are those of its parts, added: accumulation and data-parallel training are then exact."""
    head = subject.build().eval()
    hidden, batch = batch_for(subject, LENGTHS, T)
    whole = _loss(head, hidden, batch, "the loss of a batch")
    parts = [_loss(head, hidden[rows], batch[rows], "the loss of a part of it") for rows in (slice(0, 1), slice(1, 4))]
    added = {name: sum(_numbers(part)[name] for part in parts) for name in _numbers(whole)}
    for name, value in _numbers(whole).items():
        off = abs(value - added[name]) > 1e-4 * max(1.0, abs(added[name]))
        todo = "give sums, not means: reduction='sum', and count what they are averaged over"
        require(not off, "the loss of 4 sequences, and of 1 and 3 of them", f"{name} is {value:.6g} and {added[name]:.6g} in parts", todo)


def check_weights(subject: Subject) -> None:
    """batch.weights count: twice the weights double sums and count, weight 0 removes a sample, none counts each as 1."""
    head = subject.build().eval()
    hidden, batch = batch_for(subject, LENGTHS, T)
    assert batch.weights is not None
    ones, four = torch.ones(4), "4 sequences"
    pairs: list[tuple[str, Tensor, Batch, Tensor, Batch, float]] = [
        (f"{four} with their weights, and with twice the weights", hidden, batch, hidden, replace(batch, weights=2 * batch.weights), 2.0),
        (f"{four} with weights of 1, and without", hidden, replace(batch, weights=ones), hidden, replace(batch, weights=None), 1.0),
        ("3 sequences, and 4 of which the last has weight 0", hidden[:3], replace(batch, weights=ones)[:3], hidden,
         replace(batch, weights=torch.tensor([1.0, 1.0, 1.0, 0.0])), 1.0),
    ]  # fmt: skip
    for did, h1, one, h2, two, factor in pairs:
        a, b = _loss(head, h1, one, f"the loss of {did}"), _loss(head, h2, two, f"the loss of {did}")
        for name, value in _numbers(a).items():
            found, wanted = _numbers(b)[name], factor * value
            todo = "multiply each sample's part by its weight, in every sum and in the count"
            require(
                abs(found - wanted) <= 1e-4 * max(1.0, abs(wanted)),
                f"the loss of {did}",
                f"{name} is {found:.6g}, {wanted:.6g} expected",
                todo,
            )


def check_prefers_the_truth(subject: Subject) -> None:
    """The loss is smaller for the right answer than for a wrong one (pretext: the clean feature that batch.target names)."""
    head = subject.build().eval()
    _, batch = batch_for(subject, LENGTHS, T)
    if subject.variant == "pretext":
        clean = torch.randn(batch.features.shape, generator=torch.Generator().manual_seed(9))
        batch = replace(batch, target=_turned(batch), clean=clean)
        right, wrong, noise = batch.targets(), clean, batch.features
        answers = {"what stands at the position, not what batch.target names": wrong, "batch.features, not batch.clean": noise}
    else:
        assert batch.labels is not None
        right = 4.0 * torch.nn.functional.one_hot(batch.labels, CLASSES).float()
        answers = {"the opposite": -right, "the next class": right.roll(1, -1), "nothing in particular": torch.zeros_like(right)}
    with doing("the loss of the right answer"):
        best = _numbers(head.loss(right, batch))["loss"]
    for name, answer in answers.items():
        did = f"the loss of the right answer, and of {name}"
        with doing(did):
            other = _numbers(head.loss(answer, batch))["loss"]
        require(
            best < other, did, f"{best:.6g} and {other:.6g}", "is there a sign missing? For a pretext task compare with batch.targets()"
        )


def check_padding(subject: Subject) -> None:
    """What stands at PAD positions never changes an answer or the loss."""
    head = subject.build().eval()
    hidden, batch = batch_for(subject, LENGTHS, T)
    kept = batch.valid.unsqueeze(-1)
    before = _answer(subject, head, hidden, batch)
    for filling in (0.0, 1e4, -1e4):
        after = _answer(
            subject, head, torch.where(kept, hidden, filling), replace(batch, features=torch.where(kept, batch.features, filling))
        )
        said = difference(before, after, 1e-5)
        todo = "look at real positions alone: hidden.masked_fill(~valid.unsqueeze(-1), 0.0), and divide by valid.sum(1)"
        require(not said, f"4 sequences, with another hidden state and with {filling:g} at PAD", said, todo)


def check_ignored(subject: Subject) -> None:
    """Positions whose target is IGNORE never count, not even with NaN there."""
    head = subject.build().eval()
    hidden, batch = batch_for(subject, LENGTHS, T)
    target = batch.target.clone()
    target[0, 1] = target[1, 0] = IGNORE
    batch = replace(batch, target=target)
    ignored = target == IGNORE
    with doing("the answer to 4 sequences"):
        output = head(hidden, batch.valid).detach()
    did = "the loss with some targets IGNORE"
    todo = "choose before computing: error.masked_fill(batch.target.eq(IGNORE).unsqueeze(-1), 0.0), since NaN times 0 is NaN"
    with doing(did, todo):
        before = head.loss(output, batch)
        counted = head.loss(output, replace(batch, target=torch.where(batch.valid, torch.arange(T), IGNORE)))
    require(_numbers(counted)["count"] > _numbers(before)["count"], did, "they count as much as the others", todo)
    for filling in (1e4, float("nan")):
        other = output.masked_fill(ignored.unsqueeze(-1), filling).requires_grad_()
        with doing(f"{did} and {filling:g} there", todo):
            loss = head.loss(other, batch)
            loss.sums["loss"].backward()
        said = difference(_numbers(before), _numbers(loss), 1e-5)
        require(not said, f"{did}, and once more with {filling:g} there", said, todo)
        clean = other.grad is not None and bool((other.grad[ignored] == 0).all()) and bool(other.grad.isfinite().all())
        require(clean, f"{did} and {filling:g} there, and calling backward()", "a gradient arrived there, or one that is not finite", todo)


def check_padding_gradients(subject: Subject) -> None:
    """Gradients flow from the loss to real hidden states, and never to PAD."""
    head = subject.build().eval()
    hidden, batch = batch_for(subject, LENGTHS, T)
    hidden.requires_grad_()
    did = "the loss of 4 sequences, and calling backward()"
    with doing(did):
        head.loss(head(hidden, batch.valid), batch).sums["loss"].backward()
    grad = hidden.grad
    require(
        grad is not None and bool((grad[batch.valid] != 0).any()),
        did,
        "no gradient arrived at the hidden states",
        "no .detach(), no no_grad()",
    )
    assert grad is not None
    require(bool((grad[~batch.valid] == 0).all()), did, "hidden states at PAD got a gradient", "look at real positions alone: use `valid`")


def check_all_padding(subject: Subject) -> None:
    """A row of PAD alone has a finite answer, loss and gradient."""
    head = subject.build().eval()
    hidden, batch = batch_for(subject, [3, 0], 4)
    hidden.requires_grad_()
    did, todo = "the loss of a batch with a row of PAD alone", "a mean over nothing is NaN: valid.sum(1, keepdim=True).clamp_min(1)"
    with doing(did, todo):
        output = head(hidden, batch.valid)
        loss = head.loss(output, batch)
        loss.sums["loss"].backward()
    finite = bool(output.isfinite().all()) and bool(loss.sums["loss"].isfinite()) and bool(loss.count.isfinite())
    require(finite, did, "it is not finite", todo)
    broken = [name for name, p in head.named_parameters() if p.grad is not None and not bool(p.grad.isfinite().all())]
    require(hidden.grad is not None and bool(hidden.grad.isfinite().all()) and not broken, did, "a gradient is not finite", todo)


def check_gradients(subject: Subject) -> None:
    """Every parameter gets a gradient from the loss: one that never does would stop data-parallel training."""
    head = subject.build()
    hidden, batch = batch_for(subject, LENGTHS, T)
    did = "the loss of 4 sequences, and calling backward()"
    with doing(did), torch_seed(0):
        head.loss(head(hidden, batch.valid), batch).sums["loss"].backward()
    without = [name for name, p in head.named_parameters() if p.grad is None]
    require(not without, did, f"no gradient for {', '.join(without[:3])}", "remove what is never used, or make it a buffer")


def check_dropout(subject: Subject) -> None:
    """In train mode, what it drops comes from torch's generator: under one seed, twice the same."""
    head = subject.build().train()
    hidden, batch = batch_for(subject, LENGTHS, T)
    found = []
    for _ in range(2):
        with doing("the loss in train mode"), torch_seed(5):
            found.append(_numbers(head.loss(head(hidden, batch.valid), batch)))
    said = difference(found[0], found[1], EXACT)
    require(
        not said, "the loss twice in train mode, each time after torch.manual_seed(5)", said, "draw from torch alone, and keep no counter"
    )


def _loss(head: Any, hidden: Tensor, batch: Batch, did: str) -> Loss:
    with doing(did):
        loss: Loss = head.loss(head(hidden, batch.valid), batch)
    return loss


def _numbers(loss: Loss) -> dict[str, float]:
    return {name: float(value.detach()) for name, value in {**loss.sums, "count": loss.count}.items()}


def _answer(subject: Subject, head: Any, hidden: Tensor, batch: Batch) -> dict[str, Any]:
    with doing("the answer to 4 sequences, and its loss"), torch.no_grad():
        output = head(hidden, batch.valid)
        loss = head.loss(output, batch)
    return {"the output": output[_counted(subject, batch)], **_numbers(loss)}


def _counted(subject: Subject, batch: Batch) -> Any:
    return batch.valid if subject.variant == "pretext" else slice(None)


def _turned(batch: Batch) -> Tensor:
    """Targets in another order: each row's real positions must restore those frames from the last to the first."""
    rows: Iterator[Tensor] = iter(batch.target.clone())
    turned = []
    for row in rows:
        real = row[row != IGNORE]
        turned.append(torch.cat([real.flip(0), row[len(real) :]]))
    return torch.stack(turned)
