"""Edits of TOML tables: exact texts for every style, and random files edited at random."""

from __future__ import annotations

import json
from typing import Any

import pytest
import tomli
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

from oncelint.patches import CannotWrite

Route = tuple[int, ...]


@pytest.mark.parametrize(
    ("source", "route", "result"),
    [
        ("", (0,), 'n = true\n"m.x" = "all"\n'),
        ("# c", (0,), '# c\nn = true\n"m.x" = "all"'),
        ("# c\n", (0,), '# c\nn = true\n"m.x" = "all"\n'),
        ("a = 1", (0,), 'a = 1\nn = true\n"m.x" = "all"'),
        ("a=1\n", (0,), 'a=1\nn=true\n"m.x"="all"\n'),
        ("a   = 1\nbcd = 2\n", (0,), 'a   = 1\nbcd = 2\nn   = true\n"m.x" = "all"\n'),
        ("a =   1\nbcd = 2\n", (0,), 'a =   1\nbcd = 2\nn =   true\n"m.x" = "all"\n'),
        (
            "[t]\r\n  'a.b' = '1' # c\r\n\r\n# lead\r\n[u]\r\nc = 1\r\n",
            (0, 0),
            "[t]\r\n  'a.b' = '1' # c\r\n  n = 'true'\r\n  'm.x' = 'all'\r\n\r\n"
            "# lead\r\n[u]\r\nc = 1\r\n",
        ),
        ('"a" = "1"\n"b.c" = "x"\n', (0,), '"a" = "1"\n"b.c" = "x"\n"n" = "true"\n"m.x" = "all"\n'),
        ("[t]\n\n[u]\na = 1\n", (0, 0), '[t]\nn = true\n"m.x" = "all"\n\n[u]\na = 1\n'),
        ("[t]\r\n\r\n[u]\r\n", (0, 0), '[t]\r\nn = true\r\n"m.x" = "all"\r\n\r\n[u]\r\n'),
        ("[t] # c", (0, 0), '[t] # c\nn = true\n"m.x" = "all"'),
        ("# top\n\n# lead\n[t]\n", (0,), '# top\n\nn = true\n"m.x" = "all"\n# lead\n[t]\n'),
        ("a = 1\n# lead\n[t]\n", (0,), 'a = 1\nn = true\n"m.x" = "all"\n# lead\n[t]\n'),
        (
            "[[p]]\na = 1\n[[p]]\nb = [\n  1, # c\n]\n[p.q]\n",
            (0, 0, 1),
            '[[p]]\na = 1\n[[p]]\nb = [\n  1, # c\n]\nn = true\n"m.x" = "all"\n[p.q]\n',
        ),
        ("[[p]]\na = 1\n[[p]]\n", (0, 0, 0), '[[p]]\na = 1\nn = true\n"m.x" = "all"\n[[p]]\n'),
        ("x.a = 1\ny = 2\n", (0, 0), 'x.a = 1\nx.n = true\nx."m.x" = "all"\ny = 2\n'),
        ("[t]\n'x y'.a.b = 1\n", (0, 0, 0, 0), "[t]\n'x y'.a.b = 1\n'x y'.a.n = true\n"
         "'x y'.a.\"m.x\" = \"all\"\n"),
        ("k = {}\n", (0, 0), 'k = {n = true, "m.x" = "all"}\n'),
        ("k = { a = 1 } # c\n", (0, 0), 'k = { a = 1, n = true, "m.x" = "all" } # c\n'),
        ("k = {a=1,b=2}\n", (0, 0), 'k = {a=1,b=2,n=true,"m.x"="all"}\n'),
        ("k = [{a = 1}, {b = 2}]\n", (0, 0, 1), 'k = [{a = 1}, {b = 2, n = true, "m.x" = "all"}]\n'),
        ("k = {p.a = 1, q = 2}\n", (0, 0, 0), 'k = {p.a = 1, q = 2, p.n = true, p."m.x" = "all"}\n'),
        ("[t]\na = '''x\n'''\n[t.u]\n", (0, 0), "[t]\na = '''x\n'''\nn = true\n\"m.x\" = 'all'\n[t.u]\n"),
    ],
)  # fmt: skip
def test_add(source: str, route: Route, result: str) -> None:
    steps = [("add", "n", True), ("add", "m.x", "all")]
    assert edited("toml", source, *steps, route=route) == result


