"""Fixes in the full report: what they are, and the lines they change, as a short diff.

Removed lines and the unchanged ones around them are numbered as the file is, added ones as it would
be. Lines are compared without their line ends.

A configuration holds secrets beside what a fix changes, and a report is kept and passed on. So a
diff makes no secret visible that the change itself does not consist of: an unchanged line is left
out where it, the line before it, a line that it continues or one that it is nested in names a
secret, where it holds a user's password in an address, or what looks like key material. Of a
changed line that is suspected for the same reasons, before the change or after it, only the stretches that change are shown, each
with the setting they stand in, and nothing that follows the name of a secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from rich.text import Text

from oncelint.report import Context
from oncelint.report.layout import FRAME, PIPE_WIDTH, cut_to, framed, in_cells, stated, wrapped
from oncelint.report.text import printable

if TYPE_CHECKING:
    from oncelint.model.finding import Finding
    from oncelint.model.fixes import Edit, Fix
    from oncelint.text import SourceText

_LINE_END = re.compile(r"\r\n|\r|\n")
_STYLES = {"-": "red", "+": "green", " ": "default"}
# So many lines on each side are compared one by one; beyond, all between first and last changes.
_MOST = 300
# So many code points on each side of a change are measured: more than a terminal is wide.
_WINDOW = 2000
# A stretch of a line or a text: code points from the first to before the second, 0-based.
Stretch: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a diff with its 1-based number; `focus` is what to show of a long one. An ellipsis
    stands for unchanged lines before the row with its number."""

    sign: Literal["-", "+", " ", "…"]
    number: int
    text: str
    focus: Stretch = (0, 0)


@dataclass(frozen=True, slots=True)
class FileDiff:
    """What a fix changes in one file; no rows where the file cannot be read."""

    path: str
    line: int
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class ShownFix:
    """A fix and its diffs, the finding's own file first."""

    fix: Fix
    files: tuple[FileDiff, ...]


def shown_fixes(
    finding: Finding, source: Callable[[str], SourceText | None]
) -> tuple[ShownFix, ...]:
    """The fixes of a finding with what they change; `source` is the one of Context."""
    return tuple(ShownFix(fix, _files(fix, finding.span.path, source)) for fix in finding.fixes)


def last_number(fixes: Iterable[ShownFix]) -> int:
    """The greatest line number in the diffs, 0 where there is none."""
    rows = (row for shown in fixes for file in shown.files for row in file.rows)
    return max((row.number for row in rows), default=0)


def told_fixes(
    fixes: Iterable[ShownFix], finding: Finding, told: str | None, gutter: int, context: Context
) -> list[Text]:
    """The lines about fixes; `told` is the advice that was given before, None for none."""
    said = f"{finding.message}\n{told or ''}".lower()
    lines: list[Text] = []
    for shown in fixes:
        lines += _head(shown.fix, said, gutter, context)
        for file in shown.files:
            if file.path != finding.span.path:
                place = f"{printable(context.display(file.path))}:{file.line}"
                lines.append(Text(" " * gutter + "::: ", style=FRAME).append(place, "default"))
            lines += _rows(file.rows, gutter, context)
    return lines


# Words ----------------------------------------------------------------------------------------


def helped(told: str, gutter: int, context: Context) -> list[Text]:
    """The line that says what to do."""
    text = stated(gutter, "help").append(f": {printable(told)}")
    return wrapped(text, context, tail=Text(" " * (gutter + 9)))


def _head(fix: Fix, said: str, gutter: int, context: Context) -> list[Text]:
    deep = Text(" " * (gutter + 7))
    if not fix.edits:
        reason = f": {printable(fix.reason)}" if fix.reason else ""
        lines = wrapped(stated(gutter, "no fix is written").append(reason), context, tail=deep)
        return lines if fix.title.lower() in said else [*helped(fix.title, gutter, context), *lines]
    safety = "safe" if fix.safety == "safe" else f"{fix.safety}, wants --unsafe-fixes"
    text = stated(gutter, "fix").append(f" ({safety}): {printable(fix.title)}")
    lines = wrapped(text, context, tail=deep)
    why = f"because {fix.reason}" if fix.reason else None
    for more in (why, _users(fix, context)):
        if more:
            text = Text(" " * (gutter + 5)).append(printable(more))
            lines += wrapped(text, context, tail=deep)
    return lines


def _users(fix: Fix, context: Context) -> str:
    places = [f"{context.display(user.path)}:{user.start.line}" for user in fix.users]
    return f"also changes {', '.join(dict.fromkeys(places))}" if places else ""


