"""Recipes: Python files that are data. Parsed, merged, strictly checked, resolved; never executed."""

from __future__ import annotations

from vsslfw.recipe.recipe import AS_WRITTEN, Recipe, load_recipe

__all__ = ["AS_WRITTEN", "Recipe", "load_recipe"]
