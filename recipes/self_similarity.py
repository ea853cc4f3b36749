"""An encoder that sees rhythm alone: how a video repeats itself, and how that changes. Needs the plugin vsslfw-self-similarity.

The paper's Transformer is given the features of each frame and must find out by itself that the change between them matters. With a
few dozen subjects it learns what they look like instead. Here a frame is described by its distance from the frames around it, by the
time between them; nothing of its look is left. There is nothing to restore then: this recipe trains from scratch.

This file is data: it is read, never executed.
"""

_base_ = "seizure_bart"
name = "self_similarity"
plugins = ["vsslfw-self-similarity"]

encoder = dict(
    type="self_similarity",
    hidden_dim=256,
    layers=2,
    lags=48,                    # frames: 1.9 s at 25 frames per second, longer than a slow clonic cycle
    smooth=9,                   # 0.36 s
    max_positions=256,
)
pretrain = dict(source="none")

profiles = dict(
    demo=dict(
        encoder=dict(hidden_dim=128, lags=12, smooth=3, max_positions=64),      # 6.25 frames per second
    ),
)
