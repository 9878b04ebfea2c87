"""Every reason why a change is not written, and that hostile sources do no harm."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.python_editing.editing import (
    Asked,
    add,
    chain,
    change,
    entry,
    instead,
    key_at,
    remove,
    rename,
    wrap,
)

from oncelint.patches import CannotWrite
from oncelint.python.edit import render
from oncelint.python.operations import AddBeside, GiveValue

CONTRADICTION = "two changes contradict each other"
NO_KEY = "the key belongs to no keyword argument, dict entry or plain item assignment"
EFFECTS = "what would go with the key may have effects of its own"
NO_CHAIN = "no call, name or attribute stands there to call a method of"

CASES: list[tuple[str, str, list[Asked]]] = [
    ("the source is no valid Python", "P(\n", [add("P(", "a", 1)]),
    ("the source is no valid Python", "P()\x00\n", [add("P()", "a", 1)]),
    ("the source is nested too deeply", "P(" * 250 + ")" * 250 + "\n", [add("P()", "a", 1)]),
    ("the statement is nested too deeply", "P()" + ".a()" * 100 + "\n", [add("P()", "a", 1)]),
    ("the statement is nested too deeply", "P() or 1" + " or 1" * 100 + "\n", [add("P()", "a", 1)]),
    (
        "the statement is longer than 200000 characters",
        "P(" + "x, " * 70_000 + ")\n",
        [lambda source: add(source.strip(), "a", 1)(source)],
    ),
    ("no statement stands there", "# P()\nx\n", [add("P()", "a", 1)]),
    (
        "it stands in the head of a match statement",
        "match P():\n    case 1: pass\n",
        [add("P()", "a", 1)],
    ),
    (
        "it stands in the head of a later clause of a compound statement",
        "try:\n    x\nexcept P():\n    y\n",
        [add("P()", "a", 1)],
    ),
    ("no expression stands there", "x = P() + 1\n", [add("P() +", "a", 1)]),
    ("no call stands there", "x = y\n", [add("y", "a", 1)]),
    ("a.b is no name that a keyword argument can have", "P()\n", [add("P()", "a.b", 1)]),
    ("class is no name that a keyword argument can have", "P()\n", [add("P()", "class", 1)]),
    ("the call has the key a already", "P(a=1)\n", [add("P(a=1)", "a", 1)]),
    ("the call has the key b already", "P()\n", [add("P()", "b", 1), add("P()", "b", 1)]),
    ("the value is annotated as int", "acks: int = 1\n", [change("1", "all")]),
    ("the value is annotated as Literal[0, 3]", "a: Literal[0, 3] = 1\n", [change("1", "all")]),
    ("the value is annotated as int", "def f(acks: int = 1): pass\n", [change("1", "all")]),
    (
        "the value is annotated as int",
        "a: int = Field(default=1, title='a')\n",
        [change("1", "all")],
    ),
    (
        "a limit is set for the value beside it",
        "a: int = Field(default=1, ge=0)\n",
        [change("1", 2)],
    ),
    (
        "the values are annotated as str",
        "c: dict[str, str] = {'a': '1'}\n",
        [entry("{'a': '1'}", "b", True)],
    ),
    (
        "the value is a member of an enumeration",
        "class A(enum.IntEnum):\n    ONE = 1\n",
        [change("1", "all")],
    ),
    (
        "what takes the setting is computed",
        "f()['a'] = 1\n",
        [lambda source: AddBeside(key_at(source, "'a'"), "b", True)],
    ),
    (
        "other statements stand on its line",
        "c['a'] = 1; x()\n",
        [lambda source: AddBeside(key_at(source, "'a'"), "b", True)],
    ),
    (
        "the dict is annotated as Conf",
        "c: Conf = {'a': '1'}\n",
        [entry("{'a': '1'}", "b", True)],
    ),
    (
        "the value is no name that a literal could take the place of",
        "P(a=f())\n",
        [lambda source: GiveValue(key_at(source, "a="), 1)],
    ),
    ("inf has no literal", "P()\n", [add("P()", "a", float("inf"))]),
    ("neither a dict display nor a dict(…) call stands there", "f()\n", [entry("f()", "a", 1)]),
    (
        "neither a dict display nor a dict(…) call stands there",
        "{a: 1 for a in b}\n",
        [entry("{a: 1 for a in b}", "a", 1)],
    ),
    ("a.b is no name that a keyword argument can have", "dict()\n", [entry("dict()", "a.b", 1)]),
    (
        "the dict(…) call takes ** arguments, which may have the key as well",
        "dict(**a)\n",
        [entry("dict(**a)", "b", 1)],
    ),
    ("the dict has the key a already", "{'a': 1}\n", [entry("{'a': 1}", "a", 1)]),
    (
        "the call is given no configuration as one argument",
        "P(a=c)\n",
        [wrap("P(a=c)", "k", 1, "b")],
    ),
    ("the call is given no configuration as one argument", "P(*a)\n", [wrap("P(*a)", "k", 1)]),
    (
        "the call's first argument is no configuration",
        "P(x for x in y)\n",
        [wrap("P(x for x in y)", "k", 1)],
    ),
    ("the value is given by ACKS", "P(a=ACKS)\n", [change("ACKS", 1)]),
    ("the value is given by s.acks", "P(a=s.acks)\n", [change("s.acks", 1)]),
    ("the value is no literal", "P(a=f())\n", [change("f()", 1)]),
    ("the value is no literal", "P(a=f'{x}')\n", [change("f'{x}'", 1)]),
    ("the value is no literal", "P(a='b' f'{x}')\n", [change("'b' f'{x}'", 1)]),
    ("the value is computed from the literal", "P(a=2 ** 5)\n", [change("5", 1)]),
    ("the value is computed from the literal", "P(a='x'.upper())\n", [change("'x'", "y")]),
    ("the value is computed from the literal", "P(a=not True)\n", [change("True", False)]),
    (
        "a comment stands inside the literal",
        "A = ('a'  # why\n 'b')\n",
        [change("'a'  # why\n 'b'", "c")],
    ),
    (
        "the setting is text there, and None has no text",
        "A = 'a'\n",
        [change("'a'", None, text=True)],
    ),
    (
        "the value is no ASCII text, which a bytes literal has to be",
        "A = b'a'\n",
        [change("b'a'", "é")],
    ),
    (NO_KEY, "dict([('a', 1)])\n", [remove("'a'")]),
    (NO_KEY, "c['a'], x = 1, 2\n", [remove("'a'")]),
    (NO_KEY, "x = c['a'] = 1\n", [remove("'a'")]),
    (NO_KEY, "x = c.setdefault('a', 1)\n", [remove("'a'")]),
    (NO_KEY, "c['a']: int = 1\n", [remove("'a'")]),
    (NO_KEY, "c['a'] += 1\n", [remove("'a'")]),
    (EFFECTS, "P(a=f())\n", [remove("a=")]),
    (EFFECTS, "P(a=b[0])\n", [remove("a=")]),
    (EFFECTS, "c = {'a': [f()]}\n", [remove("'a'")]),
    (EFFECTS, "c['a'] = (yield)\n", [remove("'a'")]),
    (EFFECTS, "f()['a'] = 1\n", [remove("'a'")]),
    ("the key is the constant ACKS", "c = {ACKS: 1}\n", [rename("ACKS", "b")]),
    ("the key is the constant k.ACKS", "c[k.ACKS] = 1\n", [rename("k.ACKS", "b")]),
    ("the key is computed", "c[f()] = 1\n", [rename("f()", "b")]),
    ("a.b is no name that a keyword argument can have", "P(a=1)\n", [rename("a", "a.b")]),
    ("the call has the key b already", "P(a=1, b=2)\n", [rename("a", "b")]),
    ("the dict has the key b already", "c = {'a': 1, 'b': 2}\n", [rename("'a'", "b")]),
    (NO_CHAIN, "s = a + b\n", [chain("a + b", ".x()")]),
    (NO_CHAIN, "s = True\n", [chain("True", ".x()")]),
    ("the edited file would be no valid Python", "s = a\n", [chain("a", "(")]),
    ("the file does not import a by that name", "import b\n", [instead("a", "s.d")]),
    ("the file does not import a by that name", "from s import a as b\n", [instead("a", "s.d")]),
    ("a is not what its module calls it", "from s import b as a\n", [instead("a", "s.d")]),
    ("a is not what its module calls it", "import a\n", [instead("a", "s.d")]),
    (
        "the file imports a more than once",
        "from s import a\ndef f():\n    from t import a\n",
        [instead("a", "s.d")],
    ),
    (
        "a is imported conditionally or inside a function",
        "try:\n    from s import a\nexcept E: pass\n",
        [instead("a", "s.d")],
    ),
    (
        "other statements stand on the import's line",
        "from s import a; x()\n",
        [instead("a", "s.d")],
    ),
    (
        "all names of one import would go to several modules",
        "from s import a, b\n",
        [instead("a", "s.d"), instead("b", "s.e")],
    ),
    (CONTRADICTION, "from s import a, b\n", [instead("a", "s.d"), instead("a", "s.e")]),
    (CONTRADICTION, "A = 1\n", [change("1", 2), change("1", 3)]),
    (CONTRADICTION, "P(a=1)\n", [remove("a="), change("1", 2)]),
    (CONTRADICTION, "P(a={'b': 1})\n", [remove("a="), entry("{'b': 1}", "c", 2)]),
    (CONTRADICTION, "c['a'] = {}\n", [remove("'a'"), entry("{}", "c", 2)]),
    ("the place is not in the text", "P()\n", [lambda _: add("P()", "a", 1)("\n\n\nP()")]),
]


@pytest.mark.parametrize(
    ("reason", "source", "asked"), CASES, ids=[f"{case[0]} {i}" for i, case in enumerate(CASES)]
)
def test_is_refused(reason: str, source: str, asked: list[Asked]) -> None:
    with pytest.raises(CannotWrite) as refused:
        render(source, [one(source) for one in asked])
    assert refused.value.reason == reason


def test_one_refusal_refuses_all() -> None:
    source = "P()\nc = {K: 1}\n"
    with pytest.raises(CannotWrite):
        render(source, [add("P()", "a", 1)(source), rename("K", "b")(source)])


# In a process of their own, since a parser that overflows its stack takes the process along.
HOSTILE = r"""
import sys
from oncelint.patches import CannotWrite
from oncelint.python.edit import render
from oncelint.python.operations import AddArgument

