"""Where the patient is: an SSD detector that is trained on boxes, run over video, and joined over time (paper, section 4).

The parts, in the order in which they are used: `labels` (boxes of a file), `pictures` (the training frames, read once), `model`
(trunk, anchors, SSD heads), `training`, `checkpoint`, `candidates` (one picture -> boxes with scores), `choose` (which of them is the
patient), `track` (boxes over time), `scores` (how good they are), `review` (a page to look at).
"""
