"""Programs that would run for ever or grow without bound: the interpreter ends, and says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.flow.projects import cases, closed, run, told

USE = "from confluent_kafka import Producer\n"


def _branches(count: int) -> str:
    """Independent choices, each with a key and a value of its own: 2 to the power of `count` ways."""
    lines = ["import sys", "conf = {'acks': '1'}"]
    for number in range(count):
        lines += [f"if sys.argv[{number}]:", f"    conf['client.id'] = 'c{number}'"]
        lines += [f"    conf['acks'] = '{number % 2}'"]
    return "\n".join([*lines, "Producer(conf)"])


def _calls(depth: int) -> str:
    """Functions that each call the next one twice."""
    lines = [f"def f{depth}(c):\n    return c"]
    for number in reversed(range(depth)):
        lines.append(
            f"def f{number}(c):\n    a = f{number + 1}({{**c, 'k{number}': 1}})\n"
            f"    b = f{number + 1}(dict(c))\n    return {{**a, **b}}"
        )
    return "\n\n\n".join([*lines, "Producer(f0({'acks': '1'}))"])


def _nested(depth: int) -> str:
    tail = "]" * depth
    return f"x = {'[' * depth}{tail}\nProducer({{'acks': '1'}})"


HEAVY: dict[str, str] = {
    "many choices": _branches(200),
    "calls that double": _calls(30),
    "a loop over a large range": (
        "conf = {}\nfor n in range(10 ** 9):\n    conf[str(n)] = n\nconf['acks'] = '1'\nProducer(conf)"
    ),
    "a list that grows by itself": (
        "items = [1]\nfor item in items:\n    items.append(item)\nProducer({'acks': '1'})"
    ),
    "a number that explodes": "n = 9 ** 9 ** 9 ** 9\nProducer({'acks': '1'})",
    "a text repeated": "t = 'x' * 10 ** 12\nProducer({'acks': '1', 'client.id': t})",
    "a shift": "n = 1 << 10 ** 12\nProducer({'acks': '1'})",
    "a padded text": "t = 'x'.ljust(10 ** 12)\nt = f'{1:>1000000000000}'\nProducer({'acks': '1'})",
    "a percent format": "t = '%1000000000000d' % 1\nProducer({'acks': '1', 'client.id': t})",
    "a format call": "t = '{:>1000000000000}'.format(1)\nProducer({'acks': '1'})",
    "a long chain of calls": (
        "class B:\n    def __init__(self):\n        self.c = {'acks': '1'}\n\n"
        "    def put(self, k):\n        self.c[k] = 1\n        return self\n\n\nProducer(B()"
        + ".put('x')" * 80
        + ".c)"
    ),
    "many functions": (
        "\n\n\n".join(
            f"def f{n}(c):\n    return Producer({{'acks': '1', **c}})" for n in range(400)
        )
        + "\n\n\nf0({})\n"
    ),
    "a class that holds itself": (
        "class A:\n    def __init__(self):\n        self.me = self\n        self.c = {'acks': '1'}\n\n\n"
        "a = A()\nProducer(a.me.me.me.me.c)"
    ),
    "a dict that holds itself": "d = {'acks': '1'}\nd['d'] = d\nProducer(d['d']['d'])",
    "a list that holds itself": "l = []\nl.append(l)\nfor x in l:\n    pass\nProducer({'acks': '1'})",
    "a class that derives from itself": "class A(A):\n    pass\n\n\nA()\nProducer({'acks': '1'})",
    "a property that reads itself": (
        "class A:\n    @property\n    def c(self):\n        return self.c\n\n\n"
        "A().c\nProducer({'acks': '1'})"
    ),
    "mutually recursive generators": (
        "def a():\n    yield from b()\n\n\ndef b():\n    yield from a()\n\n\n"
        "list(a())\nProducer({'acks': '1'})"
    ),
    "a decorator of itself": "@d\ndef d(f):\n    return d(f)\n\n\nd(d)\nProducer({'acks': '1'})",
    "two endless loops in one another": (
        "while True:\n    while True:\n        Producer({'acks': '1'})\n"
    ),
    "__getattr__ that asks itself": (
        "class A:\n    def __getattr__(self, n):\n        return getattr(self, n)\n\n\n"
        "A().x\nProducer({'acks': '1'})"
    ),
    "a thousand nested lists": _nested(90),
    "a thousand ifs in one another": (
        "".join("    " * n + f"if x{n}:\n" for n in range(80)) + "    " * 80 + "pass\n"
        "Producer({'acks': '1'})"
    ),
    "a long sum": "t = " + " + ".join(["'a'"] * 200) + "\nProducer({'acks': '1'})",
    "a long chain of or": "t = "
    + " or ".join(f"x{n}" for n in range(600))
    + "\nProducer({'acks': '1'})",
}


@pytest.mark.parametrize("source", cases(HEAVY))
def test_it_ends(tmp_path: Path, source: str) -> None:
    report = run(tmp_path, USE + source + "\n")
    assert report.subjects
    for client in report.subjects:
        assert told(client, "acks") <= {"1", "0", "?"}, told(client, "acks")


# Twenty-four rounds: enough to see that nothing stops it, too few to do harm.
GROWING: dict[str, str] = {
    "sums of texts": "t = 'x'\n" + "t = t + t\n" * 24,
    "formatted texts": "t = 'x'\n" + "t = f'{t}{t}'\n" * 24,
    "joined texts": "t = 'x'\n" + "t = '-'.join([t, t])\n" * 24,
    "replaced texts": "t = 'x'\n" + "t = t.replace('x', 'xx')\n" * 24,
    "products": "t = 10\n" + "t = t * t\n" * 16,
    "powers": "t = 10\n" + "t = t ** 2\n" * 16,
}


@pytest.mark.parametrize("source", cases(GROWING))
def test_a_value_does_not_grow_without_bound(tmp_path: Path, source: str) -> None:
    (client,) = run(tmp_path, USE + source + "Producer({'acks': '1', 'client.id': t})\n").subjects
    assert told(client, "acks") == {"1"}
    (value,) = told(client, "client.id")
    assert len(value) < 100_000


def test_what_is_too_large_to_follow_is_countable(tmp_path: Path) -> None:
    lines = ["conf = {'acks': '1'}"]
    lines += [f"conf['k{n}'] = {{'a': [{n}, {n}], 'b': str({n})}}" for n in range(30_000)]
    report = run(tmp_path, USE + "\n".join([*lines, "Producer(conf)", ""]))
    assert [item.reason for item in report.unresolved] == ["too large to follow"]


def test_modules_that_import_one_another_in_a_ring(tmp_path: Path) -> None:
    files = {
        f"app/m{n}.py": f"from .m{(n + 1) % 30} import *\nfrom confluent_kafka import Producer\nK{n} = '1'\n"
        for n in range(30)
    }
    files["app/main.py"] = "from .m0 import *\n\nProducer({'acks': K0})\n"
    report = run(tmp_path, files=files)
    assert all(told(client, "acks") <= {"1", "?"} for client in report.subjects)


def test_a_chain_of_modules(tmp_path: Path) -> None:
    files = {f"app/m{n}.py": f"from .m{n + 1} import LEVEL\n" for n in range(60)}
    files["app/m60.py"] = "LEVEL = '1'\n"
    files["app/main.py"] = USE + "from .m0 import LEVEL\n\nProducer({'acks': LEVEL})\n"
    (client,) = run(tmp_path, files=files).subjects
    assert told(client, "acks") == {"1"}
    assert closed(client)
