"""What can be wrong with a component of any kind: each right one, spoilt in each of these ways."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import tempfile
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from wrong_components.right import RIGHT
from wrong_components.table import caught_by

METHOD = {"backbone": "forward", "encoder": "forward", "head": "forward", "detector": "boxes", "dataset": "manifest"} | {
    "validation": "split",
    "executor": "run",
    "corruption": "__call__",
}
EVERY = tuple(RIGHT)
COPIED = tuple(kind for kind in RIGHT if kind != "dataset")
MODULES = ("backbone", "encoder", "head/pretext", "head/classification")


def result_of(kind: str, result: Any, arguments: tuple[Any, ...], amount: int) -> Any:
    """Another result of the right form, the more so the larger ``amount`` is."""
    if kind == "corruption/frame":
        return (result.astype(np.int64) + amount).clip(0, 255).astype(np.uint8)
    if kind == "corruption/sequence":
        return result.showing(np.roll(result.source[: result.length], amount))
    if kind == "corruption/feature":
        return torch.where(arguments[1].unsqueeze(-1), result + amount, result)
    if kind == "detector":
        return result / (1 + 0.01 * amount)
    if kind == "validation":
        parts = list(result)
        return [parts[(i + amount) % len(parts)] for i in range(len(parts))]
    if kind == "executor":
        return [(task, value + amount) for task, value in result]
    return result + 0.01 * amount


def spoilt(name: str, check: str, *kinds: str) -> Callable[[Callable[[Any, str, tuple[Any, ...], Callable[[], Any]], Any]], None]:
    """A decorator for a function (component, kind, arguments, the right call) -> result: a wrong class of each kind calls it instead."""

    def make(behave: Callable[[Any, str, tuple[Any, ...], Callable[[], Any]], Any]) -> None:
        for kind in kinds:
            base, method = RIGHT[kind], METHOD[kind.partition("/")[0]]
            right = getattr(base, method)

            def call(self: Any, *arguments: Any, _kind: str = kind, _right: Any = right, **named: Any) -> Any:
                return behave(self, _kind, arguments, lambda: _right(self, *arguments, **named))

            derive(base, name, {method: call}, check, kind)

    return make


def derive(base: type, name: str, members: dict[str, Any], check: str, kind: str) -> None:
    """A wrong subclass, which pickle finds in this module."""
    full = f"{name}{base.__name__}"
    cls = type(full, (base,), {"__doc__": base.__doc__, "__module__": __name__, "__qualname__": full, **members})
    globals()[full] = caught_by(check, kind)(cls)


# What a reader of the class sees

for kind, base in RIGHT.items():
    if kind in ("validation", "executor"):
        other = {"split": lambda self, videos: iter(())} if kind == "validation" else {}
        Stranger = type(f"Stranger{base.__name__}", (), {"__doc__": "Of no kind.", **other})
        caught_by("check_is_of_its_kind", kind)(Stranger)
    else:
        derive(base, "Unversioned", {"cache_version": 0}, "check_is_of_its_kind", kind)


def _taking(kind: str, default: Any) -> Callable[..., None]:
    if kind == "encoder":

        def __init__(self: Any, feature_dim: int, *, secret: int = default) -> None: ...  # noqa: N807
    elif kind.startswith("head"):

        def __init__(self: Any, hidden_dim: int, output_dim: int, *, secret: int = default) -> None: ...  # type: ignore[misc]  # noqa: N807
    else:

        def __init__(self: Any, *, secret: int = default) -> None: ...  # type: ignore[misc]  # noqa: N807

    return __init__


for kind, base in RIGHT.items():
    derive(base, "Undocumented", {"__init__": _taking(kind, 1)}, "check_docstrings", kind)
    derive(base, "Misfitting", {"__init__": _taking(kind, "none")}, "check_parameters", kind)


# Copies


def _holding(base: type, make: Callable[[], Any]) -> Callable[..., None]:
    def __init__(self: Any, *arguments: Any, **named: Any) -> None:  # noqa: N807
        base.__init__(self, *arguments, **named)  # type: ignore[misc]
        self.held = make()

    return __init__


for kind, base in RIGHT.items():
    derive(base, "Unpicklable", {"__init__": _holding(base, lambda: lambda: 0)}, "check_pickle", kind)
    derive(base, "Locked", {"__init__": _holding(base, threading.Lock)}, "check_deep_copy", kind)

for kind in COPIED:
    base, made = RIGHT[kind], [0]

    def count(made: list[int] = made) -> int:
        made[0] += 1
        return made[0]

    method = METHOD[kind.partition("/")[0]]
    right = getattr(base, method)

    def numbered(self: Any, *arguments: Any, _kind: str = kind, _right: Any = right, **named: Any) -> Any:
        return result_of(_kind, _right(self, *arguments, **named), arguments, self.held)

    derive(base, "Numbered", {"__init__": _holding(base, count), method: numbered}, "check_built_twice", kind)


@spoilt("Counting", "check_no_hidden_state", *COPIED)
def _(self: Any, kind: str, arguments: tuple[Any, ...], right: Callable[[], Any]) -> Any:
    self.calls = getattr(self, "calls", 0) + 1
    return result_of(kind, right(), arguments, self.calls)


@spoilt("Mutating", "check_inputs_unchanged", *COPIED)
def _(self: Any, kind: str, arguments: tuple[Any, ...], right: Callable[[], Any]) -> Any:
    result = right()
    if kind == "corruption/sequence":
        object.__setattr__(arguments[0], "source", arguments[0].source - 1)
    elif kind == "corruption/frame":
        arguments[0][:] = 0
    elif kind == "validation":
        result = list(result)
        arguments[0][:] = None
    elif kind == "executor":
        result = list(result)
        arguments[1].clear()
    elif kind == "detector":
        arguments[1][:] = -1
    else:
        with torch.no_grad():
            arguments[0].zero_()
    return result


# Surroundings


@spoilt("Gambling", "check_global_random_state", *COPIED)
def _(self: Any, kind: str, arguments: tuple[Any, ...], right: Callable[[], Any]) -> Any:
    state = np.random.get_state()
    lot = int(np.random.randint(1000))
    np.random.set_state(state)
    return result_of(kind, right(), arguments, lot)


@spoilt("Seeding", "check_random_state_untouched", *EVERY)
def _(self: Any, kind: str, arguments: tuple[Any, ...], right: Callable[[], Any]) -> Any:
    random.seed(0)
    return right()


@spoilt("Meddling", "check_settings_untouched", *EVERY)
def _(self: Any, kind: str, arguments: tuple[Any, ...], right: Callable[[], Any]) -> Any:
    torch.use_deterministic_algorithms(True)
    return right()


@spoilt("Calling", "check_no_network", *EVERY)
def _(self: Any, kind: str, arguments: tuple[Any, ...], right: Callable[[], Any]) -> Any:
    with contextlib.suppress(OSError):
        socket.create_connection(("weights.invalid", 443), timeout=1).close()
    return right()


@spoilt("Writing", "check_no_files", *COPIED)
def _(self: Any, kind: str, arguments: tuple[Any, ...], right: Callable[[], Any]) -> Any:
    path = os.path.join(tempfile.gettempdir(), f"left-behind-{os.getpid()}")
    with open(path, "w"):
        pass
    os.remove(path)
    return right()


@spoilt("Saving", "check_no_files", "encoder")
def _(self: Any, kind: str, arguments: tuple[Any, ...], right: Callable[[], Any]) -> Any:
    path = os.path.join(tempfile.gettempdir(), f"left-behind-{os.getpid()}.pth")
    torch.save(self.state_dict(), path)
    os.remove(path)
    return right()


# Modules


def _keeping(base: type, make: Callable[[], torch.Tensor]) -> Callable[..., None]:
    def __init__(self: Any, *arguments: Any, **named: Any) -> None:  # noqa: N807
        base.__init__(self, *arguments, **named)  # type: ignore[misc]
        self.offset = make()

    return __init__


for kind in MODULES:
    base = RIGHT[kind]

    def shifted(self: Any, *arguments: Any, _right: Any = base.forward) -> Any:  # type: ignore[attr-defined]
        return _right(self, *arguments) + self.offset

    members = {"__init__": _keeping(base, lambda: torch.zeros(1)), "forward": shifted}
    derive(base, "Homesick", members, "check_device", kind)
    if kind != "backbone":
        members = {"__init__": _keeping(base, lambda: torch.randn(1)), "forward": shifted}
        derive(base, "Unregistered", members, "check_state_dict", kind)

derive(RIGHT["backbone"], "Talkative", {"get_extra_state": lambda self: {"made": "yesterday"}}, "check_state_dict", "backbone")


@spoilt("Converting", "check_bfloat16", *MODULES)
def _(self: Any, kind: str, arguments: tuple[Any, ...], right: Callable[[], Any]) -> Any:
    output = right()
    return torch.from_numpy(output.numpy()) if isinstance(self, nn.Module) and not output.requires_grad else output
