"""Other heads: moments of a seizure are weighed, read in their order, or decide alone. Needs the plugin vsslfw-heads.

The paper classifies the mean of the hidden states over time. Here the same encoder is given a head that looks at single moments.
Pre-training does not change, so that runs with different heads share it: only the folds are computed anew.

This file is data: it is read, never executed.
"""

_base_ = "seizure_bart"
name = "heads"
plugins = ["vsslfw-heads"]

finetune = dict(
    head=dict(
        type="attention_pooling",   # gated attention: Ilse et al. 2018, eq. (9)
        attention_dim=128,          # the paper's
        gated=True,                 # | False: eq. (8)
        dropout=0.5,
    ),
    # The order of the moments counts:
    #   head=dict(type="gru", units=128, layers=1, bidirectional=True, pooling="last")        # | pooling="mean"
    # A short telling moment can decide:
    #   head=dict(type="frame_evidence", pooling="log_mean_exp", sharpness=5.0)               # a soft maximum
    #   head=dict(type="frame_evidence", pooling="top_mean", share=0.125)                     # the strongest eighth of the frames
    #   head=dict(type="frame_evidence", pooling="noisy_or")                                  # at least one frame shows it
)

profiles = dict(
    demo=dict(
        finetune=dict(head=dict(attention_dim=32)),     # as the demo's encoder is smaller
    ),
)
