"""Components that are wrong on purpose, each in one way: the proof that the conformance kit catches what it is there for.

`right` has a right component of each kind. `faults` spoils each of them in the ways that every kind can be wrong, the other modules
in those of their kind. `table.WRONG` says which check must catch which; others may fail with it.
"""
