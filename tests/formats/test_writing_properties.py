"""Exact edits of the properties writer, and what it refuses."""

from __future__ import annotations

import javaproperties
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.formats.line_formats import edited

from oncelint.model.values import Scalar
from oncelint.patches import CannotWrite


@pytest.mark.parametrize(
    ("source", "edits", "expected"),
    [
        ("a=1\n", [("add", "b", True)], "a=1\nb=true\n"),
        ("a = 1\r\n\r\n# end\r\n", [("add", "b", 2)], "a = 1\r\nb = 2\r\n\r\n# end\r\n"),
        ("a: 1", [("add", "b", 2)], "a: 1\nb: 2"),
        ("a 1\r", [("add", "b", "=x")], "a 1\rb \\=x\r"),
        (
            "acks    = 1\nretries = 0\n",
            [("add", "x.y", "z")],
            "acks    = 1\nretries = 0\nx.y     = z\n",
        ),
        ("a.b=1\nc=2\n", [("add", "a.d", 3)], "a.b=1\na.d=3\nc=2\n"),
        ("# c\n", [("add", "a", "é😀")], "# c\na=\\u00e9\\ud83d\\ude00\n"),
        ("", [("add", "a", 1)], "a=1\n"),
        ("a=x,\\\n  y\nb=2", [("change", "a", "z")], "a=z\nb=2"),
        ("a=x,\\\n  y\nb=2", [("remove", "a")], "b=2"),
        ("a=1\nb=2", [("remove", "b")], "a=1"),
        ("a=1\nb=2", [("remove", "a"), ("remove", "b"), ("add", "c", 3)], "c=3"),
        ("a=1\nb=2", [("remove", "b"), ("add", "c", 3)], "a=1\nc=3"),
        ("a = TRUE", [("change", "a", False)], "a = FALSE"),
        ("a", [("change", "a", 1)], "a=1"),
        ("a =", [("change", "a", 1), ("add", "b", 2)], "a = 1\nb = 2"),
        ("a=1", [("rename", "a", "b c:"), ("change", "a", " x ")], "b\\ c\\:=\\ x\\u0020"),
    ],
)
def test_edit(source: str, edits: list[tuple[Scalar, ...]], expected: str) -> None:
    assert edited("properties", source, *edits) == expected


@pytest.mark.parametrize(
    ("source", "edits", "reason"),
    [
        ("a=1", [("add", "a", 2)], "set already"),
        ("a=1", [("change", "a", None)], "null"),
        ("a=1\nb=2", [("rename", "a", "b")], "set twice"),
        ("a=1", [("remove", "a"), ("change", "a", 2)], "contradict"),
        ("a=b\\", [("add", "c", 1)], "read as it is meant"),
        ("[s]\nx=1", [("add", "c", 1)], "before the first section"),
    ],
)
def test_refusal(source: str, edits: list[tuple[Scalar, ...]], reason: str) -> None:
    with pytest.raises(CannotWrite, match=reason):
        edited("properties", source, *edits)


PIECES = [
    "a.b=1",
    "a.c = x",
    "k: y",
    "k2 v",
    "t=\\u00e9",
    "# c\\",
    "! d",
    "",
    "m=a,\\\n  b",
    "n",
    "o=",
]
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
    result = edited("properties", text, *edits)
    assert _read(result) == meant
    if not any(edit[0] == "add" for edit in edits):
        assert list(_read(result)) == list(meant)
    eol = eol if eol in text else "\n"
    rest = iter(result.split(eol))
    untouched = [line for line in lines if not (set(_read("" + line)) & touched)]
    parts = [part for line in untouched for part in line.split(eol)]
    assert all(part in rest for part in parts)
    again = [edit for edit in edits if edit[0] == "change"]
    assert edited("properties", result, *again) == result


def _read(text: str) -> dict[str, str | None]:
    return dict(javaproperties.loads(text))
