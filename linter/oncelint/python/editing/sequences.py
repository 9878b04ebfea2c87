"""Arguments, dict entries and imported names: adding to them and taking from them in their style."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from oncelint.python.editing.edits import Edits
from oncelint.python.editing.source import Source


@dataclass(frozen=True, slots=True)
class Element:
    """One element; all numbers are code point offsets of the file.

    `comma` is where the comma behind it stands, None without one. `key` is the keyword or the key
    expression, `value` where the value begins, its parentheses included. `stars` counts `*`.
    """

    start: int
    end: int
    comma: int | None
    key: tuple[int, int] | None
    value: int
    stars: int = 0

    @property
    def behind(self) -> int:
        """The offset behind the element and its comma."""
        return self.end if self.comma is None else self.comma + 1


@dataclass(frozen=True, slots=True)
class Elements:
    """What stands between the offsets `opened` and `closed`, brackets excluded.

    `lines` is whether an element may stand on a line of its own: inside brackets.
    """

    opened: int
    closed: int
    elements: tuple[Element, ...]
    sign: str
    lines: bool = True


@dataclass(frozen=True, slots=True)
class New:
    """An element to be added: its key as written, and its value."""

    key: str
    value: str


def edit(
    edits: Edits,
    elements: Elements,
    removed: frozenset[int],
    added: Sequence[New],
    *,
    before: int = 0,
) -> None:
    """Remove the elements with the indexes `removed` and add the `added` ones.

    Those come behind everything, or before so many of the `**` at the end.
    """
    kept = [one for index, one in enumerate(elements.elements) if index not in removed]
    news = [_written(edits.source, elements, new) for new in added]
    if news and removed and not kept:
        # the first new one takes the place of the last old one
        first, removed = max(removed), removed - {max(removed)}
        old = elements.elements[first]
        edits.replace(old.start, old.end, news.pop(0))
        kept = [old]
    _remove(edits, elements, removed)
    if news:
        _add(edits, elements, kept, news, before)


# Removing -------------------------------------------------------------------------------------


def _remove(edits: Edits, elements: Elements, removed: frozenset[int]) -> None:
    every = elements.elements
    for index in removed:
        edits.delete(*_unit(edits.source, elements, index))
    if not removed or len(removed) == len(every) or every[-1].comma is not None:
        return
    kept = max(index for index in range(len(every)) if index not in removed)
    if kept == len(every) - 1:
        return
    # without trailing comma, the last one that stays has none either
    left, right = every[kept], every[kept + 1]
    assert left.comma is not None
    if _owns_line(edits.source, elements, kept + 1) or _has_comment(
        edits.source.text[left.comma + 1 : right.start]
    ):
        edits.delete(left.end, left.comma + 1)
    else:
        edits.delete(left.end, right.start)


def _unit(source: Source, elements: Elements, index: int) -> tuple[int, int]:
    """What goes with an element: its line when it has one, or else a blank and its comma."""
    every = elements.elements
    one = every[index]
    if _owns_line(source, elements, index):
        return source.line_start(one.start), source.next_line(one.behind)
    following = every[index + 1].start if index + 1 < len(every) else None
    if following is not None and not source.text[one.behind : following].strip(" \t"):
        return one.start, following
    if index and not _has_comment(source.text[every[index - 1].behind : one.start]):
        if following is None or not source.leads_line(one.start):
            return every[index - 1].behind, one.behind
    return one.start, one.behind


def _owns_line(source: Source, elements: Elements, index: int) -> bool:
    one = elements.elements[index]
    return (
        elements.lines
        and source.leads_line(one.start)
        and _only_comment(source.rest(one.behind))
        and elements.closed > source.line_end(one.behind)
    )


# Adding ---------------------------------------------------------------------------------------


def _add(
    edits: Edits, elements: Elements, kept: Sequence[Element], news: list[str], ahead: int
) -> None:
    source = edits.source
    if not kept:
        _fill(edits, elements, news)
        return
    place = len(kept)
    while ahead and place and kept[place - 1].stars == 2:
        place, ahead = place - 1, ahead - 1
    if not place:
        _lead(edits, elements, kept[0], news)
        return
    before = kept[place - 1]
    trailing = place < len(kept) or elements.elements[-1].comma is not None
    if source.leads_line(before.start) and (
        place == len(kept) or source.leads_line(kept[place].start)
    ):
        start = source.newline_at(before.start) + source.indent(before.start)
        separator = "," + start
    else:
        start = " "
        for left, right in pairwise(kept[:place]):
            gap = source.text[left.behind : right.start]
            start = gap if not gap.strip(" \t") else start
        separator = "," + start
    text = start + separator.join(news) + ("," if trailing else "")
    if not trailing:
        edits.insert(before.end, ",")
    if "\n" in start or "\r" in start:
        edits.insert(_behind_comment(source, before.behind), text)
    else:
        edits.insert(before.behind if trailing else before.end, text)


def _fill(edits: Edits, elements: Elements, news: list[str]) -> None:
    """Add to brackets that have no elements."""
    source = edits.source
    gap = source.text[elements.opened : elements.closed]
    if not gap.strip(" \t"):
        edits.insert(elements.opened, gap + ", ".join(news))
        return
    closing = source.indent(elements.closed)
    if not source.leads_line(elements.closed):
        edits.insert(elements.closed, ", ".join(news))
        return
    line = source.line_start(elements.closed)
    newline = source.newline_at(elements.closed)
    indent = closing + ("\t" if closing.endswith("\t") else "    ")
    comment = gap.find("#")
    if comment >= 0 and source.leads_line(elements.opened + comment):
        indent = source.indent(elements.opened + comment)
    edits.insert(line, "".join(f"{indent}{new},{newline}" for new in news))


def _lead(edits: Edits, elements: Elements, first: Element, news: list[str]) -> None:
    """Add before the first element."""
    source = edits.source
    if source.leads_line(first.start):
        start = source.newline_at(first.start) + source.indent(first.start)
        text = "".join(f"{start}{new}," for new in news)
        edits.insert(_behind_comment(source, elements.opened), text)
    else:
        edits.insert(first.start, "".join(f"{new}, " for new in news))


def _behind_comment(source: Source, offset: int) -> int:
    """The end of the line when only a comment follows, or else `offset` itself."""
    rest = source.rest(offset)
    return source.line_end(offset) if _has_comment(rest) and _only_comment(rest) else offset


def _only_comment(text: str) -> bool:
    text = text.strip()
    return not text or text.startswith("#")


def _has_comment(text: str) -> bool:
    return "#" in text


# Style ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Spacing:
    """How a key and a value are set apart: its length, and the blanks around the sign."""

    length: int
    before: str
    after: str


def _written(source: Source, elements: Elements, new: New) -> str:
    """The new element with the spacing and the alignment of those that are there."""
    default = _Spacing(0, "", "" if elements.sign == "=" else " ")
    spacings = [
        spacing
        for one in elements.elements
        if (spacing := _spacing(source, one, elements.sign)) is not None
    ]
    last = spacings[-1] if spacings else default
    before, after = last.before, last.after
    if len({one.length for one in spacings}) > 1:
        at_sign = _column(spacings, lambda one: one.length + len(one.before))
        at_value = _column(spacings, lambda one: one.length + len(one.before + one.after))
        if at_sign is not None:
            before = " " * max(at_sign - len(new.key), min(len(one.before) for one in spacings))
        elif at_value is not None:
            before = min((one.before for one in spacings), key=len)
            width = at_value - len(new.key) - len(before)
            after = " " * max(width, min(len(one.after) for one in spacings))
        else:
            common = max(spacings, key=lambda one: _count(spacings, one))
            before, after = common.before, common.after
    return f"{new.key}{before}{elements.sign}{after}{new.value}"


def _column(spacings: list[_Spacing], measure: Callable[[_Spacing], int]) -> int | None:
    """The column that all share, None when they do not."""
    columns = {measure(one) for one in spacings}
    return columns.pop() if len(columns) == 1 else None


def _count(spacings: list[_Spacing], one: _Spacing) -> int:
    return sum((other.before, other.after) == (one.before, one.after) for other in spacings)


def _spacing(source: Source, one: Element, sign: str) -> _Spacing | None:
    if one.key is None:
        return None
    before, found, after = source.text[one.key[1] : one.value].partition(sign)
    if not found or before.strip(" \t") or after.strip(" \t"):
        return None
    return _Spacing(one.key[1] - one.key[0], before, after)
