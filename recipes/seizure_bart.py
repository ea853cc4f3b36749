"""Hou, McGonigal, Bartolomei, Thonnat: "A self-supervised pre-training framework for vision-based seizure classification".

Pre-train a Transformer on unlabelled video of the monitoring unit: cut a span of frames out and put it back elsewhere, mask 15%
of the frames, restore the clean features. Then fine-tune it to tell epileptic seizures (ES) from psychogenic non-epileptic
seizures (PNES), and test it on subjects that it has never seen.

This file is data: it is read, never executed. The values below are the paper's, with the section or equation they come from.
Where the paper leaves a choice open, the comment says "open": our reading comes first, the others after the bar.
"""

name = "seizure_bart"
seed = 0

# ---- What goes in: section 3.1, and section 4 "Dataset and pre-processing" ------------------------------------------------------

data = dict(type="synthetic_emu")           # made video, so that it runs at once; --data videos.csv for your own
labels = dict(
    classes=None,                           # None: every label in the manifest, sorted; here ES and PNES (open: K classes in general)
    positive=None,                          # None: the first class, ES; what F1 is about
)
video = dict(
    fps=25.0,                               # frames per second
    resize=None,                            # (H, W); None: 128 x 171, from which the backbone's frame_size is cropped
    max_lost=0.05,                          # a video that loses more frames than this share is unreadable
    on_unreadable="stop_if_emptied",        # | "leave_out"
)
contextual = dict(
    clip_s=10.0,                            # seconds: 250 frames + 6 PAD
    clips=13000,                            # 36 hours
    skip_blank=True,                        # no clip where a recording is black or frozen
)
positions = 256                             # "the input length of the model"; 10 s fill 250, so 250-255 are never pre-trained

# ---- Frame -> feature: section 3.2 ----------------------------------------------------------------------------------------------

backbone = dict(
    type="resnet152",                       # last layer removed: 2048 numbers a frame; frozen, always in eval mode
    weights="imagenet",                     # | the path of a file
    frame_size=112,                         # cropped at random in pre-training, in the centre in fine-tuning
)
extract = dict(
    views="online",                         # a new random crop for every mini-batch | n crops, computed once and stored
    dtype="float16",                        # how stored features are kept | "float32"
    precision="float32",                    # how the backbone computes | "bfloat16"
    batch_size=64,                          # frames at once
)

# ---- The noise: section 4 "Corrupt the input for pre-training" ------------------------------------------------------------------

corruption = [
    dict(type="permute_span", span=30),     # 30 consecutive frames move to another place (open: never back to their own)
    dict(
        type="mask_frames",
        ratio=0.15,                         # 15% of the frames
        draw="exact",                       # open: exactly floor(0.15 K + 0.5) of K real frames | "bernoulli"
        replace="mask",                     # all of them become MASK, to the letter | "bert": 80% MASK, 10% another frame, 10% kept
        spare_moved=False,                  # open: a masked frame may lie in the moved span | True
    ),
]

# ---- The Transformer: section 4 "Specification of the Transformer" --------------------------------------------------------------

encoder = dict(
    type="bert",                            # with a projection 2048 -> 1024 in front: 77,941,760 parameters, "about 78M"
    hidden_dim=1024,                        # d_model
    layers=6,
    heads=8,
    intermediate_dim=4096,                  # open: not stated; 4096 gives the paper's 78M, the library's own 3072 gives 65M
    max_positions=256,
    dropout=0.1,                            # open: BERT's
    attend_pad=False,                       # open: attention skips PAD | True
)

# ---- Pre-training: section 3.2, eq. (1), and section 4 "Training details" -------------------------------------------------------

pretrain = dict(
    source="contextual",                    # | "labelled-train-fold", for data without contextual video | "none": from scratch
    subjects="all",                         # contextual video of a later test subject may be in | "exclude-test-subject"
    region=dict(type="whole_frame"),        # the whole room
    head=dict(type="feature_regression"),   # eq. (1): squared L2 to the clean feature of every frame
    mask="image",                           # MASK is a picture filled with -1.0, through the backbone | "learned": a vector
    frame_order="kept",                     # | "shuffled": a control, in which nothing of time can be learnt
    loss_on="real",                         # eq. (1) sums over all K frames, never over PAD (open) | "corrupted"
    epochs=60,
    batch_size=16,                          # open: not stated for pre-training; 16 as in fine-tuning
    micro_batch=None,                       # clips in memory at once, if 16 do not fit; the result differs only in the draws of dropout
    optimiser=dict(                         # AdamW
        lr=0.01,
        weight_decay=1e-4,
        schedule="linear",                  # "linearly decreased", to 0
        warmup=0.0,                         # open: no warm-up is stated
        clip_norm=None,                     # open: no gradient clipping is stated
    ),
    precision="float32",                    # | "bfloat16"
    held_out=0.05,                          # clips kept aside, to measure whether anything was learnt
)