N = 3000
SOURCES = [
    "P()" + ".a(1)" * N,
    "P()" + ".a" * N,
    "P()" + "()" * N,
    "P()" + " + 1" * N,
    "P()" + " or 1" * 30000,
    "P()" + " < 1" * 5000,
    "x = P(), " + "-" * N + "1",
    "x = P(), " + "not " * N + "1",
    "x = P(), " + "lambda: " * N + "1",
    "x = P(), " + "1 if a else " * N + "1",
    "x = P(), " + "'a' " * N,
    "x = P(), " + "f'{a}' " * N,
    "x = P(), " + "[" * N + "]" * N,
    "x = P(), " + "(" * 199 + "1" + ")" * 199,
    "x = P(), " + "[" * 199 + "1" + "]" * 199,
    "x = P(), " + "{1:" * 199 + "1" + "}" * 199,
    "x = P(), " + "f(" * 199 + ")" * 199,
    "x = P(), " + "(" * 100000,
    "x = P(), {" + "'a': 1,\n" * 3000 + "}",
    "P()\n" + "if a: pass\n" * 10000,
    "P()\nif a: pass\n" + "elif a: pass\n" * 900,
    "P()\n" + "".join(" " * i + "if a:\n" for i in range(99)) + " " * 99 + "pass",
    "P()\n" + "x = 1\n" * 15000,
    "P() # " + "a" * 2000000,
    "\ud800 = P()",
]
for source in SOURCES:
    source += "\n"
    start = source.index("P()") + 1
    try:
        patches = render(source, [AddArgument((1, start, 1, start + 3), "a", 1)])
        print(len(patches))
    except CannotWrite as error:
        print(error.reason)
