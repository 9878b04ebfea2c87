"""What the tests of the YAML, JSON and TOML writers share: edits by key, and their proof."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from oncelint.formats import read
from oncelint.formats.operations import Add, Change, Operation, Remove, Rename, render
from oncelint.formats.tree import Document, Entry, Mapping, Node, Scalar
from oncelint.model.values import scalar_text
from oncelint.patches import CannotWrite, Patch, apply
from oncelint.text import SourceText

Step: TypeAlias = "tuple[Any, ...]"
"""("add", key, value), ("change", key, value), ("remove", key) or ("rename", key, new key)."""

Route: TypeAlias = "tuple[int, ...]"
"""Indices from a document's roots down, merged entries not counted."""


Draw: TypeAlias = Callable[[st.SearchStrategy[Any]], Any]

RUN = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)

KEYS = ("acks", "enable.idempotence", "k-1", "retries", "a b", "é漢", "true", "12", "it's", "😀")
VALUES: tuple[Any, ...] = (
    True, False, 0, 5, -1, 2147483647, 1.5, 1e20, "all", "true", "5", "1e3", "012", "yes", "null",
    "~", "", " x ", "a: b", "x #y", "#", "{a}", "[", "it's", '"q"', "\\", "a\nb", "\t", "é漢😀",
    "kafka:9092", "${HOME}", "- a", "2001-01-01", "a,b", "\x7f", "\u2028", "read_committed", "'", "=",
)  # fmt: skip


def pick(draw: Draw, *options: Any) -> Any:
    return draw(st.sampled_from(options))


def random_steps(draw: Draw, mapping: Mapping, values: Sequence[Any] = VALUES) -> list[Step]:
    """Operations on some of a mapping's own entries, and new ones."""
    steps: list[Step] = []
    fresh = [f"new.{index}" for index in range(6)] + ["fresh", "new key", "on"]
    for each in own(mapping):
        name = pick(draw, "", "", "", "remove", "change", "rename", "both")
        if name == "remove":
            steps.append(("remove", each.key.text))
        if name in ("change", "both"):
            steps.append(("change", each.key.text, pick(draw, *values)))
        if name in ("rename", "both") and fresh:
            steps.append(("rename", each.key.text, fresh.pop(draw(st.integers(0, len(fresh) - 1)))))
    for _ in range(pick(draw, 0, 1, 1, 2)):
        if fresh:
            steps.append(("add", fresh.pop(), pick(draw, *values)))
    return steps


def parsed(kind: str, source: str) -> Document:
    return read(kind, SourceText("file", source))


def own(mapping: Mapping) -> list[Entry]:
    return [entry for entry in mapping.entries if not entry.merged]


def routes(kind: str, source: str) -> list[Route]:
    """The ways to all mappings of a text, each mapping once."""
    found: list[Route] = []
    seen: set[int] = set()

    def visit(node: Node, route: Route) -> None:
        if id(node) in seen:
            return
        seen.add(id(node))
        if isinstance(node, Mapping):
            found.append(route)
            for index, entry in enumerate(own(node)):
                visit(entry.value, (*route, index))
        elif not isinstance(node, Scalar):
            for index, item in enumerate(node.items):
                visit(item, (*route, index))

    document = parsed(kind, source)
    for index, root in enumerate(document.roots):
        visit(root, (index,))
    return found


def at(kind: str, source: str, route: Route) -> Mapping:
    node: Node = parsed(kind, source).roots[route[0]]
    for index in route[1:]:
        if isinstance(node, Mapping):
            node = own(node)[index].value
        else:
            assert not isinstance(node, Scalar)
            node = node.items[index]
    assert isinstance(node, Mapping)
    return node


def entry(mapping: Mapping, key: str) -> Entry:
    return next(each for each in mapping.entries if each.key.text == key)


def operations(mapping: Mapping, steps: Sequence[Step]) -> list[Operation]:
    made: list[Operation] = []
    for name, key, *rest in steps:
        if name == "add":
            made.append(Add(key, rest[0]))
        elif name == "change":
            made.append(Change(entry(mapping, key), rest[0]))
        elif name == "rename":
            made.append(Rename(entry(mapping, key), rest[0]))
        else:
            made.append(Remove(entry(mapping, key)))
    return made


