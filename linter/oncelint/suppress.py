"""Suppression: comments in the files, and the settings for what has no comments.

    # oncelint: ignore[rule-id, group] reason         this line, or the next one
    # oncelint: ignore-file[rule-id] reason           the whole file

There is no blanket form. The reason is for the next reader; a comment without one still counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from oncelint.model.facts import SuppressionComment
from oncelint.model.finding import Finding, Suppressed
from oncelint.model.project import SuppressionUse
from oncelint.model.values import Span
from oncelint.patterns import matcher
from oncelint.settings import nearest

if TYPE_CHECKING:
    from oncelint.formats.tree import Node
    from oncelint.settings import IgnoredLocation, Settings
    from oncelint.text import SourceText

# A directive opens the comment, or stands behind another tool's (`# oncelint: …`).
_DIRECTIVE = re.compile(r"(?:^[\s#;!/*-]*|\s(?:#|//|;|--)\s*)oncelint:[ \t]*(?P<rest>.*)", re.S)
_IGNORE = re.compile(r"(?P<verb>[\w-]*)\s*(?P<open>\[)?")
_VERBS = ("ignore", "ignore-file")


def parse_comment(text: str, span: Span, *, own_line: bool, line: int) -> SuppressionComment | None:
    """Read the suppression in one comment.

    `text` is the comment without its marker, `span` the comment, `line` the 1-based line it
    stands on; `own_line` when no code shares that line, and the comment then speaks for the next
    one. Returns None when the comment is not addressed to oncelint. A comment that is, and says
    nothing that can be obeyed, comes back with its `problem`.
    """
    found = _DIRECTIVE.search(text)
    if found is None:
        return None
    rest = found["rest"]
    target = line + 1 if own_line else line

    def broken(problem: str) -> SuppressionComment:
        return SuppressionComment((), "", span, target, problem)

    head = _IGNORE.match(rest)
    verb = head["verb"] if head else ""
    if verb not in _VERBS:
        near = nearest(verb, _VERBS) or "ignore"
        return broken(f"`{verb}` is no instruction, write {near}[rule-id]")
    if head is None or not head["open"]:
        return broken(f"it names no rule and suppresses nothing, write {verb}[rule-id]")
    inside, bracket, reason = rest[head.end() :].partition("]")
    if not bracket:
        return broken("its bracket is not closed, so it suppresses nothing")
    rules = tuple(dict.fromkeys(item.strip() for item in inside.split(",") if item.strip()))
    if not rules:
        return broken(f"it names no rule and suppresses nothing, write {verb}[rule-id]")
    reason = reason.strip().removesuffix("*/").removesuffix("-->").strip()
    return SuppressionComment(rules, reason, span, None if verb == "ignore-file" else target)


def apply(
    findings: Iterable[Finding],
    comments: Iterable[SuppressionComment],
    settings: Settings,
    *,
    groups: Mapping[str, str],
    ran: Collection[str] | None = None,
    locate: Callable[[str, str], Span | None] | None = None,
) -> tuple[list[Finding], list[Finding], list[SuppressionUse]]:
    """Part the findings into shown and suppressed, and say what each comment was good for.

    A comment suppresses a finding when it names its rule or group and speaks for the line its
    primary span starts or ends on, or for its file; settings by path or by `file#pointer`.
    Comments above one another speak for the same line.

    `groups` maps every rule's id to its group. `ran` are the ids of the rules of this run (None:
    all); a comment that names another one is not judged. `locate` turns a path and a JSON pointer
    into a span, or None where there is no such place.
    """
    ordered = _stacked(comments)
    used: list[set[str]] = [set() for _ in ordered]
    by_path: dict[str, list[int]] = {}
    for index, (comment, _) in enumerate(ordered):
        by_path.setdefault(comment.span.path, []).append(index)
    by_settings = _by_settings(settings, locate)
    shown: list[Finding] = []
    suppressed: list[Finding] = []
    for finding in findings:
        reason: Suppressed | None = None
        for index in by_path.get(finding.span.path, ()):
            comment, target = ordered[index]
            names = _named(comment.rules, finding)
            if names and (target is None or target in _lines(finding.span)):
                used[index].update(names)
                reason = reason or Suppressed("comment", comment.reason)
        reason = reason or by_settings(finding)
        if reason is None:
            shown.append(finding)
        else:
            suppressed.append(replace(finding, suppressed=reason))
    uses = [_use(comment, used[index], groups, ran) for index, (comment, _) in enumerate(ordered)]
    return shown, suppressed, uses


def locator(
    source: Callable[[str], tuple[str, SourceText] | None],
) -> Callable[[str, str], Span | None]:
    """What `apply` asks for places in configuration files, given what yields a file's format (one
    of formats.READERS) and text.

    A file that is gone or is not of the format its name says has no places.
    """

    def locate(path: str, pointer: str) -> Span | None:
        from oncelint.formats import read  # only where settings name a place
        from oncelint.formats.tree import FormatError

        found = source(path)
        if found is None:
            return None
        kind, text = found
        try:
            places = [pointer_range(root, pointer) for root in read(kind, text).roots]
        except FormatError:
            return None
        return next((text.span(*place) for place in places if place is not None), None)

    return locate


def pointer_range(root: Node, pointer: str) -> tuple[int, int] | None:
    """Start and end, in code points, of what a JSON pointer (RFC 6901) names in a tree: a value
    with its key. None when there is nothing."""
    from oncelint.formats.tree import Mapping as MappingNode
    from oncelint.formats.tree import Sequence as SequenceNode

    node, place = root, (root.start, root.end)
    for token in pointer.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        if isinstance(node, MappingNode):
            entries = [entry for entry in node.entries if entry.key.text == name]
            if not entries:
                return None
            node = entries[-1].value
            place = (entries[-1].key.start, node.end)
        elif isinstance(node, SequenceNode) and name.isdecimal() and int(name) < len(node.items):
            node = node.items[int(name)]
            place = (node.start, node.end)
        else:
            return None
    return place


def _lines(span: Span) -> tuple[int, int]:
    """The lines a span starts and ends on; an end at a line's first column is the line before."""
    last = span.end.line - 1 if span.end.column == 1 else span.end.line
    return span.start.line, max(last, span.start.line)