def _rows(rows: Sequence[Row], gutter: int, context: Context) -> Iterator[Text]:
    """The rows, each cut to the terminal."""
    room = max((context.width or PIPE_WIDTH) - gutter - 5, 16)
    for row in rows:
        if row.sign == "…":
            yield Text("…".rjust(gutter), style=FRAME)
            continue
        begin = max(row.focus[0] - _WINDOW, 0)
        cells, positions = in_cells(row.text[begin : begin + 2 * _WINDOW])
        focus, reach = (positions[min(place - begin, len(positions) - 1)] for place in row.focus)
        cut = cut_to(cells, focus, reach, room)
        yield framed(gutter, str(row.number)).append(
            f"{row.sign} {cut.text}", style=_STYLES[row.sign]
        )


# Diffs ----------------------------------------------------------------------------------------


def _files(fix: Fix, own: str, source: Callable[[str], SourceText | None]) -> tuple[FileDiff, ...]:
    edits: dict[str, dict[Edit, None]] = {}
    for edit in sorted(fix.edits, key=lambda one: one.span.path != own):
        edits.setdefault(edit.span.path, {})[edit] = None
    return tuple(_file(path, tuple(some), source(path)) for path, some in edits.items())


def _file(path: str, edits: Sequence[Edit], text: SourceText | None) -> FileDiff:
    if text is None:
        return FileDiff(path, edits[0].span.start.line, ())
    changed = [line for chunk in _chunks(text, edits) for line in chunk]
    rows = _trimmed(tuple(_rows_of(changed, text)))
    line = next((row.number for row in rows if row.sign != " "), edits[0].span.start.line)
    return FileDiff(path, line, rows)


@dataclass(frozen=True, slots=True)
class _Placed:
    """An edit by code point offsets."""

    start: int
    end: int
    replacement: str


@dataclass(frozen=True, slots=True)
class _Side:
    """A run of whole lines of the old or the new file, without line ends: their texts, the
    stretches of each that an edit touches, and the 0-based number of the first."""

    first: int
    lines: tuple[str, ...]
    touched: tuple[tuple[Stretch, ...], ...]


@dataclass(frozen=True, slots=True)
class _Changed:
    """Lines that go and lines that come in their place; `begin` and `end` are the 0-based numbers
    of the ones that go, `end` behind the last."""

    begin: int
    end: int
    rows: tuple[Row, ...]


def _chunks(text: SourceText, edits: Sequence[Edit]) -> Iterator[list[_Changed]]:
    """The changed lines of a file, worked out from its edits alone, for a file may be large."""
    placed = [
        _Placed(text.offset(one.span.start), text.offset(one.span.end), one.replacement)
        for one in edits
    ]
    added = 0  # how many lines there are more than before
    for group in _together(sorted(placed, key=lambda one: (one.start, one.end)), text):
        first, last = _line_of(text, group[0].start), _line_of(text, max(e.end for e in group))
        base, stop = text.starts[first], text.starts[last] + len(text.line(last + 1))
        new, ranges = _spliced(text.text[base:stop], group, base)
        at_end = last + 1 == len(text.starts)
        touched = [(one.start - base, one.end - base) for one in group]
        before = _side(first, text.text[base:stop], touched, at_end=at_end)
        after = _side(first + added, new, ranges, at_end=at_end)
        yield list(_changes(before, after, _above(text, first)))
        added += len(after.lines) - len(before.lines)


def _line_of(text: SourceText, offset: int) -> int:
    """The 0-based line of an offset."""
    return text.position(offset).line - 1


def _together(edits: Sequence[_Placed], text: SourceText) -> Iterator[list[_Placed]]:
    """The edits in groups that have an untouched line between them."""
    group: list[_Placed] = []
    reached = -2
    for edit in edits:
        if group and _line_of(text, edit.start) > reached + 1:
            yield group
            group = []
        group.append(edit)
        reached = max(reached, _line_of(text, edit.end))
    if group:
        yield group


def _spliced(text: str, edits: Sequence[_Placed], base: int) -> tuple[str, list[Stretch]]:
    """A text that begins at offset `base` with edits in it, and where they stand then.

    Edits are sorted by their start and end, so that an insertion stands before a replacement.
    """
    parts: list[str] = []
    ranges: list[Stretch] = []
    done = size = 0
    for edit in edits:
        kept = text[done : max(edit.start - base, done)]
        begin = size + len(kept)
        size = begin + len(edit.replacement)
        parts += (kept, edit.replacement)
        ranges.append((begin, size))
        done = max(edit.end - base, done)
    return "".join((*parts, text[done:])), ranges


def _side(first: int, text: str, ranges: Sequence[Stretch], *, at_end: bool) -> _Side:
    lines: list[str] = []
    touched: list[tuple[Stretch, ...]] = []
    ends = [*((found.start(), found.end()) for found in _LINE_END.finditer(text))]
    begin = 0
    for end, following in (*ends, (len(text), len(text))):
        lines.append(text[begin:end])
        touched.append(
            tuple(
                (max(start, begin) - begin, min(stop, end) - begin)
                for start, stop in ranges
                if start <= end and stop >= begin
            )
        )
        begin = following
    if at_end and not lines[-1]:  # behind the file's last line end there is no line
        return _Side(first, tuple(lines[:-1]), tuple(touched[:-1]))
    return _Side(first, tuple(lines), tuple(touched))


