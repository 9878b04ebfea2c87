"""Exact edits of the dotenv writer, and what it refuses."""

from __future__ import annotations

import io

import pytest
from dotenv import dotenv_values
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.formats.line_formats import edited

from oncelint.model.values import Scalar
from oncelint.patches import CannotWrite


@pytest.mark.parametrize(
    ("source", "edits", "expected"),
    [
        ("export A=1\n", [("add", "B", True)], "export A=1\nexport B=true\n"),
        ('A="x" # c\n', [("change", "A", "y z")], 'A="y z" # c\n'),
        ("A=1 # c", [("change", "A", "y z")], "A='y z' # c"),
        ("A='x'\r\n", [("add", "B", "y")], "A='x'\r\nB='y'\r\n"),
        ("A= # c\n", [("change", "A", "x")], "A=x # c\n"),
        ('A="x\ny"\nB=1', [("remove", "A")], "B=1"),
        ("A=1\n", [("rename", "A", "B")], "B=1\n"),
        ("A='x'", [("change", "A", "it's")], 'A="it\'s"'),
    ],
)
def test_edit(source: str, edits: list[tuple[Scalar, ...]], expected: str) -> None:
    assert edited("dotenv", source, *edits) == expected


@pytest.mark.parametrize(
    ("source", "edits", "reason"),
    [
        ("A=1", [("change", "A", "${B}")], "environment"),
        ("A=1", [("change", "A", "x\n")], "control character"),
        ("A=1", [("change", "A", "'$")], "no kind of quotes"),
        ("A=1", [("add", "B C", 1)], "no environment file"),
        ("A=1", [("change", "A", "b\\\\")], "backslash"),
    ],
)
def test_refusal(source: str, edits: list[tuple[Scalar, ...]], reason: str) -> None:
    with pytest.raises(CannotWrite, match=reason):
        edited("dotenv", source, *edits)


PIECES = ["A_B=1", "export A_C=x", "K='y' # c", "K2=v # c", "# c", "", 'M="a\nb"', "O="]
VALUES = st.one_of(
    st.booleans(), st.integers(), st.sampled_from(["", "all", "x y", "a:9,b:9", "é"])
)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_random_edits(data: st.DataObject) -> None:
    """The reference reads what was meant, other lines stay, and a second time changes nothing."""
    chosen = data.draw(st.lists(st.sampled_from(PIECES), unique=True))
    eol = data.draw(st.sampled_from(["\n", "\r\n"]))
    lines = [piece.replace("\n", eol) for piece in chosen]
    text = "" + eol.join(lines) + data.draw(st.sampled_from([eol, ""]))
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
    result = edited("dotenv", text, *edits)
    assert _read(result) == meant
    if not any(edit[0] == "add" for edit in edits):
        assert list(_read(result)) == list(meant)
    eol = eol if eol in text else "\n"
    rest = iter(result.split(eol))
    untouched = [line for line in lines if not (set(_read("" + line)) & touched)]
    parts = [part for line in untouched for part in line.split(eol)]
    assert all(part in rest for part in parts)
    again = [edit for edit in edits if edit[0] == "change"]
    assert edited("dotenv", result, *again) == result


def _read(text: str) -> dict[str, str | None]:
    return dict(dotenv_values(stream=io.StringIO(text), interpolate=False))
