"""Fixes by offsets of the files they edit, and which of them get into each other's way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oncelint.model.finding import Finding
    from oncelint.model.fixes import Edit, Fix
    from oncelint.text import SourceText


@dataclass(frozen=True, slots=True, order=True)
class Placed:
    """An edit by code point offsets of a file, links resolved."""

    path: str
    start: int
    end: int
    replacement: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """One fix, with all findings that ask for it. Its `identities`, one a finding, are what it is
    known by when lines have moved; `problem` is what keeps it from being applied at all."""

    fix: Fix
    findings: tuple[Finding, ...]
    edits: tuple[Placed, ...]
    identities: tuple[object, ...]
    problem: str | None


def spliced(text: str, edits: Iterable[Placed]) -> str:
    """The text with edits in it that do not overlap. Of two at one place an insertion stands before
    a replacement, and insertions keep their order."""
    parts: list[str] = []
    done = 0
    for edit in sorted(edits, key=lambda one: (one.start, one.end)):
        parts += (text[done : edit.start], edit.replacement)
        done = edit.end
    return "".join((*parts, text[done:]))


def misplaced(edit: Edit, text: SourceText) -> str | None:
    """What is wrong with an edit of a text, as a clause; None when it can be carried out."""
    for place in (edit.span.start, edit.span.end):
        if text.position(text.offset(place)) != place:
            return f"line {place.line} of {edit.span.path} has no column {place.column}"
    if edit.span.end < edit.span.start:
        return "an edit of it ends before it starts"
    try:
        edit.replacement.encode(text.encoding)
    except UnicodeEncodeError:
        return f"{edit.span.path} is in {text.encoding}, which has not all of its characters"
    return None


def overlapping(edits: Iterable[Placed]) -> str | None:
    ordered = sorted(set(edits))
    for first, second in pairwise(ordered):
        if first.path == second.path and second.start < first.end:
            return "its own edits overlap"
    return None


class Chosen:
    """Fixes that can be applied together, in the order in which they were chosen.

    Two cannot when their edits overlap, or an insertion touches another edit, so that their order
    would be anybody's guess; an edit both have is made once. Nor can they when one changes a client
    that the other is about: after it, that one may have nothing left to do, or something else.
    """

    def __init__(self) -> None:
        self.fixes: list[Candidate] = []
        self._edits: dict[tuple[str, int], set[Placed]] = {}
        # by where a client is made: the fixes that are about it, and those that change it as well
        self._about: dict[object, list[Candidate]] = {}
        self._changing: dict[object, list[Candidate]] = {}

    def add(self, candidate: Candidate) -> bool:
        """Choose a fix as well; false when one that is chosen is in its way."""
        about = _clients(candidate)
        changed = {*candidate.fix.users, *about}
        if any(self._in_the_way(edit) for edit in candidate.edits):
            return False
        edits = set(candidate.edits)
        others = [
            *(one for span in changed for one in self._about.get(span, ())),
            *(one for span in about for one in self._changing.get(span, ())),
        ]
        if any(set(one.edits) != edits for one in others):
            return False
        self.fixes.append(candidate)
        for edit in edits:
            for block in _blocks(edit):
                self._edits.setdefault(block, set()).add(edit)
        for index, spans in ((self._about, about), (self._changing, changed)):
            for span in spans:
                index.setdefault(span, []).append(candidate)
        return True

    def _in_the_way(self, edit: Placed) -> bool:
        return any(
            other != edit and _touch(edit, other)
            for block in _blocks(edit)
            for other in self._edits.get(block, ())
        )


_BLOCK = 512


def _blocks(edit: Placed) -> Iterator[tuple[str, int]]:
    """The stretches of its file that an edit reaches into: two that touch have one in common."""
    for number in range(edit.start // _BLOCK, edit.end // _BLOCK + 1):
        yield edit.path, number


class Greater:
    """Finds fixes that do all that another one does, and more."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self._starting: dict[tuple[str, int], list[Candidate]] = {}
        for candidate in candidates:
            for start in {(edit.path, edit.start) for edit in candidate.edits}:
                self._starting.setdefault(start, []).append(candidate)

    def than(self, candidate: Candidate) -> bool:
        """Whether another fix does this one as well, at a better place for the rest."""
        first = candidate.edits[0]
        others = self._starting[first.path, first.start]
        return any(_does_more(other, candidate) for other in others)


def _does_more(one: Candidate, other: Candidate) -> bool:
    """Whether a fix makes all edits of another one, and others beside them."""
    return set(one.edits) != set(other.edits) and all(
        any(
            (first.path, first.start) == (second.path, second.start)
            and first.end >= second.end
            and first.replacement.startswith(second.replacement)
            for first in one.edits
        )
        for second in other.edits
    )


def _clients(candidate: Candidate) -> set[object]:
    """Where the clients are made that a fix is about."""
    return {
        span
        for finding in candidate.findings
        if finding.goal is not None and (finding.goal.settings or finding.goal.starts)
        if (span := getattr(finding.goal.client or finding.subject, "span", None)) is not None
    }


def _touch(first: Placed, second: Placed) -> bool:
    if first.start == first.end or second.start == second.end:
        return first.start <= second.end and second.start <= first.end
    return first.start < second.end and second.start < first.end
