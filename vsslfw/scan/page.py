"""audit.html: one file, no script, no network, everything escaped. It shows patients, so it is readable by its owner alone."""

from __future__ import annotations

from collections import Counter
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

import vsslfw
from vsslfw.atomic import write_text
from vsslfw.scan import words
from vsslfw.scan.verdicts import VERDICTS

if TYPE_CHECKING:
    from vsslfw.scan.run import Audit

MOST_THUMBNAILS = 8000
"""Of all files together: a page of more would not open."""


def write_page(path: Path, audit: Audit) -> None:
    """Write the page, atomically. The same audit gives the same bytes."""
    write_text(path, render(audit), private=True)


def render(audit: Audit) -> str:
    """The page as text."""
    here = Path(str(resources.files("vsslfw.scan")))
    style = (here.parent / "report" / "style.css").read_text(encoding="utf-8") + (here / "audit.css").read_text(encoding="utf-8")
    environment = Environment(
        loader=FileSystemLoader(here), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"seconds": words.length, "size": words.size, "rate": words.rate, "formats": words.formats}
    environment.filters["percent"] = "{:.0%}".format
    verdicts = Counter(file.verdict for file in audit.files)
    page = environment.get_template("audit.html").render(
        style=Markup(style),
        version=vsslfw.__version__,
        audit=audit,
        summary=words.summary(audit),
        others=words.others(audit),
        leaks=[words.leak(audit, copy.first, copy.second) for copy in audit.leaks],
        counts=[(verdict, verdicts[verdict]) for verdict in VERDICTS],
        groups=[(verdict, [file for file in audit.files if file.verdict == verdict]) for verdict in reversed(VERDICTS)],
        thumbnails=max(1, MOST_THUMBNAILS // max(1, len(audit.files))),
        subjects=len({file.entry.subject_id for file in audit.files if file.entry.subject_id}),
    )
    return page.encode("utf-8", "backslashreplace").decode("utf-8")
