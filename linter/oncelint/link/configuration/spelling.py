"""Which real key somebody meant."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches

_SEPARATORS = re.compile(r"[._\-\s]+")
_CLOSE = 0.84


def distance(one: str, other: str) -> int:
    """Edits between two words: an exchange of neighbours is one edit."""
    rows = [list(range(len(other) + 1))]
    for i, left in enumerate(one, 1):
        row = [i]
        for j, right in enumerate(other, 1):
            best = min(row[-1] + 1, rows[-1][j] + 1, rows[-1][j - 1] + (left != right))
            if i > 1 and j > 1 and left == other[j - 2] and one[i - 2] == right:
                best = min(best, rows[-2][j - 2] + 1)
            row.append(best)
        rows.append(row)
    return rows[-1][-1]


def nearest(key: str, names: Iterable[str]) -> str | None:
    """The real key a wrong one is nearest to, where nothing but real keys can stand: other
    separators or case, other order, a slip; None when nothing is near."""
    known = list(names)
    words = _words(key)
    for name in known:
        if "".join(_words(name)) == "".join(words):
            return name
    for name in known:
        if sorted(_words(name)) == sorted(words):
            return name
    folded = {".".join(_words(name)): name for name in reversed(known)}
    text = ".".join(words)
    limit = max(1, len(text) // 6)
    near = min(folded, key=lambda name: distance(text, name), default=None)
    if near is not None and distance(text, near) <= limit:
        return folded[near]
    close = get_close_matches(text, folded, n=1, cutoff=_CLOSE)
    return folded[close[0]] if close else None


def slip(key: str, names: Sequence[str], beside: Collection[str]) -> str | None:
    """The real key a wrong one is a slip of the pen of, where keys of others stand as well.

    One word of it is misspelt, and not into another word of Kafka's keys; or only its case or a
    dot is wrong. A real key that stands beside it is not meant by it.
    """
    if "." not in key or re.search(r"[_\-\s]", key):
        return None
    parts = key.lower().split(".")
    vocabulary = {word for name in names for word in name.split(".")}
    for name in names:
        if name in beside or "." not in name:
            continue
        if name.replace(".", "") == "".join(parts):
            return name
        real = name.split(".")
        wrong = [(a, b) for a, b in zip(parts, real, strict=False) if a != b]
        if len(real) == len(parts) and len(wrong) == 1 and _misspelt(*wrong[0], vocabulary):
            return name
    return None


# An application's own key may well name one of what Kafka has several of; these it may not.
_ALWAYS_PLURAL = frozenset({"bytes", "records", "requests", "servers"})


def _misspelt(wrong: str, right: str, vocabulary: Collection[str]) -> bool:
    """One edit makes the word, or two a long one; not the ending that makes it plural or
    singular."""
    if re.sub(r"\D", "", wrong) != re.sub(r"\D", "", right) or len(right) < 4:
        return False
    if wrong + "s" == right:
        return right in _ALWAYS_PLURAL
    if wrong in vocabulary or wrong == right + "s":
        return False
    edits = distance(wrong, right)
    return edits == 1 or (edits == 2 and len(right) >= 9)


def _words(key: str) -> list[str]:
    """The words of a key however they are joined: `maxPollRecords`, `max_poll.records`."""
    spread = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", ".", key)
    return [word for word in _SEPARATORS.split(spread.lower()) if word]
