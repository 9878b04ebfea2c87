"""What each operation makes of each style, to the letter."""

from __future__ import annotations

import pytest
from tests.python_editing.editing import (
    Asked,
    add,
    at,
    chain,
    change,
    edited,
    entry,
    instead,
    key_at,
    remove,
    rename,
    wrap,
)

from oncelint.python.operations import AddBeside, AddEntry, GiveValue

CASES: dict[str, tuple[str, list[Asked], str]] = {
    # Arguments --------------------------------------------------------------------------------
    "empty call": ("p = P()\n", [add("P()", "acks", "all")], 'p = P(acks="all")\n'),
    "blank in the brackets": ("p = P( )\n", [add("P( )", "acks", 1)], "p = P( acks=1 )\n"),
    "brackets on two lines": (
        "if 1:\n    p = P(\n    )\n",
        [add("P(\n    )", "acks", 1)],
        "if 1:\n    p = P(\n        acks=1,\n    )\n",
    ),
    "nothing but a comment": (
        "p = P(\n  # acks\n)\n",
        [add("P(\n  # acks\n)", "acks", 1)],
        "p = P(\n  # acks\n  acks=1,\n)\n",
    ),
    "one line": ("p = P(a, b=1)\n", [add("P(a, b=1)", "c", True)], "p = P(a, b=1, c=True)\n"),
    "no blank behind commas": ("P(a,b=1)\n", [add("P(a,b=1)", "c", None)], "P(a,b=1,c=None)\n"),
    "trailing comma on one line": ("P(a=1,)\n", [add("P(a=1,)", "c", 2)], "P(a=1, c=2,)\n"),
    "blanks around the sign": ("P(a = 1)\n", [add("P(a = 1)", "c", -2)], "P(a = 1, c = -2)\n"),
    "own lines, trailing comma": (
        "P(\n    a=1,\n    b=2,\n)\n",
        [add("P(\n    a=1,\n    b=2,\n)", "c", 3)],
        "P(\n    a=1,\n    b=2,\n    c=3,\n)\n",
    ),
    "own lines, no trailing comma": (
        "P(\n    a=1,\n    b=2\n)\n",
        [add("P(\n    a=1,\n    b=2\n)", "c", 3)],
        "P(\n    a=1,\n    b=2,\n    c=3\n)\n",
    ),
    "a comment behind the last": (
        "P(\n    a=1,\n    b=2  # why\n)\n",
        [add("P(\n    a=1,\n    b=2  # why\n)", "c", 3)],
        "P(\n    a=1,\n    b=2,  # why\n    c=3\n)\n",
    ),
    "a comment behind the last comma": (
        "P(\n    a=1,  # why, (so)\n    # b=2,\n)\n",
        [add("P(\n    a=1,  # why, (so)\n    # b=2,\n)", "c", 3)],
        "P(\n    a=1,  # why, (so)\n    c=3,\n    # b=2,\n)\n",
    ),
    "aligned under the bracket": (
        "p = P(a=1,\n      b=2)\n",
        [add("P(a=1,\n      b=2)", "c", 3)],
        "p = P(a=1,\n      b=2,\n      c=3)\n",
    ),
    "tabs and CRLF": (
        "if 1:\r\n\tp = P(\r\n\t\ta='x',\r\n\t)\r\n",
        [add("P(\r\n\t\ta='x',\r\n\t)", "c", "y")],
        "if 1:\r\n\tp = P(\r\n\t\ta='x',\r\n\t\tc='y',\r\n\t)\r\n",
    ),
    "CR alone": ("P(\r  a=1,\r)\r", [add("P(\r  a=1,\r)", "c", 3)], "P(\r  a=1,\r  c=3,\r)\r"),
    "before a trailing double star": (
        "P(a, b=1, **kw)\n",
        [add("P(a, b=1, **kw)", "c", 3)],
        "P(a, b=1, c=3, **kw)\n",
    ),
    "before a double star alone": ("P(**kw)\n", [add("P(**kw)", "c", 3)], "P(c=3, **kw)\n"),
    "behind a keyword behind a double star": (
        "P(**kw, a=1)\n",
        [add("P(**kw, a=1)", "c", 3)],
        "P(**kw, a=1, c=3)\n",
    ),
    "before a double star on its own line": (
        "P(\n    a=1,  # one\n    **kw\n)\n",
        [add("P(\n    a=1,  # one\n    **kw\n)", "c", 3)],
        "P(\n    a=1,  # one\n    c=3,\n    **kw\n)\n",
    ),
    "before a first double star on its own line": (
        "P(  # made\n    # the base\n    **kw\n)\n",
        [add("P(  # made\n    # the base\n    **kw\n)", "c", 3)],
        "P(  # made\n    c=3,\n    # the base\n    **kw\n)\n",
    ),
    "behind a star": ("P(*a)\n", [add("P(*a)", "c", 3)], "P(*a, c=3)\n"),
    "a generator alone": (
        "P(x for x in y)\n",
        [add("P(x for x in y)", "c", 3)],
        "P((x for x in y), c=3)\n",
    ),
    "several at once": (
        "P(\n    a=1\n)\n",
        [add("P(\n    a=1\n)", "b", 2), add("P(\n    a=1\n)", "c", 3)],
        "P(\n    a=1,\n    b=2,\n    c=3\n)\n",
    ),
    "a comment between function and brackets": (
        "x = (P # (\n  (a=1))\n",
        [add("P # (\n  (a=1)", "c", 3)],
        "x = (P # (\n  (a=1, c=3))\n",
    ),
    "aligned signs": (
        "P(\n    a      = 1,\n    linger = 2,\n)\n",
        [add("P(\n    a      = 1,\n    linger = 2,\n)", "acks", 3)],
        "P(\n    a      = 1,\n    linger = 2,\n    acks   = 3,\n)\n",
    ),
    "non-ASCII before it": (
        "é = 'ü😀'; p = P(ä='ö')\n",
        [add("P(ä='ö')", "c", "d")],
        "é = 'ü😀'; p = P(ä='ö', c='d')\n",
    ),
    "in a decorator": (
        "class A:\n    @d(a=1)\n    def f(self): pass\n",
        [add("d(a=1)", "b", 2)],
        "class A:\n    @d(a=1, b=2)\n    def f(self): pass\n",
    ),
    "in an async with": (
        "async def f():\n    async with P(a=1) as p:\n        # body\n        g()\n",
        [add("P(a=1)", "b", 2)],
        "async def f():\n    async with P(a=1, b=2) as p:\n        # body\n        g()\n",
    ),
    "in an elif": (
        "def f():\n    if a:\n        b()\n    elif P(a=1):\n        c()\n    else:\n        d()\n",
        [add("P(a=1)", "b", 2)],
        "def f():\n    if a:\n        b()\n    elif P(a=1, b=2):\n        c()\n    else:\n        d()\n",
    ),
    "in a one-line block": ("if a: P(a=1)\n", [add("P(a=1)", "b", 2)], "if a: P(a=1, b=2)\n"),
    "behind a form feed": ("\fx = 1\n\fP()\n", [add("P()", "b", 2)], "\fx = 1\n\fP(b=2)\n"),
    "no final newline": ("P()", [add("P()", "b", 2)], "P(b=2)"),
    "the inner and the outer call": (
        "f(g(a=1), c=3)\n",
        [add("f(g(a=1), c=3)", "d", 4), add("g(a=1)", "b", 2)],
        "f(g(a=1, b=2), c=3, d=4)\n",
    ),
    # Entries ----------------------------------------------------------------------------------
    "empty dict": ("c = {}\n", [entry("{}", "a.b", True)], 'c = {"a.b": True}\n'),
    "one-line dict": ("c = {'a': 1}\n", [entry("{'a': 1}", "b", "x")], "c = {'a': 1, 'b': 'x'}\n"),
    "behind a double star": (
        "c = {'a': 1, **b}\n",
        [entry("{'a': 1, **b}", "c", 2)],
        "c = {'a': 1, **b, 'c': 2}\n",
    ),
    "dict on own lines": (
        'c = {\n    "a": 1,\n    **b,  # base\n}\n',
        [entry('{\n    "a": 1,\n    **b,  # base\n}', "c", 2)],
        'c = {\n    "a": 1,\n    **b,  # base\n    "c": 2,\n}\n',
    ),
    "aligned values": (
        "c = {\n    'a':      1,\n    'linger': 2,\n}\n",
        [entry("{\n    'a':      1,\n    'linger': 2,\n}", "acks", 3)],
        "c = {\n    'a':      1,\n    'linger': 2,\n    'acks':   3,\n}\n",
    ),
    "aligned colons": (
        "c = {\n    'a'     : 1,\n    'linger': 2\n}\n",
        [entry("{\n    'a'     : 1,\n    'linger': 2\n}", "acks", 3)],
        "c = {\n    'a'     : 1,\n    'linger': 2,\n    'acks'  : 3\n}\n",
    ),
    "the bracket behind the last": (
        "c = {'a': 1,\n     'b': 2}\n",
        [entry("{'a': 1,\n     'b': 2}", "c", 3)],
        "c = {'a': 1,\n     'b': 2,\n     'c': 3}\n",
    ),
    "a dict call": ("c = dict(a=1)\n", [entry("dict(a=1)", "b", 2)], "c = dict(a=1, b=2)\n"),
    "a dict as default": (
        "def f(c={'a': 1}):\n    pass\n",
        [entry("{'a': 1}", "b", 2)],
        "def f(c={'a': 1, 'b': 2}):\n    pass\n",
    ),
    "quotes of the file": ("x = 'a'\nc = {}\n", [entry("{}", "b", 2)], "x = 'a'\nc = {'b': 2}\n"),
    "quotes of the statement": (
        "x = 'a'\ny = 'b'\nc = {\"a\": 1}\n",
        [entry('{"a": 1}', "b", 2)],
        "x = 'a'\ny = 'b'\nc = {\"a\": 1, \"b\": 2}\n",
    ),
    # Wrapping ---------------------------------------------------------------------------------
    "a name": ("p = P(c)\n", [wrap("P(c)", "k", "v")], 'p = P({**c, "k": "v"})\n'),
    "twice": (
        "p = P(c, 1)\n",
        [wrap("P(c, 1)", "k", 1), wrap("P(c, 1)", "l", 2)],
        'p = P({**c, "k": 1, "l": 2}, 1)\n',
    ),
    "a keyword": (
        "P(conf = c)\n",
        [wrap("P(conf = c)", "k", 1, "conf")],
        'P(conf = {**c, "k": 1})\n',
    ),
    "what binds weaker": (
        "P(c or {})\n",
        [wrap("P(c or {})", "k", 1)],
        'P({**(c or {}), "k": 1})\n',
    ),
    "parenthesised": ("P((c or d))\n", [wrap("P((c or d))", "k", 1)], 'P({**(c or d), "k": 1})\n'),
    "a display": ("P({'a': 1})\n", [wrap("P({'a': 1})", "k", 1)], "P({'a': 1, 'k': 1})\n"),
    "and an argument": (
        "P(c)\n",
        [add("P(c)", "x", 2), wrap("P(c)", "k", 1)],
        'P({**c, "k": 1}, x=2)\n',
    ),
    # Values -----------------------------------------------------------------------------------
    "a keyword's": ("P(acks=1)\n", [change("1", "all")], 'P(acks="all")\n'),
    "a text that stays text": (
        "P(a='False')\n",
        [change("'False'", True, text=True)],
        "P(a='True')\n",
    ),
    "lower case": (
        'c = {"a": "false"}\n',
        [change('"false"', True, text=True)],
        'c = {"a": "true"}\n',
    ),
    "upper case": ("A = 'FALSE'\n", [change("'FALSE'", True, text=True)], "A = 'TRUE'\n"),
    "a number as text": ("A = '1'\n", [change("'1'", 5, text=True)], "A = '5'\n"),
    "text that becomes a boolean": ("A = 'false'\n", [change("'false'", True)], "A = True\n"),
    "an environment's default": (
        'x = os.environ.get("X", "1")\n',
        [change('"1"', "all")],
        'x = os.environ.get("X", "all")\n',
    ),
    "a default parameter": (
        "def f(a=1, *, b=-2): pass\n",
        [change("-2", 3)],
        "def f(a=1, *, b=3): pass\n",
    ),
    "a class attribute": (
        "class A:\n    x: int = 1\n",
        [change("1", 2)],
        "class A:\n    x: int = 2\n",
    ),
    "a field": ("x: int = Field(default=1)\n", [change("1", 2)], "x: int = Field(default=2)\n"),
    "joined literals": (
        "A = (\n    'a'  'b'\n    'c'\n)\n",
        [change("'a'  'b'\n    'c'", "all")],
        "A = (\n    'all'\n)\n",
    ),
    "a parenthesised literal": ("A = ( 'a' )\n", [change("'a'", "b")], "A = ( 'b' )\n"),
    "a raw literal": ("A = r'a'\n", [change("r'a'", "b")], "A = r'b'\n"),
    "a raw literal that cannot say it": ("A = r'a'\n", [change("r'a'", "b'")], "A = 'b\\''\n"),
    "bytes": ("A = b'a'\n", [change("b'a'", "b", text=True)], "A = b'b'\n"),
    "the same": ("A = 1_000\n", [change("1_000", 1000)], "A = 1_000\n"),
    "one is not True": ("A = 1\n", [change("1", True)], "A = True\n"),
    "a fallback": ("A = x or '1'\n", [change("'1'", "2")], "A = x or '2'\n"),
    "characters that need escapes": (
        "A = 'a'\n",
        [change("'a'", "\n\\\x00")],
        "A = '\\n\\\\\\x00'\n",
    ),
    # Removing ---------------------------------------------------------------------------------
    "a first argument": ("P(a=1, b=2)\n", [remove("a")], "P(b=2)\n"),
    "a last argument": ("P(a=1, b=2)\n", [remove("b")], "P(a=1)\n"),
    "a middle argument": ("P(a=1, b=2, c=3)\n", [remove("b")], "P(a=1, c=3)\n"),
    "the only argument": ("P(a=1)\n", [remove("a")], "P()\n"),
    "the only argument and its comma": ("P(a=1,)\n", [remove("a")], "P()\n"),
    "before a trailing comma": ("P(a=1, b=2,)\n", [remove("b")], "P(a=1,)\n"),
    "an own line and its comment": (
        "P(\n    a=1,  # one\n    b=2,  # two\n    c=3,\n)\n",
        [remove("b=")],
        "P(\n    a=1,  # one\n    c=3,\n)\n",
    ),
    "the last own line without comma": (
        "P(\n    a=1,  # one\n    b=2  # two\n)\n",
        [remove("b=")],
        "P(\n    a=1  # one\n)\n",
    ),
    "the last of aligned ones": ("P(a=1,\n  b=2)\n", [remove("b")], "P(a=1)\n"),
    "the last of aligned ones behind a comment": (
        "P(a=1,  # one\n  b=2)\n",
        [remove("b")],
        "P(a=1  # one\n  )\n",
    ),
    "two last arguments": ("P(a=1, b=2, c=3)\n", [remove("b"), remove("c")], "P(a=1)\n"),
    "all arguments": ("P(a=1, b=2)\n", [remove("a"), remove("b")], "P()\n"),
    "a dict entry": ("c = {'a': 1, 'b': x.y}\n", [remove("'b'")], "c = {'a': 1}\n"),
    "an entry whose key is a constant": ("c = {K: 1, 'b': 2}\n", [remove("K")], "c = {'b': 2}\n"),
    "an argument of update": ("c.update(a=1, b=2)\n", [remove("a=")], "c.update(b=2)\n"),
    "an entry of update": ("c.update({'a': 1})\n", [remove("'a'")], "c.update({})\n"),
    "a lookup in the environment": (
        "P(a=int(os.environ.get('A', '1')), b=os.environ['B'])\n",
        [remove("a="), remove("b=")],
        "P()\n",
    ),
    "an assignment": ("a()\nc['k'] = 1  # why\nb()\n", [remove("'k'")], "a()\nb()\n"),
    "the only assignment of a block": (
        "if a:\n    c['k'] = 1  # why\nb()\n",
        [remove("'k'")],
        "if a:\n    pass  # why\nb()\n",
    ),
    "all assignments of a block": (
        "if a:\n    c['k'] = 1\n    c['l'] = 2\n",
        [remove("'k'"), remove("'l'")],
        "if a:\n    pass\n",
    ),
    "a first of joined statements": ("c['k'] = 1; b()\n", [remove("'k'")], "b()\n"),
    "a last of joined statements": ("b(); c['k'] = 1\n", [remove("'k'")], "b()\n"),
    "all of joined statements": (
        "a()\nc['k'] = 1; c['l'] = 2;\nb()\n",
        [remove("'k'"), remove("'l'")],
        "a()\nb()\n",
    ),
    "a last before a semicolon": ("b(); c['k'] = 1;  # why\n", [remove("'k'")], "b()  # why\n"),
    "a one-line block's": ("if a: c['k'] = 1\n", [remove("'k'")], "if a: pass\n"),
    "an assignment before a semicolon": ("a()\nc['k'] = 1;\nb()\n", [remove("'k'")], "a()\nb()\n"),
    "the last line without newline": ("b()\r\nc['k'] = 1", [remove("'k'")], "b()"),
    "a setdefault": ("b()\nc.setdefault('k', 1)\n", [remove("'k'")], "b()\n"),
    "the only statement": ("c['k'] = 1\n", [remove("'k'")], ""),
    "one goes, one comes": (
        "P(\n    a=1,  # one\n    b=2  # two\n)\n",
        [remove("b="), add("P(\n    a=1,  # one\n    b=2  # two\n)", "c", 3)],
        "P(\n    a=1,  # one\n    c=3\n)\n",
    ),
    "one goes, one comes, on one line": (
        "P(a=1, b=2)\n",
        [remove("b"), add("P(a=1, b=2)", "c", 3)],
        "P(a=1, c=3)\n",
    ),
    "the only one goes, two come": (
        "c = {'a': 1}\n",
        [remove("'a'"), entry("{'a': 1}", "b", 2), entry("{'a': 1}", "c", 3)],
        "c = {'b': 2, 'c': 3}\n",
    ),
    # Renaming ---------------------------------------------------------------------------------
    "a keyword's name": (
        "P(acks = 1)\n",
        [rename("acks", "required_acks")],
        "P(required_acks = 1)\n",
    ),
    "a dict key": ("c = {r'a': 1}\n", [rename("r'a'", "b.c")], "c = {r'b.c': 1}\n"),
    "an assignment's key": ('c["a"] = f()\n', [rename('"a"', "b")], 'c["b"] = f()\n'),
    "a default's key": (
        'c.setdefault("a", f())\n',
        [rename('"a"', "b")],
        'c.setdefault("b", f())\n',
    ),
    "the same name": ("P(a=1)\n", [rename("a", "a")], "P(a=1)\n"),
    "two that change names": (
        "P(a=1, b=2)\n",
        [rename("a", "b"), rename("b", "a")],
        "P(b=1, a=2)\n",
    ),
    # Chaining ---------------------------------------------------------------------------------
    "a call": ("s = insert(t)\n", [chain("insert(t)", ".x()")], "s = insert(t).x()\n"),
    "an inner call": (
        "s = insert(t).values(a=1)\n",
        [chain("insert(t)", ".x()")],
        "s = insert(t).x().values(a=1)\n",
    ),
    "a chain on lines": (
        "s = (\n    insert(t)\n    .values(a=1)  # why\n)\n",
        [chain("insert(t)\n    .values(a=1)", ".x()")],
        "s = (\n    insert(t)\n    .values(a=1)  # why\n    .x()\n)\n",
    ),
    "a chain on lines inside a call": (
        "e(\n    insert(t)\n      .values(a=1))\n",
        [chain("insert(t)\n      .values(a=1)", ".x()")],
        "e(\n    insert(t)\n      .values(a=1)\n      .x())\n",
    ),
    "the head of a chain on lines": (
        "s = (\n    insert(t)\n    .values(a=1)\n)\n",
        [chain("insert(t)", ".x()")],
        "s = (\n    insert(t)\n    .x()\n    .values(a=1)\n)\n",
    ),
    "a chain on continued lines": (
        "s = insert(t) \\\n    .values(a=1)\n",
        [chain("insert(t) \\\n    .values(a=1)", ".x()")],
        "s = insert(t) \\\n    .values(a=1) \\\n    .x()\n",
    ),
    "two calls": (
        "s = i(t)\n",
        [chain("i(t)", ".x()"), chain("i(t)", ".y()")],
        "s = i(t).x().y()\n",
    ),
    "an argument that is chained and one that is added": (
        "e(i(t))\n",
        [add("e(i(t))", "a", 1), chain("i(t)", ".x()")],
        "e(i(t).x(), a=1)\n",
    ),
    # Annotations ------------------------------------------------------------------------------
    "a number where no text fits": (
        "acks: int = 1\n",
        [change("1", "all", otherwise=-1)],
        "acks: int = -1\n",
    ),
    "text where it fits": (
        "acks: 'int | str' = 1\n",
        [change("1", "all", otherwise=-1)],
        "acks: 'int | str' = 'all'\n",
    ),
    "a listed literal": (
        'acks: Union[Literal[0, 2], Literal["all"]] = 1\n',
        [change("1", "all")],
        'acks: Union[Literal[0, 2], Literal["all"]] = "all"\n',
    ),
    "an optional flag": (
        "on: Optional[bool] = None\n",
        [change("None", True)],
        "on: Optional[bool] = True\n",
    ),
    "a type of its own": ("acks: Acks = 1\n", [change("1", "all")], 'acks: Acks = "all"\n'),
    "text that stays text": (
        "acks: str = '1'\n",
        [change("'1'", "all", text=True)],
        "acks: str = 'all'\n",
    ),
    "a value of an annotated dict": (
        "conf: dict[str, int] = {'acks': 1}\n",
        [change("1", "all", otherwise=-1)],
        "conf: dict[str, int] = {'acks': -1}\n",
    ),
    "digits in groups": ("T = 1_200_000\n", [change("1_200_000", 900000)], "T = 900_000\n"),
    # What the caller and the annotation say ----------------------------------------------------
    "before the caller's keywords": (
        "def f(**more):\n    return {'a': 1, **base, **more}\n",
        [entry("{'a': 1, **base, **more}", "b", True)],
        "def f(**more):\n    return {'a': 1, **base, 'b': True, **more}\n",
    ),
    "behind another dict": (
        "def f(more):\n    return {'a': 1, **more}\n",
        [entry("{'a': 1, **more}", "b", True)],
        "def f(more):\n    return {'a': 1, **more, 'b': True}\n",
    ),
    "text for an annotated dict": (
        "c: dict[str, str] = {'a': '1'}\n",
        [lambda source: AddEntry(at(source, "{'a': '1'}"), "b", True, text=True)],
        "c: dict[str, str] = {'a': '1', 'b': 'true'}\n",
    ),
    "text for an annotated return": (
        "def f() -> Dict[str, str]:\n    return {'a': '1'}\n",
        [lambda source: AddEntry(at(source, "{'a': '1'}"), "b", 5, text=True)],
        "def f() -> Dict[str, str]:\n    return {'a': '1', 'b': '5'}\n",
    ),
    "anything where anything fits": (
        "c: dict[str, Any] = {'a': '1'}\n",
        [lambda source: AddEntry(at(source, "{'a': '1'}"), "b", True, text=True)],
        "c: dict[str, Any] = {'a': '1', 'b': True}\n",
    ),
    "a literal of its own": (
        "P(a=ONE, b=ONE)\n",
        [lambda source: GiveValue(key_at(source, "a="), "all")],
        'P(a="all", b=ONE)\n',
    ),
    "another default": (
        "k.setdefault('a', 1)\n",
        [lambda source: AddBeside(key_at(source, "'a'"), "b", True)],
        "k.setdefault('a', 1)\nk.setdefault('b', True)\n",
    ),
    "text beside texts": (
        "c = {'a': 'x', 'b': y}\n",
        [lambda source: AddEntry(at(source, "{'a': 'x', 'b': y}"), "c", True, text=True)],
        "c = {'a': 'x', 'b': y, 'c': 'true'}\n",
    ),
    "a boolean beside a number": (
        "c = {'a': 'x', 'b': 5}\n",
        [lambda source: AddEntry(at(source, "{'a': 'x', 'b': 5}"), "c", True, text=True)],
        "c = {'a': 'x', 'b': 5, 'c': True}\n",
    ),
    "a boolean in what a call is given": (
        "P({'a': 'x'})\n",
        [lambda source: AddEntry(at(source, "{'a': 'x'}"), "c", True, text=True)],
        "P({'a': 'x', 'c': True})\n",
    ),
    "beside an entry": (
        "c.update({'a': 1})\n",
        [lambda source: AddBeside(key_at(source, "'a'"), "b", True)],
        "c.update({'a': 1, 'b': True})\n",
    ),
    "beside a keyword": (
        "P(a=1)\n",
        [lambda source: AddBeside(key_at(source, "a="), "b", True)],
        "P(a=1, b=True)\n",
    ),
    "beside an assigned item": (
        "def f():\n    self.c['a'] = 1  # why\n    return c\n",
        [lambda source: AddBeside(key_at(source, "'a'"), "b", True)],
        "def f():\n    self.c['a'] = 1  # why\n    self.c['b'] = True\n    return c\n",
    ),
    "beside the last item of a text": (
        "c['a'] = 1",
        [lambda source: AddBeside(key_at(source, "'a'"), "b", True)],
        "c['a'] = 1\nc['b'] = True",
    ),
    # Importing --------------------------------------------------------------------------------
    "one of two names": (
        "from s import a, b  # why\nx()\n",
        [instead("a", "s.d")],
        "from s import b  # why\nfrom s.d import a\nx()\n",
    ),
    "the last of two names": (
        "from s import a, b\n",
        [instead("b", "s.d")],
        "from s import a\nfrom s.d import b\n",
    ),
    "the only name": ("from . import a\n", [instead("a", "s.d")], "from s.d import a\n"),
    "a name in brackets": (
        "from s import (\r\n    a,\r\n    b,  # two\r\n)\r\n",
        [instead("b", "s.d")],
        "from s import (\r\n    a,\r\n)\r\nfrom s.d import b\r\n",
    ),
    "the last of the text": (
        "x = 1\nfrom s import a, b as c",
        [instead("a", "s.d")],
        "x = 1\nfrom s import b as c\nfrom s.d import a",
    ),
    "two of three names": (
        "from s import a, b, c\n",
        [instead("b", "s.d"), instead("c", "s.d")],
        "from s import a\nfrom s.d import b\nfrom s.d import c\n",
    ),
    "the module it has": ("from s.d import a\n", [instead("a", "s.d")], "from s.d import a\n"),
    "an import and a chain": (
        "from s import insert, select\nq = insert(t)\n",
        [instead("insert", "s.d"), chain("insert(t)", ".x()")],
        "from s import select\nfrom s.d import insert\nq = insert(t).x()\n",
    ),
    "several statements": (
        "A = 1\ndef f():\n    return P(acks=A)\nc['k'] = 2\n",
        [change("1", "all"), add("P(acks=A)", "b", True), remove("'k'")],
        'A = "all"\ndef f():\n    return P(acks=A, b=True)\n'.replace('"', "'"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_is_written_in_the_style_of_what_is_there(name: str) -> None:
    source, asked, expected = CASES[name]
    assert edited(source, [one(source) for one in asked]) == expected


def test_nothing_asked_is_nothing_done() -> None:
    assert edited("not Python (", []) == "not Python ("
