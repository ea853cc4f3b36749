"""What every module must bear: its weights in a file, low precision, another device."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from vsslfw.testing.calls import calls, results
from vsslfw.testing.compare import difference, shown
from vsslfw.testing.devices import on_another_device
from vsslfw.testing.outcomes import doing, require
from vsslfw.testing.samples import batch_for, frames_for, sequences
from vsslfw.testing.subjects import Subject

BFLOAT16 = 0.15
"""Share of the size of a result by which bfloat16, which has 8 bits, may change it after many layers."""


def check_state_dict(subject: Subject) -> None:
    """Its state dict holds tensors alone, and all that its results depend on: loaded into another one, it gives the same results."""
    from safetensors.torch import load, save

    module, other = subject.own(seed=1), subject.own(seed=2)
    did = "saving its state dict with safetensors and loading it, strictly, into another one"
    strangers = [name for name, value in module.state_dict().items() if not isinstance(value, Tensor)]
    require(
        not strangers,
        "reading its state dict",
        f"{', '.join(strangers)} is no tensor",
        "keep plain values as attributes that __init__ sets",
    )
    with torch.no_grad():
        if subject.kind == "backbone":  # two of them have the same weights
            for number, tensor in enumerate(module.state_dict().values()):
                if tensor.is_floating_point():
                    tensor.mul_(1 + 0.01 * (number % 3))
    with doing(did, "register what it learns as parameters or buffers, under the same names each time"):
        state = load(save({name: value.detach().cpu().contiguous().clone() for name, value in module.state_dict().items()}))
        other.load_state_dict(state)
    for call, one, two in zip(calls(subject), results(subject, module), results(subject, other), strict=True):
        said = difference(one, two, 1e-4)
        require(not said, f"{did}; then {call.did}, with both", said, "register every tensor as a parameter or buffer (persistent=True)")


def check_bfloat16(subject: Subject) -> None:
    """Under bfloat16 autocast it works, and gives about the same, in numbers that are finite."""
    for module, inputs, did in _at_work(subject):
        with doing(did), torch.no_grad():
            full = _floats(subject, module, inputs)
        did = f"{did} under torch.autocast(bfloat16)"
        todo = "let autocast choose: bring a tensor of your own into the dtype of its partner with .to(x.dtype)"
        with doing(did, todo), torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            low = _floats(subject, module, inputs)
        for name, value in low.items():
            require(value.is_floating_point(), did, f"{name} is {shown(value)}", "give floating-point numbers")
            a, b = full[name].double(), value.double()
            require(
                bool(b.isfinite().all()),
                did,
                f"{name} is not finite everywhere",
                "use float32 for sums, exponentials and large constants (x.float())",
            )
            off = float((a - b).norm() / a.norm().clamp_min(1e-9))
            require(
                off < BFLOAT16 or float((a - b).abs().max()) < 1e-2,
                did,
                f"{name} is off by {off:.0%} of its size",
                "use float32 where numbers cancel: x.float()",
            )


def check_device(subject: Subject) -> None:
    """It works on the device that it was moved to: no tensor of its own stays behind."""
    for module, inputs, did in _at_work(subject):
        for place in on_another_device():
            moved = place.put(module)
            with place.running(f"{did} on {place.name}"), torch.no_grad():
                given = {name: place.put(value) if isinstance(value, Tensor) else value for name, value in inputs.items()}
                if subject.kind == "head":
                    given["batch"] = inputs["batch"]._map(place.put)
                for name, value in _floats(subject, moved, given).items():
                    todo = "make new tensors on the device of the input"
                    require(value.device.type == "cuda", f"{did} on {place.name}", f"{name} is on {value.device}", todo)


def _at_work(subject: Subject) -> list[tuple[nn.Module, dict[str, Any], str]]:
    """(module, inputs, what is done)."""
    if subject.kind == "backbone":
        module = subject.shared()
        return [(module, {"frames": frames_for(module, 2)}, "a batch of 2")]
    module = subject.build().eval()
    if subject.kind == "encoder":
        features, valid = sequences([min(4, subject.longest), 1], min(6, subject.longest))
        return [(module, {"features": features, "valid": valid}, "encoding 2 sequences")]
    hidden, batch = batch_for(subject, [6, 3, 1], 6)
    return [(module, {"hidden": hidden, "batch": batch}, "head and loss of 3 sequences")]


def _floats(subject: Subject, module: Any, inputs: dict[str, Any]) -> dict[str, Tensor]:
    if subject.kind == "backbone":
        return {"the feature": module(inputs["frames"])}
    if subject.kind == "encoder":
        hidden = module(inputs["features"], inputs["valid"])
        return {
            "the hidden state": torch.where(
                inputs["valid"].unsqueeze(-1), hidden, torch.zeros((), dtype=hidden.dtype, device=hidden.device)
            )
        }
    batch = inputs["batch"]
    output = module(inputs["hidden"], batch.valid)
    loss = module.loss(output, batch)
    return {"the output": output, "the loss": loss.sums["loss"], "the count": loss.count}
