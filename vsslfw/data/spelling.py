"""Names as people write them: the same text in one Unicode form, and spellings that are meant to be the same."""

from __future__ import annotations

import re
import unicodedata


def nfc(text: str) -> str:
    """Unicode's form NFC: a letter and its accent are one character, however the file was written."""
    return unicodedata.normalize("NFC", text)


def alike(text: str) -> str:
    """Equal for names that differ only in case, white space, dashes, underscores, invisible characters or Unicode's forms.

    Between two digits something that separates them still counts: "1-11" and "11-1" are two names, "1-11" and "1 11" one.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    marked = "".join(_mark(character) for character in folded)
    return re.sub(r"(?<!\d)-+|-+(?!\d)", "", re.sub("-+", "-", marked))


def _mark(character: str) -> str:
    if character.isspace() or character in "_\N{MINUS SIGN}" or unicodedata.category(character) == "Pd":
        return "-"
    return "" if unicodedata.category(character) == "Cf" else character
