"""The text of a new plugin, as Jinja2 templates."""
