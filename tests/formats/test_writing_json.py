"""Edits of JSON objects: exact texts for every style, and random files edited at random."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.formats.tree_formats import (
    KEYS,
    RUN,
    VALUES,
    Draw,
    at,
    edited,
    patches,
    pick,
    prove,
    random_steps,
    refusal,
    routes,
)

from oncelint.formats.operations import Change, Remove, render
from oncelint.formats.tree import Entry, Scalar

CONNECT = """{
  "name": "sink",
  "config": {
    "tasks.max": "1",
    "errors.tolerance": "none",
    "behavior.on.null": "ignore"
  }
}
"""


def test_connect_keeps_its_quoted_numbers() -> None:
    result = edited(
        "json", CONNECT, ("add", "consumer.acks", 5), ("add", "exactly.once", True), route=(0, 1)
    )
    assert result == CONNECT.replace(
        '"ignore"\n',
        '"ignore",\n    "consumer.acks": "5",\n    "exactly.once": "true"\n',
    )


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ('{}', '{"n": true, "m.x": "all"}'),
        ('{ }', '{ "n": true, "m.x": "all" }'),
        ('{\n}\n', '{\n  "n": true,\n  "m.x": "all"\n}\n'),
        ('{\n\t"z": {\n\t}\n}', '{\n\t"z": {\n\t},\n\t"n": true,\n\t"m.x": "all"\n}'),
        ('{"a":1,"b":"2"}', '{"a":1,"b":"2","n":true,"m.x":"all"}'),
        ('{"a":1}', '{"a":1,"n":true,"m.x":"all"}'),
        ('{"a": 1}', '{"a": 1, "n": true, "m.x": "all"}'),
        ('{ "a": 1 , "b": 2 }', '{ "a": 1 , "b": 2 , "n": true , "m.x": "all" }'),
        ('{\n\t"a" : 1\n}', '{\n\t"a" : 1,\n\t"n" : true,\n\t"m.x" : "all"\n}'),
        (
            '{\r\n    "a": 1 // c\r\n    // end\r\n}',
            '{\r\n    "a": 1, // c\r\n    "n": true,\r\n    "m.x": "all"\r\n    // end\r\n}',
        ),
        (
            '{\n  "a":    1,\n  "bcd":  2\n}',
            '{\n  "a":    1,\n  "bcd":  2,\n  "n":    true,\n  "m.x":  "all"\n}',
        ),
        (
            '{\n  "a"   : 1,\n  "bcd" : 2\n}',
            '{\n  "a"   : 1,\n  "bcd" : 2,\n  "n"   : true,\n  "m.x" : "all"\n}',
        ),
        (
            '{\n  "a": 1\n, "b": 2\n}',
            '{\n  "a": 1\n, "b": 2\n, "n": true\n, "m.x": "all"\n}',
        ),
        ('{"a": 1,\n "b": 2}', '{"a": 1,\n "b": 2,\n "n": true,\n "m.x": "all"}'),
        ('{"a": 1 // c\n}', '{"a": 1, // c\n "n": true,\n "m.x": "all"\n}'),
        ('{"a": 1 /* c */}', '{"a": 1, /* c */ "n": true, "m.x": "all"}'),
        ('{ // c\n}', '{ // c\n  "n": true,\n  "m.x": "all"\n}'),
        ('{\n  "a": {"x": [\n    1\n  ]}\n}', '{\n  "a": {"x": [\n    1\n  ]},\n'
         '  "n": true,\n  "m.x": "all"\n}'),
        ('{\n "a": 1, "b": 2 // c\n}', '{\n "a": 1, "b": 2, // c\n "n": true,\n "m.x": "all"\n}'),
    ],
)  # fmt: skip
def test_add(source: str, result: str) -> None:
    assert edited("json", source, ("add", "n", True), ("add", "m.x", "all")) == result


@pytest.mark.parametrize(
    ("source", "gone", "result"),
    [
        ('{"a": 1}', "a", "{}"),
        ('{\n  "a": 1\n}\n', "a", "{\n}\n"),
        ('{\n  // why\n  "a": 1 // c\n}\n', "a", "{\n  // why\n}\n"),
        ('{"a": 1, "b": 2, "c": 3}', "a", '{"b": 2, "c": 3}'),
        ('{"a": 1, "b": 2, "c": 3}', "b", '{"a": 1, "c": 3}'),
        ('{"a": 1, "b": 2, "c": 3}', "c", '{"a": 1, "b": 2}'),
        ('{ "a": 1, "b": 2, "c": 3 }', "bc", '{ "a": 1 }'),
        ('{\n  "a": 1,\n  "b": 2 // c\n}', "b", '{\n  "a": 1\n}'),
        ('{\n  "a": 1, // x\n  "b": [\n    2\n  ]\n}', "b", '{\n  "a": 1 // x\n}'),
        ('{\n  "a": {\n    "x": 1\n  }, // x\n  "b": 2\n}', "a", '{\n  "b": 2\n}'),
        ('{\n  "a": 1,\n  // why\n  "b": 2,\n  "c": 3\n}', "bc", '{\n  "a": 1\n  // why\n}'),
        ('{"a": 1,\n "b": 2}', "b", '{"a": 1}'),
        ('{"a": 1,\n "b": 2}', "a", '{\n "b": 2}'),
        ('{"a": 1, /* c */ "b": 2}', "a", '{/* c */ "b": 2}'),
        ('{\n "a": 1, "b": 2,\n "c": 3\n}', "b", '{\n "a": 1,\n "c": 3\n}'),
        ('{\n "a": 1, "b": 2,\n "c": 3\n}', "a", '{\n "b": 2,\n "c": 3\n}'),
        ('{\n "a": 1, "b": 2,\n "c": 3\n}', "ab", '{\n "c": 3\n}'),
    ],
)
def test_remove(source: str, gone: str, result: str) -> None:
    assert edited("json", source, *(("remove", key) for key in gone)) == result


@pytest.mark.parametrize(
    ("source", "value", "result"),
    [
        ('{"a": "1"}', 5, '{"a": "5"}'),
        ('{"a": "1"}', True, '{"a": "true"}'),
        ('{"a": "1"}', None, '{"a": null}'),
        ('{"a": 1, "b": "2"}', 5, '{"a": 5, "b": "2"}'),
        ('{"a": null}', "all", '{"a": "all"}'),
        ('{"a": 1}', "5", '{"a": "5"}'),
        ('{"a": 1e+2}', 1.5, '{"a": 1.5}'),
        ('{"a" :true}', False, '{"a" :false}'),
        ('{"a": "x"}', 'q"\\\n漢', '{"a": "q\\"\\\\\\n漢"}'),
    ],
)
def test_change(source: str, value: Any, result: str) -> None:
    assert edited("json", source, ("change", "a", value)) == result


def test_all_at_once() -> None:
    source = '{\n  "a": 1, // one\n  "b": 2,\n  "c": 3\n}'
    steps = [
        ("rename", "a", "z"),
        ("change", "a", "all"),
        ("remove", "c"),
        ("add", "c", 4),
        ("add", "d", None),
    ]
    wanted = '{\n  "z": "all", // one\n  "b": 2,\n  "c": 4,\n  "d": null\n}'
    assert edited("json", source, *steps) == wanted


def test_everything_replaced() -> None:
    source = '{\n  "a": 1, // one\n  "b": 2\n}'
    steps = [("remove", "a"), ("remove", "b"), ("add", "x", 3), ("add", "y", 4)]
    assert edited("json", source, *steps) == '{\n  "x": 3,\n  "y": 4\n}'


@pytest.mark.parametrize(
    ("source", "steps", "result"),
    [
        ('{"a": 1,  \n "b": 2}', [("remove", "b"), ("add", "n", 3)], '{"a": 1,\n "n": 3}'),
        ('{\n "a": 1  \n}', [("add", "n", 3)], '{\n "a": 1,  \n "n": 3\n}'),
        ('{\n "a": 1,  \n "b": 2\n}', [("remove", "b"), ("add", "n", 3)],
         '{\n "a": 1,  \n "n": 3\n}'),
    ],
)  # fmt: skip
def test_blanks_at_the_end_of_lines(source: str, steps: list[Any], result: str) -> None:
    assert edited("json", source, *steps) == result


def test_only_the_tokens_are_patched() -> None:
    found = patches("json", '{"a": 1, "b": "x"}', (0,), [("rename", "b", "c"), ("change", "a", 2)])
    assert [(patch.start, patch.end, patch.replacement) for patch in found] == [
        (6, 7, "2"),
        (9, 12, '"c"'),
    ]


def test_of_duplicates_the_one_named() -> None:
    source = '{"a": 1, "a": 2}'
    mapping = at("json", source, (0,))
    (patch,) = render("json", source, mapping, [Change(mapping.entries[1], 3)])
    assert (patch.start, patch.replacement) == (14, "3")
    (patch,) = render("json", source, mapping, [Remove(mapping.entries[0])])
    assert (patch.start, patch.end, patch.replacement) == (1, 9, "")


@pytest.mark.parametrize(
    ("source", "steps", "reason"),
    [
        ('{"a": 1}', [("add", "a", 2)], "a is there already"),
        ('{"a": 1}', [("add", "b", 2), ("add", "b", 3)], "b is there already"),
        ('{"a": 1, "b": 2}', [("rename", "a", "b")], "b is there already"),
        ('{"a": 1}', [("remove", "a"), ("change", "a", 2)], "an entry is removed and edited at once"),
        ('{"a": 1}', [("change", "a", 3), ("change", "a", 2)], "a is changed twice at once"),
        ('{"a": 1}', [("rename", "a", "b"), ("rename", "a", "c")], "a is renamed twice at once"),
        ('{"a": []}', [("change", "a", 2)], "a: its value is an array or object"),
        ('{"a": 1}', [("change", "a", float("nan"))], "JSON has no nan"),
        ('{"a": 1}', [("add", "b", "\ud800")], "half a surrogate pair is no text"),
        ('{"a": 1\n, "b": 2}', [("remove", "a")], "the commas stand at the beginning of the lines"),
    ],
)  # fmt: skip
def test_refused(source: str, steps: list[Any], reason: str) -> None:
    assert refusal("json", source, *steps) == reason


def test_an_entry_of_another_text() -> None:
    key, value = Scalar(1, 4, "b", "b", "double"), Scalar(6, 7, 1, "1")
    mapping = at("json", '{"a": 1}', (0,))
    with pytest.raises(Exception, match="it is no entry of this mapping"):
        render("json", '{"a": 1}', mapping, [Remove(Entry(key, value))])


def uncommented(text: str) -> list[Any]:
    """The data of a text whose only slashes begin comments, line by line."""
    return [json.loads("\n".join(line.split("//")[0] for line in text.split("\n")))]


@st.composite
def objects(draw: Draw) -> str:
    eol: str = pick(draw, "\n", "\r\n")
    unit: str = pick(draw, "  ", "    ", "\t", "")
    colon: str = pick(draw, ": ", ":", " : ", ":   ")
    comments = pick(draw, False, True)

    def value(indent: str, depth: int) -> str:
        kind = pick(draw, "scalar", "scalar", "object", "array") if depth else "scalar"
        if kind == "scalar":
            return json.dumps(pick(draw, *VALUES, None), ensure_ascii=pick(draw, True, False))
        if kind == "array":
            items = [value(indent, depth - 1) for _ in range(pick(draw, 0, 1, 2))]
            return "[" + ", ".join(items) + "]"
        return made(indent, depth - 1)

    def made(indent: str, depth: int) -> str:
        keys = draw(st.lists(st.sampled_from(KEYS), unique=True, max_size=4))
        layout = pick(draw, "lines", "lines", "line", "mixed")
        blank: str = pick(draw, "", " ")
        inner = indent + unit
        written = blank if layout == "line" else eol
        for index, key in enumerate(keys):
            comma = "," if index < len(keys) - 1 else ""
            own_line = layout == "lines" or (layout == "mixed" and pick(draw, True, False))
            if layout != "line" and comments and own_line and written.endswith(eol):
                written += pick(draw, "", f"{inner}// above{eol}")
            written += inner if written.endswith(eol) else ""
            written += json.dumps(key) + colon + value(inner, depth) + pick(draw, "", " ") + comma
            if own_line and layout != "line":
                written += (pick(draw, "", " // c, d") if comments else "") + eol
            elif comma:
                written += " "
        if layout == "line":
            return "{" + written + (blank if keys else "") + "}"
        written += "" if written.endswith(eol) else eol
        return "{" + written + indent + "}"

    return made("", 3) + str(pick(draw, "", eol))


@settings(RUN, max_examples=250)
@given(st.data())
def test_random(data: st.DataObject) -> None:
    source = data.draw(objects())
    route = data.draw(st.sampled_from(routes("json", source)))
    steps = random_steps(data.draw, at("json", source, route), (*VALUES, None))
    if not any(
        step[0] == "change" and not isinstance(each.value, Scalar)
        for step in steps
        for each in at("json", source, route).entries
        if each.key.text == step[1]
    ):
        prove("json", source, route, steps, uncommented)
