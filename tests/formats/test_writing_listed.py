"""The writers of variables in YAML lists: `- KEY=value`, and `- name: KEY` with its `value:`."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from oncelint.formats import read
from oncelint.formats.operations import Add, Change, Operation, Remove, Rename, render
from oncelint.formats.tree import Mapping, Sequence, walk
from oncelint.formats.views import views
from oncelint.model.values import Scalar as Value
from oncelint.patches import CannotWrite, apply
from oncelint.text import SourceText


def _view(source: str, kind: str) -> Mapping:
    text = SourceText("", source)
    for root in read("yaml", text).roots:
        for node in walk(root):
            if isinstance(node, Sequence):
                for found, mapping in views(node, text):
                    if found == kind:
                        return mapping
    raise AssertionError("no such list")


def _edited(source: str, kind: str, *edits: tuple[Value, ...]) -> str:
    mapping = _view(source, kind)
    operations: list[Operation] = []
    for name, key, *rest in edits:
        if name == "add":
            operations.append(Add(str(key), rest[0]))
            continue
        entry = next(one for one in mapping.entries if one.key.text == key)
        if name == "change":
            operations.append(Change(entry, rest[0]))
        else:
            operations.append(Remove(entry) if name == "remove" else Rename(entry, str(rest[0])))
    return apply(source, render(kind, source, mapping, operations))


_LIST = """services:
  a:
    environment:
      - A_B=1   # one
      - "C_D=x y"
      - BARE
      - E=2
    image: x
"""


@pytest.mark.parametrize(
    ("edits", "old", "new"),
    [
        ([("change", "A_B", 3)], "A_B=1   #", "A_B=3   #"),
        ([("change", "E", "a: b")], "- E=2", '- "E=a: b"'),
        ([("rename", "C_D", "F")], '"C_D=x y"', '"F=x y"'),
        ([("remove", "C_D")], '      - "C_D=x y"\n', ""),
        ([("add", "C_X", True)], '"C_D=x y"\n', '"C_D=x y"\n      - "C_X=true"\n'),
        ([("add", "A_X", "q")], "# one\n", "# one\n      - A_X=q\n"),
    ],
)
def test_assignments(edits: list[tuple[Value, ...]], old: str, new: str) -> None:
    assert old in _LIST
    assert _edited(_LIST, "assignments", *edits) == _LIST.replace(old, new)


_NAMED = """env:
  - name: A
    value: "1"
  - name: B
    valueFrom: {secretKeyRef: {name: s, key: k}}
  - {name: C, value: x}
"""


@pytest.mark.parametrize(
    ("edits", "old", "new"),
    [
        ([("change", "A", False)], '"1"', '"false"'),
        ([("change", "C", True)], "value: x", 'value: "true"'),
        ([("rename", "B", "D")], "name: B", "name: D"),
        ([("remove", "A")], '  - name: A\n    value: "1"\n', ""),
        (
            [("add", "A_X", 5), ("remove", "C")],
            "  - {name: C, value: x}\n",
            '  - name: A_X\n    value: "5"\n',
        ),
    ],
)
def test_named_values(edits: list[tuple[Value, ...]], old: str, new: str) -> None:
    expected = _NAMED.replace(old, new)
    if len(edits) == 2:
        # what is new stands behind its like, not in place of what goes
        expected = _NAMED.replace(old, "").replace('"1"\n', '"1"\n' + new)
    assert _edited(_NAMED, "named-values", *edits) == expected


@pytest.mark.parametrize(
    ("source", "kind", "edit", "reason"),
    [
        (_LIST, "assignments", ("add", "E", 1), "set already"),
        (_LIST, "assignments", ("rename", "E", "A_B"), "set twice"),
        (_LIST, "assignments", ("change", "E", "x\ny"), "control character"),
        (_LIST, "assignments", ("add", "F G", 1), "no name of a variable"),
        ("e: [A=1, B=2]\n", "assignments", ("add", "C", 1), "one line"),
        ("e:\n  - A=1\n", "assignments", ("remove", "A"), "read as it is meant"),
        (_NAMED, "named-values", ("change", "B", 1), "from elsewhere"),
    ],
)
def test_refusals(source: str, kind: str, edit: tuple[Value, ...], reason: str) -> None:
    with pytest.raises(CannotWrite, match=reason):
        _edited(source, kind, edit)


def test_a_flow_list_takes_another_value() -> None:
    assert _edited("e: [A=1, B=2]\n", "assignments", ("change", "A", 3)) == "e: [A=3, B=2]\n"


_NAMES = st.from_regex(r"[A-Z][A-Z0-9_]{0,10}", fullmatch=True)
_VALUES = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp")), max_size=12)
_ACTIONS = st.sampled_from(["add", "change", "remove", "rename"])


def _meant(
    action: str, before: list[tuple[str, str]], key: str, new: tuple[str, str]
) -> list[tuple[str, str]]:
    if action == "add":
        return sorted([*before, new])
    if action == "remove":
        return sorted((k, v) for k, v in before if k != key)
    if action == "rename":
        return sorted((new[0] if k == key else k, v) for k, v in before)
    return sorted((k, new[1] if k == key else v) for k, v in before)


def _request(action: str, key: str, new: tuple[str, str]) -> tuple[Value, ...]:
    return {
        "add": ("add", *new),
        "change": ("change", key, new[1]),
        "remove": ("remove", key),
        "rename": ("rename", key, new[0]),
    }[action]


def _others_stay(source: str, after: str, key: str, action: str) -> bool:
    """Whether every line but the edited entry's is there as it was."""
    lines = after.splitlines()
    kept = [line for line in source.splitlines() if key not in line]
    return all(line in lines for line in kept)


