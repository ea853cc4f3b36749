"""Columns of a manifest that say who somebody is: no report shows them unasked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def naming(rows: Sequence[tuple[str, Mapping[str, str]]]) -> set[str]:
    """The columns of which more than half of the values are borne by one subject alone; rows are (subject, column -> value).

    A name, a date of birth and a bed number are such; a site, a sex and an age band are not, unless a study has hardly more subjects.
    """
    bearers: dict[str, dict[str, set[str]]] = {}
    for subject, columns in rows:
        for name, value in columns.items():
            bearers.setdefault(name, {}).setdefault(value, set()).add(subject)
    subjects = len({subject for subject, _ in rows})
    return {name for name, values in bearers.items() if subjects > 1 and 2 * sum(len(own) == 1 for own in values.values()) > len(values)}