def patches(kind: str, source: str, route: Route, steps: Sequence[Step]) -> tuple[Patch, ...]:
    mapping = at(kind, source, route)
    return render(kind, source, mapping, operations(mapping, steps))


def edited(kind: str, source: str, *steps: Step, route: Route = (0,)) -> str:
    return apply(source, patches(kind, source, route, steps))


def refusal(kind: str, source: str, *steps: Step, route: Route = (0,)) -> str:
    """The reason why the steps cannot be written."""
    try:
        made = edited(kind, source, *steps, route=route)
    except CannotWrite as error:
        return error.reason
    raise AssertionError(f"written: {made!r}")


Shape: TypeAlias = "tuple[str, Any]"


def shape(node: Node) -> Shape:
    """The node's values in order, duplicates included, without places."""
    if isinstance(node, Scalar):
        return type(node.value).__name__, node.value
    if isinstance(node, Mapping):
        pairs = [(each.key.text, each.merged, shape(each.value)) for each in node.entries]
        return "mapping", pairs
    return "sequence", [shape(item) for item in node.items]


def data(node: Node) -> Any:
    """What a reference parser says of the node."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Mapping):
        merged = {each.key.value: data(each.value) for each in node.entries if each.merged}
        return {**merged, **{each.key.value: data(each.value) for each in own(node)}}
    return [data(item) for item in node.items]


def exact(value: Any) -> Any:
    """The value so that 1, 1.0 and True differ."""
    if isinstance(value, dict):
        return {key: exact(each) for key, each in value.items()}
    if isinstance(value, list):
        return [exact(each) for each in value]
    return type(value).__name__, value


def prove(
    kind: str,
    source: str,
    route: Route,
    steps: Sequence[Step],
    reference: Callable[[str], list[Any]],
) -> str:
    """Carry the steps out and assert all that a writer promises.

    The reader and the reference agree on the result; the mapping holds what was intended in the
    intended order; nothing else changed; lines of other entries stand as they did; the same
    goals ask for no further patch.
    """
    before = at(kind, source, route)
    result = edited(kind, source, *steps, route=route)
    document = parsed(kind, result)
    assert exact([data(root) for root in document.roots]) == exact(reference(result)), result
    after = at(kind, result, route)
    _assert_intended(before, after, steps, result, tables_last=kind == "toml")
    _assert_rest(parsed(kind, source), document, route)
    _assert_lines(source, result, before, steps)
    again = [
        ("change", step[1], step[2])
        for step in steps
        if step[0] in ("add", "change") and not any(s[:2] == ("rename", step[1]) for s in steps)
    ]
    assert patches(kind, result, route, again) == ()
    return result


def _assert_intended(
    before: Mapping, after: Mapping, steps: Sequence[Step], result: str, tables_last: bool
) -> None:
    """What the steps ask for; with `tables_last` the order of scalars and of others counts."""
    expected: list[tuple[str, list[Shape]]] = []
    for each in own(before):
        mine = [step for step in steps if step[1] == each.key.text and step[0] != "add"]
        name, shapes = each.key.text, [shape(each.value)]
        if any(step[0] == "remove" for step in mine):
            continue
        for step in mine:
            if step[0] == "rename":
                name = step[2]
            else:
                text = isinstance(each.value, Scalar) and each.value.style != "plain"
                value = scalar_text(step[2]) if text and step[2] is not None else step[2]
                shapes = [(type(value).__name__, value)]
        expected.append((name, shapes))
    for _, name, value in (step for step in steps if step[0] == "add"):
        shapes = [(type(value).__name__, value)]
        # Numbers may follow neighbours in quotes, when there are any.
        if isinstance(value, bool | int | float) and any(
            isinstance(each.value, Scalar) and each.value.style in ("single", "double")
            for each in own(before)
        ):
            shapes.append(("str", scalar_text(value)))
        expected.append((name, shapes))
    found = [(each.key.text, shape(each.value)) for each in own(after)]
    if tables_last:
        found.sort(key=lambda each: each[1][0] in ("mapping", "sequence"))
        expected.sort(key=lambda each: each[1][0][0] in ("mapping", "sequence"))
    assert [name for name, _ in found] == [name for name, _ in expected], result
    for (_, value), (_, allowed) in zip(found, expected, strict=True):
        assert value in allowed, result
    names = {name for name, _ in expected}
    assert [shape(each.value) for each in after.entries if each.merged] == [
        shape(each.value) for each in before.entries if each.merged and each.key.text not in names
    ]


def _assert_rest(before: Document, after: Document, route: Route) -> None:
    """Every node that is not on the way to the mapping, nor shared with it, is as it was."""

    def compare(left: Node, right: Node, way: Route | None) -> None:
        if way == ():
            return
        assert type(left) is type(right)
        if isinstance(left, Scalar) or isinstance(right, Scalar):
            assert shape(left) == shape(right)
            return
        lefts = [e.value for e in own(left)] if isinstance(left, Mapping) else list(left.items)
        rights = [e.value for e in own(right)] if isinstance(right, Mapping) else list(right.items)
        if isinstance(left, Mapping) and isinstance(right, Mapping):
            assert [e.key.text for e in own(left)] == [e.key.text for e in own(right)]
        assert len(lefts) == len(rights)
        for index, (one, other) in enumerate(zip(lefts, rights, strict=True)):
            if way is not None and index == way[0]:
                targets.add(id(one))
                compare(one, other, way[1:])
            elif id(one) not in targets:
                compare(one, other, None)

    targets: set[int] = set()
    assert len(before.roots) == len(after.roots)
    for index, (left, right) in enumerate(zip(before.roots, after.roots, strict=True)):
        compare(left, right, route[1:] if index == route[0] else None)


def _assert_lines(source: str, result: str, before: Mapping, steps: Sequence[Step]) -> None:
    """Lines without a named entry stand in the result as they stood, a comma set aside."""
    starts = [0, *(match.end() for match in re.finditer(r"\r?\n", source))]
    named = [
        (each.key.start, max(each.key.end, each.value.end))
        for each in own(before)
        if any(step[1] == each.key.text and step[0] != "add" for step in steps)
    ]
    named += _shared_lines(source, before, {step[1] for step in steps if step[0] == "remove"})
    lines = iter(re.findall(r"[^\n]*\n|[^\n]+\Z", result))
    for start, end in zip(starts, [*starts[1:], len(source)], strict=True):
        if start == end or any(first < end and last >= start for first, last in named):
            continue
        line = source[start:end]
        if not line.strip() and not source.endswith("\n"):
            continue  # a last line that is blank has no break, so it is none
        assert any(_alike(found, line, source.endswith("\n")) for found in lines), (line, result)


def _shared_lines(source: str, mapping: Mapping, removed: set[str]) -> list[tuple[int, int]]:
    """Stretches that must change because an entry has not all of its lines to itself."""
    entries = own(mapping)
    if not entries:
        return [(mapping.start, mapping.end)]
    found: list[tuple[int, int]] = []
    kept = [each for each in entries if each.key.text not in removed]
    last = entries[-1]
    if source[mapping.start] == "{":
        start = source.rfind("\n", 0, last.key.start) + 1
        if (
            source[start : last.key.start].strip()
            or "\n" not in source[last.value.end : mapping.end]
        ):
            found.append((last.key.start, mapping.end))
            found += [(kept[-1].key.start, kept[-1].value.end)] if kept else []
    elif "{" in source[source.rfind("\n", 0, last.key.start) + 1 : last.key.start]:
        # a table of dotted keys in an inline table
        found.append((last.key.start, last.key.end))
    start = source.rfind("\n", 0, entries[0].key.start) + 1
    if source[start : entries[0].key.start].strip() and entries[0].key.text in removed and kept:
        # `- a: 1` or `{a: 1,`: what follows may move up, over blank lines
        found.append((kept[0].key.start, kept[0].key.end))
        blank = re.compile(r"^[ \t]*\r?$", re.MULTILINE)
        places = (match.start() for match in blank.finditer(source, start, kept[0].key.start))
        found += [(place, place) for place in places]
    return found


def _alike(found: str, wanted: str, final_break: bool) -> bool:
    if not (final_break and found.endswith("\n") and wanted.endswith("\n")):
        # Another line is the last one, the one without a break.
        found, wanted = found.rstrip("\r\n"), wanted.rstrip("\r\n")
    if found == wanted:
        return True
    # the comma behind what was or is the last entry, with a blank before it perhaps
    return any(
        longer[: match.start()] + longer[match.end() :] == shorter
        for longer, shorter in ((found, wanted), (wanted, found))
        for match in re.finditer(" ?,", longer)
    )
