"""Ordering client versions without loading a library for it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

_PART = re.compile(r"\d+")


@cache
def key(version: str) -> tuple[int, ...]:
    """A version as numbers: `2.10.1` sorts behind `2.9`; suffixes do not count."""
    head = re.match(r"v?(\d+(?:\.\d+)*)", version.strip())
    return tuple(int(part) for part in _PART.findall(head.group(1))) if head else ()


def at_least(version: str, other: str) -> bool:
    """Whether `version` is `other` or newer (2.1 equals 2.1.0)."""
    return _padded(version) >= _padded(other)


@cache
def _padded(version: str) -> tuple[int, ...]:
    return (key(version) + (0,) * 6)[:6]


def span_text(versions: Iterable[str]) -> str:
    """`2.3.0`, or `2.2.0 to 2.3.1` for a range, or an empty text for no version."""
    ordered = sorted(set(versions), key=key)
    if not ordered:
        return ""
    return ordered[0] if len(ordered) == 1 else f"{ordered[0]} to {ordered[-1]}"
