"""Patches: changes of a text by code point offsets, as the writers of all formats yield them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class CannotWrite(Exception):
    """The change cannot be written; `reason` says why, for the user, as part of a sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, order=True)
class Patch:
    """The code points `start` to `end` of a text become `replacement`."""

    start: int
    end: int
    replacement: str


def apply(text: str, patches: Sequence[Patch]) -> str:
    """`text` with the patches applied; they must not overlap."""
    result: list[str] = []
    done = 0
    for patch in sorted(patches):
        if patch.start < done:
            raise ValueError("patches overlap")
        result += (text[done : patch.start], patch.replacement)
        done = patch.end
    return "".join((*result, text[done:]))
