"""Other ways to split: k folds, repeats, sites, a fixed file. Needs the plugin vsslfw-validation.

Leaving one subject out makes a fold a subject: 81 of them in the paper. Five stratified folds cost a sixteenth of that, and each tests
subjects of every class. No scheme here puts a subject on both sides. What was pre-trained is shared by all of them.

This file is data: it is read, never executed.
"""

_base_ = "seizure_bart"
name = "validation_schemes"
plugins = ["vsslfw-validation"]

validation = dict(
    type="stratified_group_kfold",  # k folds with about the same share of each class in all
    n_splits=5,
    shuffle=True,                   # | False: no chance at all; leave random_state out then
    random_state=0,                 # without one the folds would differ each time, and the run is refused
)
# Each subject in one of k folds of about the same number of videos, whatever the classes:
#   validation = dict(type="group_kfold", n_splits=5)
# The stratified folds, five times over; every figure is the mean of the repeats, and a video still counts once:
#   validation = dict(type="repeated_stratified_group_kfold", n_splits=5, n_repeats=5, random_state=0)
# Each hospital is tested by a model of the others; the manifest has a column that names it:
#   validation = dict(type="leave_one_site_out", column="site")
# Folds that a file fixes (columns subject_id, fold), so that others can compare on the very same ones:
#   validation = dict(type="split_file", path="folds.csv", digest="0123abcd")

profiles = dict(
    demo=dict(
        validation=dict(n_splits=4),        # eight made subjects: two in each fold
    ),
)