def _changes(before: _Side, after: _Side, above: Sequence[str]) -> Iterator[_Changed]:
    """The stretches of lines that differ; `above` are the lines before the first."""
    for old_begin, old_end, new_begin, new_end in _differing(before.lines, after.lines):
        gone, come = range(old_begin, old_end), range(new_begin, new_end)
        # a key can be one of a secret by its new name alone
        suspect = any(
            _is_suspect(_until(index, side, above))
            for side, some in ((before, gone), (after, come))
            for index in some
        )
        rows = [
            *(_changed_row("-", before, index, above, suspect=suspect) for index in gone),
            *(_changed_row("+", after, index, above, suspect=suspect) for index in come),
        ]
        yield _Changed(before.first + old_begin, before.first + old_end, tuple(rows))


def _until(index: int, side: _Side, above: Sequence[str]) -> tuple[str, ...]:
    """A line, behind those before it that may matter."""
    return (*above, *side.lines[: index + 1])[-_FAR - 1 :]


def _differing(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int, int, int]]:
    """Begin and end in the old lines and in the new ones of what differs."""
    limit = min(len(old), len(new))
    head = next((n for n in range(limit) if old[n] != new[n]), limit)
    rest = limit - head
    tail = next((n for n in range(rest) if old[-1 - n] != new[-1 - n]), rest)
    old_end, new_end = len(old) - tail, len(new) - tail
    if old_end == head or new_end == head or max(old_end, new_end) - head > _MOST:
        return [(head, old_end, head, new_end)] if old_end > head or new_end > head else []
    from difflib import SequenceMatcher  # few fixes change several lines that touch

    matcher = SequenceMatcher(None, old[head:old_end], new[head:new_end], autojunk=False)
    return [
        (head + begin, head + end, head + start, head + stop)
        for tag, begin, end, start, stop in matcher.get_opcodes()
        if tag != "equal"
    ]


def _changed_row(
    sign: Literal["-", "+"], side: _Side, index: int, above: Sequence[str], *, suspect: bool
) -> Row:
    text = side.lines[index]
    stretches = _joined(side.touched[index]) or ((0, len(text)),)
    if suspect:
        text, focus = _stretches(text, stretches, _until(index, side, above))
    else:
        focus = (stretches[0][0], stretches[-1][1])
    return Row(sign, side.first + index + 1, text, focus)


def _joined(stretches: Sequence[Stretch]) -> tuple[Stretch, ...]:
    """The stretches in order, those that touch as one."""
    result: list[Stretch] = []
    for begin, end in sorted(stretches):
        if result and begin <= result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], end))
        else:
            result.append((begin, end))
    return tuple(result)


def _rows_of(changed: Sequence[_Changed], text: SourceText) -> Iterator[Row]:
    """All rows of a file, with one unchanged line at most on each side of a change."""
    count = len(text.starts) - (not text.line(len(text.starts)))
    behind: int | None = None  # the first line behind what was shown
    for one, following in zip(changed, (*changed, None)[1:], strict=True):
        before = [] if one.begin in (0, behind) else list(_context_row(one.begin - 1, text))
        if behind is not None and one.begin - len(before) > behind:
            yield Row("…", one.begin + 1, "")
        yield from (*before, *one.rows)
        behind = one.end
        if one.end < (count if following is None else following.begin):
            after = list(_context_row(one.end, text))
            yield from after
            behind += len(after)


