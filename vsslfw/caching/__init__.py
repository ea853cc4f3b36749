"""What a cache holds, what made it, and how it is kept small. Nothing of it imports torch, and no run needs it."""

from vsslfw.caching.contents import KEYED, KINDS, Contents, Kind, Result, read_contents
from vsslfw.caching.few_words import few_words
from vsslfw.caching.lookup import find_result
from vsslfw.caching.removal import Removal, collect
from vsslfw.caching.sizes import bytes_of, size_in_words
from vsslfw.caching.why import Explanation, compare, explain

__all__ = [
    "KEYED",
    "KINDS",
    "Contents",
    "Explanation",
    "Kind",
    "Removal",
    "Result",
    "bytes_of",
    "collect",
    "compare",
    "explain",
    "few_words",
    "find_result",
    "read_contents",
    "size_in_words",
]
