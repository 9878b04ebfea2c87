"""Configuration that functions return, change, receive and hand on."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.flow.projects import cases, closed, reasons, run, seen, told, unresolved

IMPORT = "from confluent_kafka import Producer\n"

CLOSED: dict[str, str] = {
    "a function returns the dict": """
        def conf():
            return {"acks": "1"}


        Producer(conf())
    """,
    "the function stands below its use": """
        def main():
            Producer(conf())


        def conf():
            return {"acks": "1"}


        main()
    """,
    "a function fills its argument": """
        def fill(conf):
            conf["acks"] = "1"


        CONF = {}
        fill(CONF)
        Producer(CONF)
    """,
    "a function updates its argument": """
        def fill(conf, level):
            conf.update({"acks": level})
            return conf


        Producer(fill({"acks": "0"}, "1"))
    """,
    "a function rebinds its argument, which changes nothing outside": """
        def fill(conf):
            conf = {"acks": "0"}
            conf["linger.ms"] = 7


        CONF = {"acks": "1"}
        fill(CONF)
        Producer(CONF)
    """,
    "arguments by position and name": """
        def conf(linger, level, /, *, retries=3):
            return {"linger.ms": linger, "acks": level, "retries": retries}


        Producer(conf(5, "1", retries=2))
    """,
    "a default argument": """
        def conf(level="1"):
            return {"acks": level}


        Producer(conf())
    """,
    "a default argument that is overridden": """
        def conf(level="0"):
            return {"acks": level}


        Producer(conf("1"))
    """,
    "arguments collected by name": """
        def make(**overrides):
            return Producer({"acks": "0", **overrides})


        make(acks="1")
    """,
    "arguments handed on by name": """
        def make(**options):
            return inner(**options)


        def inner(acks="0"):
            return Producer({"acks": acks})


        make(acks="1")
    """,
    "arguments handed on by position": """
        def make(*args, **kwargs):
            return Producer(*args, **kwargs)


        make({"acks": "1"})
    """,
    "a starred dict of arguments": """
        def conf(acks, linger):
            return {"acks": acks, "linger.ms": linger}


        GIVEN = {"linger": 5, "acks": "1"}
        Producer(conf(**GIVEN))
    """,
    "several returned values": """
        def confs():
            return {"acks": "0"}, {"acks": "1"}


        _, conf = confs()
        Producer(conf)
    """,
    "a lambda": """
        conf = lambda level: {"acks": level}
        Producer(conf("1"))
    """,
    "a nested function": """
        def conf():
            level = "1"

            def inner():
                return {"acks": level}

            return inner()


        Producer(conf())
    """,
    "a function that returns a function": """
        def maker(level):
            def make():
                return Producer({"acks": level})

            return make


        maker("1")()
    """,
    "a factory that is told the class": """
        def make(cls, conf):
            return cls(conf)


        make(Producer, {"acks": "1"})
    """,
    "a table of factories": """
        MAKERS = {"producer": Producer}
        MAKERS["producer"]({"acks": "1"})
    """,
    "functools.partial of the class": """
        import functools

        make = functools.partial(Producer, {"acks": "1"})
        make()
    """,
    "functools.partial with keywords": """
        from functools import partial

        make = partial(Producer, acks="0")
        make(acks="1")
    """,
    "functools.partial of a function": """
        from functools import partial


        def conf(level, linger):
            return {"acks": level, "linger.ms": linger}


        Producer(partial(conf, "1")(5))
    """,
    "functools.lru_cache": """
        from functools import lru_cache


        @lru_cache(maxsize=1)
        def conf():
            return {"acks": "1"}


        Producer(conf())
    """,
    "an async function": """
        import asyncio


        async def conf():
            return {"acks": "1"}


        async def main():
            Producer(await conf())


        asyncio.run(main())
    """,
    "a static method": """
        class Conf:
            @staticmethod
            def of(level):
                return {"acks": level}


        Producer(Conf.of("1"))
    """,
    "a class method": """
        class Conf:
            LEVEL = "1"

            @classmethod
            def all(cls):
                return {"acks": cls.LEVEL}


        Producer(Conf.all())
    """,
    "a function through a name": """
        def conf():
            return {"acks": "1"}


        get = conf
        Producer(get())
    """,
    "map": """
        def make(conf):
            return Producer(conf)


        list(map(make, [{"acks": "1"}]))
    """,
    "a thread's target": """
        import threading


        def work(level):
            Producer({"acks": level})


        threading.Thread(target=work, args=("1",)).start()
    """,
    "an executor's function": """
        from concurrent.futures import ThreadPoolExecutor


        def work(level):
            Producer({"acks": level})


        with ThreadPoolExecutor() as pool:
            pool.submit(work, "1")
    """,
    "an early return": """
        def conf(debug):
            if debug:
                return {"acks": "0"}
            return {"acks": "1"}


        Producer(conf(False))
    """,
    "a generator": """
        def confs():
            yield {"acks": "1"}


        for conf in confs():
            Producer(conf)
    """,
    "the next of a generator": """
        def confs():
            yield {"acks": "1"}


        Producer(next(confs()))
    """,
    "yield from": """
        def inner():
            yield {"acks": "1"}


        def confs():
            yield from inner()


        for conf in confs():
            Producer(conf)
    """,
    "a generator that yields the client": """
        def clients():
            yield Producer({"acks": "1"})


        next(clients()).flush()
    """,
    "a context manager made of a generator": """
        from contextlib import contextmanager


        @contextmanager
        def producing(level):
            producer = Producer({"acks": level})
            try:
                yield producer
            finally:
                producer.flush()


        with producing("1") as producer:
            producer.produce("orders", b"1")
    """,
    "a context manager that yields the dict": """
        from contextlib import contextmanager


        @contextmanager
        def conf():
            yield {"acks": "1"}


        with conf() as given:
            Producer(given)
    """,
    "an async context manager": """
        import asyncio
        from contextlib import asynccontextmanager


        @asynccontextmanager
        async def producing():
            yield Producer({"acks": "1"})


        async def main():
            async with producing() as producer:
                producer.produce("orders", b"1")


        asyncio.run(main())
    """,
    "contextlib.closing": """
        from contextlib import closing


        def conf():
            return {"acks": "1"}


        with closing(Producer(conf())) as producer:
            producer.produce("orders", b"1")
    """,
    "a decorator of the house": """
        def logged(function):
            def inner(*args, **kwargs):
                return function(*args, **kwargs)

            return inner


        @logged
        def conf(level):
            return {"acks": level}


        Producer(conf("1"))
    """,
}


@pytest.mark.parametrize("source", cases(CLOSED))
def test_a_function_is_followed(tmp_path: Path, source: str) -> None:
    report = run(tmp_path, IMPORT + _dedented(source))
    (client,) = report.subjects
    assert told(client, "acks") == {"1"}
    assert told(client, "linger.ms") == {"5"}
    assert closed(client)
    assert report.unresolved == ()


def _dedented(source: str) -> str:
    from textwrap import dedent

    return dedent(source)


def test_each_call_with_its_own_configuration_is_a_client(tmp_path: Path) -> None:
    report = run(
        tmp_path,
        """
        from confluent_kafka import Producer


        def make(level):
            return Producer({"acks": level})


        first = make("0")
        second = make("1")
        again = make("1")
        """,
    )
    assert sorted(told(one, "acks").pop() for one in report.subjects) == ["0", "1"]
    assert {one.span.start.line for one in report.subjects} == {6}


def test_the_way_to_a_construction_is_told(tmp_path: Path) -> None:
    client = seen(
        tmp_path,
        """
        from confluent_kafka import Producer


        def make(level):
            return Producer({"acks": level})


        def start():
            return make("1")


        start()
        """,
    )
    assert [(step.span.start.line, step.label) for step in client.path] == [
        (13, "calls start"),
        (10, "calls make"),
    ]


def test_a_parameter_nobody_gives_is_unknown(tmp_path: Path) -> None:
    source = """
        from confluent_kafka import Producer


        def make(level, linger=5):
            return Producer({"acks": level, "linger.ms": linger})
        """
    report = run(tmp_path, source)
    (client,) = report.subjects
    assert told(client, "acks") == {"?"}
    assert reasons(client, "acks") == {"parameter level"}
    assert told(client, "linger.ms") == {"5", "?"}
    assert closed(client)
    assert ("acks", "parameter level") in unresolved(report)


def test_keyword_arguments_from_out_of_sight_leave_the_configuration_open(tmp_path: Path) -> None:
    source = """
        from kafka import KafkaProducer


        def make(**options):
            return KafkaProducer(linger_ms=3, **options)
        """
    report = run(tmp_path, source)
    (client,) = report.subjects
    assert not closed(client)
    assert told(client, "acks") == {"?"}
    (what, reason) = unresolved(report)[0]
    assert (what, reason) == (
        "configuration of this producer",
        "**options of a function called from out of sight",
    )


def test_recursion_ends(tmp_path: Path) -> None:
    client = seen(
        tmp_path,
        """
        from confluent_kafka import Producer


        def conf(depth):
            if depth > 3:
                return {"acks": "1"}
            return {**conf(depth + 1), "linger.ms": 7}


        Producer(conf(0))
        """,
    )
    assert told(client, "acks") <= {"1", "?"}
    assert told(client, "linger.ms") <= {"5", "7", "?"}


@pytest.mark.parametrize(
    "source",
    [
        "def a():\n    return a()\n\n\nProducer(a())",
        "def a():\n    return b()\n\n\ndef b():\n    return a()\n\n\nProducer(a())",
        'def a(c):\n    c["linger.ms"] = 7\n    return a(c)\n\n\nProducer(a({"acks": "1"}))',
        "class A:\n    def f(self):\n        return A().f()\n\n\nProducer(A().f())",
        "class A:\n    def __init__(self):\n        self.a = A()\n\n\nProducer(A().a.a)",
        "f = lambda x: f(x)\nProducer(f(1))",
        "def a():\n    yield from a()\n\n\nfor c in a():\n    Producer(c)",
    ],
)
def test_endless_recursion_is_unknown(tmp_path: Path, source: str) -> None:
    report = run(tmp_path, IMPORT + source + "\n")
    for client in report.subjects:
        assert told(client, "acks") <= {"?", "1"}
    assert all(not closed(client) for client in report.subjects)
    assert len(report.subjects) <= 1


def test_functions_given_to_a_library_are_run_by_it(tmp_path: Path) -> None:
    client = seen(
        tmp_path,
        """
        import schedule
        from confluent_kafka import Producer


        def work():
            Producer({"acks": "1"})


        schedule.every(10).minutes.do(work)
        """,
    )
    assert told(client, "acks") == {"1"}
    assert closed(client)


INNER: dict[str, str] = {
    "a handler of an application that a factory makes": """
        from fastapi import FastAPI


        def create_app():
            app = FastAPI()
            conf = {"acks": "1"}

            @app.on_event("startup")
            def start():
                app.state.producer = Producer(conf)

            return app


        app = create_app()
    """,
    "a factory nobody calls": """
        from fastapi import FastAPI


        def create_app():
            app = FastAPI()

            @app.on_event("startup")
            def start():
                app.state.producer = Producer({"acks": "1"})

            return app
    """,
    "a method of a class inside a function": """
        def main():
            class Publisher:
                def start(self):
                    self.producer = Producer({"acks": "1"})

            return Publisher


        main()
    """,
}


@pytest.mark.parametrize("source", cases(INNER))
def test_a_function_inside_a_function_is_run_though_nobody_calls_it(
    tmp_path: Path, source: str
) -> None:
    client = seen(tmp_path, IMPORT + _dedented(source))
    assert told(client, "acks") == {"1"}
    assert closed(client)
