"""The sequence encoder of the paper: a projection and transformers' BERT encoder."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from vsslfw.interfaces import Examples, SequenceEncoder


class Bert(SequenceEncoder):
    """features (B,T,D), valid (B,T) -> (B,T,E): a linear projection D -> E, learned positions, and a BERT encoder.

    The paper's "about 78M" trainable parameters are 77,941,760 with D = 2048 and these defaults. There are no word
    embeddings and no pooler, so every parameter gets a gradient. Weights are drawn from torch's generator, as BERT
    draws them: seed it before.

    hidden_dim: E, the paper's d_model.
    layers: number of encoder layers.
    heads: number of attention heads; must divide hidden_dim.
    intermediate_dim: width of the feed-forward layers; not in the paper, 4096 gives its parameter count.
    max_positions: the longest sequence, T.
    dropout: probability in the embeddings, the attention and the layers, in [0, 1) (design reading 6).
    attend_pad: if true, real frames attend to PAD frames too (design reading 7).
    """

    check_with: ClassVar[Examples] = (
        {"hidden_dim": 16, "layers": 2, "heads": 4, "intermediate_dim": 32, "max_positions": 24},
        {"hidden_dim": 8, "layers": 1, "heads": 1, "intermediate_dim": 8, "max_positions": 1},
    )

    def __init__(
        self,
        feature_dim: int,
        *,
        hidden_dim: int = 1024,
        layers: int = 6,
        heads: int = 8,
        intermediate_dim: int = 4096,
        max_positions: int = 256,
        dropout: float = 0.1,
        attend_pad: bool = False,
    ) -> None:
        sizes = {
            "hidden_dim": hidden_dim,
            "layers": layers,
            "heads": heads,
            "intermediate_dim": intermediate_dim,
            "max_positions": max_positions,
        }
        for name, size in sizes.items():
            if size < 1:
                raise ValueError(f"{name} is {size}; it must be at least 1")
        if hidden_dim % heads:
            raise ValueError(f"heads is {heads}; it must divide hidden_dim, which is {hidden_dim}")
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout is {dropout}; it must be at least 0 and below 1")
        from transformers import BertConfig, BertModel

        super().__init__()
        self.hidden_dim = hidden_dim
        self.max_positions = max_positions
        self.attend_pad = attend_pad
        config = BertConfig(
            vocab_size=1,
            pad_token_id=None,
            hidden_size=hidden_dim,
            num_hidden_layers=layers,
            num_attention_heads=heads,
            intermediate_size=intermediate_dim,
            max_position_embeddings=max_positions,
            hidden_dropout_prob=dropout,
            attention_probs_dropout_prob=dropout,
            attn_implementation="sdpa",
        )
        self.projection = nn.Linear(feature_dim, hidden_dim)
        nn.init.normal_(self.projection.weight, std=config.initializer_range)
        nn.init.zeros_(self.projection.bias)
        self.bert = BertModel(config, add_pooling_layer=False)
        self.bert.set_input_embeddings(None)  # inputs_embeds never uses them: they would get no gradient

    def forward(self, features: Tensor, valid: Tensor) -> Tensor:
        """(B,T,D) float, (B,T) bool -> (B,T,E). ValueError if T is above max_positions."""
        positions = features.shape[1]
        if positions > self.max_positions:
            raise ValueError(f"a sequence of {positions} positions does not fit in max_positions = {self.max_positions}")
        attention_mask = None
        if not self.attend_pad:
            # A row of PAD alone attends to itself: a softmax over nothing is zeros in one attention kernel and NaN in another.
            attention_mask = valid | ~valid.any(1, keepdim=True)
        hidden: Tensor = self.bert(inputs_embeds=self.projection(features), attention_mask=attention_mask).last_hidden_state
        return hidden
