"""A configuration put together from dicts and keywords reaches the client as Python would have it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.flow.projects import cases, closed, run, told

IMPORT = "from confluent_kafka import Producer\n"

# source, and the values of acks and linger.ms; acks is all and linger.ms 5 unless they are set
CLOSED: dict[str, tuple[str, str, str]] = {
    "literal in the call": ('Producer({"acks": "1", "linger.ms": 7})', "1", "7"),
    "keywords": ('Producer(acks="1", retries=3)', "1", "5"),
    "a literal and keywords, which win": ('Producer({"acks": "0"}, acks="1")', "1", "5"),
    "the mapping by keyword": ('Producer(conf={"acks": "1"})', "1", "5"),
    "keywords from a dict display": ('Producer(**{"acks": "1", "linger.ms": 7})', "1", "7"),
    "a module constant": ('CONF = {"acks": "1"}\nProducer(CONF)', "1", "5"),
    "an annotated constant": ('CONF: dict[str, str] = {"acks": "1"}\nProducer(CONF)', "1", "5"),
    "a chained assignment": ('A = B = {"acks": "1"}\nB["linger.ms"] = 7\nProducer(A)', "1", "7"),
    "a tuple assignment": ('A, B = {"acks": "0"}, {"acks": "1"}\nProducer(B)', "1", "5"),
    "a swap": ('A, B = {"acks": "1"}, {}\nA, B = B, A\nProducer(B)', "1", "5"),
    "an alias is the same dict": (
        'A = {"acks": "0"}\nB = A\nB["acks"] = "1"\nProducer(A)',
        "1",
        "5",
    ),
    "a value by constant": ('LEVEL = "1"\nProducer({"acks": LEVEL})', "1", "5"),
    "a key by constant": ('KEY = "acks"\nProducer({KEY: "1"})', "1", "5"),
    "a key from pieces": ('Producer({"ac" + "ks": "1", f"linger.{\'ms\'}": 7})', "1", "7"),
    "arithmetic": ('SECOND = 1000\nProducer({"linger.ms": 2 * SECOND})', "all", "2000"),
    "two unpacked dicts": (
        'A = {"acks": "0", "linger.ms": 7}\nB = {"acks": "1"}\nProducer({**A, **B})',
        "1",
        "7",
    ),
    "unpacked first, own entry last": ('A = {"acks": "0"}\nProducer({**A, "acks": "1"})', "1", "5"),
    "own entry first, unpacked last": ('A = {"acks": "1"}\nProducer({"acks": "0", **A})', "1", "5"),
    "dict of a dict and keywords": ('A = {"linger.ms": 7}\nProducer(dict(A, acks="1"))', "1", "7"),
    "dict of a dict and a dict": (
        'A = {"acks": "0"}\nB = {"acks": "1", "linger.ms": 7}\nProducer(dict(A, **B))',
        "1",
        "7",
    ),
    "dict of pairs": ('Producer(dict([("acks", "1"), ("linger.ms", 7)]))', "1", "7"),
    "dict() copies": ('A = {"acks": "1"}\nB = dict(A)\nB["acks"] = "0"\nProducer(A)', "1", "5"),
    "update with a dict": ('A = {"acks": "0"}\nA.update({"acks": "1"})\nProducer(A)', "1", "5"),
    "update with keywords": ('A = {"linger.ms": 7}\nA.update(acks="1")\nProducer(A)', "1", "7"),
    "update with pairs": ('A = {}\nA.update([("acks", "1")])\nProducer(A)', "1", "5"),
    "copy, then change the original": (
        'A = {"acks": "1"}\nB = A.copy()\nA["acks"] = "0"\nProducer(B)',
        "1",
        "5",
    ),
    "copy.copy": (
        'import copy\nA = {"acks": "1"}\nB = copy.copy(A)\nA["acks"] = "0"\nProducer(B)',
        "1",
        "5",
    ),
    "copy.deepcopy of a nested dict": (
        'import copy\nA = {"kafka": {"acks": "1"}}\nB = copy.deepcopy(A)\n'
        'A["kafka"]["acks"] = "0"\nProducer(B["kafka"])',
        "1",
        "5",
    ),
    "a shallow copy shares what is inside": (
        'A = {"kafka": {"acks": "0"}}\nB = A.copy()\nA["kafka"]["acks"] = "1"\n'
        'Producer(B["kafka"])',
        "1",
        "5",
    ),
    "item assignment": ('A = {}\nA["acks"] = "1"\nA["linger.ms"] = 7\nProducer(A)', "1", "7"),
    "del": ('A = {"acks": "1", "linger.ms": 7}\ndel A["linger.ms"]\nProducer(A)', "1", "5"),
    "pop": ('A = {"acks": "1", "linger.ms": 7}\nA.pop("linger.ms")\nProducer(A)', "1", "5"),
    "pop gives the value": (
        'A = {"level": "1"}\nB = {"acks": A.pop("level")}\nProducer({**A, **B})',
        "1",
        "5",
    ),
    "pop with a default": ('A = {}\nProducer({"acks": A.pop("level", "1")})', "1", "5"),
    "clear": ('A = {"linger.ms": 7}\nA.clear()\nA["acks"] = "1"\nProducer(A)', "1", "5"),
    "setdefault where there is none": ('A = {}\nA.setdefault("acks", "1")\nProducer(A)', "1", "5"),
    "setdefault where there is one": (
        'A = {"acks": "1"}\nA.setdefault("acks", "0")\nProducer(A)',
        "1",
        "5",
    ),
    "get": ('A = {"level": "1"}\nProducer({"acks": A.get("level", "0")})', "1", "5"),
    "get of nothing": ('A = {}\nProducer({"acks": A.get("level", "1")})', "1", "5"),
    "the union operator": ('A = {"acks": "0"} | {"acks": "1"}\nProducer(A)', "1", "5"),
    "the union assignment": ('A = {"acks": "0"}\nA |= {"acks": "1"}\nProducer(A)', "1", "5"),
    "a nested dict": (
        'C = {"kafka": {"producer": {"acks": "1"}}}\nProducer(C["kafka"]["producer"])',
        "1",
        "5",
    ),
    "a dict of dicts by name": (
        'C = {"prod": {"acks": "1"}, "dev": {"acks": "0"}}\nENV = "prod"\nProducer(C[ENV])',
        "1",
        "5",
    ),
    "a list of dicts": ('C = [{"acks": "0"}, {"acks": "1"}]\nProducer(C[1])', "1", "5"),
    "the last of a list": ('C = [{"acks": "0"}, {"acks": "1"}]\nProducer(C[-1])', "1", "5"),
    "a comprehension over items": (
        'C = {"ACKS": "1", "LINGER.MS": 7}\nProducer({k.lower(): v for k, v in C.items()})',
        "1",
        "7",
    ),
    "a comprehension with a filter": (
        'C = {"acks": "1", "linger.ms": None}\n'
        "Producer({k: v for k, v in C.items() if v is not None})",
        "1",
        "5",
    ),
    "a loop over pairs": (
        'A = {}\nfor key, value in [("acks", "1"), ("linger.ms", 7)]:\n    A[key] = value\nProducer(A)',
        "1",
        "7",
    ),
    "a loop over items": (
        'A, B = {}, {"acks": "1", "linger.ms": 7}\n'
        "for key, value in B.items():\n    A[key] = value\nProducer(A)",
        "1",
        "7",
    ),
    "replaced letters of a key": (
        'C = {"linger_ms": 7, "acks": "1"}\n'
        'Producer({k.replace("_", "."): v for k, v in C.items()})',
        "1",
        "7",
    ),
    "a walrus": ('Producer(conf := {"acks": "1"})', "1", "5"),
    "a local of a function": (
        'def make():\n    conf = {"acks": "1"}\n    conf["linger.ms"] = 7\n    return Producer(conf)\n\n\nmake()',
        "1",
        "7",
    ),
    "a local that nobody asks for": (
        'def make():\n    conf = {"acks": "1"}\n    return Producer(conf)',
        "1",
        "5",
    ),
    "a global that a function sets": (
        'CONF = {}\n\n\ndef fill():\n    global CONF\n    CONF = {"acks": "1"}\n\n\nfill()\nProducer(CONF)',
        "1",
        "5",
    ),
    "a closure": (
        'def outer(level):\n    def inner():\n        return Producer({"acks": level})\n'
        '    return inner()\n\n\nouter("1")',
        "1",
        "5",
    ),
    "nonlocal": (
        'def outer():\n    level = "0"\n\n    def change():\n        nonlocal level\n        level = "1"\n\n'
        '    change()\n    return Producer({"acks": level})\n\n\nouter()',
        "1",
        "5",
    ),
    "str and int": ('Producer({"acks": str(1), "linger.ms": int("7")})', "1", "7"),
    "conditional by a constant": (
        'DEBUG = False\nProducer({"acks": "0" if DEBUG else "1"})',
        "1",
        "5",
    ),
    "or with an empty left side": ('LEVEL = ""\nProducer({"acks": LEVEL or "1"})', "1", "5"),
    "None or a dict": ('CONF = None\nProducer(CONF or {"acks": "1"})', "1", "5"),
    "OrderedDict": (
        'from collections import OrderedDict\nProducer(OrderedDict([("acks", "1")]))',
        "1",
        "5",
    ),
    "MappingProxyType": (
        'from types import MappingProxyType\nC = MappingProxyType({"acks": "1"})\nProducer(dict(C))',
        "1",
        "5",
    ),
}


@pytest.mark.parametrize(("source", "acks", "linger"), cases(CLOSED))
def test_the_whole_configuration_is_known(
    tmp_path: Path, source: str, acks: str, linger: str
) -> None:
    report = run(tmp_path, IMPORT + source + "\n")
    (client,) = report.subjects
    assert told(client, "acks") == {acks}
    assert told(client, "linger.ms") == {linger}
    assert told(client, "enable.idempotence") == {"false"}
    assert closed(client)
    assert report.unresolved == ()


# What may stay unknown, but may not be taken for something else.
RIGHT_OR_UNKNOWN: dict[str, str] = {
    "zipped lists": 'Producer(dict(zip(["acks", "linger.ms"], ["1", 7])))',
    "a key cut to size": (
        'C = {"kafka.acks": "1", "http.port": 80}\n'
        'Producer({k[len("kafka."):]: v for k, v in C.items() if k.startswith("kafka.")})'
    ),
    "ChainMap": (
        'from collections import ChainMap\nProducer(dict(ChainMap({"acks": "1"}, {"acks": "0"})))'
    ),
    "fromkeys": 'Producer(dict.fromkeys(["acks", "retries"], "1"))',
    "reduce": (
        "from functools import reduce\n"
        'Producer(reduce(lambda a, b: {**a, **b}, [{"acks": "0"}, {"acks": "1"}], {}))'
    ),
    "a key from a loop over numbers": (
        'names = ["retries", "acks"]\nA = {}\nfor i in range(2):\n    A[names[i]] = "1"\nProducer(A)'
    ),
    "popitem": 'A = {"acks": "1", "linger.ms": 7}\nA.popitem()\nProducer(A)',
    "eval": "Producer(eval(\"{'acks': '1'}\"))",
    "a literal by ast": "import ast\nProducer(ast.literal_eval(\"{'acks': '1'}\"))",
    "a dict that a mapping class wraps": (
        "from collections import UserDict\n\n\nclass Conf(UserDict):\n    pass\n\n\n"
        'conf = Conf({"acks": "1"})\nProducer(dict(conf))'
    ),
    "a dict subclass": ('class Conf(dict):\n    pass\n\n\nconf = Conf(acks="1")\nProducer(conf)'),
    "__setitem__ by hand": 'A = {}\nA.__setitem__("acks", "1")\nProducer(A)',
    "dict.update by the class": 'A = {"acks": "0"}\ndict.update(A, {"acks": "1"})\nProducer(A)',
    "operator.setitem": 'import operator\nA = {}\noperator.setitem(A, "acks", "1")\nProducer(A)',
    "globals": 'globals()["CONF"] = {"acks": "1"}\nProducer(CONF)',
    "exec": "CONF = {}\nexec(\"CONF['acks'] = '1'\")\nProducer(CONF)",
    "locals changed from inside": (
        'CONF = {"acks": "0"}\n\n\ndef set_all(target, **values):\n'
        "    for key in values:\n        target[key] = values[key]\n\n\n"
        'set_all(CONF, acks="1")\nProducer(CONF)'
    ),
    "a starred call": 'ARGS = [{"acks": "1"}]\nProducer(*ARGS)',
    "a slice": 'CONFS = [{"acks": "0"}, {"acks": "1"}, {"acks": "0"}]\nProducer(CONFS[1:2][0])',
    "sorted by a key": (
        'CONFS = [{"acks": "1", "n": 2}, {"acks": "0", "n": 1}]\n'
        'Producer(max(CONFS, key=lambda c: c["n"]))'
    ),
    "sum of a negative": 'Producer({"acks": str(-(-1))})',
    "a default of a mutable argument": (
        "def conf(extra, base={}):\n    base.update(extra)\n    return base\n\n\n"
        'conf({"acks": "1"})\nProducer(conf({"linger.ms": 7}))'
    ),
    "a value from a sum of lists": 'L = ["0"] + ["1"]\nProducer({"acks": L[-1]})',
    "a while loop that drains a list": (
        'todo = [("acks", "1")]\nA = {}\nwhile todo:\n    key, value = todo.pop()\n'
        "    A[key] = value\nProducer(A)"
    ),
    "match on a literal": (
        'ENV = "prod"\nmatch ENV:\n    case "prod":\n        level = "1"\n    case _:\n'
        '        level = "0"\nProducer({"acks": level})'
    ),
    "shadowed builtin": (
        'def dict(**given):\n    return {"acks": "1"}\n\n\nProducer(dict(acks="0"))'
    ),
}


@pytest.mark.parametrize("source", cases(RIGHT_OR_UNKNOWN))
def test_what_is_not_followed_is_not_guessed(tmp_path: Path, source: str) -> None:
    report = run(tmp_path, IMPORT + source + "\n")
    (client,) = report.subjects
    values = told(client, "acks")
    assert values & {"1", "?"}, values
    # where nothing tells the values apart by a choice, there is one value only
    assert values <= {"1", "?"} or len(client.worlds) > 1, values
    assert told(client, "acks") == {"1"} or report.unresolved or len(client.worlds) > 1