@pytest.mark.parametrize(
    ("source", "route", "gone", "result"),
    [
        ("# why\na = 1 # c\nb = 2\n", (0,), "a", "# why\nb = 2\n"),
        ("a = 1\nb = 2", (0,), "b", "a = 1"),
        ("[t]\na = 1\n[u]\n", (0, 0), "a", "[t]\n[u]\n"),
        ("[t]\r\na = [\r\n 1, # c\r\n] # d\r\nb = 2\r\n", (0, 0), "a", "[t]\r\nb = 2\r\n"),
        ('a = """\nx\n""" # c\nb = 2\n', (0,), "a", "b = 2\n"),
        ("k = {a = 1, b = 2}\n", (0, 0), "b", "k = {a = 1}\n"),
        ("k = { a = 1, b = 2 }\n", (0, 0), "a", "k = { b = 2 }\n"),
        ("k = { a = 1, b = 2 }\n", (0, 0), "ab", "k = {}\n"),
        ("x.a = 1\nx.b = 2\n", (0, 0), "a", "x.b = 2\n"),
        ("a = {b = 1}\nc = 2\n", (0,), "a", "c = 2\n"),
    ],
)
def test_remove(source: str, route: Route, gone: str, result: str) -> None:
    assert edited("toml", source, *(("remove", key) for key in gone), route=route) == result


@pytest.mark.parametrize(
    ("written", "value", "result"),
    [
        ("1", "all", '"all"'),
        ("1", True, "true"),
        ("0x1f", 5, "5"),
        ("1.5", 1e16, "1e+16"),
        ("true", float("inf"), "inf"),
        ("'1'", 5, "'5'"),
        ('"1"', False, '"false"'),
        ("'1'", "it's", '"it\'s"'),
        ("'1'", "a\tb", "'a\tb'"),
        ('"1"', 'q"\\\n\x7f', '"q\\"\\\\\\n\\u007f"'),
        ("'''x\n'''", "it's", "'''it's'''"),
        ("'''x\n'''", "it'", '"it\'"'),
        ('"""x\n"""', 'a"b', '"""a\\"b"""'),
        ("1979-05-27", "all", '"all"'),
        ("0x1f", 31, "0x1f"),
        ("'5'", 5, "'5'"),
    ],
)
def test_change(written: str, value: Any, result: str) -> None:
    found = edited("toml", f"a  = {written} # c\nb = 2\n", ("change", "a", value))
    assert found == f"a  = {result} # c\nb = 2\n"


@pytest.mark.parametrize(
    ("key", "new", "result"),
    [
        ("a", "b", "b"),
        ("a", "b.c", '"b.c"'),
        ("'a'", "b.c", "'b.c'"),
        ('"a"', "b", '"b"'),
        ("x.'a'", "b", "x.'b'"),
        ("a", "", '""'),
    ],
)
def test_rename(key: str, new: str, result: str) -> None:
    route = (0, 0) if "." in key else (0,)
    found = edited("toml", f"{key} = 1 # c\n", ("rename", "a", new), route=route)
    assert found == f"{result} = 1 # c\n"


def test_all_at_once() -> None:
    source = "# top\n[t]\na = 1 # one\n# c\nc = 3\nb = 'x'\n\n[u]\nz = 1\n"
    steps = [
        ("rename", "b", "y.z"),
        ("change", "b", True),
        ("remove", "a"),
        ("remove", "c"),
        ("add", "c", 4),
    ]
    wanted = "# top\n[t]\n# c\n\"y.z\" = 'true'\nc = 4\n\n[u]\nz = 1\n"
    assert edited("toml", source, *steps, route=(0, 0)) == wanted


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("[t]\na = 1 # c\nb = 2\n[u]\n", "[t]\nx = 3\ny = 4\n[u]\n"),
        ("t = {a = 1, b = 2} # c\n", "t = {x = 3, y = 4} # c\n"),
        ("t.a = 1\nt.b = 2\n", "t.x = 3\nt.y = 4\n"),
    ],
)
def test_everything_replaced(source: str, result: str) -> None:
    steps = [("remove", "a"), ("remove", "b"), ("add", "x", 3), ("add", "y", 4)]
    assert edited("toml", source, *steps, route=(0, 0)) == result


@pytest.mark.parametrize(
    ("source", "route", "steps", "reason"),
    [
        ("a = 1\n", (0,), [("add", "a", 2)], "a is there already"),
        ("a.b = 1\n", (0,), [("add", "a", 2)], "a is there already"),
        ("a = 1\n", (0,), [("add", "b", None)], "TOML has no null"),
        ("a = 1\n", (0,), [("change", "a", None)], "TOML has no null"),
        ("a = [1]\n", (0,), [("change", "a", 2)], "a: its value is an array or table"),
        ("a = {}\n", (0,), [("change", "a", 2)], "a: its value is an array or table"),
        ("[a]\nb = 1\n", (0,), [("remove", "a")], "a: it is a table of its own"),
        ("a.b = 1\n", (0,), [("rename", "a", "c")], "a: it is a table of its own"),
        ("[a.b]\nc = 1\n", (0, 0), [("add", "d", 2)], "the table has no header of its own"),
        ("a = 1\n", (0,), [("remove", "a"), ("rename", "a", "b")],
         "an entry is removed and edited at once"),
    ],
)  # fmt: skip
def test_refused(source: str, route: Route, steps: list[Any], reason: str) -> None:
    assert refusal("toml", source, *steps, route=route) == reason


