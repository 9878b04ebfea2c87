"""Edits of YAML mappings: exact texts for every style, and random streams edited at random."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.formats.tree_formats import (
    KEYS,
    RUN,
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

from oncelint.formats.operations import Change, render
from oncelint.formats.writing.yaml import shared
from oncelint.patches import CannotWrite, apply

Route = tuple[int, ...]


@pytest.mark.parametrize(
    ("source", "route", "result"),
    [
        ("a: 1", (0,), "a: 1\nx: true\nm.x: all"),
        ("a: 1\n\n# end\n", (0,), "a: 1\nx: true\nm.x: all\n\n# end\n"),
        ("a: 1 # c\n---\nb: 2\n", (0,), "a: 1 # c\nx: true\nm.x: all\n---\nb: 2\n"),
        ("a: 1\n---\nb: 2\n...\n", (1,), "a: 1\n---\nb: 2\nx: true\nm.x: all\n...\n"),
        (
            "k:\r\n    'a': '1'\r\nz: 0\r\n",
            (0, 0),
            "k:\r\n    'a': '1'\r\n    'x': 'true'\r\n    'm.x': all\r\nz: 0\r\n",
        ),
        ('"a" : "v"\n', (0,), '"a" : "v"\n"x" : true\n"m.x" : "all"\n'),
        ("a:    1\nbcd:  2\n", (0,), "a:    1\nbcd:  2\nx:    true\nm.x:  all\n"),
        ("a   : 1\nbcd : 2\n", (0,), "a   : 1\nbcd : 2\nx   : true\nm.x : all\n"),
        ("a: 1\nbc: 2\n", (0,), "a: 1\nbc: 2\nx: true\nm.x: all\n"),
        ("- a: 1\n  b: 2\n- c: 3\n", (0, 0), "- a: 1\n  b: 2\n  x: true\n  m.x: all\n- c: 3\n"),
        ("-   a: 1\n", (0, 0), "-   a: 1\n    x: true\n    m.x: all\n"),
        ("a:\n- 1\n- 2 # c\n# d\n", (0,), "a:\n- 1\n- 2 # c\nx: true\nm.x: all\n# d\n"),
        ("a: |\n  t\n\n# d\n", (0,), "a: |\n  t\nx: true\nm.x: all\n\n# d\n"),
        ("a: |+\n  t\n\n# d\n", (0,), "a: |+\n  t\n\nx: true\nm.x: all\n# d\n"),
        ("a: >-\n  t", (0,), "a: >-\n  t\nx: true\nm.x: all"),
        ("a: t\n  u\n# d\n", (0,), "a: t\n  u\nx: true\nm.x: all\n# d\n"),
        ('a: "t\n  u"\n', (0,), 'a: "t\n  u"\nx: true\nm.x: "all"\n'),
        ("k:\n  a:\nz: 0\n", (0, 0), "k:\n  a:\n  x: true\n  m.x: all\nz: 0\n"),
        ("k: {}\n", (0, 0), "k: {x: true, m.x: all}\n"),
        ("{a: 1}\n", (0,), "{a: 1, x: true, m.x: all}\n"),
        ("{a: }\n", (0,), "{a: , x: true, m.x: all}\n"),
        ('{"a":1}\n', (0,), '{"a":1,"x":true,"m.x":all}\n'),
        ("--- { a: 1, }\n", (0,), "--- { a: 1, x: true, m.x: all, }\n"),
        (
            "k: {\n  a: 1 # c\n  # d\n}\n",
            (0, 0),
            "k: {\n  a: 1, # c\n  x: true,\n  m.x: all\n  # d\n}\n",
        ),
        ("k: {\n  a: 1, # c\n}\n", (0, 0), "k: {\n  a: 1, # c\n  x: true,\n  m.x: all,\n}\n"),
        ("k: {a: 1,\n    b: 2}\n", (0, 0), "k: {a: 1,\n    b: 2,\n    x: true,\n    m.x: all}\n"),
        ("d: &d\n  m.x: 1\ne:\n  <<: *d\n", (0, 1), "d: &d\n  m.x: 1\ne:\n  <<: *d\n  x: true\n"
         "  m.x: all\n"),
        ("\ufeffa: 1\n", (0,), "\ufeffa: 1\nx: true\nm.x: all\n"),
        ("k: !t &n\n  a: 1\n", (0, 0), "k: !t &n\n  a: 1\n  x: true\n  m.x: all\n"),
    ],
)  # fmt: skip
def test_add(source: str, route: Route, result: str) -> None:
    steps = [("add", "x", True), ("add", "m.x", "all")]
    assert edited("yaml", source, *steps, route=route) == result


@pytest.mark.parametrize(
    ("source", "route", "gone", "result"),
    [
        ("# why\na: 1 # c\nb: 2\n", (0,), "a", "# why\nb: 2\n"),
        ("a: 1\nb: 2", (0,), "b", "a: 1"),
        ("a: 1\nb: 2\nc: 3", (0,), "bc", "a: 1"),
        ("a: |\n  x\nb: 2", (0,), "b", "a: |\n  x\n"),
        ("a: 1\r\nb:\r\n  - 1\r\n  - 2 # c\r\n\r\nc: 3\r\n", (0,), "b", "a: 1\r\n\r\nc: 3\r\n"),
        ("a: |\n  x\n\n  y\nb: 2\n", (0,), "a", "b: 2\n"),
        ("a: t\n  u # c\nb: 2\n", (0,), "a", "b: 2\n"),
        ("- a: 1\n  b: 2\n", (0, 0), "a", "- b: 2\n"),
        ("- a: 1\n  b: 2\n  c: 3\n", (0, 0), "ab", "- c: 3\n"),
        ("- a: 1 # c\n  # why\n  b: 2\n", (0, 0), "a", "-\n  # why\n  b: 2\n"),
        ("- a: 1\n  # c\n  b: 2\n  d: 3\n", (0, 0), "ab", "-\n  # c\n  d: 3\n"),
        ("- a: 1\n\n  b: 2\n\n  d: 3\n", (0, 0), "ab", "- d: 3\n"),
        ("- - a: 1\n    b: 2\n", (0, 0, 0), "b", "- - a: 1\n"),
        ("{a: 1, b: 2}", (0,), "b", "{a: 1}"),
        ("{a: 1, b: 2}", (0,), "ab", "{}"),
        ("{\n  a: 1, # c\n  b: 2,\n}", (0,), "b", "{\n  a: 1, # c\n}"),
        ("{a, b: , c}", (0,), "b", "{a, c}"),
        ("d: &d {c: 1}\ne:\n  <<: *d\n  a: 2\n", (0, 1), "a", "d: &d {c: 1}\ne:\n  <<: *d\n"),
    ],
)
def test_remove(source: str, route: Route, gone: str, result: str) -> None:
    assert edited("yaml", source, *(("remove", key) for key in gone), route=route) == result


@pytest.mark.parametrize(
    ("written", "value", "result"),
    [
        ("1", "all", "all"),
        ("1", 5, "5"),
        ("no", True, "true"),
        ("1", "yes", '"yes"'),
        ("1", "1e3", '"1e3"'),
        ("1", "012", '"012"'),
        ("1", "null", '"null"'),
        ("1", "~", '"~"'),
        ("1", "", '""'),
        ("1", "2001-01-01", '"2001-01-01"'),
        ("1", "a: b", '"a: b"'),
        ("1", "a\nb\x85", '"a\\nb\\u0085"'),
        ("1", None, "null"),
        ("1", 1e16, "1.0e+16"),
        ("1", float("-inf"), "-.inf"),
        ("'1'", 5, "'5'"),
        ("'1'", "it's", "'it''s'"),
        ("'1'", "a\nb", '"a\\nb"'),
        ('"1"', False, '"false"'),
        ('"1"', None, "null"),
        ("two\n  lines", "all", "all"),
        ('"two\n  lines"', "all", '"all"'),
        ("yes", True, "yes"),
        ("'5'", 5, "'5'"),
    ],
)
def test_change(written: str, value: Any, result: str) -> None:
    found = edited("yaml", f"a: {written} # c\nb: 2\n", ("change", "a", value))
    assert found == f"a: {result} # c\nb: 2\n"


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("a:\n", "a: all\n"),
        ("a:   # c\n", "a: all   # c\n"),
        ("a: 1\n", "a: all, [none]\n"),
        ("{a: 1}", '{a: "all, [none]"}'),
        ("{a, b}", "{a: all, b}"),
        ("{a: , b}", "{a: all , b}"),
        ("[a: 1]", "[a: all]"),
        ("{'a':1}", "{'a':all}"),
    ],
)
def test_change_of_nothing_and_in_flow(source: str, result: str) -> None:
    route = (0, 0) if source[0] == "[" else (0,)
    value = "all, [none]" if "none" in result else "all"
    assert edited("yaml", source, ("change", "a", value), route=route) == result


@pytest.mark.parametrize(
    ("key", "new", "result"),
    [
        ("a", "b.c", "b.c"),
        ("'a'", "b", "'b'"),
        ('"a"', "b", '"b"'),
        ("a", "on", '"on"'),
        ("a", "x: y", '"x: y"'),
        ("a", "12", '"12"'),
        ("a", "<<", '"<<"'),
    ],
)
def test_rename(key: str, new: str, result: str) -> None:
    source = f"z: 0\n{key} : &x 1 # c\ny: *x\n"
    assert edited("yaml", source, ("rename", "a", new)) == source.replace(f"{key} :", f"{result} :")


def test_all_at_once() -> None:
    source = "# top\n- a: 1 # one\n  b: 'x'\n  # c\n  c: 3\n- z: 0\n"
    steps = [
        ("rename", "b", "w"),
        ("change", "b", True),
        ("remove", "a"),
        ("remove", "c"),
        ("add", "c", 4),
    ]
    wanted = "# top\n- w: 'true'\n  # c\n  c: 4\n- z: 0\n"
    assert edited("yaml", source, *steps, route=(0, 0)) == wanted


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("- a: 1 # c\n  b: 2\n- z\n", "- x: 3\n  w: 4\n- z\n"),
        ("- {a: 1, b: 2} # c\n", "- {x: 3, w: 4} # c\n"),
    ],
)
def test_everything_replaced(source: str, result: str) -> None:
    steps = [("remove", "a"), ("remove", "b"), ("add", "x", 3), ("add", "w", 4)]
    assert edited("yaml", source, *steps, route=(0, 0)) == result


DEFAULTS = "d: &d\n  acks: 1\n  retries: 2\ne:\n  <<: *d\n  retries: 3\n"


def test_a_merged_entry_is_edited_where_it_is_written() -> None:
    owner, user = at("yaml", DEFAULTS, (0, 0)), at("yaml", DEFAULTS, (0, 1))
    (merged,) = [entry for entry in user.entries if entry.merged]
    with pytest.raises(CannotWrite, match="acks: it comes in by a merge key"):
        render("yaml", DEFAULTS, user, [Change(merged, "all")])
    found = apply(DEFAULTS, render("yaml", DEFAULTS, owner, [Change(merged, "all")]))
    assert found == DEFAULTS.replace("acks: 1", "acks: all")


def test_shared() -> None:
    source = DEFAULTS + "f: &f {x: {y: 1}}\ng: &g {z: 1}\nh: *f\n"
    found = {route: shared(source, at("yaml", source, route)) for route in routes("yaml", source)}
    assert found == {
        (0,): False,
        (0, 0): True,
        (0, 1): False,
        (0, 2): True,
        (0, 2, 0): True,
        (0, 3): False,
    }


@pytest.mark.parametrize(
    ("source", "route", "steps", "reason"),
    [
        ("a: 1\n", (0,), [("add", "a", 2)], "a is there already"),
        ("a: 1\n", (0,), [("remove", "a")], "a block mapping without entries would be null"),
        ("a: &x 1\nb: *x\n", (0,), [("change", "a", 2)],
         "a: its value carries an anchor and may serve several places"),
        ("a: &x 1\nb: *x\n", (0,), [("change", "b", 2)],
         "b: its value is an alias and stands elsewhere"),
        ("a: &x 1\nb: *x\n", (0,), [("remove", "a")], "a: an alias names an anchor in it"),
        ("a: [&x 1]\nb: *x\n", (0,), [("remove", "a")], "a: an alias names an anchor in it"),
        ("a: !!str 1\n", (0,), [("change", "a", 2)], "a: its value carries a tag"),
        ("a: |\n  x\n", (0,), [("change", "a", 2)], "a: its value is a block scalar"),
        ("a: [x]\n", (0,), [("change", "a", 2)], "a: its value is a list or mapping"),
        ("&k a: 1\n", (0,), [("rename", "a", "b")],
         "a: its key carries an anchor or tag or is an alias"),
        ("[a]: 1\n", (0,), [("rename", "[a]", "b")], "[a]: its key is a list or mapping"),
        ("? a\n: 1\n", (0,), [("change", "a", 2)], "a: it has an explicit key (`? `)"),
        ("{? a : 1}\n", (0,), [("remove", "a")], "a: it has an explicit key (`? `)"),
        ("[a: 1]\n", (0, 0), [("add", "b", 2)], "it is a single pair in a flow sequence"),
        ("a: |\n  x", (0,), [("add", "b", 2)],
         "the block scalar at the end of the text lacks its line break"),
        ("a: |+\n  x\nb: 1\n\nc: 2\n", (0,), [("remove", "b")],
         "the block scalar before it would keep more blank lines"),
        (DEFAULTS, (0, 1), [("remove", "retries")],
         "retries: a merge key would bring it in again"),
        (DEFAULTS, (0, 1), [("rename", "retries", "x")],
         "retries: a merge key would bring it in again"),
    ],
)  # fmt: skip
def test_refused(source: str, route: Route, steps: list[Any], reason: str) -> None:
    assert refusal("yaml", source, *steps, route=route) == reason


def test_only_the_tokens_are_patched() -> None:
    found = patches("yaml", "a: 1\nb: 'x'\n", (0,), [("rename", "b", "c"), ("change", "a", 2)])
    assert [(patch.start, patch.end, patch.replacement) for patch in found] == [
        (3, 4, "2"),
        (5, 6, "c"),
    ]


SCALARS = ("1", "true", "all", "two words", "'1'", "'it''s'", '"x"', '"true"', "~", "1.5", "a#b")


class Stream:
    """Writes a random stream of documents, line by line."""

    def __init__(self, draw: Draw) -> None:
        self.draw = draw
        self.eol = pick(draw, "\n", "\r\n")
        self.unit = pick(draw, 2, 4)
        self.dent = pick(draw, 0, 2)
        self.count = 0
        self.scalars: list[str] = []
        self.mappings: list[str] = []

    def pick(self, *options: Any) -> Any:
        return pick(self.draw, *options)

    def text(self) -> str:
        written = ""
        for index in range(self.pick(1, 1, 2)):
            self.scalars, self.mappings = [], []
            if self.pick(True, True, False):
                lines = self.mapping(0, 3)
                marker = ["---"] if index or self.pick(True, False) else []
            else:
                lines, marker = [f"--- {self.flow(2)}"], []
            closing = self.pick([], [], ["# end"], ["..."], ["", "# end"])
            written += self.eol.join([*marker, *lines, *closing, ""])
        return written if self.pick(True, True, False) else written.removesuffix(self.eol)

    def keys(self) -> list[str]:
        return list(self.draw(st.lists(st.sampled_from(KEYS), unique=True, min_size=1, max_size=4)))

    def key(self, key: str) -> str:
        if "'" in key:
            return f'"{key}"'
        return str(self.pick(f"'{key}'", f'"{key}"', *([key] if key not in ("true", "12") else [])))

    def mapping(self, column: int, depth: int) -> list[str]:
        """The lines of a block mapping."""
        blank = " " * column
        keys = self.keys()
        colon = self.pick(": ", ": ", " : ", ":   ")
        width = self.pick(0, 0, max(len(self.key(key)) for key in keys))
        lines: list[str] = []
        if self.mappings and self.pick(True, False):
            lines.append(f"{blank}<<: *{self.pick(*self.mappings)}")
        for key in keys:
            lines += self.pick([], [], [], [f"{blank}# above"], [""]) if lines else []
            written = blank + self.key(key)
            lines += self.value(f"{written:{column + width}}{colon}", column, depth)
        return lines

    def value(self, lead: str, column: int, depth: int) -> list[str]:
        kind = self.pick("scalar", "scalar", "scalar", "empty", "block", "flow", "lines", "alias",
                         "anchor", *(["mapping", "sequence"] if depth else []))  # fmt: skip
        comment = self.pick("", "", " # c", "   #d: e")
        self.count += 1
        name = f"n{self.count}"
        inner = column + self.unit
        if kind == "alias" and self.scalars:
            return [lead + "*" + self.pick(*self.scalars) + comment]
        if kind == "anchor":
            self.scalars.append(name)
            return [f"{lead}&{name} {self.pick(*SCALARS)}{comment}"]
        if kind == "empty":
            return [lead.rstrip() + comment]
        if kind == "flow":
            return [lead + self.flow(depth) + comment]
        if kind == "block":
            tail = self.pick([], [""], ["", ""])
            body = [" " * inner + self.pick("# x", "x: y", "x") for _ in range(self.pick(1, 2))]
            return [lead + self.pick("|", ">-", "|+", "|-"), *body, *tail]
        if kind == "lines":
            forms = (
                [f"{lead}one", " " * inner + "two" + comment],
                [f'{lead}"one', " " * inner + 'two"' + comment],
                [f"{lead}[one,", " " * inner + "two]" + comment],
                [f"{lead}{{one: 1,", " " * inner + "two: 2}" + comment],
            )
            return list(self.pick(*forms))
        if kind == "mapping":
            anchor = self.pick("", f" &{name}")
            body = self.mapping(inner, depth - 1)
            self.mappings += [name] if anchor else []
            return [lead.rstrip() + anchor + comment, *body]
        if kind == "sequence":
            return [lead.rstrip() + comment, *self.sequence(column + self.dent, depth - 1)]
        return [lead + self.pick(*SCALARS) + comment]

    def sequence(self, column: int, depth: int) -> list[str]:
        lines: list[str] = []
        for _ in range(self.pick(1, 2)):
            dash = " " * column + self.pick("- ", "-   ")
            if depth and self.pick(True, False):
                first, *rest = self.mapping(len(dash), depth - 1)
                lines += [dash + first.lstrip(), *rest]
            else:
                lines += self.value(dash, column, 0)
        return lines

    def flow(self, depth: int) -> str:
        space: str = self.pick("", " ")
        colon: str = self.pick(": ", ": ", " : ")
        pairs = []
        for key in self.keys() if self.pick(True, True, False) else []:
            inner = self.flow(depth - 1) if depth > 1 and self.pick(True, False) else None
            value = inner or self.pick(*SCALARS, "[1, x]", "")
            pairs.append(f"{self.key(key)}{colon}{value}")
        comma: str = self.pick("", "", ",") if pairs else ""
        return "{" + space + ", ".join(pairs) + comma + space + "}"


def reference(source: str) -> list[Any]:
    return list(yaml.safe_load_all(source))


REASONS = (
    "is a list or mapping|block scalar|alias|anchor|merge key|would be null|"
    "carries a tag|line break"
)


@settings(RUN, max_examples=150)
@given(st.data())
def test_random(data: st.DataObject) -> None:
    source = Stream(data.draw).text()
    route = data.draw(st.sampled_from(routes("yaml", source) or [()]))
    if not route:
        return
    steps = random_steps(data.draw, at("yaml", source, route))
    try:
        patches("yaml", source, route, steps)
    except CannotWrite as error:
        with pytest.raises(CannotWrite, match=REASONS):
            raise error
    else:
        prove("yaml", source, route, steps, reference)
