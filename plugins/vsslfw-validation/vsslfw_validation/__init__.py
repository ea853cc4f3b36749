"""A vsslfw plugin: validation schemes beside leave-one-subject-out. None of them puts a subject on both sides."""

from __future__ import annotations

from vsslfw.hookspecs import Register, hookimpl

VSSLFW_API = 1


@hookimpl
def vsslfw_register(register: Register) -> None:
    """Five schemes; the first two are scikit-learn's own classes."""
    here, theirs = "vsslfw_validation", "sklearn.model_selection"
    register("validation", "group_kfold", f"{theirs}:GroupKFold", summary="k folds, each subject in one")
    register(
        "validation", "stratified_group_kfold", f"{theirs}:StratifiedGroupKFold", summary="k folds with about the same share of each class"
    )
    register(
        "validation",
        "repeated_stratified_group_kfold",
        f"{here}.repeated:RepeatedStratifiedGroupKFold",
        summary="stratified k folds, several times over with other folds",
    )
    register("validation", "leave_one_site_out", f"{here}.sites:LeaveOneSiteOut", summary="each site is tested by a model of the others")
    register("validation", "split_file", f"{here}.split_file:SplitFile", summary="the folds that a CSV file fixes, checked by its digest")
