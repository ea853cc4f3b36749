"""What is checked: a component's factory with the parameters to build it with."""

from __future__ import annotations

import contextlib
import copy
import functools
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from vsslfw.testing.outcomes import CannotCheckError, ContractError, in_words

FEATURE_DIM, HIDDEN_DIM, CLASSES = 12, 16, 3
"""D, E and K that encoders and heads are built for, unless a check says otherwise."""
VARIANT = {"corruption": "level", "head": "task"}
"""Kind -> the attribute that divides it."""


@dataclass(eq=False)
class Subject:
    """A factory, and one set of parameters."""

    kind: str
    factory: Callable[..., Any]
    parameters: dict[str, Any] = field(default_factory=dict)
    id: str = ""
    """Name of the component, with its parameters if several sets are declared."""
    buildable: bool = True
    """False if its ``check_with`` is empty: what can be seen on the class is checked, and the rest skipped."""
    network: list[str] = field(default_factory=list)
    """Every attempt to reach a network so far, in any check: libraries are imported once."""

    @cached_property
    def cls(self) -> type:
        """The component's class."""
        made = unwrapped(self.factory)
        return made if isinstance(made, type) else type(self.build())

    @cached_property
    def variant(self) -> str:
        """The level of a corruption or the task of a head, or nothing."""
        attribute = VARIANT.get(self.kind)
        value = getattr(self.cls, attribute, "") if attribute else ""
        return value if isinstance(value, str) else ""

    @property
    def by_position(self) -> tuple[int, ...]:
        """What the framework passes by position."""
        if self.kind == "head":
            return (HIDDEN_DIM, FEATURE_DIM if self.variant == "pretext" else CLASSES)
        return (FEATURE_DIM,) if self.kind == "encoder" else ()

    def build(self, *by_position: int, seed: int = 0) -> Any:
        """The component, built afresh as the framework builds it.

        Encoders and heads draw their weights from torch's generator, which stands at ``seed`` for them. ContractError if it cannot
        be built; CannotCheckError if its ``check_with`` is empty, which says that it needs files.
        """
        if not self.buildable:
            raise CannotCheckError("its check_with is empty: it cannot be built without files, and its own tests check it with them")
        draws = self.kind in ("encoder", "head")
        arguments = by_position or (self.by_position if draws else ())
        with torch_seed(seed) if draws else contextlib.nullcontext():
            try:
                return self._told(self.factory(*arguments, **copy.deepcopy(self.parameters)))
            except Exception as error:
                raise ContractError(self._call(arguments), in_words(error), self._remedy(error)) from error

    def _told(self, component: Any) -> Any:
        """The component; a detector that looks at pictures is told first where its videos are, as in a run."""
        if self.kind == "detector":
            from vsslfw.interfaces import Detector

            if getattr(type(component), "watch", Detector.watch) is not Detector.watch:
                from vsslfw.testing.samples import watched_videos

                for video in watched_videos():
                    component.watch(video)
        return component

    def shared(self) -> Any:
        """One backbone for all checks that do not change it: building it again and again may take minutes."""
        if self.kind != "backbone":
            return self.build()
        return _shared(self)

    def own(self, seed: int = 0) -> Any:
        """One to change: a backbone that is copied from the shared one, if it can be copied; any other is built."""
        if self.kind == "backbone":
            with contextlib.suppress(Exception):
                return copy.deepcopy(self.shared())
        return self.build(seed=seed)

    @cached_property
    def longest(self) -> int:
        """The longest sequence that an encoder is given: its max_positions, 48 at most."""
        return max(1, min(int(getattr(self.build(), "max_positions", 48)), 48))

    def watched(self) -> contextlib.AbstractContextManager[object]:
        """While a check runs: no attempt to reach a network gets through, and each is remembered; global state is put back at the end."""
        from vsslfw.testing.global_state import put_back
        from vsslfw.testing.guards import offline

        stack = contextlib.ExitStack()
        stack.enter_context(put_back())
        stack.enter_context(offline(self.network))
        return stack

    def _call(self, arguments: tuple[int, ...]) -> str:
        written = [*map(repr, arguments), *(f"{name}={value!r}" for name, value in self.parameters.items())]
        return f"building it: {name_of(self.factory, 'the factory')}({', '.join(written)})"

    def _remedy(self, error: Exception) -> str:
        if isinstance(error, TypeError) and "required" in str(error):
            return "declare check_with on the class: a tuple of dicts of small parameters, without files, to build it with"
        declared = "its check_with says" if self.parameters else "its defaults say; if they are too big or need files, declare check_with"
        return f"it must be possible to build it as {declared}"


@functools.lru_cache(maxsize=1)
def _shared(subject: Subject) -> Any:
    return subject.build()


def subjects(kind: str, factory: Callable[..., Any]) -> list[Subject]:
    """A subject for each set of parameters in the factory's ``check_with`` (without one, its defaults). ValueError if that is malformed.

    An empty one says that the component cannot be built without files.
    """
    examples: Any = getattr(factory, "check_with", ({},))
    if not isinstance(examples, tuple | list) or not all(isinstance(example, Mapping) for example in examples):
        raise ValueError(f"check_with is {examples!r}; it must be a tuple of dicts, one for each time that the component is built")
    name = name_of(factory, kind)
    if not examples:
        return [Subject(kind, factory, {}, name, buildable=False)]
    if len(examples) == 1:
        return [Subject(kind, factory, dict(examples[0]), name)]
    return [Subject(kind, factory, dict(example), f"{name}({_written(example)})") for example in examples]


def unwrapped(factory: Any) -> Any:
    """The class or function below ``functools.partial``."""
    while isinstance(factory, functools.partial):
        factory = factory.func
    return factory


def name_of(factory: Any, otherwise: str) -> str:
    """The name that a class is registered by; ``mask_frames`` for the class ``MaskFrames`` if it is not registered (yet)."""
    factory = unwrapped(factory)
    written = getattr(factory, "__name__", type(factory).__name__)
    if written == "<lambda>":
        return otherwise
    known = _registered() if isinstance(factory, type) else {}
    in_snake_case = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", written).lower()
    return known.get(f"{getattr(factory, '__module__', '')}:{written}", in_snake_case)


def _registered() -> dict[str, str]:
    """``package.module:Class`` -> name."""
    from vsslfw.plugins import registries

    try:
        return {component.target: component.name for component in registries().components()}
    except Exception:  # plugins that are broken are told elsewhere; a test's name is not worth more
        return {}


def _written(parameters: Mapping[str, Any]) -> str:
    return ",".join(f"{name}={value}" for name, value in parameters.items()) or "defaults"


def accepts(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """The parameters of a method, without ``self``."""
    return list(inspect.signature(function).parameters.values())[1:]


@contextlib.contextmanager
def torch_seed(seed: int) -> Iterator[None]:
    """torch's generator at a seed, and as it was afterwards."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield
