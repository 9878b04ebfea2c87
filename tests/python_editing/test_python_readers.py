"""Who else reads a value, and what else is done beside a call."""

from __future__ import annotations

import pytest
from tests.python_editing.editing import at, key_at

from oncelint.python.effects import other_effect
from oncelint.python.readers import Readers, callers, importers, readers, said

# source, the construction that reads it anyway, the other lines, the name other modules have
READ: dict[str, tuple[str, str, tuple[int, ...], str | None]] = {
    "in the call itself": ("p = P({'a': 1})\n", "P({'a': 1})", (), None),
    "by its own client": ("c = {'a': 1}\np = P(c)\n", "P(c)", (), "c"),
    "by another call": ("c = {'a': 1}\np = P(c)\nA(c)\n", "P(c)", (3,), "c"),
    "spread elsewhere": ("c = {'a': 1}\np = P(c)\nd = {**c}\n", "P(c)", (3,), "c"),
    "one entry of it": ("c = {'a': 1}\np = P(c)\nt = c['topic']\n", "P(c)", (), "c"),
    "whether it has a key": ("c = {'a': 1}\np = P(c)\nif 'b' in c: pass\n", "P(c)", (), "c"),
    "for telling": ("c = {'a': 1}\nprint(c)\nlog.info(c)\np = P(c)\n", "P(c)", (), "c"),
    "for writing": ("c = {'a': 1}\nc['b'] = 2\nc.update(d=3)\np = P(c)\n", "P(c)", (), "c"),
    "through another name": ("c = {'a': 1}\nd = c\np = P(d)\nA(d)\n", "P(d)", (4,), "c"),
    "through a function": (
        "def f():\n    return {'a': 1}\np = P(f())\nA(f())\n",
        "P(f())",
        (4,),
        "f",
    ),
    "in its function alone": (
        "def f():\n    c = {'a': 1}\n    return P(c)\ndef g(c):\n    A(c)\n",
        "P(c)",
        (),
        None,
    ),
    "an attribute of a class": (
        "class K:\n    C = {'a': 1}\n    def p(self): return P(self.C)\n    def q(self): A(self.C)\n",
        "P(self.C)",
        (4,),
        None,
    ),
    "an entry of a dict": (
        "c = {'k': {'a': 1}}\np = P(c['k'])\nA(c['k'])\n",
        "P(c['k'])",
        (3,),
        "c",
    ),
}


@pytest.mark.parametrize("name", READ)
def test_readers(name: str) -> None:
    source, construction, lines, shared = READ[name]
    found = readers(source, at(source, "{'a': 1}"), [at(source, construction)])
    assert found == Readers(lines, shared)


def test_what_a_key_is_given_is_no_other_reader() -> None:
    source = "N = 1\np = P({'a': N, 'b': N})\nrange(N)\n"
    keys = [key_at(source, "'a'")]
    assert readers(source, at(source, "1"), [], keys).lines == (2, 3)
    assert readers(source, at(source, "1"), [], [*keys, key_at(source, "'b'")]).lines == (3,)


def test_importers() -> None:
    source = "from app.conf import C as c\nimport app.conf as k\np = P(c)\nA(c)\nA(k.C)\n"
    assert importers(source, "C", "conf", [at(source, "P(c)")]) == (4, 5)
    assert importers(source, "C", "other", []) == ()
    assert importers(source, "D", "conf", []) == ()
    assert importers("not python(", "C", "conf", []) == ()


def test_callers() -> None:
    source = "def save(o):\n    db.execute(o)\nfor r in consumer:\n    save(r)\nsave(None)\n"
    found = callers(source, at(source, "db.execute(o)"), [at(source, "save(r)")])
    assert found == Readers((5,), "save")
    assert callers("db.execute(1)\n", at("db.execute(1)\n", "db.execute(1)"), []) == Readers()


def test_lines_in_words() -> None:
    assert said((4,), "a.py") == "a.py:4"
    assert said((4, 6, 9), "a.py") == "a.py:4, 6 and 9"


EFFECTS: dict[str, tuple[str, str | None]] = {
    "nothing": ("for r in c:\n    db.execute('INSERT')\n    db.commit()\n", None),
    "reading": (
        "for r in c:\n    x = json.loads(r.value())\n    db.execute('INSERT', (int(x['a']),))\n",
        None,
    ),
    "a lookup": ("for r in c:\n    db.execute('SELECT 1')\n    db.execute('INSERT')\n", None),
    "another write": (
        "for r in c:\n    db.execute('INSERT')\n    db.execute('UPDATE t SET n = n + 1')\n",
        "execute",
    ),
    "a request": ("for r in c:\n    db.execute('INSERT')\n    requests.post(u)\n", "post"),
    "what stands around the loop": (
        "setup()\nfor r in c:\n    db.execute('INSERT')\nteardown()\n",
        None,
    ),
    "a function's own": ("def f(r):\n    tell(r)\n    db.execute('INSERT')\n", "tell"),
    "another function's": ("def g():\n    tell()\nfor r in c:\n    db.execute('INSERT')\n", None),
}


@pytest.mark.parametrize("name", EFFECTS)
def test_other_effects(name: str) -> None:
    source, effect = EFFECTS[name]
    assert other_effect(source, [at(source, "db.execute('INSERT'")[:2] + _end(source)]) == effect


def _end(source: str) -> tuple[int, int]:
    """The end of the call that inserts."""
    start = source.index("db.execute('INSERT'")
    end = start
    depth = 0
    for end in range(start, len(source)):
        depth += {"(": 1, ")": -1}.get(source[end], 0)
        if source[end] == ")" and depth == 0:
            break
    line = source.count("\n", 0, end) + 1
    return line, end + 1 - source.rfind("\n", 0, end + 1)


def test_a_text_that_is_no_python_tells_nothing() -> None:
    assert other_effect("for (", [(1, 1, 1, 2)]) is None
