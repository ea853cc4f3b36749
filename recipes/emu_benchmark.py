"""The synthetic EMU benchmark: made seizure video whose truth is known, at three levels of difficulty. See docs/benchmark.md.

The pipeline of the paper at a size that two cores can train, on `synthetic_emu`. At level "rhythm" the two classes differ in the limbs'
rhythm and phase; at level "order" in nothing but the order of the same movement cycles. Give it an encoder of your own:

    vsslfw run emu_benchmark --profile stable --set 'encoder=dict(type="mine")'

That is leave-one-subject-out on one set. The published table trains on 24 subjects and tests 36 fresh ones of another seed, three times a
level: benchmarks/synthetic_emu.py, which uses this very recipe.

This file is data: it is read, never executed.
"""

_base_ = "seizure_bart"
name = "emu_benchmark"

data = dict(
    type="synthetic_emu",
    level="rhythm",                         # | "order" | "easy"
    subjects=24,
    seizures_per_subject=4,
    seizure_s=(8.0, 12.0),
    contextual_per_subject=1,
    contextual_s=40.0,
    fps=12.5,                               # the fastest jerks are three a second
)
video = dict(fps=12.5)
contextual = dict(clip_s=20.0, clips=96)    # 250 frames + 6 PAD, as in the paper
backbone = dict(type="efficientnet_lite0", frame_size=112)
corruption = [
    dict(type="permute_span", span=15),     # 1.2 s, as 30 frames are at 25 frames per second
    dict(type="mask_frames", ratio=0.15),
]
encoder = dict(hidden_dim=128, layers=2, heads=4, intermediate_dim=512)     # the paper's, in small
extract = dict(views=2, batch_size=32)

# A small Transformer needs larger steps than one of 78 million parameters: these are the demo's. (`stable` sets lr=5e-5.)
pretrain = dict(optimiser=dict(lr=1e-3, warmup=0.1, clip_norm=1.0), held_out=0.1)
finetune = dict(optimiser=dict(lr=5e-4, warmup=0.1, clip_norm=1.0))

profiles = dict(
    # Two minutes: to see that an encoder runs, not how good it is.
    demo=dict(
        data=dict(subjects=8, seizures_per_subject=2),
        video=dict(fps=12.5),
        contextual=dict(clips=24),
        positions=256,
        encoder=dict(max_positions=256),
        pretrain=dict(epochs=5),
        finetune=dict(epochs=10),
    ),
)