# ---- Fine-tuning: section 3.2, eq. (2), and section 4 "Training details" --------------------------------------------------------

finetune = dict(
    # The paper crops to the patient with an SSD detector of its own (IoU 0.89). Train one on your boxes (docs/detector.md), or give boxes:
    #   region=dict(type="ssdlite", weights="patient.safetensors")        # | dict(type="boxes_csv", path="boxes.csv")
    region=dict(type="whole_frame"),
    head=dict(
        type="fc",                          # eq. (2): a fully-connected layer and softmax, one output a class
        pooling="mean",                     # open: hidden states averaged over real frames | "first" | "frame_logits"
        dropout=0.5,
    ),
    epochs=50,                              # the last epoch is the result: no early stopping, no look at the test subject
    batch_size=16,
    micro_batch=None,
    optimiser=dict(lr=0.005, weight_decay=1e-4, schedule="linear", warmup=0.0, clip_norm=None),   # "other settings are the same"
    precision="float32",
    class_weights="videos",                 # 1 / number of clips of the class, in the training fold | "subjects" | "none"
    windows="random",                       # open: of a video longer than 256 frames, one random window an epoch | "all"
    trained="all",                          # projection, encoder and head (open) | "head": on an encoder that stays as it is
    label_fraction=1.0,                     # of the training subjects of each class: fewer labels, the same pre-training
    seeds=1,                                # more are averaged within a video; a seed is no further observation
)

# ---- The test: section 4 "Training details" and "Experimental results" ----------------------------------------------------------

evaluate = dict(
    stride=None,                            # open: windows of 256 frames side by side; a smaller number lets them overlap
    right_align=True,                       # open: the last window ends with the video, so that none is mostly PAD
    aggregate="mean_probability",           # "we test the whole videos by temporally averaging the predictive results"
    threshold="half",                       # the most probable class | "inner-folds": chosen on training videos alone, by fine-tuning more
    occlusion_s=1.0,                        # which moments mattered: a second hidden at a time | None: not looked for
)
validation = dict(type="loso")              # leave one subject out
executor = dict(type="local")

# ---- How sure, and compared with what: nothing here changes a prediction; the paper reports none of it ---------------------------

statistics = dict(
    confidence=0.95,                        # of the intervals
    resamples=500,                          # of the subjects, for the standard errors
    prevalence=None,                        # share of the positive class in your clinic: PPV and NPV are stated for it too
    baselines=True,                         # simple probes over the same folds, and the shortcut table
    permutations=1000,                      # of the subjects' labels, for the probes' chance level
    model_permutations=0,                   # the same for the whole model; at least 20, and each costs a whole validation
    strata=None,                            # columns of the manifest to break the result down by | None: those with 2 to 12 values
)

# ---- Profiles: the recipe, changed in a few places ------------------------------------------------------------------------------

profiles = dict(
    # The paper to the letter: everything above, nothing changed. The default with --data.
    paper=dict(),

    # The same model and tasks, trained so that they converge on one machine.
    stable=dict(
        extract=dict(views=4),              # four crops a clip, computed once: 60 epochs then cost what 4 cost
        pretrain=dict(
            # AdamW moves every weight by about lr a step, whatever the gradient. On a post-LN BERT 0.01 is a hundred times too much:
            # the loss explodes or the outputs collapse to one answer. 1e-4 after a warm-up is what such encoders are trained with.
            optimiser=dict(lr=1e-4, warmup=0.05, clip_norm=1.0),
        ),
        finetune=dict(
            optimiser=dict(lr=5e-5, warmup=0.1, clip_norm=1.0),     # lower still: what pre-training learnt must not be washed out
        ),
    ),

    # Small enough for two cores and two minutes. The default without --data. Its numbers show that it works, and nothing else: in the
    # made video (level easy) posture and amount of movement tell the classes apart as well.
    demo=dict(
        video=dict(fps=6.25),               # 10 s are 62 frames
        contextual=dict(clips=48),
        positions=64,
        backbone=dict(type="efficientnet_lite0", frame_size=112),
        extract=dict(views=2, batch_size=32),
        corruption=[
            dict(type="permute_span", span=8),          # 1.3 s, as 30 frames are at 25 frames per second
            dict(type="mask_frames", ratio=0.15),
        ],
        encoder=dict(hidden_dim=128, layers=2, heads=4, intermediate_dim=512, max_positions=64),
        pretrain=dict(epochs=60, batch_size=8, optimiser=dict(lr=1e-3, warmup=0.1, clip_norm=1.0), held_out=0.1),
        finetune=dict(epochs=12, batch_size=8, optimiser=dict(lr=5e-4, warmup=0.1, clip_norm=1.0)),
        statistics=dict(resamples=200, permutations=19),    # 19: as many as .05 needs
    ),
)
