"""Edits of one text that are collected in any order and settled into patches."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from oncelint.patches import CannotWrite, Patch
from oncelint.python.editing.source import Source


class Edits:
    """What goes and what comes in one file, in code point offsets.

    Text inserted at the same offset stands in the order of insertion.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.deleted: list[tuple[int, int]] = []
        self.inserted: list[tuple[int, str]] = []
        self.replaced: dict[tuple[int, int], str] = {}

    def delete(self, start: int, end: int) -> None:
        if start < end:
            self.deleted.append((start, end))

    def insert(self, offset: int, text: str) -> None:
        self.inserted.append((offset, text))

    def replace(self, start: int, end: int, text: str) -> None:
        """Raises CannotWrite when something else is to take the same place."""
        if self.replaced.setdefault((start, end), text) != text:
            raise CannotWrite("two changes contradict each other")

    def patches(self) -> tuple[Patch, ...]:
        """The smallest patches that do all of it, ascending and apart.

        Raises CannotWrite when one change is part of what another takes away.
        """
        deleted = self._deletions()
        taken = sorted([*deleted, *self.replaced])
        if any(after[0] < before[1] for before, after in pairwise(taken)) or any(
            start < offset < end for offset, _ in self.inserted for start, end in self.replaced
        ):
            raise CannotWrite("two changes contradict each other")
        pieces = [(offset, 0, offset, text) for offset, text in self.inserted]
        pieces += [(start, 1, end, text) for (start, end), text in self.replaced.items()]
        pieces += [(start, 1, end, "") for start, end in deleted]
        merged: list[Patch] = []
        for start, _, end, text in sorted(pieces, key=lambda piece: piece[:2]):
            if merged and start <= merged[-1].end:
                last = merged.pop()
                merged.append(Patch(last.start, max(last.end, end), last.replacement + text))
            else:
                merged.append(Patch(start, end, text))
        return tuple(self._trimmed(merged))

    def _deletions(self) -> list[tuple[int, int]]:
        """The deletions, united; a line of which nothing is left goes as a whole."""
        united: list[tuple[int, int]] = []
        for start, end in sorted(self.deleted):
            if united and start <= united[-1][1]:
                united[-1] = (united[-1][0], max(united[-1][1], end))
            else:
                united.append((start, end))
        return [self._whole_line(start, end) for start, end in united]

    def _whole_line(self, start: int, end: int) -> tuple[int, int]:
        source = self.source
        kept = any(start <= offset <= end for offset, _ in self.inserted) or any(
            end <= s <= source.line_end(end) for s, _ in self.replaced
        )
        if kept or not source.leads_line(start) or source.rest(end).strip():
            return start, end
        if source.leads_line(end) and end == source.line_start(end):
            return self._last_line(source.line_start(start), end)
        return self._last_line(source.line_start(start), source.next_line(end))

    def _last_line(self, start: int, end: int) -> tuple[int, int]:
        """A text without a final line end is still without one when its last line goes."""
        text = self.source.text
        if end == len(text) and start and text[-1] not in "\r\n":
            start -= 2 if text.endswith("\r\n", 0, start) else 1
        return start, end

    def _trimmed(self, patches: Iterable[Patch]) -> Iterable[Patch]:
        for patch in patches:
            old, new = self.source.text[patch.start : patch.end], patch.replacement
            shared = min(len(old), len(new))
            head = 0
            while head < shared and old[head] == new[head]:
                head += 1
            tail = 0
            while tail < shared - head and old[len(old) - 1 - tail] == new[len(new) - 1 - tail]:
                tail += 1
            # what is a word is replaced as a whole
            while 0 < head < max(len(old), len(new)) and _in_word(old, new, head):
                head -= 1
            while 0 < tail < shared - head and _in_word(old[::-1], new[::-1], tail):
                tail -= 1
            if head + tail < max(len(old), len(new)):
                yield Patch(patch.start + head, patch.end - tail, new[head : len(new) - tail])


def _in_word(old: str, new: str, place: int) -> bool:
    """Whether a place of one of two texts that agree before it lies inside a word or a number."""
    return (old[place - 1].isalnum() or old[place - 1] == "_") and any(
        place < len(text) and (text[place].isalnum() or text[place] == "_") for text in (old, new)
    )
