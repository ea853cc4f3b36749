"""The paper with a backbone that sees movement: VideoMAE turns each clip of 16 frames into one feature.

Tong et al. 2022, "VideoMAE: Masked Autoencoders are Data-Efficient Learners for Self-Supervised Video Pre-Training". ViT-B gives 768
numbers a clip. T counts clips: at 25 frames per second a clip is 0.64 s, the 10 s of pre-training are 15 clips instead of 250 frames, and
every number below that counts positions is the paper's divided by 16. Everything else is the paper's.

Needs the plugin vsslfw-hf-video (plugins/vsslfw-hf-video), whose README says how to bring a folder of weights to a machine without
internet access. Nothing is downloaded: `weights` below names a folder that you have put there, or give yours with
    --set backbone.weights=/path/to/folder
"""

_base_ = "seizure_bart"
name = "hf_video"
plugins = ["vsslfw-hf-video"]

backbone = dict(
    type="videomae",
    weights="videomae-base",                # a folder with config.json and model.safetensors, in the folder that you run in; or its path
    clip_stride=None,                       # None: clips side by side, and MASK hides one whole | less: its neighbours show part of it
)
extract = dict(
    batch_size=8,                           # clips at once, not frames: 8 are 128 pictures of 224 x 224
)
positions = 16                              # 10.24 s, as 256 frames are; 10 s fill 15 of them, so the last is never pre-trained
encoder = dict(max_positions=16)

corruption = [
    dict(type="permute_span", span=2),      # 1.28 s, as 30 frames are 1.2 s
    dict(type="mask_frames", ratio=0.15),   # 2 of 15 clips
]

# 16 positions are few for a Transformer, and this backbone is dear and the encoder cheap. To see 41 s at once:
#   contextual = dict(clip_s=41.0), positions = 64, encoder = dict(max_positions=64), permute_span with span=8
# VideoMAE was trained on every 4th frame of 30 a second, where a clip is 2.1 s. To show it movement at that speed, at a third of the cost:
#   video = dict(fps=7.5), contextual = dict(clip_s=34.2): 16 positions are then 34 s
# Under the profile paper every clip goes through the backbone in each of 60 epochs (extract.views="online"); under stable, four times.

profiles = dict(
    demo=dict(
        # Random weights of a tiny model, made through transformers' VideoMAEConfig: shows that it works, nothing else.
        # 4 frames at 6.25 a second are 0.64 s too, so 10 s are 15 clips here as well.
        backbone=dict(
            weights=None,
            config=dict(
                image_size=64,
                num_frames=4,
                hidden_size=64,
                num_hidden_layers=2,
                num_attention_heads=4,
                intermediate_size=128,
            ),
        ),
        extract=dict(batch_size=32),
    ),
)
