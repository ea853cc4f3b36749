"""The BERT encoder: the paper's size, PAD that never shows, and the traps of the library below it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from vsslfw.builtin.bert import Bert
from vsslfw.builtin.fc import FullyConnected
from vsslfw.builtin.feature_regression import FeatureRegression

D, T = 12, 256
LENGTHS = (1, 2, 29, 30, 31, 256)


def small(seed: int = 0, **parameters: int | float | bool) -> Bert:
    torch.manual_seed(seed)
    sizes = {"hidden_dim": 16, "layers": 2, "heads": 4, "intermediate_dim": 32, "max_positions": T}
    return Bert(D, **(sizes | parameters))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def encoder() -> Bert:
    return small().eval()


def parameters_of(*modules: nn.Module) -> int:
    return sum(p.numel() for module in modules for p in module.parameters() if p.requires_grad)


def sequence(*lengths: int, positions: int = T, seed: int = 0) -> tuple[Tensor, Tensor]:
    features = torch.randn(len(lengths), positions, D, generator=torch.Generator().manual_seed(seed))
    return features, torch.arange(positions) < torch.tensor(lengths).unsqueeze(1)


# Size


def test_the_papers_parameter_counts() -> None:
    """About 78M (paper, "Specification of the Transformer"); exact by design.md's arithmetic."""
    with torch.device("meta"):
        encoder, pretext, classifier = Bert(2048), FeatureRegression(1024, 2048), FullyConnected(1024, 2)
    assert parameters_of(encoder) == 77_941_760
    assert parameters_of(encoder, pretext) == 80_040_960
    assert parameters_of(encoder, classifier) == 77_943_810


def test_the_librarys_default_width_would_not_give_the_papers_count() -> None:
    with torch.device("meta"):
        assert parameters_of(Bert(2048, intermediate_dim=3072)) == pytest.approx(65e6, rel=0.01)


@pytest.mark.parametrize(("layers", "intermediate_dim", "max_positions"), [(1, 32, 256), (3, 32, 256), (2, 48, 256), (2, 32, 64)])
def test_every_size_reaches_the_library(layers: int, intermediate_dim: int, max_positions: int) -> None:
    """BertConfig swallows a misspelt argument without a word, so the sizes are counted."""
    e = 16
    attention, width = 4 * (e * e + e) + 2 * e, 2 * e * intermediate_dim + intermediate_dim + e + 2 * e
    expected = (D * e + e) + (max_positions + 2) * e + 2 * e + layers * (attention + width)
    assert parameters_of(small(layers=layers, intermediate_dim=intermediate_dim, max_positions=max_positions)) == expected


def test_dropout_and_heads_reach_the_library() -> None:
    encoder = small(dropout=0.3, heads=8)
    assert {m.p for m in encoder.modules() if isinstance(m, nn.Dropout)} == {0.3}
    assert {layer.attention.self.num_attention_heads for layer in encoder.bert.encoder.layer} == {8}
    assert encoder.bert.config._attn_implementation == "sdpa"


# PAD


@pytest.mark.parametrize("k", LENGTHS)
def test_pad_never_changes_a_real_position(encoder: Bert, k: int) -> None:
    features, valid = sequence(k)
    other = features.clone()
    other[:, k:] = 1e4
    with torch.no_grad():
        assert torch.equal(encoder(features, valid)[:, :k], encoder(other, valid)[:, :k])


@pytest.mark.parametrize("k", LENGTHS)
def test_a_sequence_without_its_pad_gives_the_same(encoder: Bert, k: int) -> None:
    features, valid = sequence(k)
    with torch.no_grad():
        torch.testing.assert_close(encoder(features, valid)[:, :k], encoder(features[:, :k], valid[:, :k]), atol=1e-5, rtol=1e-5)


@given(lengths=st.lists(st.integers(1, 40), min_size=1, max_size=4), seed=st.integers(0, 2**16))
@settings(max_examples=30, deadline=None)
def test_no_gradient_flows_from_a_real_position_to_pad(encoder: Bert, lengths: list[int], seed: int) -> None:
    features, valid = sequence(*lengths, positions=max(lengths) + 3, seed=seed)
    features.requires_grad_()
    encoder(features, valid)[valid].square().sum().backward()
    assert features.grad is not None
    assert torch.all(features.grad[~valid] == 0)
    assert torch.all(features.grad[valid].abs().sum(-1) > 0)


