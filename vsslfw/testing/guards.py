"""The network and the file system, watched: one audit hook, which does nothing unless a check asks."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NETWORK = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.sendmsg", "urllib.Request")
ADDRESSED = ("socket.connect", "socket.sendto", "socket.sendmsg")
LOOPBACK = ("127.0.0.1", "::1", "localhost", b"localhost", None)
CHANGES = ("os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod", "os.chown")
PROCESSES = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.startfile")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_attempts: list[list[str]] = []
"""Where attempts to reach a network are written down; empty: nobody listens. Global, so that threads are seen too."""
_touched: list[list[str]] = []
"""The same for files and processes."""
_installed = False


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _attempts and event in NETWORK and not _is_local(event, arguments):
        said = f"{event}{_shown(arguments)}"
        _attempts[-1].append(said)
        raise ConnectionRefusedError(f"nothing may contact a network: {said}")
    said = _change(event, arguments) if _touched else ""
    if said and not _importing():
        _touched[-1].append(said)


def _change(event: str, arguments: tuple[Any, ...]) -> str:
    if event == "open" and _writes(arguments):
        return f"opened {os.fsdecode(arguments[0])} for writing"
    if event in CHANGES and not _in_cache(arguments[0]):
        return f"{event.removeprefix('os.')} {os.fsdecode(arguments[0])}"
    return f"started a process: {event}{_shown(arguments)}" if event in PROCESSES else ""


def _writes(arguments: tuple[Any, ...]) -> bool:
    path, mode, flags = (*arguments, None, None)[:3]
    if isinstance(path, int) or _in_cache(path) or os.fspath(path) in (os.devnull, os.fsencode(os.devnull)):
        return False
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return bool(isinstance(flags, int) and flags & WRITING)


def _in_cache(path: Any) -> bool:
    return not isinstance(path, int) and "__pycache__" in os.fsdecode(path)


def _importing() -> bool:
    """True inside an import: what a library does when it is first imported is not the component's doing."""
    frame: Any = sys._getframe(2)  # itself an audit event, so only asked where something was touched
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _is_local(event: str, arguments: tuple[Any, ...]) -> bool:
    """Sockets between processes of this machine (a pool's, a debugger's) are no network."""
    if event not in ADDRESSED:
        return bool(arguments) and arguments[0] in LOOPBACK
    address = arguments[1] if len(arguments) > 1 else None
    return isinstance(address, str | bytes) or (isinstance(address, tuple) and address[:1] != () and address[0] in LOOPBACK)


def _shown(arguments: tuple[Any, ...]) -> str:
    plain = [item for item in arguments if isinstance(item, str | bytes | int | tuple | list | os.PathLike)]
    return f"({', '.join(map(repr, plain))[:200]})"


def _install() -> None:
    global _installed  # an audit hook can never be removed, so there is one, and it does nothing unless asked
    if not _installed:
        sys.addaudithook(_hook)
        _installed = True


@contextlib.contextmanager
def offline(attempts: list[str]) -> Iterator[None]:
    """Refuse every attempt to reach a network, and write it down in ``attempts``."""
    _install()
    _attempts.append(attempts)
    try:
        yield
    finally:
        _attempts.pop()


@contextlib.contextmanager
def files_watched(below: Path | None = None) -> Iterator[list[str]]:
    """What is written, moved or removed meanwhile, and processes started, in words; what lies ``below`` a folder is allowed."""
    _install()
    seen: list[str] = []
    _touched.append(seen)
    try:
        with _native_writers(seen):
            yield seen
    finally:
        _touched.pop()
        seen[:] = [said for said in dict.fromkeys(seen) if below is None or str(below) not in said]


@contextlib.contextmanager
def _native_writers(seen: list[str]) -> Iterator[None]:
    """torch.save and safetensors open their files below Python, where no audit event tells it."""
    import torch

    safe: Any = importlib.import_module("safetensors.torch")

    writer, serialise = torch._C.PyTorchFileWriter, safe.serialize_file

    def writing(target: Any, *arguments: Any, **named: Any) -> Any:
        if isinstance(target, str | bytes | os.PathLike):
            seen.append(f"wrote {os.fsdecode(target)} by torch.save")
        return writer(target, *arguments, **named)

    def serialising(tensors: Any, path: Any, *arguments: Any, **named: Any) -> Any:
        seen.append(f"wrote {os.fsdecode(path)} by safetensors")
        return serialise(tensors, path, *arguments, **named)

    torch._C.PyTorchFileWriter, safe.serialize_file = writing, serialising  # type: ignore[assignment,misc]
    try:
        yield
    finally:
        torch._C.PyTorchFileWriter, safe.serialize_file = writer, serialise  # type: ignore[assignment,misc]