"""
DEEP = "the statement is nested too deeply"
TOO_DEEP = "the source is nested too deeply"


def test_hostile_sources_do_no_harm() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HOSTILE], capture_output=True, text=True, check=True, timeout=60
    )
    answers = done.stdout.splitlines()
    assert len(answers) == 25
    allowed = {"1", DEEP, TOO_DEEP, "LibCST cannot read the statement by itself"}
    assert set(answers[:-1]) <= allowed
    assert answers[:3] == [DEEP, DEEP, DEEP] or answers[0] in (DEEP, TOO_DEEP)
    assert answers[4] == DEEP
    assert answers[12] == TOO_DEEP
    assert answers[18:20] == ["1", "1"]
    assert answers[21:24] == ["1", "1", "1"]
    assert answers[24] == "the source is no valid Python"


def loaded(program: str, folder: Path) -> str:
    """What a program prints about LibCST in a fresh process."""
    program += "\nimport sys\nprint(any(name.split('.')[0] == 'libcst' for name in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()[-1]


def test_libcst_is_not_loaded_before_an_edit(tmp_path: Path) -> None:
    edit = "from oncelint.python.edit import render\n"
    assert loaded(edit, tmp_path) == "False"
    operation = (
        "from oncelint.python.operations import AddArgument\n"
        "render('P()', [AddArgument((1, 1, 1, 4), 'a', 1)])"
    )
    assert loaded(edit + operation, tmp_path) == "True"


def test_libcst_is_not_loaded_by_a_check_that_finds_nothing_to_fix(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "from confluent_kafka import Producer\n"
        'p = Producer({"bootstrap.servers": "b", "enable.idempotence": True})\n'
        "def flush():\n    return p.flush()\n",
        encoding="utf-8",
    )
    program = (
        "from oncelint.cli import main\nimport sys\n"
        "sys.argv = ['oncelint', 'check', '.']\nassert main() == 0"
    )
    assert loaded(program, tmp_path) == "False"
