"""Edits of mappings and lists between brackets, on one line or on several."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from oncelint.formats.writing.trees.lines import Lines, indent_unit, leading
from oncelint.formats.writing.trees.spelling import BLANK, Item
from oncelint.patches import CannotWrite, Patch


@dataclass(frozen=True, slots=True)
class Brackets:
    """A mapping in braces: `start` is behind the opening one, `end` at the closing one."""

    lines: Lines
    start: int
    end: int
    items: Sequence[Item]

    def comma(self, index: int) -> int | None:
        """Where the comma behind an item stands."""
        text, place = self.lines.text, self.items[index].end
        while place < self.end:
            match = self.lines.comment.match(text, place)
            if match:
                place = match.end()
            elif text[place] == ",":
                return place
            elif text[place].isspace():
                place += 1
            else:
                return None
        return None

    def behind(self, index: int) -> int:
        """Where an item ends with its comma."""
        comma = self.comma(index)
        return self.items[index].end if comma is None else comma + 1

    def alone(self, start: int, end: int) -> bool:
        """Whether `start` to `end` shares its lines with nothing but comments behind it."""
        begins = self.lines.start(start)
        return (
            begins >= self.start
            and not self.lines.text[begins:start].strip(BLANK)
            and self.lines.at_end(end)
        )

    @property
    def leading_commas(self) -> bool:
        """Whether every entry but the first begins its line with a comma."""
        prefixes = [self.lines.prefix(item.start).strip(BLANK) for item in self.items[1:]]
        return bool(prefixes) and all(prefix == "," for prefix in prefixes)


def bracket_patches(
    brackets: Brackets, removed: frozenset[int], added: Sequence[str], compact: bool
) -> list[Patch]:
    """Patches for entries that commas part; `compact` when no blanks stand behind the sign."""
    items = brackets.items
    if not items:
        return [_first_entry(brackets, added, compact)] if added else []
    if removed and brackets.leading_commas:
        raise CannotWrite("the commas stand at the beginning of the lines")
    if len(removed) == len(items):
        if added:
            return _replaced(brackets, added, compact)
        first, end = items[0].start, brackets.behind(len(items) - 1)
        edges = (
            brackets.lines.text[brackets.start : first],
            brackets.lines.text[end : brackets.end],
        )
        if not any(edge.strip(BLANK) for edge in edges):
            if not _commented(brackets):
                return [Patch(brackets.start, brackets.end, "")]
    patches = _removed_items(brackets, removed)
    kept = [index for index in range(len(items)) if index not in removed]
    if not kept:
        return patches
    last = kept[-1]
    trailing = brackets.comma(len(items) - 1) is not None
    comma = brackets.comma(last)
    if comma is not None and not added and not trailing:
        start = items[last].end
        only = not brackets.lines.text[start:comma].strip(BLANK)
        patches.append(Patch(start if only else comma, comma + 1, ""))
    if added:
        patches += _appended(brackets, last, trailing, added, compact)
    return patches


def _commented(brackets: Brackets) -> bool:
    """Whether a comment stands between two of the items."""
    return any(
        brackets.lines.text[above.end : below.start].strip(" \t\r\n,")
        for above, below in zip(brackets.items, brackets.items[1:], strict=False)
    )


def _replaced(brackets: Brackets, added: Sequence[str], compact: bool) -> list[Patch]:
    """All items go, and the first one's place is taken."""
    first, lines = brackets.items[0], brackets.lines
    others = frozenset(range(1, len(brackets.items)))
    end = brackets.behind(0)
    patches = [Patch(first.start, first.end, added[0])]
    if lines.at_end(end):
        patches.append(Patch(end, lines.skip(end), ""))
    return patches + bracket_patches(brackets, others, added[1:], compact)


def _first_entry(brackets: Brackets, added: Sequence[str], compact: bool) -> Patch:
    """The first entries of an empty mapping: on its line, or on lines of their own if it has."""
    lines, start, end = brackets.lines, brackets.start, brackets.end
    inner = lines.text[start:end]
    if not lines.breaks.search(inner):
        body = ("," if compact else ", ").join(added)
        if inner.strip():
            place = start + len(inner.rstrip())
            return Patch(place, place, " " + body)
        half = len(inner) // 2
        return Patch(start, end, (inner[half:] or "") + body + inner[half:])
    indent = indent_unit(lines.text) + lines.indent(end)[: len(leading(lines.prefix(end)))]
    place = lines.without_break(lines.start(end))
    body = "".join(
        f"{lines.eol(start)}{indent}{each}{',' if index < len(added) - 1 else ''}"
        for index, each in enumerate(added)
    )
    return Patch(place, place, body)


