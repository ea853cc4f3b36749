"""Plain data -> the text of a recipe that loads back to the same data."""

from __future__ import annotations

import keyword
from typing import Any

WIDTH = 120


def to_text(values: dict[str, Any]) -> str:
    """One ``name = value`` a key; what does not fit into a line has one line an entry."""
    return "\n".join(f"{name} = {_value(value, len(name) + 3, '')}" for name, value in values.items()) + "\n"


def _value(value: Any, used: int, indent: str) -> str:
    entries, opening, closing = _entries(value)
    if entries is None:
        return _scalar(value)
    flat = ", ".join(label + _value(item, 0, "") for label, item in entries)
    flat += "," if isinstance(value, tuple) and len(entries) == 1 else ""
    if used + len(flat) + len(opening) + 1 <= WIDTH and "\n" not in flat:
        return f"{opening}{flat}{closing}"
    deeper = indent + "    "
    lines = [f"{deeper}{label}{_value(item, len(deeper) + len(label) + 1, deeper)},\n" for label, item in entries]
    return f"{opening}\n{''.join(lines)}{indent}{closing}"


def _entries(value: Any) -> tuple[list[tuple[str, Any]] | None, str, str]:
    if isinstance(value, dict):
        if all(key.isidentifier() and key.isascii() and not keyword.iskeyword(key) for key in value):
            return [(f"{key}=", item) for key, item in value.items()], "dict(", ")"
        return [(f"{_scalar(key)}: ", item) for key, item in value.items()], "{", "}"
    if isinstance(value, list | tuple):
        return [("", item) for item in value], *("[]" if isinstance(value, list) else "()")
    return None, "", ""


def _scalar(value: Any) -> str:
    text = repr(value)
    # Double quotes where nothing has to be escaped for them, as in the recipes people write.
    if isinstance(value, str) and text == f"'{value}'" and '"' not in value:
        return f'"{value}"'
    return text
