"""Exact edits of the ini writer, and what it refuses."""

from __future__ import annotations

import configparser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.formats.line_formats import edited

from oncelint.model.values import Scalar
from oncelint.patches import CannotWrite


@pytest.mark.parametrize(
    ("source", "edits", "expected"),
    [
        ("[s]\na = 1\n\n; t\n[t]\n", [("add", "b", 2)], "[s]\na = 1\nb = 2\n\n; t\n[t]\n"),
        ("[s]\n  a: 1", [("add", "b", 2)], "[s]\n  a: 1\n  b: 2"),
        ("[s]\r\n[t]\r\nx=1\r\n", [("add", "b", 2)], "[s]\r\nb=2\r\n[t]\r\nx=1\r\n"),
        ("[s]\na =\n  b\n  c\nd=1", [("change", "a", "x")], "[s]\na = x\nd=1"),
        ("[s]\na = b\n  c\nd=1", [("remove", "a")], "[s]\nd=1"),
        ("[s]\na = True", [("change", "a", False), ("rename", "a", "c")], "[s]\nc = False"),
        ("[s]\na", [("change", "a", 1)], "[s]\na = 1"),
    ],
)
def test_edit(source: str, edits: list[tuple[Scalar, ...]], expected: str) -> None:
    assert edited("ini", source, *edits, section="s") == expected


@pytest.mark.parametrize(
    ("source", "edits", "reason"),
    [
        ("[s]\na = 1", [("add", "A", 2)], "set already"),
        ("[s]\na = 1", [("add", "b", "5%")], "reference"),
        ("[s]\na = 1 ; c", [("change", "a", 2)], "comment"),
        ("[s]\na = 1", [("add", "[b", 2)], "something else"),
        ("[s]\na = 1", [("add", "b", "x\ny")], "control character"),
        ("[s]\na = b\n# c\n  d", [("remove", "a")], "comment"),
    ],
)
def test_refusal(source: str, edits: list[tuple[Scalar, ...]], reason: str) -> None:
    with pytest.raises(CannotWrite, match=reason):
        edited("ini", source, *edits, section="s")


def _reference(text: str) -> dict[str, str | None]:
    parser = configparser.RawConfigParser()
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    return dict(parser.items("s"))


PIECES = ["a.b=1", "a.c = x", "k: y", "# c", "; d", "", "m = a\n  b", "o ="]
VALUES = st.one_of(
    st.booleans(), st.integers(), st.sampled_from(["", "all", "x y", "a:9,b:9", "é"])
)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_random_edits(data: st.DataObject) -> None:
    """The reference reads what was meant, other lines stay, and a second time changes nothing."""
    chosen = data.draw(st.lists(st.sampled_from(PIECES), unique=True))
    eol = data.draw(st.sampled_from(["\n"]))
    lines = [piece.replace("\n", eol) for piece in chosen]
    text = "[s]\n" + eol.join(lines) + data.draw(st.sampled_from([eol, ""]))
    meant: dict[str, str | None] = {**_read(text)}
    edits: list[tuple[Scalar, ...]] = []
    touched: set[str] = set()
    for key in list(meant):
        what = data.draw(st.sampled_from(["keep", "change", "remove"]))
        if what == "change":
            value = data.draw(VALUES)
            edits.append((what, key, value))
            meant[key] = str(value).lower() if isinstance(value, bool) else str(value)
        elif what == "remove":
            edits.append((what, key))
            del meant[key]
        if what != "keep":
            touched.add(key)
    for key in data.draw(st.lists(st.sampled_from(["A_N", "Z"]), unique=True)):
        value = data.draw(VALUES)
        edits.append(("add", key, value))
        meant[key] = str(value).lower() if isinstance(value, bool) else str(value)
    result = edited("ini", text, *edits, section="s")
    assert _read(result) == meant
    if not any(edit[0] == "add" for edit in edits):
        assert list(_read(result)) == list(meant)
    eol = eol if eol in text else "\n"
    rest = iter(result.split(eol))
    untouched = [line for line in lines if not (set(_read("[s]\n" + line)) & touched)]
    parts = [part for line in untouched for part in line.split(eol)]
    assert all(part in rest for part in parts)
    again = [edit for edit in edits if edit[0] == "change"]
    assert edited("ini", result, *again, section="s") == result


def _read(text: str) -> dict[str, str | None]:
    return _reference(text)
