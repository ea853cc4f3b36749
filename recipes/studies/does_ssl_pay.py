"""Does pre-training pay? The arms that a claim about self-supervision has to stand beside, on your data or on made video.

    vsslfw ablate does_ssl_pay --data videos.csv --profile stable --plan
    vsslfw ablate does_ssl_pay --data videos.csv --profile stable

One question is named before anything runs: does pre-training on contextual video, without that of the subject who is tested, beat the same
encoder from scratch? All else is company, and its p are adjusted for that. See docs/ablate.md; what it says on made video, docs/benchmark.md.

Most of the time goes into pre-training, once a fold, since no fold may see its test subject: with leave-one-subject-out and many subjects
take fewer folds (recipes/validation_schemes.py). Whoever has no contextual video adds --set pretrain.source=labelled-train-fold.

This file is data: it is read, never executed.
"""

recipe = "../seizure_bart.py"               # | --recipe, for your own
change = dict(                              # of the recipe, in all variants
    pretrain=dict(source="contextual", subjects="exclude-test-subject", frame_order="kept"),
    finetune=dict(trained="all", label_fraction=1.0),
    statistics=dict(baselines=True),        # the probe below
)

variants = {
    "scratch": dict(pretrain=dict(source="none")),
    "pre-trained": dict(),
    # What an encoder is worth that has learnt nothing, and one that has learnt without labels: a head is trained on top, and nothing else.
    "frozen random": dict(pretrain=dict(source="none"), finetune=dict(trained="head")),
    "frozen pre-trained": dict(finetune=dict(trained="head")),
    # Is it time that is learnt? The same clips with their frames shuffled hold the same pictures, and no movement.
    "shuffled clips": dict(pretrain=dict(frame_order="shuffled")),
    # Which noise does it? The parameters are those of the recipe.
    "mask only": dict(corruption="mask_frames"),
    "permute only": dict(corruption="permute_span"),
    # What a later test subject's own contextual video adds: the size of the leak.
    "pre-trained on all": dict(pretrain=dict(subjects="all")),
    # Is any of it needed? A simple probe on the same features.
    "STFT probe": dict(probe="stft", of="scratch"),
    # Fewer labels, the same pre-training: where self-supervision is said to help most.
    "scratch, half the labels": dict(pretrain=dict(source="none"), finetune=dict(label_fraction=0.5)),
    "pre-trained, half the labels": dict(finetune=dict(label_fraction=0.5)),
    "scratch, a quarter": dict(pretrain=dict(source="none"), finetune=dict(label_fraction=0.25)),
    "pre-trained, a quarter": dict(finetune=dict(label_fraction=0.25)),
}

primary = ("pre-trained", "scratch")
contrasts = [
    ("frozen pre-trained", "frozen random"),
    ("pre-trained", "shuffled clips"),
    ("pre-trained", "mask only"),
    ("pre-trained", "permute only"),
    ("pre-trained on all", "pre-trained"),
    ("pre-trained", "STFT probe"),
    ("pre-trained, half the labels", "scratch, half the labels"),
    ("pre-trained, a quarter", "scratch, a quarter"),
]
metric = "balanced_accuracy"
margin = 0.1                                # what is called equivalent