def _named(rules: Sequence[str], finding: Finding) -> list[str]:
    return [name for name in rules if name in (finding.rule, finding.group)]


def _stacked(
    comments: Iterable[SuppressionComment],
) -> list[tuple[SuppressionComment, int | None]]:
    """The comments in file order, each with the line it speaks for: one that stands above another
    comment on its own line speaks for what that one speaks for."""
    ordered = sorted(comments, key=lambda comment: comment.span)
    below: dict[tuple[str, int], int | None] = {}
    result: list[tuple[SuppressionComment, int | None]] = []
    for comment in reversed(ordered):
        line, target = comment.span.start.line, comment.target
        if target is not None and target > line:
            target = below.get((comment.span.path, target), target)
            below[comment.span.path, line] = target
        result.append((comment, target))
    return result[::-1]


def _by_settings(
    settings: Settings, locate: Callable[[str, str], Span | None] | None
) -> Callable[[Finding], Suppressed | None]:
    patterns = [
        (matcher([pattern]), pattern, names) for pattern, names in settings.per_file_ignores
    ]

    def judge(finding: Finding) -> Suppressed | None:
        for matches, pattern, names in patterns:
            if _named(names, finding) and matches(finding.span.path):
                return Suppressed("settings", f"per-file-ignores: {pattern}")
        for location in settings.ignore_locations:
            if _named(location.rules, finding) and _stands_at(finding, location, locate):
                return Suppressed("settings", location.reason)
        return None

    return judge


def _stands_at(
    finding: Finding,
    location: IgnoredLocation,
    locate: Callable[[str, str], Span | None] | None,
) -> bool:
    if finding.span.path != location.path:
        return False
    if not location.pointer:
        return True  # the whole document
    place = locate(location.path, location.pointer) if locate else None
    return place is not None and (place.covers(finding.span) or finding.span.covers(place))


def _use(
    comment: SuppressionComment,
    used: set[str],
    groups: Mapping[str, str],
    ran: Collection[str] | None,
) -> SuppressionUse:
    known = {*groups, *groups.values()}
    unknown = tuple((name, nearest(name, known)) for name in comment.rules if name not in known)
    judged = ran is None or all(
        rule in ran
        for name in comment.rules
        for rule, group in groups.items()
        if name in (rule, group)
    )
    order = tuple(name for name in comment.rules if name in used)
    return SuppressionUse(comment, order, unknown, judged)
