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
    "a function that imports the client itself": """
        def start():
            from confluent_kafka import Producer as Local

            return Local({"acks": "1"})
    """,
    "a method that imports the client itself": """
        class App:
            def start(self):
                import confluent_kafka

                self.producer = confluent_kafka.Producer({"acks": "1"})
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


HANDED_ON: dict[str, str] = {
    "by functools.partial": """
        from functools import partial


        def make(**options):
            return partial(AIOKafkaProducer, linger_ms=3, **options)()
    """,
    "by a partial function": """
        from functools import partial


        def inner(**options):
            return AIOKafkaProducer(linger_ms=3, **options)


        def make(**options):
            return partial(inner, **options)()
    """,
    "kept on self": """
        class Broker:
            def __init__(self, name, **options):
                self.options = options

            def connect(self):
                return AIOKafkaProducer(linger_ms=3, **self.options)
    """,
    "kept on self and handed to another class": """
        class Config:
            def connect(self, **given):
                return AIOKafkaProducer(linger_ms=3, **given)


        class Broker:
            def __init__(self, name="x", **options):
                self.options = options
                self.config = Config()

            def connect(self):
                return self.config.connect(**self.options)
    """,
    "copied first": """
        def make(**options):
            given = dict(options)
            return AIOKafkaProducer(linger_ms=3, **given)
    """,
    "unpacked into a display": """
        def make(options):
            return AIOKafkaProducer(**{"linger_ms": 3, **options})
    """,
    "from another library": """
        from house import options

        AIOKafkaProducer(linger_ms=3, **options())
    """,
    "to a subclass": """
        class Own(AIOKafkaProducer):
            def __init__(self, **options):
                super().__init__(linger_ms=3, **options)


        def make(**options):
            return Own(**options)
    """,
}


@pytest.mark.parametrize("source", cases(HANDED_ON))
def test_unknown_keywords_leave_the_configuration_open(tmp_path: Path, source: str) -> None:
    report = run(tmp_path, "from aiokafka import AIOKafkaProducer\n" + _dedented(source))
    (client,) = report.subjects
    assert not closed(client)
    assert told(client, "acks") == {"?"}
    assert report.findings == ()
    assert report.unresolved


MAY_HOLD_MORE: dict[str, str] = {
    "dict with unknown keywords": """
        def make(**options):
            return Producer(dict({"linger.ms": 7}, **options))
    """,
    "update with unknown keywords": """
        def make(**options):
            conf = {"linger.ms": 7}
            conf.update(**options)
            return Producer(conf)
    """,
    "update with something unknown": """
        def make(options):
            conf = {"linger.ms": 7}
            conf.update(options)
            return Producer(conf)
    """,
    "the union with something unknown": """
        def make(options):
            return Producer({"linger.ms": 7} | options)
    """,
    "the union assignment of something unknown": """
        def make(options):
            conf = {"linger.ms": 7}
            conf |= options
            return Producer(conf)
    """,
    "an update by pairs that are not known": """
        def make(pairs):
            conf = {"linger.ms": 7}
            for key, value in pairs:
                conf[key] = value
            return Producer(conf)
    """,
    "a function of another library": """
        from house import complete


        def make():
            conf = {"linger.ms": 7}
            complete(conf)
            return Producer(conf)
    """,
    "a method of something unknown": """
        def make(hooks):
            conf = {"linger.ms": 7}
            hooks.complete(conf)
            return Producer(conf)
    """,
    "a callback that is not known": """
        def make(complete):
            conf = {"linger.ms": 7}
            complete(conf)
            return Producer(conf)
    """,
    "ChainMap": """
        from collections import ChainMap


        def make(options):
            return Producer(dict(ChainMap(options, {"linger.ms": 7})))
    """,
    "deepcopy of something unknown": """
        import copy


        def make(options):
            conf = copy.deepcopy(options)
            conf["linger.ms"] = 7
            return Producer(conf)
    """,
    "filtered keys": """
        def make(options):
            return Producer({k: v for k, v in options.items() if k.startswith("kafka.")})
    """,
    "a value loaded from out of sight": """
        import json
        import sys

        conf = {"linger.ms": 7}
        conf.update(json.load(sys.stdin))
        Producer(conf)
    """,
}


@pytest.mark.parametrize("source", cases(MAY_HOLD_MORE))
def test_a_configuration_that_may_hold_more_is_open(tmp_path: Path, source: str) -> None:
    report = run(tmp_path, IMPORT + _dedented(source))
    (client,) = report.subjects
    assert not closed(client)
    assert told(client, "acks") == {"?"}
    assert "?" in told(client, "linger.ms") or told(client, "linger.ms") == {"7"}
    assert [f for f in report.findings if f.confidence != "low"] == []
    assert report.unresolved


HARMLESS: dict[str, str] = {
    "printed": "print(conf)",
    "logged": 'import logging\nlogging.getLogger(__name__).info("conf: %s", conf)',
    "measured": "len(conf)",
    "dumped": "import json\njson.dumps(conf)",
    "sorted": "sorted(conf)",
    "pretty-printed": "import pprint\npprint.pprint(conf)",
    "walked through": "for key in conf:\n    print(key)",
    "formatted": 'text = f"{conf}"',
    "compared": "conf == {}",
    "copied": "import copy\nother = copy.deepcopy(conf)\nother['acks'] = '0'",
}


@pytest.mark.parametrize("source", cases(HARMLESS))
def test_looking_at_a_configuration_does_not_open_it(tmp_path: Path, source: str) -> None:
    text = f'{IMPORT}conf = {{"acks": "1"}}\n{source}\nProducer(conf)\n'
    client = seen(tmp_path, text)
    assert told(client, "acks") == {"1"}
    assert closed(client)
