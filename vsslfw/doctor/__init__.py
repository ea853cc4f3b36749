"""Looks at a machine: what vsslfw needs, what is there, and what to do about the difference. Contacts no network."""

from __future__ import annotations

from vsslfw.doctor.findings import Finding, Outcome, examine

__all__ = ["Finding", "Outcome", "examine"]
