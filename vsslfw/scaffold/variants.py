"""What can be written: for each kind, level and task an example, and how a recipe swaps it in."""

from __future__ import annotations

from dataclasses import dataclass

from vsslfw.errors import Problem, UserError, did_you_mean

WHERE = "vsslfw new plugin"
_NUMPY, _TORCH, _AV = ("numpy>=2.0", "the draws and the arrays"), ("torch>=2.11", "tensors and layers"), ("av>=17", "writes the videos")


@dataclass(frozen=True)
class Variant:
    """An example of a kind, or of one of its levels or tasks. Its text is the template ``<kind>[_<which>].py.j2``."""

    kind: str
    which: str
    """The level of a corruption, the task of a head; nothing for other kinds."""
    does: str
    """What the example does: the summary of the component, in a phrase."""
    key: str
    """Where a recipe names such a component; a key that ends in ``[]`` holds a list of them."""
    requirements: tuple[tuple[str, str], ...] = ()
    """Beside vsslfw: requirement -> why."""
    also: tuple[str, ...] = ()
    """What else a recipe must say, as ``KEY=VALUE``."""
    tiny: str = ""
    """Parameters that make it small enough for a tiny run, as they stand in a dict."""

    @property
    def template(self) -> str:
        """Name of the template of its module."""
        return f"{self.kind}{'_' * bool(self.which)}{self.which}.py.j2"

    def overrides(self, name: str, parameters: str = "") -> list[str]:
        """``KEY=VALUE`` that make a recipe use the component ``name``."""
        config = f'{{"type": "{name}"{", " * bool(parameters)}{parameters}}}'
        value = f"[{config}]" if self.key.endswith("[]") else config
        return [f"{self.key.removesuffix('[]')}={value}", *self.also]

    def recipe_lines(self, name: str) -> list[str]:
        """The same as lines of a recipe."""
        lines = []
        for key, value in (override.split("=", 1) for override in self.overrides(name)):
            value = value.replace(f'{{"type": "{name}"}}', f'dict(type="{name}")')
            top, *below = key.split(".")
            for part in reversed(below):
                value = f"dict({part}={value})"
            lines.append(f"{top} = {value}")
        return lines


VARIANTS = (
    Variant(
        "dataset",
        "",
        "made videos of a square that shakes fast or slowly",
        "data",
        (_NUMPY, _AV),
        tiny='"seizures": 1',
    ),
    Variant("detector", "", "the middle of the picture, where the bed stands", "finetune.region", (_NUMPY,)),
    Variant("backbone", "", "the mean colour of each of 8 x 8 cells of a frame", "backbone", (_TORCH,), tiny='"frame_size": 32'),
    Variant("corruption", "frame", "a grey rectangle hides part of every frame", "corruption[]", (_NUMPY,), ('extract.views="online"',)),
    Variant("corruption", "sequence", "a span of frames runs backwards", "corruption[]", (_NUMPY,)),
    Variant("corruption", "feature", "a share of the numbers of a feature is lost", "corruption[]", (_NUMPY, _TORCH)),
    Variant("encoder", "", "convolutions over time", "encoder", (_TORCH,), tiny='"hidden_dim": 32, "layers": 2'),
    Variant("head", "pretext", "two linear layers restore the clean features", "pretrain.head", (_TORCH,), tiny='"inner_dim": 32'),
    Variant("head", "classification", "mean and deviation over time, then one linear layer", "finetune.head", (_TORCH,)),
    Variant("validation", "", "folds of subjects, dealt out class by class", "validation", (_NUMPY,), tiny='"folds": 2'),
    Variant("executor", "", "one fold after the other, each told in the log", "executor"),
)
"""In the order of `vsslfw.registry.KINDS`."""

_CHOICES = {"corruption": ("level", "sequence"), "head": ("task", "classification")}
"""Kind -> the option that divides it, and its default."""


def variant_of(kind: str, *, level: str | None = None, task: str | None = None) -> Variant:
    """The example of a kind (of its level or task). UserError, with the nearest name, for one that does not exist."""
    kinds = list(dict.fromkeys(variant.kind for variant in VARIANTS))
    if kind not in kinds:
        raise UserError(Problem(f'there is no kind "{kind}"', f"{WHERE} --kind", did_you_mean(kind, kinds)))
    option, default = _CHOICES.get(kind, ("", ""))
    for name, value in (("level", level), ("task", task)):
        if value is not None and name != option:
            owner = next(owner for owner, (theirs, _) in _CHOICES.items() if theirs == name)
            raise UserError(Problem(f"a {kind} has no {name}", f"{WHERE} --{name}", f"only a {owner} has one: leave it out"))
    chosen = {"level": level, "task": task}.get(option) or default
    found = {variant.which: variant for variant in VARIANTS if variant.kind == kind}
    if chosen not in found:
        raise UserError(Problem(f'there is no {option} "{chosen}"', f"{WHERE} --{option}", did_you_mean(chosen, found)))
    return found[chosen]
