"""What a reader of the class sees: its kind, its words, its parameters."""

from __future__ import annotations

import inspect
import re
from typing import Any, get_type_hints

from pydantic import ValidationError

from vsslfw.interfaces import CONTRACTS, Corruption, FeatureCorruption, FrameCorruption, SequenceCorruption
from vsslfw.recipe.signature import REQUIRED, is_plain, parameters
from vsslfw.testing.compare import shown
from vsslfw.testing.outcomes import fail, require
from vsslfw.testing.subjects import Subject, accepts

BY_POSITION = {"encoder": ["feature_dim"], "head": ["hidden_dim", "output_dim"]}
LEVELS = {"frame": FrameCorruption, "sequence": SequenceCorruption, "feature": FeatureCorruption}
TASKS = ("pretext", "classification")


def check_is_of_its_kind(subject: Subject) -> None:
    """The class is a concrete subclass of its kind's contract, with a cache_version from 1 on (a splitter has split(X, y, groups))."""
    cls, contract = subject.cls, CONTRACTS[subject.kind]
    name = cls.__name__
    if subject.kind == "validation":
        split = getattr(cls, "split", None)
        taken = [parameter.name for parameter in accepts(split)] if callable(split) else []
        require(
            taken[:3] == ["X", "y", "groups"],
            f"looking at {name}.split",
            f"it takes ({', '.join(taken)})" if taken else "there is no such method",
            "define split(self, X, y=None, groups=None), which yields (train, test) arrays of indices",
        )
        return
    did = f"looking at the class {name}"
    require(issubclass(cls, contract), did, f"it is no {contract.__name__}", f"class {name}({_base(subject)}): ...")
    missing = sorted(getattr(cls, "__abstractmethods__", ()))
    require(not missing, did, f"it is abstract: it lacks {', '.join(missing)}", "define what is missing")
    if issubclass(cls, Corruption):
        level = getattr(cls, "level", None)
        known = LEVELS.get(str(level))
        require(
            known is not None and issubclass(cls, known),
            did,
            f"its level is {level!r}, and its bases are {', '.join(base.__name__ for base in cls.__mro__[1:-3])}",
            "derive from FrameCorruption, SequenceCorruption or FeatureCorruption, which say the level",
        )
    if subject.kind == "head":
        task = getattr(cls, "task", None)
        require(task in TASKS, did, f"its task is {task!r}", 'say task = "pretext" or task = "classification" on the class')
    if subject.kind != "executor":
        version = getattr(cls, "cache_version", None)
        require(
            isinstance(version, int) and not isinstance(version, bool) and version >= 1,
            did,
            f"its cache_version is {version!r}",
            "an integer from 1 on; raise it when the same parameters give other results, so that stored results are made anew",
        )


def check_docstrings(subject: Subject) -> None:
    """The class docstring begins with one line that says what it does, and names every parameter as "name: text."."""
    cls = subject.cls
    own = [base for base in cls.__mro__ if not _of_the_framework(base)]  # a contract's docstring says nothing about this class
    text = next((base.__doc__ for base in own if base.__doc__ and base.__doc__.strip()), "")
    first = inspect.cleandoc(text).partition("\n")[0].strip()
    require(
        first, f"reading the docstring of {cls.__name__}", "it has none", "its first line is the contract: what goes in -> what comes out"
    )
    whole = f"{inspect.cleandoc(text)}\n{inspect.getdoc(cls.__init__) or ''}"  # type: ignore[misc]
    silent = [name for name in parameters(cls, subject.kind) or {} if not _is_documented(name, whole)]
    require(
        not silent,
        f"looking for the parameters of {cls.__name__} in its docstring",
        f"nothing is said about {', '.join(silent)}",
        "write a line for each, with its unit and range: `ratio: share of the K real frames, in [0, 1].`",
    )


def check_parameters(subject: Subject) -> None:
    """What the framework knows comes by position, every other parameter by keyword, with a type that a recipe is checked against."""
    cls, kind = subject.cls, subject.kind
    if cls.__init__ is object.__init__:  # type: ignore[misc]
        return
    arguments = accepts(cls.__init__)  # type: ignore[misc]
    did = f"reading the signature of {cls.__name__}"
    first = BY_POSITION.get(kind, [])
    if kind != "validation":  # a splitter may be scikit-learn's, registered as it is
        found = [argument.name for argument in arguments[: len(first)]]
        require(
            found == first,
            did,
            f"it begins with ({', '.join(found)})",
            f"begin with ({', '.join(first)}): the framework passes these by position",
        )
        loose = [a.name for a in arguments[len(first) :] if a.kind is not inspect.Parameter.KEYWORD_ONLY]
        require(not loose, did, f"{', '.join(loose)} can be given by position, or stand for any number of arguments",
                "put a * before them: a recipe names every parameter, and **kwargs would swallow misspelt ones")  # fmt: skip
        try:
            get_type_hints(cls.__init__)  # type: ignore[misc]
        except Exception as error:
            fail(
                did,
                f"its annotations cannot be looked up: {error}",
                "import the names that it uses at run time, not under TYPE_CHECKING alone",
            )
        untyped = [a.name for a in arguments if a.annotation is inspect.Parameter.empty]
        require(not untyped, did, f"{', '.join(untyped)} has no type", "annotate it: the recipe is checked against the type")
    for name, parameter in (parameters(cls, kind) or {}).items():
        if parameter.default is REQUIRED:
            continue
        require(is_plain(parameter.default) or kind == "validation", did, f"the default of {name} is {shown(parameter.default)}",
                "a recipe holds plain data: None, booleans, numbers, text, lists, tuples and dicts of them")  # fmt: skip
        _check_default(did, name, parameter)


def _check_default(did: str, name: str, parameter: Any) -> None:
    if not parameter.written:
        return
    try:
        parameter.check(parameter.default)
    except ValidationError as error:
        reason = error.errors()[0]["msg"]
        fail(did, f"the default of {name}, {parameter.default!r}, does not fit its own type {parameter.written}: {reason}",
             "mend the type or the default: a recipe that is written out with it could not be read again")  # fmt: skip


def _base(subject: Subject) -> str:
    return "SequenceCorruption" if subject.kind == "corruption" else CONTRACTS[subject.kind].__name__


def _is_documented(name: str, text: str) -> bool:
    """True for `name: text`, ``name``: text, `name : type` (numpy's way), and `name, other: text`."""
    return bool(re.search(rf"\b{name}\b`*(\s*,\s*`*\w+`*)*\s*:", text))


def _of_the_framework(base: type) -> bool:
    top, _, rest = base.__module__.partition(".")
    return top in ("torch", "abc", "typing", "builtins") or (top == "vsslfw" and not rest.startswith("builtin"))
