"""The three heads: what they compute, what PAD may not do, and what happens at the edges."""

from __future__ import annotations

import copy
import math
import subprocess
import sys
from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor, nn
from vsslfw_heads.attention import AttentionPooling
from vsslfw_heads.evidence import FrameEvidence
from vsslfw_heads.gru import Gru

from vsslfw.heads import ClassificationHead
from vsslfw.plugins import registries
from vsslfw.testing import parametrize_with_checks
from vsslfw.types import IGNORE, PAD, Batch

B, T, E = 4, 7, 8
LENGTHS = torch.tensor([7, 4, 1, 3])
VALID = torch.arange(T) < LENGTHS.unsqueeze(1)

Make = Callable[..., ClassificationHead]
HEADS: dict[str, Make] = {
    "attention": AttentionPooling,
    "attention, not gated": partial(AttentionPooling, gated=False),
    "gru": Gru,
    "gru, mean, two layers": partial(Gru, pooling="mean", layers=2),
    "gru, forwards": partial(Gru, bidirectional=False),
    "log_mean_exp": FrameEvidence,
    "top_mean": partial(FrameEvidence, pooling="top_mean"),
    "noisy_or": partial(FrameEvidence, pooling="noisy_or"),
}
each_head = pytest.mark.parametrize("make", HEADS.values(), ids=HEADS)


@pytest.fixture
def hidden() -> Tensor:
    torch.manual_seed(0)
    return torch.randn(B, T, E)


def test_all_three_are_found_as_a_plugin() -> None:
    for name, cls in {"attention_pooling": AttentionPooling, "gru": Gru, "frame_evidence": FrameEvidence}.items():
        component = registries().find("head", name)
        assert component.distribution == "vsslfw-heads"
        assert component.load() is cls
        assert cls.task == "classification"


def test_finding_the_plugin_imports_no_torch() -> None:
    code = "import sys, vsslfw_heads; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "False"


@parametrize_with_checks("head", AttentionPooling)
def test_attention_pooling_keeps_the_contract(check: Callable[[], None]) -> None:
    check()


@parametrize_with_checks("head", Gru)
def test_gru_keeps_the_contract(check: Callable[[], None]) -> None:
    check()


@parametrize_with_checks("head", FrameEvidence)
def test_frame_evidence_keeps_the_contract(check: Callable[[], None]) -> None:
    check()


# what every head keeps


@each_head
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("positions", [1, 2, 7])
def test_one_answer_a_class(make: Make, classes: int, positions: int) -> None:
    assert make(E, classes)(torch.randn(3, positions, E), torch.ones(3, positions, dtype=torch.bool)).shape == (3, classes)


@each_head
def test_pad_changes_no_bit_of_an_answer_or_a_gradient(make: Make, hidden: Tensor) -> None:
    head = make(E, 3).eval()
    found = []
    for filling in (0.0, 1e6, float("nan")):
        shown = hidden.masked_fill(~VALID.unsqueeze(-1), filling).requires_grad_()
        head.zero_grad()
        answer = head(shown, VALID)
        answer.square().sum().backward()
        assert shown.grad is not None
        found.append([answer.detach(), shown.grad[VALID], *(p.grad.clone() for p in head.parameters() if p.grad is not None)])
        assert torch.all(shown.grad[~VALID] == 0)
    for other in found[1:]:
        assert all(torch.equal(a, b) for a, b in zip(found[0], other, strict=True))


@each_head
def test_the_answer_is_that_of_the_sequence_without_its_pad(make: Make, hidden: Tensor) -> None:
    head = make(E, 3).eval()
    alone = torch.cat([head(hidden[i : i + 1, :n], VALID[i : i + 1, :n]) for i, n in enumerate(LENGTHS)])
    torch.testing.assert_close(head(hidden, VALID), alone)


@each_head
def test_a_row_of_pad_alone_is_finite_and_spoils_no_gradient(make: Make, hidden: Tensor) -> None:
    head = make(E, 3)
    valid = VALID.clone()
    valid[1] = False
    answer = head(hidden.requires_grad_(), valid)
    answer.square().sum().backward()
    assert answer.isfinite().all()
    assert hidden.grad is not None
    assert torch.all(hidden.grad[1] == 0)
    assert all(p.grad is not None and p.grad.isfinite().all() for p in head.parameters())


@each_head
def test_every_parameter_learns(make: Make, hidden: Tensor) -> None:
    head = make(E, 3).eval()
    head(hidden, VALID).square().sum().backward()
    assert [name for name, p in head.named_parameters() if p.grad is None or not p.grad.any()] == []


@each_head
def test_dropout_is_the_papers_half_in_train_mode_alone(make: Make, hidden: Tensor) -> None:
    head = make(E, 3)
    assert [m.p for m in head.modules() if isinstance(m, nn.Dropout)] == [0.5]
    assert not torch.equal(head(hidden, VALID), head(hidden, VALID))
    head.eval()
    assert torch.equal(head(hidden, VALID), head(hidden, VALID))