@settings(max_examples=200, deadline=None)
@given(
    pairs=st.lists(st.tuples(_NAMES, _VALUES), min_size=2, unique_by=lambda one: one[0]),
    new=st.tuples(_NAMES, _VALUES),
    chosen=st.integers(min_value=0, max_value=9),
    action=_ACTIONS,
    style=st.sampled_from(['"', "'", None]),
)
def test_assignments_are_read_as_written(
    pairs: list[tuple[str, str]],
    new: tuple[str, str],
    chosen: int,
    action: str,
    style: str | None,
) -> None:
    items = [f"{key}={value}" for key, value in pairs]
    source = yaml.safe_dump(
        {"environment": items, "tail": [1]}, default_style=style, allow_unicode=True, width=10**6
    )
    key = pairs[chosen % len(pairs)][0]
    try:
        mapping = _view(source, "assignments")
    except AssertionError:
        return
    if len(mapping.entries) < len(pairs):
        return
    try:
        after = _edited(source, "assignments", _request(action, key, new))
    except CannotWrite:
        return
    found = [tuple(item.split("=", 1)) for item in yaml.safe_load(after)["environment"]]
    assert sorted(found) == _meant(action, pairs, key, new)
    assert yaml.safe_load(after)["tail"] == yaml.safe_load(source)["tail"]
    assert _others_stay(source, after, key, action)


@settings(max_examples=200, deadline=None)
@given(
    pairs=st.lists(st.tuples(_NAMES, _VALUES), min_size=2, unique_by=lambda one: one[0]),
    new=st.tuples(_NAMES, _VALUES),
    chosen=st.integers(min_value=0, max_value=9),
    action=_ACTIONS,
    style=st.sampled_from(['"', "'", None]),
)
def test_named_values_are_read_as_written(
    pairs: list[tuple[str, str]],
    new: tuple[str, str],
    chosen: int,
    action: str,
    style: str | None,
) -> None:
    items = [{"name": key, "value": value} for key, value in pairs]
    source = yaml.safe_dump(
        {"env": items, "tail": [1]}, default_style=style, allow_unicode=True, width=10**6
    )
    key = pairs[chosen % len(pairs)][0]
    try:
        after = _edited(source, "named-values", _request(action, key, new))
    except CannotWrite:
        return
    loaded = yaml.safe_load(after)
    found = [(item["name"], item["value"]) for item in loaded["env"]]
    assert all(isinstance(value, str) for _, value in found)
    assert sorted(found) == _meant(action, pairs, key, new)
    assert loaded["tail"] == yaml.safe_load(source)["tail"]
