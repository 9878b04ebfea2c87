"""Branches, loops and exceptions: every possibility in a world of its own, none mixed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from textwrap import dedent

import pytest
from tests.flow.projects import cases, closed, run, seen, told

from oncelint.model.project import World

IMPORT = "import sys\nfrom confluent_kafka import Producer\n"

EITHER: dict[str, str] = {
    "if and else": """
        if sys.argv[1:]:
            level = "1"
        else:
            level = "all"
        Producer({"acks": level})
    """,
    "a key set in one branch": """
        conf = {}
        if sys.argv[1:]:
            conf["acks"] = "1"
        Producer(conf)
    """,
    "a dict chosen": """
        conf = {"acks": "1"} if sys.argv[1:] else {}
        Producer(conf)
    """,
    "a key removed in one branch": """
        conf = {"acks": "1"}
        if sys.argv[1:]:
            del conf["acks"]
        Producer(conf)
    """,
    "an update in one branch": """
        conf = {"acks": "all"}
        if sys.argv[1:]:
            conf.update(acks="1")
        Producer(conf)
    """,
    "two returns": """
        def conf(fast):
            if fast:
                return {"acks": "1"}
            return {"acks": "all"}


        Producer(conf(sys.argv[1:]))
    """,
    "elif": """
        if len(sys.argv) > 2:
            level = "1"
        elif len(sys.argv) > 1:
            level = "all"
        else:
            level = "-1"
        Producer({"acks": level})
    """,
    "a branch that ends the process": """
        level = "0"
        if not sys.argv[1:]:
            sys.exit(1)
        elif len(sys.argv) > 2:
            level = "1"
        else:
            level = "all"
        Producer({"acks": level})
    """,
    "a branch that raises": """
        def level(name):
            if name == "fast":
                return "1"
            if name == "safe":
                return "all"
            raise ValueError(name)


        Producer({"acks": level(sys.argv[1])})
    """,
    "try with another value on failure": """
        import json

        try:
            level = json.loads(sys.argv[1]) and "1"
            level = "1"
        except ValueError:
            level = "all"
        Producer({"acks": level})
    """,
    "match": """
        match sys.argv[1]:
            case "fast":
                level = "1"
            case _:
                level = "all"
        Producer({"acks": level})
    """,
    "a loop that may not run": """
        level = "all"
        for argument in sys.argv[1:]:
            level = "1"
        Producer({"acks": level})
    """,
    "a loop left early": """
        level = "all"
        for name in sys.argv[1:]:
            if name == "fast":
                level = "1"
                break
        Producer({"acks": level})
    """,
}


@pytest.mark.parametrize("source", cases(EITHER))
def test_both_branches_are_worlds(tmp_path: Path, source: str) -> None:
    client = seen(tmp_path, IMPORT + dedent(source))
    values = {value for value in told(client, "acks") if value != "null"}
    assert values == {"1", "all"}
    assert closed(client)


LEFT: dict[str, str] = {
    "tried until it works": """
        import time

        while True:
            try:
                level = "1"
                int(sys.argv[1])
                break
            except ValueError:
                time.sleep(1)
        Producer({"acks": level})
    """,
    "what is there before is not what is there behind": """
        level = "all"
        while True:
            if sys.argv[1:]:
                level = "1"
                break
        Producer({"acks": level})
    """,
    "an else that breaks": """
        while True:
            try:
                level = sys.argv[1] and "1"
                level = "1"
            except IndexError:
                continue
            else:
                break
        Producer({"acks": level})
    """,
    "a nested try in a branch": """
        while True:
            if len(sys.argv) > 1:
                try:
                    int(sys.argv[1])
                    level = "1"
                    break
                except ValueError:
                    continue
        Producer({"acks": level})
    """,
    "two breaks that agree": """
        while True:
            if len(sys.argv) > 2:
                level = "1"
                break
            if len(sys.argv) > 1:
                level = "1"
                break
        Producer({"acks": level})
    """,
    "tried a few times": """
        for attempt in range(3):
            try:
                level = str(int("1"))
                level = "1"
                break
            except ValueError:
                print(attempt)
        Producer({"acks": level})
    """,
}


@pytest.mark.parametrize("source", cases(LEFT))
def test_a_break_decides_what_is_behind_its_loop(tmp_path: Path, source: str) -> None:
    assert told(seen(tmp_path, IMPORT + dedent(source)), "acks") == {"1"}


def test_breaks_of_an_endless_loop_are_worlds(tmp_path: Path) -> None:
    source = """
        level = "0"
        while True:
            if len(sys.argv) > 2:
                level = "1"
                break
            if len(sys.argv) > 1:
                level = "all"
                break
        Producer({"acks": level})
    """
    assert told(seen(tmp_path, IMPORT + dedent(source)), "acks") == {"1", "all"}


CERTAIN: dict[str, str] = {
    "finally": """
        conf = {}
        try:
            conf["acks"] = "0"
        finally:
            conf["acks"] = "1"
        Producer(conf)
    """,
    "the same in both branches": """
        if sys.argv[1:]:
            level = "1"
        else:
            level = "1"
        Producer({"acks": level})
    """,
    "a branch that never runs": """
        if False:
            level = "0"
        else:
            level = "1"
        Producer({"acks": level})
    """,
    "a flag": """
        DEBUG = False


        def conf():
            if DEBUG:
                return {"acks": "0"}
            return {"acks": "1"}


        Producer(conf())
    """,
    "compared constants": """
        STAGE = "prod"
        if STAGE == "prod":
            level = "1"
        else:
            level = "0"
        Producer({"acks": level})
    """,
    "set before and after": """
        conf = {"acks": "0"}
        if sys.argv[1:]:
            conf["acks"] = "all"
        conf["acks"] = "1"
        Producer(conf)
    """,
    "an early return above": """
        def main():
            if not sys.argv[1:]:
                return
            Producer({"acks": "1"})


        main()
    """,
    "a loop over constants": """
        for level in ["1"]:
            Producer({"acks": level})
    """,
    "while True around": """
        while True:
            Producer({"acks": "1"}).flush()
            break
    """,
    "the other side of continue": """
        for name in ["a"]:
            if name == "b":
                continue
            Producer({"acks": "1"})
    """,
    "for and else": """
        for name in []:
            pass
        else:
            Producer({"acks": "1"})
    """,
    "with": """
        with open("x") as file:
            Producer({"acks": "1"})
    """,
    "assert": """
        level = "1"
        assert level
        Producer({"acks": level})
    """,
    "__main__": """
        if __name__ == "__main__":
            Producer({"acks": "1"})
    """,
    "an import that may fail": """
        try:
            import orjson
        except ImportError:
            orjson = None
        Producer({"acks": "1"})
    """,
}


@pytest.mark.parametrize("source", cases(CERTAIN))
def test_what_is_certain_is_no_choice(tmp_path: Path, source: str) -> None:
    client = seen(tmp_path, IMPORT + dedent(source))
    assert told(client, "acks") == {"1"}
    assert closed(client)


def pairs(worlds: Iterable[World], *names: str) -> set[tuple[object, ...]]:
    """The known values of some settings, in each world together."""
    return {tuple(world.known(name) for name in names) for world in worlds}


SAME_BRANCH: dict[str, str] = {
    "two values set in one if": """
        if sys.argv[1:]:
            level, linger = "1", 1
        else:
            level, linger = "all", 2
        Producer({"acks": level, "linger.ms": linger})
    """,
    "two keys set in one if": """
        conf = {"acks": "all", "linger.ms": 2}
        if sys.argv[1:]:
            conf["acks"] = "1"
            conf["linger.ms"] = 1
        Producer(conf)
    """,
    "the same condition asked twice": """
        fast = bool(sys.argv[1:])
        level = "1" if fast else "all"
        linger = 1 if fast else 2
        Producer({"acks": level, "linger.ms": linger})
    """,
    "two dicts chosen": """
        conf = {"acks": "1", "linger.ms": 1} if sys.argv[1:] else {"acks": "all", "linger.ms": 2}
        Producer(conf)
    """,
    "two returned dicts": """
        def conf():
            if sys.argv[1:]:
                return {"acks": "1", "linger.ms": 1}
            return {"acks": "all", "linger.ms": 2}


        Producer(conf())
    """,
    "a value that a value decided": """
        level = "1" if sys.argv[1:] else "all"
        linger = 1 if level == "1" else 2
        Producer({"acks": level, "linger.ms": linger})
    """,
}


@pytest.mark.parametrize("source", cases(SAME_BRANCH))
def test_what_belongs_together_stays_together(tmp_path: Path, source: str) -> None:
    client = seen(tmp_path, IMPORT + dedent(source))
    assert pairs(client.worlds, "acks", "linger.ms") == {(1, 1), ("all", 2)}
    assert closed(client)


def test_independent_choices_are_combined(tmp_path: Path) -> None:
    client = seen(
        tmp_path,
        """
        import sys
        from confluent_kafka import Producer

        conf = {"acks": "all", "linger.ms": 2}
        if sys.argv[1]:
            conf["acks"] = "1"
        if sys.argv[2]:
            conf["linger.ms"] = 1
        Producer(conf)
        """,
    )
    expected = {(1, 1), (1, 2), ("all", 1), ("all", 2)}
    assert pairs(client.worlds, "acks", "linger.ms") == expected


def test_a_nested_choice(tmp_path: Path) -> None:
    client = seen(
        tmp_path,
        """
        import sys
        from confluent_kafka import Producer

        conf = {"acks": "all", "linger.ms": 3}
        if sys.argv[1]:
            conf["acks"] = "1"
            if sys.argv[2]:
                conf["linger.ms"] = 1
        Producer(conf)
        """,
    )
    assert pairs(client.worlds, "acks", "linger.ms") == {("all", 3), (1, 3), (1, 1)}


def test_a_client_made_in_each_branch(tmp_path: Path) -> None:
    source = """
        import sys
        from confluent_kafka import Producer

        if sys.argv[1:]:
            producer = Producer({"acks": "1"})
        else:
            producer = Producer({"acks": "all"})
        producer.produce("orders", b"1")
        """
    report = run(tmp_path, source)
    assert [told(one, "acks") for one in report.subjects] == [{"1"}, {"all"}]
    assert [[t.name for t in one.topics] for one in report.subjects] == [["orders"], ["orders"]]


def test_many_choices_become_unknown_and_end(tmp_path: Path) -> None:
    lines = ["import sys", "from confluent_kafka import Producer", "", "conf = {}"]
    for number in range(60):
        lines += [f"if sys.argv[{number}]:", f"    conf['acks'] = '{number % 3}'"]
        lines += [f"    conf['linger.ms'] = {number}"]
    report = run(tmp_path, "\n".join([*lines, "Producer(conf)", ""]))
    (client,) = report.subjects
    assert "?" in told(client, "acks")
    assert len(client.worlds) < 200


def test_a_handler_s_state_is_the_one_before_or_within(tmp_path: Path) -> None:
    client = seen(
        tmp_path,
        """
        from confluent_kafka import Producer
        from house import risky

        conf = {"acks": "all"}
        try:
            risky()
            conf["acks"] = "1"
        except RuntimeError:
            pass
        Producer(conf)
        """,
    )
    assert told(client, "acks") == {"1", "all"}


LOOPS: dict[str, tuple[str, set[str]]] = {
    "each turn makes its own": (
        'for level in ["1", "all"]:\n    Producer({"acks": level})',
        {"1", "all"},
    ),
    "enumerate": (
        'for number, level in enumerate(["1", "all"]):\n    Producer({"acks": level})',
        {"1", "all"},
    ),
    "over a dict": (
        'for name, level in {"a": "1", "b": "all"}.items():\n    Producer({"acks": level})',
        {"1", "all"},
    ),
    "a list built in a comprehension": (
        'confs = [{"acks": level} for level in ("1", "all")]\nfor conf in confs:\n    Producer(conf)',
        {"1", "all"},
    ),
}


@pytest.mark.parametrize(("source", "expected"), cases(LOOPS))
def test_a_loop_over_constants_is_unrolled(tmp_path: Path, source: str, expected: set[str]) -> None:
    report = run(tmp_path, IMPORT + source + "\n")
    assert {value for one in report.subjects for value in told(one, "acks")} == expected
    assert all(closed(one) for one in report.subjects)


def test_a_loop_over_something_unknown_is_unknown(tmp_path: Path) -> None:
    source = 'for level in sys.argv[1:]:\n    Producer({"acks": level})\n'
    assert told(seen(tmp_path, IMPORT + source), "acks") == {"?"}


def test_a_key_set_from_unknown_pairs_opens_the_dict(tmp_path: Path) -> None:
    source = (
        'conf = {"acks": "1"}\nfor pair in sys.argv[1:]:\n    key, value = pair.split("=")\n'
        "    conf[key] = value\nProducer(conf)\n"
    )
    client = seen(tmp_path, IMPORT + source)
    assert not closed(client)
    assert "?" in told(client, "acks")


def test_what_a_try_block_set_may_be_there_in_its_handler(tmp_path: Path) -> None:
    client = seen(
        tmp_path,
        """
        from confluent_kafka import Producer
        from house import risky

        conf = {}
        try:
            conf["acks"] = "1"
            risky()
        except RuntimeError:
            conf["linger.ms"] = 1
        Producer(conf)
        """,
    )
    # the run in which risky() fails after the assignment is one of the worlds
    assert (1, 1) in pairs(client.worlds, "acks", "linger.ms")
    assert (1, 5) in pairs(client.worlds, "acks", "linger.ms")


MANY = {
    "enable.idempotence": "False",
    "acks": "'all'",
    "retries": "5",
    "max.in.flight.requests.per.connection": "5",
    "linger.ms": "5",
    "request.timeout.ms": "30000",
    "transactional.id": "None",
    "transaction.timeout.ms": "60000",
}


@pytest.mark.parametrize("first", range(len(MANY)))
def test_no_possibility_is_dropped_when_there_are_more_choices_than_worlds(
    tmp_path: Path, first: int
) -> None:
    names = [*list(MANY)[first:], *list(MANY)[:first]]
    parameters = ", ".join(f"p{number}={MANY[name]}" for number, name in enumerate(names))
    settings = ", ".join(f"'{name}': p{number}" for number, name in enumerate(names))
    source = f"{IMPORT}\n\ndef make({parameters}):\n    return Producer({{{settings}}})\n"
    report = run(tmp_path, source)
    (client,) = report.subjects
    for name in MANY:
        assert "?" in told(client, name), name
    assert [finding for finding in report.findings if finding.confidence != "low"] == []
