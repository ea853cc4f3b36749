"""Draws docs/img/flow.svg: how the data flow, stage by stage, and where a part can be swapped.

python docs/flow.py
"""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment

STAGES = [
    ("index", "videos.csv, probed;\nclips drawn", ["dataset"]),
    ("extract", "frames, cropped and\nresized, to frozen\nfeatures, kept", ["detector", "backbone"]),
    ("pretrain", "sequences corrupted;\nclean features\nrestored", ["corruption", "encoder", "head"]),
    ("validate", "each fold fine-tuned\nand tested on subjects\nit never saw", ["head", "validation", "executor"]),
    ("report", "metrics beside the\nconstant answer,\naudits, report.html", []),
]
"""Stage, what it does, the kinds of component that it is made of."""

TEMPLATE = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 980 252" role="img" aria-label="{{ label }}"
 font-family="system-ui, 'Segoe UI', Arial, sans-serif">
<rect x="0.5" y="0.5" width="979" height="251" rx="12" fill="#f7f9fb" stroke="#d5dbe2"/>
{% for name, what, kinds in stages %}
{% set x = 20 + 192 * loop.index0 %}
<rect x="{{ x }}" y="24" width="172" height="112" rx="8" fill="#ffffff" stroke="#12608f" stroke-width="1.5"/>
<text x="{{ x + 14 }}" y="50" font-size="17" font-weight="700" fill="#12608f">{{ name }}</text>
{% for line in what.splitlines() %}
<text x="{{ x + 14 }}" y="{{ 74 + 19 * loop.index0 }}" font-size="13" fill="#1b2430">{{ line }}</text>
{% endfor %}
{% if not loop.last %}
<path d="M {{ x + 174 }} 80 h 13 m -5 -5 l 5 5 l -5 5" fill="none" stroke="#5a6675" stroke-width="1.6"/>
{% endif %}
{% for kind in kinds %}
<rect x="{{ x + 14 }}" y="{{ 148 + 28 * loop.index0 }}" width="112" height="23" rx="11.5" fill="#fff3e6" stroke="#a8500b"/>
<text x="{{ x + 70 }}" y="{{ 164 + 28 * loop.index0 }}" font-size="13" text-anchor="middle" fill="#7a3a08">{{ kind }}</text>
{% endfor %}
{% endfor %}
<text x="802" y="164" font-size="13" fill="#5a6675">rounded: a kind of</text>
<text x="802" y="181" font-size="13" fill="#5a6675">component, swapped</text>
<text x="802" y="198" font-size="13" fill="#5a6675">by its name</text>
</svg>
"""


def drawn() -> str:
    """The picture as text."""
    said = "; ".join(f"{name}: {' '.join(what.split())}" + (f" ({', '.join(kinds)})" if kinds else "") for name, what, kinds in STAGES)
    environment = Environment(trim_blocks=True, lstrip_blocks=True, autoescape=True)
    return environment.from_string(TEMPLATE).render(stages=STAGES, label=f"The stages of a run. {said}.")


if __name__ == "__main__":
    (Path(__file__).parent / "img" / "flow.svg").write_text(drawn(), encoding="utf-8")
