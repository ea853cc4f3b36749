"""Backbones: frozen, a frame at a time, features that a float16 store holds and a key that follows the weights."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import torch
from torch import Tensor, nn

from vsslfw.interfaces import BackboneSpec
from vsslfw.testing.compare import CLOSE, difference, shown
from vsslfw.testing.outcomes import CannotCheckError, doing, require
from vsslfw.testing.samples import frames_for
from vsslfw.testing.subjects import Subject

FLOAT16 = 65504.0


def check_spec(subject: Subject) -> None:
    """spec(**parameters) says what is then built: feature_dim, frame_size, clip_length and clip_stride."""
    built = subject.shared()
    did = "reading feature_dim, frame_size, clip_length and clip_stride of the built backbone"
    size = getattr(built, "frame_size", None)
    todo = "set self.feature_dim and self.frame_size = (H, W) on the class or in __init__"
    right = isinstance(getattr(built, "feature_dim", None), int) and isinstance(size, tuple) and len(size) == 2 and min(size) > 0
    require(right, did, f"feature_dim is {getattr(built, 'feature_dim', None)!r}, frame_size is {size!r}", todo)
    made = BackboneSpec(built.feature_dim, built.frame_size, built.clip_length, built.clip_stride)
    require(made.clip_length >= 1 and made.clip_stride >= 1, did, f"it is {made}", "frames, from 1 on")
    parameters = {**_defaults(subject), **subject.parameters}
    with doing("asking spec(**parameters)", "it must answer for every set of parameters with which the backbone can be built"):
        said = subject.cls.spec(**parameters)  # type: ignore[attr-defined]
    if said is None:
        raise CannotCheckError("spec() does not say: the recipe is then checked only when the weights are read")
    todo = "override the classmethod spec(), or declare the shapes on the class"
    require(said == made, "comparing spec(**parameters) with what is built", f"it says {said}, and {made} is built", todo)


def check_shapes(subject: Subject) -> None:
    """(N,3,H,W) floats, or (N,L,3,H,W) for clips -> finite floats (N,D), for any N."""
    backbone = subject.shared()
    for count in (1, 2, 5):
        did = f"a batch of {count}"
        features = _features(backbone, frames_for(backbone, count), did)
        right = isinstance(features, Tensor) and features.shape == (count, backbone.feature_dim) and features.is_floating_point()
        require(right, did, f"it gave {shown(features)}", f"give a float tensor of shape {(count, backbone.feature_dim)}")
        require(bool(features.isfinite().all()), did, "some numbers are not finite", "look at the weights and at the normalisation")


def check_frozen(subject: Subject) -> None:
    """It is frozen and in eval mode for good, also inside a model that trains: no gradients, the same features."""
    backbone = subject.own()
    learning = [name for name, p in backbone.named_parameters() if p.requires_grad]
    require(not learning, "looking at its parameters", f"{', '.join(learning[:3])} would learn", "end __init__ with self.freeze()")
    frames = frames_for(backbone, 3)
    before = _features(backbone, frames, "a batch of 3")
    state = {name: value.clone() for name, value in backbone.state_dict().items()}
    nn.Sequential(backbone).train()
    awake = [name or type(backbone).__name__ for name, part in backbone.named_modules() if part.training]
    did = "calling train() on a model around it"
    require(not awake, did, f"{', '.join(awake[:3])} is in train mode", "keep Backbone.train, and end __init__ with self.freeze()")
    with doing(f"{did}, then a batch of 3"):
        after = backbone(frames)
    require(not after.requires_grad, did, "its features carry gradients", "end __init__ with self.freeze()")
    said = difference(before, after, 1e-5) or difference(state, dict(backbone.state_dict()), 0.0)
    require(not said, f"a batch of 3 before and after {did}", said, "nothing may learn, or count, while it is used")


def check_frames_apart(subject: Subject) -> None:
    """A feature depends on its own frame (or clip) alone, not on what else is in the batch."""
    backbone = subject.shared()
    frames = frames_for(backbone, 4)
    together = _features(backbone, frames, "a batch of 4")
    others = frames.clone()
    others[1:] = 3.0 * others[1:].flip(-1) + 1.0
    said = difference(together[:1], _features(backbone, others, "a batch of 4")[:1], CLOSE, "its feature")
    todo = "no batch normalisation in train mode, and no mean, maximum or attention over the batch"
    require(not said, "a frame among three others, and among three different ones", said, todo)
    said = difference(together[:1], _features(backbone, frames[:1], "a batch of 1"), 10 * CLOSE, "its feature")
    require(not said, "a frame among three others, and alone", said, todo)


def check_order(subject: Subject) -> None:
    """Features come in the order of the frames: another order of the batch is the same order of its features."""
    backbone = subject.shared()
    frames, order = frames_for(backbone, 5), torch.tensor([3, 0, 4, 1, 2])
    one, two = _features(backbone, frames, "a batch of 5"), _features(backbone, frames[order], "the same in another order")
    said = difference(one[order], two, CLOSE, "a feature")
    require(not said, "a batch of 5 in two orders", said, "a frame's place in the batch means nothing")


def check_sees_the_picture(subject: Subject) -> None:
    """Different pictures have different features."""
    backbone = subject.shared()
    features = _features(backbone, frames_for(backbone, 3), "three different pictures")
    todo = "is the input used at all, and are the weights more than zeros?"
    for other in (1, 2):
        require(bool(difference(features[0], features[other], 1e-6)), "three different pictures", "two have the same feature", todo)


def check_tokens(subject: Subject) -> None:
    """The MASK picture (-1.0 everywhere) and the PAD picture (0.0) have finite features, and all features fit in float16."""
    backbone = subject.shared()
    like = frames_for(backbone, 1)
    tokens = _features(backbone, torch.cat([torch.full_like(like, -1.0), torch.zeros_like(like)]), "the MASK and the PAD picture")
    did = "the MASK picture, the PAD picture and three others"
    for name, values in (("MASK or PAD", tokens), ("a picture", _features(backbone, frames_for(backbone, 3), "three pictures"))):
        require(
            bool(values.isfinite().all()),
            did,
            f"the feature of {name} is not finite",
            "normalise by no statistic of the picture that may be 0",
        )
        largest = float(values.abs().max())
        require(
            largest < FLOAT16,
            did,
            f"the feature of {name} reaches {largest:.3g}",
            f"features are stored as float16, which ends at {FLOAT16:.0f}: scale them",
        )
    require(
        bool(difference(tokens[0], tokens[1], 1e-6)),
        did,
        "MASK and PAD have the same feature",
        "no normalisation that removes the brightness",
    )


def check_normalisation(subject: Subject) -> None:
    """mean and std are three numbers each, for frames in [0, 1]."""
    backbone = subject.shared()
    for name, low, high in (("mean", -1.0, 1.5), ("std", 1e-3, 2.0)):
        values = getattr(backbone, name, None)
        did, todo = f"reading {name}", "frames are RGB in [0, 1]: divide what is given for bytes by 255"
        right = isinstance(values, tuple | list) and len(values) == 3 and all(isinstance(value, int | float) for value in values)
        require(right, did, f"it is {values!r}", f"{name} = (red, green, blue), plain numbers")
        require(all(low <= value <= high for value in values), did, f"it is {values!r}", todo)  # type: ignore[union-attr]


def check_fingerprint(subject: Subject) -> None:
    """The fingerprint is text, and the same for two that are built alike and for copies: features are found again by it."""
    backbone = subject.shared()
    with doing("asking fingerprint()"):
        own = backbone.fingerprint()
        found = {"a second one, built alike": subject.build().fingerprint(), "itself, asked again": backbone.fingerprint()}
        found["a pickled copy"] = pickle.loads(pickle.dumps(backbone)).fingerprint()
        found["a deep copy"] = copy.deepcopy(backbone).fingerprint()
    require(
        isinstance(own, str) and len(own) >= 8,
        "asking fingerprint()",
        f"it is {shown(own)}",
        "a digest of architecture and weights, as text",
    )
    for who, other in found.items():
        require(
            other == own, f"asking it and {who} for fingerprint()", f"{own} and {other}", "no time, id, path or random number goes into it"
        )


def check_fingerprint_of_weights(subject: Subject) -> None:
    """The fingerprint changes when a weight changes: features of other weights are never taken for these."""
    backbone = subject.own()
    with doing("asking fingerprint()"):
        before = backbone.fingerprint()
    floats = [tensor for tensor in backbone.state_dict().values() if tensor.is_floating_point()]
    if not floats:
        raise CannotCheckError("it has no weights")
    for which, tensor in (("first", floats[0]), ("last", floats[-1])):
        with torch.no_grad():
            tensor[(0,) * tensor.ndim] += 1.0  # view(-1) does not take channels-last weights
        with doing("asking fingerprint()"):
            after = backbone.fingerprint()
        did = f"changing a number of its {which} weight, and asking fingerprint() again"
        require(
            after != before,
            did,
            "it is the same",
            "keep Backbone.fingerprint, which digests the weights; if it is of the weights as published, say so in expected_failures",
        )
        before = after


def _features(backbone: Any, frames: Tensor, did: str) -> Tensor:
    with doing(did), torch.inference_mode():
        features: Tensor = backbone(frames.clone())
    return features.clone()


def _defaults(subject: Subject) -> dict[str, Any]:
    from vsslfw.recipe.signature import REQUIRED, parameters

    known = parameters(subject.cls, subject.kind) or {}
    return {name: parameter.default for name, parameter in known.items() if parameter.default is not REQUIRED}
