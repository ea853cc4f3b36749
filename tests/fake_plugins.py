"""Distributions that a test installs: a module beside its metadata on sys.path, which is all that an installed plugin is."""

from __future__ import annotations

from pathlib import Path

HEAD = """
from vsslfw.hookspecs import hookimpl

VSSLFW_API = 1
"""

REVERSE = '''
from vsslfw.interfaces import SequenceCorruption


class Reverse(SequenceCorruption):
    """plan -> plan that runs backwards."""

    def __call__(self, plan, generator):
        return plan.showing(plan.source[: plan.length][::-1])
'''


def registering(*calls: str) -> str:
    """The text of a plugin module that makes these calls of ``register``."""
    lines = "\n".join(f"    register({call})" for call in calls) or "    pass"
    return f"{HEAD}\n\n@hookimpl\ndef vsslfw_register(register):\n{lines}\n"


def install(folder: Path, name: str, text: str | None, *, version: str = "1.0", entry: str | None = None, **files: str) -> Path:
    """Install distribution ``name`` into ``folder`` (which must be on sys.path); returns its module's path.

    text: what its module holds; none writes no module. entry: the entry point's name, the distribution's unless told.
    files: further modules, name -> text.
    """
    module = name.replace("-", "_")
    info = folder / f"{module}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[vsslfw]\n{entry or name} = {module}\n")
    (info / "RECORD").write_text(f"{info.name}/METADATA,,\n{info.name}/entry_points.txt,,\n")
    for other, content in (({module: text} if text is not None else {}) | files).items():
        (folder / f"{other}.py").write_text(content)
    return folder / f"{module}.py"


BROKEN: dict[str, tuple[str, str | None, str]] = {
    # what is wrong: the distribution, the text of its module, words that the message must hold
    "import error": ("broken-import", "import no_such_library\n", "No module named 'no_such_library'"),
    "no module at all": ("broken-nothing", None, "No module named 'broken_nothing'"),
    "syntax error": ("broken-syntax", "\n\ndef (:\n", "SyntaxError"),
    "it leaves the program": ("broken-exit", "import sys\nsys.exit(3)\n", "SystemExit"),
    "wrong api": ("broken-api", registering().replace("VSSLFW_API = 1", "VSSLFW_API = 99"), "written for API 99"),
    "no api": ("broken-no-api", registering().replace("VSSLFW_API = 1", ""), "write VSSLFW_API = 1"),
    "api that is no number": ("broken-api-text", registering().replace("VSSLFW_API = 1", 'VSSLFW_API = "1"'), "must be an integer"),
    "misspelt hook": (
        "broken-hook",
        registering().replace("def vsslfw_register", "def vsslfw_registre"),
        'did you mean "vsslfw_register"?',
    ),
    "wrong hook arguments": ("broken-arguments", registering().replace("(register)", "(registry)"), 'has no argument "registry"'),
    "unmarked hook": ("broken-mark", registering().replace("@hookimpl\n", ""), "write @hookimpl above it"),
    "a hook wrapper": ("broken-wrapper", registering().replace("@hookimpl\n", "@hookimpl(wrapper=True)\n"), "calls no wrappers"),
    "a built-in's name": ("broken-name", registering('"encoder", "bert", "a:B"'), "already registered by plugin vsslfw"),
    "a name twice": ("broken-twice", registering('"encoder", "x", "a:B"', '"encoder", "x", "a:C"'), "register it once"),
    "unknown kind": ("broken-kind", registering('"corruptions", "x", "a:B"'), 'did you mean "corruption"?'),
    "half registered": ("broken-half", registering('"corruption", "left_over", "a:B"', "1 / 0"), "ZeroDivisionError"),
    "no class named": ("broken-target", registering('"corruption", "x", "a.B"'), '"package.module:Class"'),
    "a name of another form": ("broken-form", registering('"corruption", "My Noise", "a:B"'), "lower-case letters"),
}
