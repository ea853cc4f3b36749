"""The two heads: what they compute, and losses whose sums and counts make any split of a batch exact."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from vsslfw.builtin.fc import FullyConnected
from vsslfw.builtin.feature_regression import FeatureRegression
from vsslfw.types import IGNORE, PAD, Batch

B, T, D, E, K = 4, 6, 5, 8, 3
LENGTHS = torch.tensor([6, 4, 1, 3])


@pytest.fixture
def batch() -> Batch:
    torch.manual_seed(0)
    valid = torch.arange(T) < LENGTHS.unsqueeze(1)
    index = torch.arange(T).expand(B, T)
    return Batch(
        features=torch.randn(B, T, D),
        source=torch.where(valid, index, PAD),
        target=torch.where(valid, index, IGNORE),
        valid=valid,
        times=index.double(),
    )


# feature_regression


def test_eq_1_is_the_squared_error_summed_over_d_and_averaged_over_real_frames(batch: Batch) -> None:
    output = torch.randn(B, T, D)
    loss = FeatureRegression(E, D).loss(output, batch)
    expected = sum(
        sum((output[b, i, d].item() - batch.features[b, i, d].item()) ** 2 for d in range(D)) for b in range(B) for i in range(LENGTHS[b])
    )
    assert loss.sums["loss"].item() == pytest.approx(expected, rel=1e-5)
    assert loss.count.item() == LENGTHS.sum()


def test_eq_1_looks_for_the_target_not_for_the_position(batch: Batch) -> None:
    batch.target[0] = torch.tensor([2, 1, 0, IGNORE, 3, 5])
    wanted = batch.features.clone()
    wanted[0] = batch.features[0, [2, 1, 0, 0, 3, 5]]
    loss = FeatureRegression(E, D).loss(wanted, batch)
    assert loss.sums["loss"].item() == 0
    assert loss.count.item() == LENGTHS.sum() - 1


def test_splitting_a_batch_changes_neither_loss_nor_gradient(batch: Batch) -> None:
    head, hidden = FeatureRegression(E, D), torch.randn(B, T, E)

    def gradient(parts: list[slice]) -> tuple[float, Tensor]:
        losses = [head.loss(head(hidden[part], batch.valid[part]), batch[part]) for part in parts]
        mean = sum(loss.sums["loss"] for loss in losses) / sum(loss.count for loss in losses)
        assert isinstance(mean, Tensor)
        head.zero_grad()
        mean.backward()
        assert head.linear.weight.grad is not None
        return mean.item(), head.linear.weight.grad.clone()

    whole, in_parts = gradient([slice(0, 4)]), gradient([slice(0, 1), slice(1, 4)])
    assert whole[0] == pytest.approx(in_parts[0], rel=1e-5)
    torch.testing.assert_close(whole[1], in_parts[1])


def test_ignored_positions_have_no_gradient_even_where_nothing_is_finite(batch: Batch) -> None:
    batch.features[~batch.valid] = float("nan")
    output = torch.randn(B, T, D).masked_fill(~batch.valid.unsqueeze(-1), float("inf")).requires_grad_()
    loss = FeatureRegression(E, D).loss(output, batch)
    loss.sums["loss"].backward()
    assert loss.sums["loss"].isfinite()
    assert output.grad is not None
    assert torch.all(output.grad[~batch.valid] == 0)
    assert output.grad[batch.valid].isfinite().all()


def test_nothing_to_restore_is_a_loss_of_zero_over_zero_positions(batch: Batch) -> None:
    batch.target[:] = IGNORE
    output = torch.randn(B, T, D, requires_grad=True)
    loss = FeatureRegression(E, D).loss(output, batch)
    loss.sums["loss"].backward()
    assert (loss.sums["loss"].item(), loss.count.item()) == (0, 0)
    assert output.grad is not None
    assert torch.all(output.grad == 0)


def test_a_sample_of_weight_two_counts_as_two(batch: Batch) -> None:
    head, output = FeatureRegression(E, D), torch.randn(B, T, D)
    batch.weights = torch.tensor([1.0, 0.0, 0.0, 2.0])
    weighted = head.loss(output, batch)
    rows = [0, 3, 3]
    batch.weights = None
    repeated = head.loss(output[rows], batch._map(lambda tensor: tensor[rows]))
    assert weighted.sums["loss"].item() == pytest.approx(repeated.sums["loss"].item(), rel=1e-5)
    assert weighted.count.item() == repeated.count.item()


def test_restored_features_are_not_bound_to_a_range() -> None:
    head = FeatureRegression(E, D)
    assert head(torch.randn(2, T, E), torch.ones(2, T, dtype=torch.bool)).shape == (2, T, D)
    assert [type(m) for m in head.children()] == [nn.Linear]


# fc


def linear(head: FullyConnected, pooled: Tensor) -> Tensor:
    return pooled @ head.linear.weight.T + head.linear.bias


def test_mean_pooling_is_the_mean_over_real_positions(batch: Batch) -> None:
    head, hidden = FullyConnected(E, K).eval(), torch.randn(B, T, E)
    pooled = torch.stack([hidden[b, : LENGTHS[b]].mean(0) for b in range(B)])
    torch.testing.assert_close(head(hidden, batch.valid), linear(head, pooled))


def test_first_pooling_is_the_first_position(batch: Batch) -> None:
    head, hidden = FullyConnected(E, K, pooling="first").eval(), torch.randn(B, T, E)
    torch.testing.assert_close(head(hidden, batch.valid), linear(head, hidden[:, 0]))


def test_frame_logits_averages_one_answer_a_frame(batch: Batch) -> None:
    head, hidden = FullyConnected(E, K, pooling="frame_logits").eval(), torch.randn(B, T, E)
    frames = linear(head, hidden)
    torch.testing.assert_close(head(hidden, batch.valid), torch.stack([frames[b, : LENGTHS[b]].mean(0) for b in range(B)]))


@pytest.mark.parametrize("pooling", ["mean", "first", "frame_logits"])
def test_pad_never_changes_an_answer(pooling: str, batch: Batch) -> None:
    head, hidden = FullyConnected(E, K, pooling=pooling).eval(), torch.randn(B, T, E)  # type: ignore[arg-type]
    other = hidden.masked_fill(~batch.valid.unsqueeze(-1), float("nan"))
    assert torch.equal(head(hidden, batch.valid), head(other, batch.valid))


@pytest.mark.parametrize("pooling", ["mean", "first", "frame_logits"])
def test_a_row_of_pad_alone_is_finite(pooling: str) -> None:
    head = FullyConnected(E, K, pooling=pooling)  # type: ignore[arg-type]
    assert head(torch.randn(1, T, E), torch.zeros(1, T, dtype=torch.bool)).isfinite().all()


@pytest.mark.parametrize("pooling", ["mean", "first", "frame_logits"])
def test_dropout_is_the_papers_half_in_train_mode_alone(pooling: str, batch: Batch) -> None:
    head, hidden = FullyConnected(E, K, pooling=pooling), torch.randn(B, T, E)  # type: ignore[arg-type]
    assert head.dropout.p == 0.5
    assert not torch.equal(head(hidden, batch.valid), head(hidden, batch.valid))
    head.eval()
    assert torch.equal(head(hidden, batch.valid), head(hidden, batch.valid))


def test_eq_2_with_its_sign_put_right(batch: Batch) -> None:
    """With two classes the loss is -(y log p + (1 - y) log(1 - p)), p the softmax output of class 1."""
    output, labels = torch.randn(B, 2), torch.tensor([0, 1, 1, 0])
    batch.labels = labels
    loss = FullyConnected(E, 2).loss(output, batch)
    p = output.double().softmax(-1)[:, 1].tolist()
    expected = -sum(y * math.log(q) + (1 - y) * math.log(1 - q) for y, q in zip(labels.tolist(), p, strict=True))
    assert loss.sums["loss"].item() == pytest.approx(expected, rel=1e-5)
    assert loss.count.item() == B


def test_sum_over_count_is_torchs_weighted_mean(batch: Batch) -> None:
    output, class_weights = torch.randn(B, K), torch.tensor([0.5, 2.0, 1.5])
    batch.labels = torch.tensor([2, 0, 1, 1])
    batch.weights = class_weights[batch.labels]
    loss = FullyConnected(E, K).loss(output, batch)
    expected = functional.cross_entropy(output, batch.labels, weight=class_weights)
    assert (loss.sums["loss"] / loss.count).item() == pytest.approx(expected.item(), rel=1e-5)


def test_correct_averages_to_the_weighted_share_of_right_answers(batch: Batch) -> None:
    batch.labels, batch.weights = torch.tensor([0, 1, 2, 0]), torch.tensor([1.0, 2.0, 3.0, 4.0])
    output = functional.one_hot(torch.tensor([0, 1, 0, 1]), K).float()
    loss = FullyConnected(E, K).loss(output, batch)
    assert (loss.sums["correct"] / loss.count).item() == pytest.approx(3 / 10)


def test_a_loss_without_labels_is_refused(batch: Batch) -> None:
    with pytest.raises(ValueError, match=r"needs batch\.labels"):
        FullyConnected(E, K).loss(torch.randn(B, K), batch)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [({"pooling": "max"}, "pooling is"), ({"dropout": 1.0}, "dropout is 1.0"), ({"dropout": -0.5}, "dropout is")],
)
def test_values_that_make_no_sense_are_refused_in_words(parameters: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        FullyConnected(E, K, **parameters)  # type: ignore[arg-type]
