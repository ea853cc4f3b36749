"""The version of the plugin API, and what an old plugin is told (docs/compatibility.md)."""

from __future__ import annotations

API = 1
"""What this vsslfw offers: it rises when a contract or a hook changes so that a plugin must change too."""
OLDEST_API = 1
"""The oldest version that still works, with a deprecation warning."""


class VsslfwDeprecationWarning(FutureWarning):
    """Something works for now and will not in a later release; shown to whoever runs the program."""


def api_problem(declared: object) -> str:
    """Why a plugin that declares this API version cannot be used; nothing if it can."""
    range_ = f"this vsslfw offers API {API}" + (f" and still takes {OLDEST_API}" if OLDEST_API < API else "")
    if declared is None:
        return f"it does not say which API it was written for: write VSSLFW_API = {API} at the top of its module ({range_})"
    if not isinstance(declared, int) or isinstance(declared, bool):
        return f"VSSLFW_API is {declared!r}; it must be an integer ({range_})"
    if declared > API:
        return f"it was written for API {declared}, and {range_}: install a newer vsslfw"
    if declared < OLDEST_API:
        return f"it was written for API {declared}, and {range_}: install a newer version of the plugin"
    return ""


def api_warning(declared: int) -> str:
    """What the author of a plugin for an API that is old and still works should know; nothing if it is the current one."""
    if declared == API:
        return ""
    return f"it was written for API {declared}; the current one is {API}, and a later vsslfw will not take it (docs/compatibility.md)"
