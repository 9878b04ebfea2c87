"""How new keys and values are spelled: in the quotes of their neighbours, and never as another type."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from oncelint.formats.tree import Entry, Scalar
from oncelint.model.values import Scalar as ScalarValue
from oncelint.model.values import scalar_text
from oncelint.patches import CannotWrite

BLANK = " \t"


_QUOTES = re.compile(r"\"\"\"|'''|\"|'")


_LIKE_A_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false", re.IGNORECASE)


_SIMILAR = 20
"""So many neighbours are asked for their style: the nearest ones."""


@dataclass(frozen=True, slots=True)
class Item:
    """An entry as it is written, with its tags, anchors and key prefixes.

    `start` to `end` is all of it, `key` and `value` the tokens, `label` what stands before the
    sign. `entry` is None for what is no entry of the mapping at hand but stands in its place: a
    merge key, a longer dotted key. `no_change`, `no_rename` and `no_remove` say why not.
    `tail` is "strip", "clip" or "keep" when the value ends in a block scalar.
    """

    entry: Entry | None
    start: int
    end: int
    label: tuple[int, int]
    key: tuple[int, int]
    value: tuple[int, int]
    no_change: str | None = None
    no_rename: str | None = None
    no_remove: str | None = None
    tail: str = ""


class Notation(Protocol):
    """How a format spells keys and values."""

    def plain(self, text: str, key: bool) -> str | None:
        """A token without quotes that is read as this text; None when there is none."""
        ...

    def quoted(self, text: str, quotes: str, key: bool) -> str:
        """A token in `quotes`, or in others where these cannot hold the text."""
        ...

    def native(self, value: ScalarValue) -> str:
        """The format's own spelling of a boolean, a number or nothing."""
        ...


def encodable(*values: ScalarValue) -> None:
    for value in values:
        try:
            scalar_text(value).encode()
        except UnicodeEncodeError:
            raise CannotWrite("half a surrogate pair is no text") from None


def quotes_of(text: str, scalar: Scalar) -> str:
    """The quotes that a scalar opens with as it is written: none for a plain or block scalar."""
    match = _QUOTES.match(text, scalar.start, scalar.end) if scalar.style != "plain" else None
    return match.group() if match else ""


def new_key(text: str, neighbours: Sequence[Scalar], key: str, notation: Notation) -> str:
    """A key in the quotes that keys beside it have which would not need them."""
    usual, other = _usual_quotes(text, neighbours, notation, True)
    return _spelled(key, usual, other, notation, True)


def renamed(text: str, old: Scalar, key: str, notation: Notation) -> str:
    """Another key in the quotes of the old one."""
    return _spelled(key, quotes_of(text, old), '"', notation, True)


def new_value(
    text: str,
    neighbours: Sequence[Scalar],
    value: ScalarValue,
    notation: Notation,
    old: Scalar | None = None,
) -> str:
    """How a value is written, `old` being the value it replaces and `neighbours` those beside it.

    * Nothing is always the format's null.
    * What replaces a quoted value keeps its quotes: it stays text.
    * A boolean or number that is new is text where every boolean and number beside it is written
      as quoted text, as in Kafka Connect's JSON (`"tasks.max": "1"`), in their quotes; otherwise,
      and in place of a plain value, it is the format's own.
    * A text in place of a plain value is plain, a new one quoted as the texts beside it that need
      no quotes; in any case it is quoted where it would not be read as this text.
    """
    if value is None:
        return notation.native(None)
    written = scalar_text(value)
    if old is not None and old.style in ("single", "double"):
        return notation.quoted(written, quotes_of(text, old), False)
    if not isinstance(value, str):
        quotes = _quotes_of_numbers(text, neighbours) if old is None else ""
        return notation.quoted(written, quotes, False) if quotes else notation.native(value)
    usual, other = _usual_quotes(text, neighbours, notation, False)
    return _spelled(written, usual if old is None else "", other, notation, False)


def _spelled(text: str, quotes: str, other: str, notation: Notation, key: bool) -> str:
    if not quotes:
        token = notation.plain(text, key)
        if token is not None:
            return token
    return notation.quoted(text, quotes or other, key)


def _quotes_of_numbers(text: str, neighbours: Sequence[Scalar]) -> str:
    """The quotes around booleans and numbers when none is without, else none."""
    found = [
        quotes_of(text, scalar)
        for scalar in neighbours
        if isinstance(scalar.value, bool | int | float)
        or (isinstance(scalar.value, str) and _LIKE_A_NUMBER.fullmatch(scalar.value))
    ]
    return _most_common(found) if all(found) else ""


def _usual_quotes(
    text: str, neighbours: Sequence[Scalar], notation: Notation, key: bool
) -> tuple[str, str]:
    """The quotes of what needs none, and those for what needs some."""
    near = [scalar for scalar in neighbours if scalar.style != "block"][-_SIMILAR:]
    free = [
        quotes_of(text, scalar)
        for scalar in near
        if isinstance(scalar.value, str) and notation.plain(scalar.text, key) is not None
    ]
    quoted = [quotes[0] for quotes in (quotes_of(text, scalar) for scalar in near) if quotes]
    return _most_common(free)[:1], _most_common(quoted) or '"'


def _most_common(found: Sequence[str]) -> str:
    """The most frequent, of equals the last; nothing of nothing."""
    counts = Counter(reversed(found))
    return max(counts, key=lambda each: counts[each]) if counts else ""


def separator(text: str, items: Iterable[Item], width: int, sign: str) -> str:
    """What stands between a key `width` characters long and its value, as in `items`.

    Where the values before the place stand in one column, so does the new one if it can.
    """
    pattern = re.compile(rf"([ \t]*){sign}([ \t]*)")
    found = [
        (item.label[1] - item.label[0], match)
        for item in items
        if (match := pattern.fullmatch(text, item.label[1], item.value[0]))
        and item.value[1] > item.value[0]
    ][-_SIMILAR:]
    if not found:
        return " = " if sign == "=" else ": "
    columns = [length + len(match.group()) for length, match in found]
    run = 1
    while run < len(found) and columns[-run - 1] == columns[-1]:
        run += 1
    last = [match for _, match in found[-run:]]
    written = [match.group() for match in last]
    if len(set(written)) == 1 or any("\t" in each for each in written):
        return _most_common([match.group() for _, match in found])
    room = columns[-1] - width
    before, behind = last[-1].group(1), last[-1].group(2)
    if len({match.group(1) for match in last}) > 1:
        least = min(len(match.group(1)) for match in last)
        return " " * max(room - 1 - len(behind), least) + sign + behind
    least = min(len(match.group(2)) for match in last)
    return before + sign + " " * max(room - 1 - len(before), least)
