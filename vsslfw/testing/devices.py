"""Other devices without owning one: torch's fake tensors, which know shapes and devices and hold no numbers."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from vsslfw.testing.outcomes import CannotCheckError, ContractError, in_words

REMEDY = "make new tensors on the device of the input (torch.zeros(..., device=x.device)); register buffers instead of plain tensors"


class Device:
    """A device to run on: ``put`` brings tensors and modules there, ``running`` says in words what goes wrong there."""

    name = "cuda"

    def put(self, value: Any) -> Any:
        """The tensor or module on the device; a module is copied."""
        return copy.deepcopy(value).to("cuda") if isinstance(value, nn.Module) else value.to("cuda")

    @contextlib.contextmanager
    def running(self, did: str) -> Iterator[None]:
        """Errors inside become a `ContractError`, or a `CannotCheckError` where they say nothing about the component."""
        try:
            yield
        except (ContractError, CannotCheckError):
            raise
        except Exception as error:
            raise ContractError(did, in_words(error), REMEDY) from error


class FakeDevice(Device):
    """A CUDA device that is not there."""

    name = "a CUDA device (simulated)"

    def __init__(self) -> None:
        from torch._subclasses.fake_tensor import FakeTensorMode

        self.mode = FakeTensorMode(allow_non_fake_inputs=True)

    def put(self, value: Any) -> Any:
        """Parameters and buffers go to the device; tensors that a module keeps otherwise stay where they are, as with ``.to``."""
        module = _shallow(value) if isinstance(value, nn.Module) else None
        with self.mode:
            if module is None:
                return self.mode.from_tensor(value).to("cuda")
            for part in module.modules():
                for name, parameter in part._parameters.items():
                    if parameter is not None:
                        moved = self.mode.from_tensor(parameter.detach()).to("cuda")
                        part._parameters[name] = nn.Parameter(moved, requires_grad=parameter.requires_grad)
                for name, buffer in part._buffers.items():
                    if buffer is not None:
                        part._buffers[name] = self.mode.from_tensor(buffer).to("cuda")
            return module

    @contextlib.contextmanager
    def running(self, did: str) -> Iterator[None]:
        """What fake tensors cannot do says nothing about the component: the check is skipped then."""
        from torch._subclasses import fake_tensor

        beyond = (
            fake_tensor.DataDependentOutputException,
            fake_tensor.DynamicOutputShapeException,
            fake_tensor.UnsupportedFakeTensorException,
            fake_tensor.UnsupportedOperatorException,
            fake_tensor.UnsupportedMutationAliasingException,
        )
        with super().running(did):
            try:
                with self.mode:
                    yield
            except beyond as error:
                raise CannotCheckError(
                    f"what it computes depends on the numbers, which a simulated device has not: {in_words(error)}"
                ) from error
            except RuntimeError as error:
                if "not supported for tensor subclasses" in str(error) or "data-dependent" in str(error).lower():
                    raise CannotCheckError(f"a simulated device has no numbers to look at: {in_words(error)}") from error
                raise


def on_another_device() -> Iterator[Device]:
    """A simulated CUDA device, and a real one where there is one."""
    yield FakeDevice()
    if torch.cuda.is_available():
        yield Device()


def _shallow(module: nn.Module) -> nn.Module:
    """A copy of a tree of modules that shares its tensors: its numbers may be large, and are not needed."""
    memo: dict[int, Any] = {id(tensor): tensor for tensor in (*module.parameters(), *module.buffers())}
    return copy.deepcopy(module, memo)