def _trimmed(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """The rows without blank unchanged ones at their ends, which tell nothing."""
    begin, end = 0, len(rows)
    while begin < end and rows[begin].sign == " " and not rows[begin].text.strip():
        begin += 1
    while end > begin and rows[end - 1].sign == " " and not rows[end - 1].text.strip():
        end -= 1
    return rows[begin:end]


def _context_row(line: int, text: SourceText) -> Iterator[Row]:
    """An unchanged line by its 0-based number, unless a secret might show."""
    own = text.line(line + 1)
    if not _is_suspect((*_above(text, line), own)):
        yield Row(" ", line + 1, own)


# Secrets --------------------------------------------------------------------------------------

# How far up is looked for what a line continues or is nested in.
_FAR = 80
_NAME = re.compile(
    r"""pass?(?:wo?r?d|phrase)|pwd\b|secret|token|credential|jaas|private|bearer|authorization
    | (?:api|access|account|shared|signing|encryption|keystore) [._-]? key | ssl [._-] key [._-]
    | auth [._-] user | basic [._-]? auth | sasl [._-] (?! ssl | plaintext | mechanism ) | \bdsn\b
    | (?:connection|database|db) [._-]? ur[li]
    | (?<![^\W_]) (?:pass|pw) (?=["']?\s*[:=,]) | ://[^\s"']{0,200}@""",
    re.I | re.X,
)
_KEY_MATERIAL = re.compile(r"[A-Za-z0-9+/]{40}|-----BEGIN")
_COMMENT = re.compile(r"\s*(?:$|#|//|!|;)")
_VALUE = re.compile(r"[\s\-\"']*(?:value|default)\b", re.I)
_OPEN = re.compile(r"(?:\\|[:=]\s*\(?|[|>][+-]?\d?)\s*$")
_STATEMENT = re.compile(r"\s*(?:async|class|def|elif|else|except|for|if|try|while|with)\b")
_WORD = re.compile(r"[\w.\-]*[\"']?")
_SEPARATORS = ",;()[]{}&?"


def _is_suspect(lines: Sequence[str]) -> bool:
    """Whether the last of some lines may hold a secret beside or before what an edit changes."""
    if _NAME.search(lines[-1]) or _KEY_MATERIAL.search(lines[-1]):
        return True
    return any(_NAME.search(line) for line in _governing(lines, nested=True))


def _governing(lines: Sequence[str], *, nested: bool) -> Iterator[str]:
    """The lines above the last one that it may belong to: the nearest one with what it continues by
    backslashes, and comments and blank lines between; if `nested`, those that it is indented under.
    """
    indent = _indent(lines[-1])
    near = True
    for line in lines[-2::-1]:
        blank = not line.strip()
        if near or (nested and not blank and _indent(line) < indent):
            yield line
        elif not nested:
            return
        if not _COMMENT.match(line):
            near = near and line.rstrip().endswith("\\")
            indent = min(indent, _indent(line))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _above(text: SourceText, line: int) -> tuple[str, ...]:
    """The lines of the file before a 0-based one, as many as may matter."""
    return tuple(text.line(number + 1) for number in range(max(line - _FAR, 0), line))


def _stretches(text: str, changed: Sequence[Stretch], lines: Sequence[str]) -> tuple[str, Stretch]:
    """What may be shown of a suspect line, and where the first change stands in that.

    `lines` end with the line itself.
    """
    if _is_value_of_secret(lines):
        return "…", (0, 1)
    indent = _indent(text)
    shown, done = text[:indent], indent
    focus: Stretch | None = None
    for begin, end in changed:
        left, right = _setting(text, max(begin, done), max(end, done), done)
        part = _without_secret(text[left:right])
        shown += _beside(text[done:left])
        focus = focus or (len(shown), len(shown) + len(part))
        shown += part
        done = right
    return shown + _beside(text[done:]), focus or (0, 0)


def _beside(text: str) -> str:
    """What stands beside a change: an ellipsis where that is more than punctuation."""
    return "…" if any(map(str.isalnum, text)) else text


def _is_value_of_secret(lines: Sequence[str]) -> bool:
    """Whether the last of some lines is nothing but the value of a secret named above it."""
    named = [line for line in _governing(lines, nested=False) if _NAME.search(line)]
    if named and _VALUE.match(lines[-1]):
        return True
    return any(_OPEN.search(line) and not _STATEMENT.match(line) for line in named)


def _setting(text: str, begin: int, end: int, least: int) -> Stretch:
    """A changed stretch widened to the setting it stands in: its key to the left, no farther than
    to `least`, and the rest of its word to the right. A side on which the stretch has a separator
    of its own is not widened."""
    if not text[begin:end].lstrip().startswith(tuple(_SEPARATORS)):
        while begin > least and _belongs(text, begin - 1):
            begin -= 1
        begin += len(text[begin:end]) - len(text[begin:end].lstrip())
    if not text[begin:end].rstrip().endswith(tuple(_SEPARATORS)):
        while end < len(text) and not text[end].isspace() and text[end] not in ":=" + _SEPARATORS:
            end += 1
    return begin, end


def _belongs(text: str, index: int) -> bool:
    """Whether a character left of a change is part of the same setting: no separator, and no blank
    but those around a colon or an equals sign."""
    if not text[index].isspace():
        return text[index] not in _SEPARATORS
    return text[:index].rstrip().endswith((":", "=")) or text[index:].lstrip().startswith(
        (":", "=")
    )


def _without_secret(text: str) -> str:
    """A stretch up to the first name of a secret, if there is anything behind that."""
    found = _NAME.search(text)
    if found is None:
        return text
    if "://" in found.group():
        return text[: found.start()] + "://…"
    word = _WORD.match(text, found.end())
    end = word.end() if word is not None else found.end()
    return text if not text[end:].strip() else text[:end] + "…"