def test_a_key_with_a_dot_is_no_dotted_key() -> None:
    found = edited("toml", "acks = 1\n", ("add", "bootstrap.servers", "h:1"))
    assert tomli.loads(found) == {"acks": 1, "bootstrap.servers": "h:1"}


class File:
    """Writes a random file, line by line."""

    def __init__(self, draw: Draw) -> None:
        self.draw = draw
        self.eol: str = pick(draw, "\n", "\r\n")
        self.sign: str = pick(draw, " = ", " = ", "=", " =  ")

    def pick(self, *options: Any) -> Any:
        return pick(self.draw, *options)

    def names(self, least: int = 0) -> list[str]:
        names = st.lists(st.sampled_from(KEYS), unique=True, min_size=least, max_size=4)
        return list(self.draw(names))

    def key(self, name: str) -> str:
        literal = [] if "'" in name else [f"'{name}'"]
        bare = [name] if name.isascii() and name.replace("-", "").isalnum() else []
        return str(self.pick(json.dumps(name, ensure_ascii=False), *literal, *bare))

    def text(self) -> str:
        lines = self.pick([], ["# top", ""]) + self.pairs(2)
        for name in self.names():
            table = "t" + name
            lines += self.pick([], [""], ["", "# lead"])
            if self.pick(True, False):
                lines += [f"[{self.key(table)}]{self.comment()}", *self.pairs(2)]
                if self.pick(True, False):
                    lines += [f"[{self.key(table)} . sub]", *self.pairs(1)]
            elif self.pick(True, False):
                lines += [f"[{self.key(table)}.sub]", *self.pairs(1)]
            else:
                for _ in range(self.pick(1, 2)):
                    lines += [f"[[ {self.key(table)} ]]{self.comment()}", *self.pairs(1)]
        lines += self.pick([], [], ["# end"], [""])
        return self.eol.join([*lines, *self.pick([""], [""], [])])

    def comment(self) -> str:
        return str(self.pick("", "", " # c", "  # d = 1, e"))

    def pairs(self, depth: int) -> list[str]:
        names, indent = self.names(), self.pick("", "", "  ", "\t")
        width = self.pick(0, 0, 22)
        lines: list[str] = []
        for name in names:
            lines += self.pick([], [], [], [indent + "# above"], [""])
            if self.pick(0, 0, 0, 1):
                prefix = self.key(name) + self.pick(".", " . ")
                for inner in self.names(1):
                    head = indent + prefix + self.key(inner) + self.sign
                    lines.append(head + self.value(0) + self.comment())
                continue
            head = f"{self.key(name):{width}}{self.sign}"
            lines.append(indent + head + self.value(depth) + self.comment())
        return lines

    def value(self, depth: int) -> str:
        if depth and self.pick(0, 0, 1):
            return str(self.pick(self.inline(depth), self.array(depth)))
        return str(
            self.pick("1", "true", "1.5", '"x"', "'1'", '"true"', "'''a'''", "1979-05-27", "0x1f",
                      f'"""{self.eol}a"""')
        )  # fmt: skip

    def array(self, depth: int) -> str:
        between: str = self.pick(", ", f",{self.eol}  ", f", # c{self.eol}  ")
        items = [self.value(depth - 1) for _ in range(self.pick(0, 1, 2))]
        return "[" + between.join(items) + str(self.pick("", ",") if items else "") + "]"

    def inline(self, depth: int) -> str:
        space: str = self.pick("", " ")
        between: str = self.pick(", ", ",", " , ")
        pairs = []
        for name in self.names():
            dotted = self.pick("", "", ".sub")
            pairs.append(f"{self.key(name)}{dotted}{self.sign}{self.line(depth - 1)}")
        return "{" + space + between.join(pairs) + space + "}"

    def line(self, depth: int) -> str:
        """A value on one line."""
        return self.inline(depth) if depth and self.pick(0, 1) else str(self.pick("1", "'x'", "[]"))


def reference(source: str) -> list[Any]:
    return [written(tomli.loads(source))]


def written(value: Any) -> Any:
    """Dates as they are written, which is how the reader gives them."""
    if isinstance(value, dict):
        return {key: written(each) for key, each in value.items()}
    if isinstance(value, list):
        return [written(each) for each in value]
    return value if isinstance(value, str | bool | int | float) else str(value)


REASONS = "is an array or table|table of its own|no header"


@settings(RUN, max_examples=100)
@given(st.data())
def test_random(data: st.DataObject) -> None:
    source = File(data.draw).text()
    route = data.draw(st.sampled_from(routes("toml", source)))
    mapping = at("toml", source, route)
    steps = random_steps(data.draw, mapping)
    removed = {step[1] for step in steps if step[0] == "remove"}
    if removed and removed == {entry.key.text for entry in mapping.entries}:
        # A table of dotted keys would go with its last one.
        steps = [step for step in steps if step[1] not in removed]
    try:
        patches("toml", source, route, steps)
    except CannotWrite as error:
        with pytest.raises(CannotWrite, match=REASONS):
            raise error
    else:
        prove("toml", source, route, steps, reference)