def _appended(
    brackets: Brackets, last: int, trailing: bool, added: Sequence[str], compact: bool
) -> list[Patch]:
    lines, item, model = brackets.lines, brackets.items[last], brackets.items[-1]
    text, prefix = lines.text, lines.prefix(model.start)
    end = brackets.behind(last)
    eol = lines.eol(item.end)
    if brackets.leading_commas:
        place = lines.end(end) if lines.at_end(end) else end
        lead = prefix if len(brackets.items) > 1 else lines.indent(item.start)
        return [Patch(place, place, "".join(f"{eol}{lead}{each}" for each in added))]
    own_line = not prefix.strip(BLANK)
    behind = lines.skip(end)
    place = end + len(text[end:behind].rstrip(BLANK))
    if lines.at_end(end):
        own_line = own_line or place > end
        # What goes behind it on lines of its own leaves the blanks here alone.
        alone = last == len(brackets.items) - 1 or brackets.alone(
            model.start, brackets.behind(len(brackets.items) - 1)
        )
        if place > end or (own_line and alone):
            place = lines.end(end)
    # Where several entries share a line, the first one shows the indentation.
    led = lines.start(model.start) >= brackets.start
    before, lead = "", eol + (leading(prefix) if led else lines.indent(brackets.items[0].start))
    if not own_line:
        before, lead = _gap_before(brackets, last, compact)
    comma = f"{before},"
    body = lead + f"{comma}{lead}".join(added) + ("," if trailing else "")
    patches = [Patch(place, place, body)]
    if brackets.comma(last) is None:
        patches.insert(0, Patch(item.end, item.end, comma))
    return patches


def _gap_before(brackets: Brackets, last: int, compact: bool) -> tuple[str, str]:
    """The blanks before and behind a comma between entries on one line."""
    for index in range(last, 0, -1):
        above, below = brackets.items[index - 1], brackets.items[index]
        match = re.fullmatch(r"([ \t]*),([ \t]*)", brackets.lines.text[above.end : below.start])
        if match:
            return match.group(1), match.group(2)
    return "", "" if compact else " "


def _removed_items(brackets: Brackets, removed: frozenset[int]) -> list[Patch]:
    groups: list[tuple[int, int]] = []
    for index in sorted(removed):
        if groups and groups[-1][1] == index - 1:
            gap = brackets.lines.text[brackets.items[index - 1].end : brackets.items[index].start]
            if not brackets.lines.breaks.search(gap):
                groups[-1] = (groups[-1][0], index)
                continue
        groups.append((index, index))
    patches: list[Patch] = []
    text = brackets.lines.text
    while groups:
        first, last = groups.pop()
        start, end = brackets.items[first].start, brackets.behind(last)
        if brackets.alone(start, end):
            patches.append(Patch(brackets.lines.start(start), brackets.lines.next(end), ""))
        elif last < len(brackets.items) - 1:
            patches.append(_removed_before(brackets, first, last))
        else:
            while groups and groups[-1][1] == first - 1:
                if text[brackets.behind(first - 1) : start].strip():
                    break
                first = groups.pop()[0]
                start = brackets.items[first].start
            edge = brackets.behind(first - 1) if first else start
            patches.append(Patch(start if text[edge:start].strip() else edge, end, ""))
    return patches[::-1]


def _removed_before(brackets: Brackets, first: int, last: int) -> Patch:
    """Items go that share a line and have another one behind them."""
    lines = brackets.lines
    start, end = brackets.items[first].start, brackets.behind(last)
    if lines.at_end(end):
        edge = lines.start(start) + len(lines.prefix(start).rstrip(BLANK))
        return Patch(edge, lines.end(end) if edge == brackets.start else end, "")
    below = brackets.items[last + 1].start
    if not lines.text[end:below].strip():
        return Patch(start, below, "")
    return Patch(start, end + len(lines.text[end:]) - len(lines.text[end:].lstrip(BLANK)), "")
