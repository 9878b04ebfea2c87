"""Edits of mappings that have a line for each entry."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache

from oncelint.formats.writing.trees.spelling import BLANK, Item
from oncelint.patches import CannotWrite, Patch


@lru_cache(maxsize=4)
def _line_starts(text: str, breaks: str) -> tuple[int, ...]:
    """Where the lines of a text begin, worked out once for all edits of it."""
    # A byte order mark that belongs to the text stands in no column.
    first = 1 if text.startswith("\ufeff") else 0
    return (first, *(match.end() for match in re.finditer(breaks, text)))


class Lines:
    """The lines of a text, which end where the format's lines do."""

    __slots__ = ("_starts", "breaks", "comment", "text")

    def __init__(self, text: str, breaks: str, comment: str) -> None:
        """`breaks` and `comment` are patterns of a line break and of a comment."""
        self.text = text
        self.breaks = re.compile(breaks)
        self.comment = re.compile(comment)
        self._starts = _line_starts(text, breaks)

    def start(self, offset: int) -> int:
        """Where the line of `offset` begins."""
        return self._starts[bisect_right(self._starts, offset) - 1]

    def end(self, offset: int) -> int:
        """Where the line of `offset` ends, its break excluded."""
        match = self.breaks.search(self.text, offset)
        return match.start() if match else len(self.text)

    def next(self, offset: int) -> int:
        """Where the next line begins, which may be behind the text."""
        match = self.breaks.search(self.text, offset)
        return match.end() if match else len(self.text)

    def prefix(self, offset: int) -> str:
        """What stands on the line before `offset`."""
        return self.text[self.start(offset) : offset]

    def indent(self, offset: int) -> str:
        """Blanks that reach as far as `offset` does on its line."""
        return "".join(each if each in BLANK else " " for each in self.prefix(offset))

    def eol(self, offset: int) -> str:
        """The line break of the line at `offset`, or of the one before, or of any."""
        for match in (
            self.breaks.match(self.text, self.end(offset)),
            self.breaks.match(self.text, self._break_before(self.start(offset))),
            self.breaks.search(self.text),
        ):
            if match:
                return match.group()
        return "\n"

    def _break_before(self, start: int) -> int:
        return start - 2 if self.text[max(start - 2, 0) : start] == "\r\n" else max(start - 1, 0)

    def without_break(self, start: int) -> int:
        """Where the line before the one beginning at `start` ends."""
        return self._break_before(start) if start else 0

    def skip(self, offset: int) -> int:
        """Over blanks and whole comments of the line."""
        place = offset
        while True:
            while place < len(self.text) and self.text[place] in BLANK:
                place += 1
            match = self.comment.match(self.text, place)
            if not match or self.breaks.search(match.group()):
                return place
            place = match.end()

    def at_end(self, offset: int) -> bool:
        """Whether but blanks and comments follow on the line."""
        place = self.skip(offset)
        return place == len(self.text) or self.breaks.match(self.text, place) is not None


def line_patches(
    lines: Lines, items: Sequence[Item], removed: frozenset[int], added: Sequence[str], after: int
) -> list[Patch]:
    """Patches for entries that have lines of their own; new ones go behind the item `after`."""
    if items and len(removed) == len(items) and added:
        # The line may belong to an indicator (`- a: 1`) that needs something behind it.
        first = items[0]
        eol, indent = lines.eol(first.start), lines.indent(first.start)
        return [
            Patch(first.start, lines.end(first.end), f"{eol}{indent}".join(added)),
            *_whole_lines(lines, items, [index for index in sorted(removed) if index]),
        ]
    patches = _removed_lines(lines, items, sorted(removed))
    if added:
        last = items[after]
        eol, indent = lines.eol(last.end), lines.indent(last.start)
        patches.append(_inserted(lines, _behind(lines, last), eol, indent, added))
    return patches


def inserted_lines(lines: Lines, offset: int, indent: str, added: Sequence[str]) -> Patch:
    """New lines at `offset`, which begins a line or ends the text."""
    return _inserted(lines, offset, lines.eol(lines.start(max(offset - 1, 0))), indent, added)


def _inserted(lines: Lines, place: int, eol: str, indent: str, added: Sequence[str]) -> Patch:
    body = eol.join(indent + each for each in added)
    # At the end of a text that has no last line break there is none afterwards.
    if place == len(lines.text) and lines.start(place) != place:
        return Patch(place, place, eol + body)
    return Patch(place, place, body + eol)


def _behind(lines: Lines, item: Item) -> int:
    """Where the line behind an item begins, behind the blank lines its block scalar keeps."""
    place = lines.next(item.end)
    if item.tail == "keep":
        while place < len(lines.text) and not lines.text[place : lines.end(place)].strip(BLANK):
            place = lines.next(place)
    if item.tail in ("clip", "keep") and place == len(lines.text) and lines.start(place) != place:
        raise CannotWrite("the block scalar at the end of the text lacks its line break")
    return place


def _removed_lines(lines: Lines, items: Sequence[Item], removed: list[int]) -> list[Patch]:
    if not removed:
        return []
    if removed[0] != 0 or not lines.prefix(items[0].start).strip(BLANK):
        return _whole_lines(lines, items, removed)
    # `- a: 1`: the next entry moves up, unless comments lead it.
    run = next(index for index in range(len(items)) if index not in removed)
    first, below = items[0], items[run]
    gaps = (
        lines.text[lines.end(items[index].end) : items[index + 1].start] for index in range(run)
    )
    rest = _whole_lines(lines, items, [index for index in removed if index > run])
    if not any(gap.strip() for gap in gaps):
        return [Patch(first.start, below.start, ""), *rest]
    start = lines.start(first.start) + len(lines.prefix(first.start).rstrip(BLANK))
    between = _whole_lines(lines, items, list(range(1, run)))
    return [Patch(start, lines.end(first.end), ""), *between, *rest]


def _whole_lines(lines: Lines, items: Sequence[Item], removed: Sequence[int]) -> list[Patch]:
    patches: list[Patch] = []
    gone = frozenset(removed)
    above = ""
    for index in range(len(items)):
        if index not in gone:
            above = items[index].tail
            continue
        start, end = lines.start(items[index].start), lines.next(items[index].end)
        if above == "keep" and end < len(lines.text):
            if not lines.text[end : lines.end(end)].strip(BLANK):
                raise CannotWrite("the block scalar before it would keep more blank lines")
        if patches and patches[-1].end == start:
            start = patches.pop().start
        if end == len(lines.text) and lines.start(end) != end and not above:
            # The text has no last line break, and shall have none.
            start = lines.without_break(start)
        patches.append(Patch(start, end, ""))
    return patches


def leading(line: str) -> str:
    return line[: len(line) - len(line.lstrip(BLANK))]


@lru_cache(maxsize=4)
def indent_unit(text: str) -> str:
    """The least indentation of a text, which is taken for that of one level."""
    found = re.findall(r"(?:\n|\r)([ \t]+)(?=[^\s])", text)
    return min(found, key=len, default="  ")
