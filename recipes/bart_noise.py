"""The noise of BART's final model instead of the paper's, which took its idea from there.

Lewis et al. 2020, "BART: Denoising Sequence-to-Sequence Pre-training". They compared five noises: text infilling did well throughout, and
the final model was trained on infilling together with sentence permutation, 30% of the text covered and all sentences permuted
(section 5.1). Here a frame is a token, and a second of video a sentence. Everything else is as in seizure_bart, so that the
two can be compared.

Needs the plugin vsslfw-bart-noise (plugins/vsslfw-bart-noise); its README says what each noise does to video.
"""

_base_ = "seizure_bart"
name = "bart_noise"
plugins = ["vsslfw-bart-noise"]

# In BART's order: sentences first, so that they are shuffled without the MASKs that infilling leaves at the end.
corruption = [
    dict(
        type="sentence_permutation",
        segment=25,                         # 1 s at 25 frames per second: ten "sentences" in a clip of 10 s
        boundaries="random",                # sentences differ in length | "even": a cut every 25 frames
    ),
    dict(
        type="text_infilling",
        ratio=0.3,                          # of the real frames
        lam=3.0,                            # BART's Poisson distribution ...
        unit=4,                             # ... in units of 4 frames: 12 frames on average, 0.48 s
    ),
]

profiles = dict(
    # At 6.25 frames per second; the lengths are the same in seconds.
    demo=dict(
        corruption=[
            dict(type="sentence_permutation", segment=6, boundaries="random"),
            dict(type="text_infilling", ratio=0.3, lam=3.0, unit=1),
        ],
    ),
)
