"""An exception out of a plugin's code names the plugin, not the framework that called it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from vsslfw.culprit import in_words
from vsslfw.errors import Problem, RunError, VsslfwError
from vsslfw.recipe import Recipe

log = logging.getLogger("vsslfw")


@contextmanager
def naming_culprits(recipe: Recipe) -> Iterator[None]:
    """Turn what a plugin's code raises into a RunError with the plugin, the file and the line; what others raise passes."""
    try:
        yield
    except VsslfwError:
        raise
    except Exception as error:
        found = recipe.plugins.culprit(error)
        if found is None:
            raise
        plugin, place = found
        log.debug("the traceback of plugin %s", plugin.name, exc_info=error)
        hint = f"vsslfw check {plugin.path or plugin.name} looks for mistakes in it; leave it out with -p no:{plugin.name}"
        what = f"plugin {plugin.name} ({plugin.distribution} {plugin.version}) failed: {in_words(error)}"
        raise RunError(Problem(what, place, hint)) from error
