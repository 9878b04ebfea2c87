"""What the text of a function tells of a write: lookups nothing depends on, handlers that go on."""

from __future__ import annotations

import ast
import textwrap

import pytest

from oncelint.flow.modules import Modules
from oncelint.flow.values import At
from oncelint.link.sinks.handling import going_on
from oncelint.link.sinks.lookups import given, is_idle
from oncelint.model import ir
from oncelint.python.lower import parse


def _place(node: ast.expr | ast.stmt) -> ir.Place:
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return node.lineno, node.col_offset + 1, node.end_lineno, node.end_col_offset + 1


def _call(text: str, name: str) -> ir.Place:
    """The place of the first call of a method or function of that name."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call):
            func = node.func
            called = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
            if called == name:
                return _place(node)
    raise AssertionError(name)


_LOOKUP = """
def store(session, order):
    found = session.exec(select(Order).where(Order.number == order)).first()
{rest}
    session.add(Order(number=order))
"""


@pytest.mark.parametrize(
    ("rest", "idle"),
    [
        ("", True),
        ("print('found', found)", True),
        ("log.info('found %s', found.number)", True),
        ("if found is Order:\n    raise ValueError(order)", True),
        ("if found is None:\n    print(order)", False),
        ("if found:\n    return", False),
        ("if seen(found):\n    return", False),
        ("number = found.number if found else None", False),
        ("check = lambda: found", False),
        ("def known():\n    return found", False),
        ("while found:\n    break", False),
        ("with found:\n    pass", False),
        ("assert not found", False),
    ],
)
def test_rows_that_nothing_depends_on(rest: str, idle: bool) -> None:
    text = _LOOKUP.format(rest=textwrap.indent(rest, "    "))
    assert is_idle(parse("app.py", text).body, _call(text, "exec")) is idle


@pytest.mark.parametrize(
    "text",
    [
        "def f(session):\n    if session.exec(select(Order)):\n        return\n",
        "def f(session):\n    return session.exec(select(Order))\n",
        "def f(session):\n    global rows\n    rows = session.exec(select(Order))\n",
        "def f(session):\n    session.exec(select(Order))\n    return session.fetchone()\n",
        "rows = session.exec(select(Order))\ndef known():\n    return rows\n",
    ],
)
def test_rows_that_may_matter(text: str) -> None:
    assert not is_idle(parse("app.py", text).body, _call(text, "exec"))


@pytest.mark.parametrize(
    ("text", "handed"),
    [
        ("def run(cursor, sql):\n    cursor.execute(sql)\n", True),
        ("class D:\n    def run(self, sql):\n        return self.c.execute(sql)\n", True),
        ("def run(cursor):\n    sql = 'SELECT 1'\n    cursor.execute(sql)\n", False),
        ("def run(cursor, sql):\n    cursor.execute(sql + ' RETURNING id')\n", False),
        ("sql = 'SELECT 1'\ncursor.execute(sql)\n", False),
    ],
)
def test_a_helper_that_executes_what_it_is_given(text: str, handed: bool) -> None:
    assert given(parse("app.py", text).body, _call(text, "execute"), 0) is handed


_IN_THE_LOOP = """
for message in consumer:
    try:
        store(message)
    except Exception as error:
        {handler}
"""
_AROUND_THE_LOOP = """
try:
    for message in consumer:
        store(message)
except Exception as error:
    {handler}
"""
_IN_THE_FUNCTION = """
def run(message):
    try:
        store(message)
    except Exception:
        {handler}

for message in consumer:
    run(message)
"""


@pytest.mark.parametrize(
    ("text", "calls", "handler", "goes_on"),
    [
        (_IN_THE_LOOP, ["store"], "print(error)", True),
        (_IN_THE_LOOP, ["store"], "raise", False),
        (_IN_THE_LOOP, ["store"], "sys.exit(1)", False),
        (_IN_THE_LOOP, ["store"], "if error.fatal: raise", True),
        (_AROUND_THE_LOOP, ["store"], "print(error)", False),
        (_IN_THE_FUNCTION, ["run", "store"], "pass", True),
        (_IN_THE_FUNCTION, ["run", "store"], "return", True),
        (_IN_THE_FUNCTION, ["run", "store"], "raise", False),
    ],
)
def test_handlers_behind_which_the_loop_goes_on(
    text: str, calls: list[str], handler: str, goes_on: bool
) -> None:
    text = text.format(handler=handler)
    module = parse("app.py", text)
    loop = next(node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.For))
    sites = [At("app.py", _call(text, name)) for name in calls]
    modules = Modules(["app.py"], lambda path: module)
    kept = going_on(modules, ("Exception",), sites, At("app.py", _place(loop)))
    assert kept == (("Exception",) if goes_on else ())
