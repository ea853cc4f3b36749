"""What was made with which version of which component: compared when it is loaded again."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from vsslfw.errors import Problem, UserError
from vsslfw.registry import BUILTIN_PLUGIN, Registries

log = logging.getLogger(__name__)
Recorded = Mapping[str, Any]
"""A component's record: kind, name, distribution, version, digest (`vsslfw.registry.Component.provenance`)."""


def changes(recorded: Iterable[Recorded], now: Iterable[Recorded], kinds: Collection[str] | None = None) -> list[str]:
    """In words, each component (of these kinds) that has another version now than when it was recorded, or other code."""
    present = {_identity(component): component for component in now}
    found = []
    for before in recorded:
        after = present.get(_identity(before))
        if after is None or (kinds is not None and before["kind"] not in kinds):
            continue
        who = f'{before["kind"]} "{before["name"]}" of {before["distribution"]}'
        if before["version"] != after["version"]:
            found.append(f"{who} was {before['version']} and is {after['version']} now")
        elif before["distribution"] != BUILTIN_PLUGIN and before.get("digest", "") != after["digest"]:
            found.append(f"the code of {who} {after['version']} has changed")
    return list(dict.fromkeys(found))


def tell_changes(what: str, recorded: Iterable[Recorded], now: Iterable[Recorded], kinds: Collection[str] | None = None) -> None:
    """Warn that ``what`` was made with other versions. It is used all the same: a ``cache_version`` says whether numbers differ."""
    for change in changes(recorded, now, kinds):
        log.warning("%s: %s; reused, since its cache_version is the same. Raise it if the numbers differ", what, change)


def require(recorded: Iterable[Recorded], registries: Registries, what: str, kinds: Collection[str] | None = None) -> None:
    """UserError that says what to install, if a component (of these kinds) that made ``what`` is not here."""
    missing = [
        c for c in recorded if (kinds is None or c["kind"] in kinds) and not registries.has(c["kind"], f"{c['distribution']}/{c['name']}")
    ]
    if missing:
        raise UserError(
            *(
                Problem(
                    f'{c["kind"]} "{c["name"]}" of {c["distribution"]} {c["version"]}, which is not here',
                    hint="; ".join(registries.missing(c["kind"], f"{c['distribution']}/{c['name']}")[2:])
                    or f"pip install {c['distribution']}=={c['version']}",
                )
                for c in missing
            ),
            title=f"{what} was made with:",
        )


def _identity(component: Recorded) -> tuple[str, str, str]:
    return component["kind"], component["name"], component["distribution"]
