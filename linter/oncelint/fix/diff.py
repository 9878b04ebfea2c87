"""Changed files as a patch, in the form `git apply` and patch(1) take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from oncelint.fix.apply import Change

# Unchanged lines around a change, as git shows them.
_CONTEXT = 3
# So many lines may differ before the search for the smallest patch is given up.
_MOST = 1000
# Begin and end in the old lines, and in the new ones.
Range: TypeAlias = tuple[int, int, int, int]
_ESCAPES = {7: "a", 8: "b", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r", 34: '"', 92: "\\"}


def unified(changes: Mapping[str, Change]) -> bytes:
    """One patch for all changes, by path relative to the root with forward slashes.

    Bytes, since every file keeps its own encoding. A line ends at LF, as git counts: a CR before it
    belongs to the line, and a lone one is a character.
    """
    return b"".join(_file(path, changes[path]) for path in sorted(changes))


def _file(path: str, change: Change) -> bytes:
    old, new = _lines(change.before), _lines(change.after)
    hunks = b"".join(_hunks(old, new))
    if not hunks:
        return b""
    before, after = quoted(f"a/{path}"), quoted(f"b/{path}")
    # what follows a blank in a name is taken for a time stamp unless a tab ends the name
    tab = "\t" if " " in path and not before.startswith('"') else ""
    head = f"diff --git {before} {after}\n--- {before}{tab}\n+++ {after}{tab}\n"
    return head.encode("ascii") + hunks


def quoted(name: str) -> str:
    """A name as git writes it in a patch: in quotes, with octal escapes, where it holds a quote, a
    backslash, a control character or anything beyond ASCII (git-config, core.quotePath)."""
    data = name.encode("utf-8", "surrogateescape")
    if all(0x20 <= byte < 0x7F and byte not in _ESCAPES for byte in data):
        return name
    return '"' + "".join(_escaped(byte) for byte in data) + '"'


def _escaped(byte: int) -> str:
    if byte in _ESCAPES:
        return "\\" + _ESCAPES[byte]
    return chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03o}"


def _lines(data: bytes) -> list[bytes]:
    """The lines with their LF; the last one may have none."""
    lines = data.split(b"\n")
    return [line + b"\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _hunks(old: Sequence[bytes], new: Sequence[bytes]) -> Iterator[bytes]:
    changed = _changed(old, new)
    while changed:
        count = 1  # changes whose surroundings touch make one hunk
        while count < len(changed) and changed[count][0] - changed[count - 1][1] <= 2 * _CONTEXT:
            count += 1
        yield _hunk(old, new, changed[:count])
        del changed[:count]


def _hunk(old: Sequence[bytes], new: Sequence[bytes], changed: Sequence[Range]) -> bytes:
    before = min(_CONTEXT, changed[0][0])
    after = min(_CONTEXT, len(old) - changed[-1][1])
    place = changed[0][0] - before
    lines: list[bytes] = []
    for old_begin, old_end, new_begin, new_end in changed:
        lines += [_marked(b" ", line) for line in old[place:old_begin]]
        lines += [_marked(b"-", line) for line in old[old_begin:old_end]]
        lines += [_marked(b"+", line) for line in new[new_begin:new_end]]
        place = old_end
    lines += [_marked(b" ", line) for line in old[place : place + after]]
    old_range = _range(changed[0][0] - before, changed[-1][1] + after)
    new_range = _range(changed[0][2] - before, changed[-1][3] + after)
    return f"@@ -{old_range} +{new_range} @@\n".encode() + b"".join(lines)


def _changed(old: Sequence[bytes], new: Sequence[bytes]) -> list[Range]:
    """The stretches that differ, with as few lines in them as can be.

    This is the greedy algorithm of Myers, "An O(ND) Difference Algorithm and Its Variations"
    (1986): fast where few of many lines differ, which is what fixes come to. Where more do than
    `_MOST`, all that lies between the first and the last one is a single stretch.
    """
    start, tail = _common(old, new)
    height, width = len(old) - start - tail, len(new) - start - tail
    if not height and not width:
        return []
    reached: dict[int, int] = {1: 0}  # by diagonal: the farthest line of `old` so far
    steps: list[dict[int, int]] = []
    for distance in range(min(height + width, _MOST) + 1):
        steps.append(reached.copy())
        for diagonal in range(-distance, distance + 1, 2):
            row, _ = _entered(reached, diagonal, distance)
            while (
                row < height
                and row - diagonal < width
                and old[start + row] == new[start + row - diagonal]
            ):
                row += 1
            reached[diagonal] = row
            if row >= height and row - diagonal >= width:
                return _ranges(steps, start, height, width)
    return [(start, start + height, start, start + width)]


def _entered(reached: Mapping[int, int], diagonal: int, distance: int) -> tuple[int, bool]:
    """The line of `old` at which a diagonal is entered, and whether by a removed line."""
    above, below = reached.get(diagonal + 1, -1), reached.get(diagonal - 1, -1)
    removed = diagonal != -distance and (diagonal == distance or below >= above)
    return (below + 1 if removed else above), removed


def _ranges(steps: Sequence[Mapping[int, int]], start: int, row: int, column: int) -> list[Range]:
    """Walk back from the ends through what was reached, and join steps that touch."""
    ranges: list[Range] = []
    for distance in range(len(steps) - 1, 0, -1):
        diagonal = row - column
        after, removed = _entered(steps[distance], diagonal, distance)
        end_row, end_column = start + after, start + after - diagonal
        begin_row = end_row - 1 if removed else end_row
        begin_column = end_column if removed else end_column - 1
        if ranges and ranges[-1][0] == end_row and ranges[-1][2] == end_column:
            end_row, end_column = ranges[-1][1], ranges.pop()[3]
        ranges.append((begin_row, end_row, begin_column, end_column))
        row, column = begin_row - start, begin_column - start
    return ranges[::-1]


def _common(old: Sequence[bytes], new: Sequence[bytes]) -> tuple[int, int]:
    """How many lines are the same at the start, and how many of the rest at the end."""
    limit = min(len(old), len(new))
    start = 0
    while start < limit and old[start] == new[start]:
        start += 1
    tail = 0
    while tail < limit - start and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    return start, tail


def _marked(mark: bytes, line: bytes) -> bytes:
    end = b"" if line.endswith(b"\n") else b"\n\\ No newline at end of file\n"
    return mark + line + end


def _range(begin: int, end: int) -> str:
    """A hunk's lines: 1-based start and number; an empty one starts at the line before it."""
    count = end - begin
    if count == 1:
        return f"{begin + 1}"
    return f"{begin + 1 if count else begin},{count}"