@given(lengths=st.lists(st.integers(1, 40), min_size=2, max_size=4))
@settings(max_examples=20, deadline=None)
def test_samples_of_a_batch_do_not_see_each_other(encoder: Bert, lengths: list[int]) -> None:
    features, valid = sequence(*lengths, positions=40)
    with torch.no_grad():
        together = encoder(features, valid)
        for i, k in enumerate(lengths):
            alone = encoder(features[i : i + 1], valid[i : i + 1])
            torch.testing.assert_close(together[i, :k], alone[0, :k], atol=1e-5, rtol=1e-5)


def test_attend_pad_is_the_other_reading() -> None:
    encoder = small(attend_pad=True).eval()
    features, valid = sequence(5, positions=8)
    other = features.clone()
    other[:, 5:] += 1
    with torch.no_grad():
        assert not torch.allclose(encoder(features, valid)[:, :5], encoder(other, valid)[:, :5])


@pytest.mark.parametrize("attend_pad", [False, True])
def test_a_row_of_pad_alone_is_finite_forwards_and_backwards(attend_pad: bool) -> None:
    encoder = small(attend_pad=attend_pad)
    features, valid = sequence(5, 0, positions=8)
    hidden = encoder(features, valid)
    hidden.sum().backward()
    assert hidden.isfinite().all()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in encoder.parameters())


def test_a_row_of_pad_alone_attends_to_itself(encoder: Bert) -> None:
    """What a softmax over nothing gives depends on the attention kernel; none is ever asked."""
    features, valid = sequence(5, 0, positions=8)
    with torch.no_grad():
        alone = encoder(features[1:], torch.ones(1, 8, dtype=torch.bool))
        torch.testing.assert_close(encoder(features, valid)[1], alone[0])


# Positions


def test_the_order_of_the_frames_matters(encoder: Bert) -> None:
    features, valid = sequence(8, positions=8)
    with torch.no_grad():
        assert not torch.allclose(encoder(features.flip(1), valid).flip(1), encoder(features, valid), atol=1e-3)


def test_too_long_a_sequence_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="257 positions does not fit in max_positions = 256"):
        small()(*sequence(257, positions=257))


# Parameters, weights, randomness


def test_every_parameter_gets_a_gradient_and_none_belongs_to_words() -> None:
    """Unused word embeddings would get none, and would break data parallel training."""
    encoder = small()
    features, valid = sequence(3, 8, positions=8)
    encoder(features, valid).square().sum().backward()
    without = [name for name, p in encoder.named_parameters() if p.grad is None]
    assert without == []
    assert not [name for name in encoder.state_dict() if "word" in name or "pooler" in name]


def test_weights_are_drawn_from_torchs_generator() -> None:
    one, same, other = (small(seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["projection.weight"], other["projection.weight"])
    assert not torch.equal(one["bert.embeddings.position_embeddings.weight"], other["bert.embeddings.position_embeddings.weight"])


def test_dropout_works_in_train_mode_alone() -> None:
    encoder = small()
    features, valid = sequence(8, positions=8)
    with torch.no_grad():
        assert not torch.equal(encoder(features, valid), encoder(features, valid))
        encoder.eval()
        assert torch.equal(encoder(features, valid), encoder(features, valid))


def test_weights_go_through_a_file(encoder: Bert, tmp_path: Path) -> None:
    save_file(encoder.state_dict(), tmp_path / "encoder.safetensors")
    other = small(seed=1).eval()
    other.load_state_dict(load_file(tmp_path / "encoder.safetensors"))
    features, valid = sequence(5, positions=8)
    with torch.no_grad():
        assert torch.equal(other(features, valid), encoder(features, valid))


def test_it_runs_under_bfloat16_autocast(encoder: Bert) -> None:
    features, valid = sequence(5, 0, positions=8)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        low = encoder(features, valid)
    with torch.no_grad():
        full = encoder(features, valid)
    assert low.isfinite().all()
    torch.testing.assert_close(low[0, :5].float(), full[0, :5], atol=0.1, rtol=0.1)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"heads": 3}, "heads is 3; it must divide hidden_dim"),
        ({"layers": 0}, "layers is 0"),
        ({"max_positions": -1}, "max_positions is -1"),
        ({"dropout": 1.0}, "dropout is 1.0"),
        ({"dropout": -0.1}, "dropout is -0.1"),
    ],
)
def test_values_that_make_no_sense_are_refused_in_words(parameters: dict[str, int | float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        small(**parameters)