@each_head
def test_bfloat16_by_autocast_and_throughout(make: Make, hidden: Tensor) -> None:
    head = make(E, 3).eval()
    exact = head(hidden, VALID)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(head(hidden, VALID).float(), exact, rtol=0.1, atol=0.05)
        torch.testing.assert_close(head(hidden.bfloat16(), VALID).float(), exact, rtol=0.1, atol=0.05)
    head.bfloat16()
    torch.testing.assert_close(head(hidden.bfloat16(), VALID).float(), exact, rtol=0.1, atol=0.1)


@each_head
def test_a_copy_and_its_state_answer_the_same(make: Make, hidden: Tensor) -> None:
    head, other = make(E, 3).eval(), make(E, 3).eval()
    other.load_state_dict(head.state_dict())
    assert torch.equal(other(hidden, VALID), head(hidden, VALID))
    assert torch.equal(copy.deepcopy(head)(hidden, VALID), head(hidden, VALID))


@each_head
def test_the_recipe_check_can_build_it_without_memory(make: Make) -> None:
    with torch.device("meta"):
        assert all(p.is_meta for p in make(1024, 2).parameters())


@each_head
def test_two_parts_of_a_batch_add_up_to_its_loss(make: Make, hidden: Tensor) -> None:
    head, index = make(E, 3).eval().requires_grad_(False), torch.arange(T).expand(B, T)
    batch = Batch(
        features=torch.zeros(B, T, 1),
        source=torch.where(VALID, index, PAD),
        target=torch.where(VALID, index, IGNORE),
        valid=VALID,
        times=index.double(),
        labels=torch.tensor([0, 2, 1, 0]),
        weights=torch.tensor([1.0, 2.0, 0.5, 3.0]),
    )
    whole, *parts = (head.loss(head(hidden[rows], VALID[rows]), batch[rows]) for rows in (slice(0, 4), slice(0, 1), slice(1, 4)))
    assert sum(float(part.count) for part in parts) == pytest.approx(whole.count.item()) == 6.5
    assert sum(float(part.sums["loss"]) for part in parts) == pytest.approx(whole.sums["loss"].item(), rel=1e-5)


# attention_pooling


def test_weights_of_attention_are_those_of_eq_9(hidden: Tensor) -> None:
    head = AttentionPooling(E, 2, attention_dim=5)
    assert head.gate is not None
    v, u, w = head.content.weight, head.gate.weight, head.score.weight[0]
    h = hidden[1, :4]
    scores = torch.stack([w @ (torch.tanh(v @ x) * torch.sigmoid(u @ x)) for x in h])
    torch.testing.assert_close(head.attention(hidden, VALID)[1, :4], scores.exp() / scores.exp().sum())


def test_weights_of_attention_sum_to_one_over_real_positions(hidden: Tensor) -> None:
    valid = VALID.clone()
    valid[2] = False
    weights = AttentionPooling(E, 2).attention(hidden * 100, valid)
    torch.testing.assert_close(weights.sum(1), torch.tensor([1.0, 1.0, 0.0, 1.0]))
    assert torch.all(weights[~valid] == 0)


def test_attention_does_not_see_the_order(hidden: Tensor) -> None:
    head, everywhere = AttentionPooling(E, 2).eval(), torch.ones(B, T, dtype=torch.bool)
    torch.testing.assert_close(head(hidden.flip(1), everywhere), head(hidden, everywhere))


# gru


def test_the_last_states_have_seen_everything(hidden: Tensor) -> None:
    """Forwards at the last real position, backwards at the first one: a step-by-step recurrence gives the same."""
    head = Gru(E, 2, units=3).eval()
    gru = head.gru

    def walk(steps: Tensor, suffix: str) -> Tensor:
        cell = nn.GRUCell(E, 3)
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            getattr(cell, name).data.copy_(getattr(gru, f"{name}_l0{suffix}"))
        state = torch.zeros(3)
        for step in steps:
            state = cell(step, state)
        return state

    expected = torch.stack(
        [torch.cat([walk(row[:n], ""), walk(row[:n].flip(0), "_reverse")]) for row, n in zip(hidden, LENGTHS, strict=True)]
    )
    torch.testing.assert_close(head(hidden, VALID), head.linear(expected))


def test_the_order_of_the_moments_counts(hidden: Tensor) -> None:
    everywhere = torch.ones(B, T, dtype=torch.bool)
    for pooling in ("last", "mean"):
        head = Gru(E, 2, pooling=pooling).eval()  # type: ignore[arg-type]
        assert not torch.allclose(head(hidden.flip(1), everywhere), head(hidden, everywhere), atol=1e-3)


# frame_evidence


def pool(pooling: str, evidence: Tensor, valid: Tensor | None = None, **options: float) -> Tensor:
    """The pooling alone: evidence (T,) of one class, or (B,T,K)."""
    evidence = evidence if evidence.dim() == 3 else evidence.view(1, -1, 1)
    head = FrameEvidence(evidence.shape[-1], evidence.shape[-1], pooling=pooling, dropout=0.0, **options)  # type: ignore[arg-type]
    nn.init.eye_(head.linear.weight)
    nn.init.zeros_(head.linear.bias)
    return head(evidence, torch.ones(evidence.shape[:2], dtype=torch.bool) if valid is None else valid)


@pytest.mark.parametrize("pooling", ["log_mean_exp", "top_mean", "noisy_or"])
def test_one_position_is_answered_by_its_evidence(pooling: str) -> None:
    evidence = torch.linspace(-30, 30, 9).view(-1, 1, 1)
    torch.testing.assert_close(pool(pooling, evidence), evidence[:, 0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("pooling", ["log_mean_exp", "top_mean", "noisy_or"])
def test_one_telling_frame_in_256_decides(pooling: str) -> None:
    """Under the mean, its evidence of 8 would lose against 0.1 at the other frames for the other class."""
    evidence = torch.zeros(1, 256, 2) + torch.tensor([-4.0, -3.9])
    evidence[0, 100, 0] = 8.0
    quiet, telling = evidence.mean(1)[0], pool(pooling, evidence, share=0.01)[0]
    assert quiet.argmax() == 1
    assert telling.argmax() == 0


def test_sharpness_goes_from_the_mean_to_the_maximum() -> None:
    evidence = torch.tensor([0.0, 1.0, 5.0])
    assert pool("log_mean_exp", evidence, sharpness=1e-3).item() == pytest.approx(2.0, abs=0.01)
    assert pool("log_mean_exp", evidence, sharpness=1.0).item() == pytest.approx(math.log((1 + math.e + math.e**5) / 3), rel=1e-5)
    assert pool("log_mean_exp", evidence, sharpness=1e3).item() == pytest.approx(5.0, abs=0.01)


@pytest.mark.parametrize(("share", "expected"), [(0.01, 5.0), (0.25, 5.0), (0.5, 4.0), (1.0, 2.25)])
def test_top_mean_takes_a_share_of_the_real_frames(share: float, expected: float) -> None:
    evidence = torch.tensor([0.0, 3.0, 5.0, 1.0, 99.0, 99.0]).view(1, 6, 1)
    assert pool("top_mean", evidence, torch.arange(6).view(1, 6) < 4, share=share).item() == pytest.approx(expected)


def test_noisy_or_is_the_chance_that_at_least_one_frame_shows_it() -> None:
    evidence = torch.tensor([-2.0, 0.5, -1.0])
    p = 1 - (1 - evidence.sigmoid()).prod()
    assert pool("noisy_or", evidence).item() == pytest.approx((p / (1 - p)).log().item(), rel=1e-5)


def test_softmax_over_noisy_or_is_the_chance_of_each_class_if_exactly_one_is_there() -> None:
    evidence = torch.randn(1, 5, 3, generator=torch.Generator().manual_seed(0))
    p = 1 - (1 - evidence.sigmoid()).prod(1)[0]
    only = torch.stack([p[k] * (1 - p[[j for j in range(3) if j != k]]).prod() for k in range(3)])
    torch.testing.assert_close(pool("noisy_or", evidence)[0].softmax(-1), only / only.sum())


@pytest.mark.parametrize("height", [-1e4, -200.0, 200.0, 1e4])
@pytest.mark.parametrize("pooling", ["log_mean_exp", "top_mean", "noisy_or"])
def test_evidence_may_be_extreme(pooling: str, height: float) -> None:
    evidence = torch.full((1, 256, 2), height, requires_grad=True)
    answer = pool(pooling, evidence)
    answer.sum().backward()
    assert evidence.grad is not None
    assert answer.isfinite().all()
    assert evidence.grad.isfinite().all()


def test_noisy_or_does_not_start_certain_of_every_class() -> None:
    head = FrameEvidence(E, 2, pooling="noisy_or").eval()
    chance = head(torch.zeros(1, 256, E), torch.ones(1, 256, dtype=torch.bool)).sigmoid()
    assert torch.all((chance > 0.5) & (chance < 0.95))


def test_evidence_is_one_row_a_frame_for_inspection(hidden: Tensor) -> None:
    head = FrameEvidence(E, 3).eval()
    evidence = head.evidence(hidden, VALID)
    assert evidence.shape == (B, T, 3)
    torch.testing.assert_close(evidence[VALID], head.linear(hidden)[VALID])
    assert torch.all(evidence[~VALID] == 0)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (partial(AttentionPooling, attention_dim=0), "attention_dim is 0; it must be at least 1"),
        (partial(AttentionPooling, dropout=1.0), "dropout is 1.0"),
        (partial(Gru, units=0), "units is 0"),
        (partial(Gru, layers=0), "layers is 0"),
        (partial(Gru, pooling="first"), 'pooling is "first"; it must be "last" or "mean"'),
        (partial(FrameEvidence, pooling="max"), 'pooling is "max"'),
        (partial(FrameEvidence, sharpness=0.0), "sharpness is 0.0; it must be above 0"),
        (partial(FrameEvidence, share=1.5), "share is 1.5"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_values_that_make_no_sense_are_refused_in_words(make: Make, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make(E, 2)
