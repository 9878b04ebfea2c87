"""Configuration held by classes and instances, and clients that classes derive from."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from tests.flow.projects import cases, closed, reasons, run, seen, told

IMPORT = "from confluent_kafka import Consumer, Producer\n"

CLOSED: dict[str, str] = {
    "a class attribute": """
        class Publisher:
            conf = {"acks": "1"}

            def __init__(self):
                self.producer = Producer(self.conf)


        Publisher()
    """,
    "a class attribute by the class's name": """
        class Conf:
            KAFKA = {"acks": "1"}


        Producer(Conf.KAFKA)
    """,
    "a class attribute of a base class": """
        class Base:
            conf = {"acks": "1"}


        class Publisher(Base):
            def start(self):
                self.producer = Producer(self.conf)


        Publisher().start()
    """,
    "a class attribute that a subclass overrides": """
        class Base:
            conf = {"acks": "0"}

            def start(self):
                return Producer(self.conf)


        class Publisher(Base):
            conf = {"acks": "1"}


        Publisher().start()
    """,
    "class attributes put together": """
        class Conf:
            LEVEL = "1"
            KAFKA = {"acks": LEVEL}


        Producer(Conf.KAFKA)
    """,
    "an instance attribute set in __init__": """
        class Publisher:
            def __init__(self, level):
                self.conf = {"acks": level}

            def start(self):
                self.producer = Producer(self.conf)


        publisher = Publisher("1")
        publisher.start()
    """,
    "an instance attribute changed by another method": """
        class Publisher:
            def __init__(self):
                self.conf = {}
                self.fill()
                self.producer = Producer(self.conf)

            def fill(self):
                self.conf["acks"] = "1"


        Publisher()
    """,
    "an instance attribute set from outside": """
        class Conf:
            pass


        conf = Conf()
        conf.kafka = {"acks": "1"}
        Producer(conf.kafka)
    """,
    "an instance nobody makes": """
        class Publisher:
            def __init__(self):
                self.conf = {"acks": "1"}

            def start(self):
                self.producer = Producer(self.conf)
    """,
    "an attribute of an attribute": """
        class Conf:
            def __init__(self):
                self.kafka = {"acks": "1"}


        class App:
            def __init__(self, conf):
                self.conf = conf

            def run(self):
                Producer(self.conf.kafka)


        App(Conf()).run()
    """,
    "a property": """
        class Conf:
            @property
            def kafka(self):
                return {"acks": "1"}


        Producer(Conf().kafka)
    """,
    "a cached property": """
        from functools import cached_property


        class Publisher:
            @cached_property
            def producer(self):
                return Producer({"acks": "1"})

            def publish(self):
                self.producer.produce("orders", b"1")


        Publisher().publish()
    """,
    "super's __init__": """
        class Base:
            def __init__(self, conf):
                self.producer = Producer(conf)


        class Publisher(Base):
            def __init__(self):
                super().__init__({"acks": "1"})


        Publisher()
    """,
    "a template method": """
        class Base:
            def __init__(self):
                self.producer = Producer(self.conf())

            def conf(self):
                return {"acks": "0"}


        class Publisher(Base):
            def conf(self):
                return {**super().conf(), "acks": "1"}


        Publisher()
    """,
    "a dataclass's defaults": """
        from dataclasses import dataclass


        @dataclass
        class Settings:
            level: str = "1"


        Producer({"acks": Settings().level})
    """,
    "a dataclass's arguments": """
        from dataclasses import dataclass


        @dataclass
        class Settings:
            level: str
            linger: int = 7


        settings = Settings("1", linger=5)
        Producer({"acks": settings.level, "linger.ms": settings.linger})
    """,
    "a dataclass's default factory": """
        from dataclasses import dataclass, field


        @dataclass
        class Settings:
            kafka: dict[str, str] = field(default_factory=lambda: {"acks": "1"})


        Producer(Settings().kafka)
    """,
    "a dataclass with __post_init__": """
        from dataclasses import dataclass


        @dataclass
        class Settings:
            level: str = "1"

            def __post_init__(self):
                self.kafka = {"acks": self.level}


        Producer(Settings().kafka)
    """,
    "a method that gives the dict": """
        class Settings:
            level = "1"

            def as_dict(self):
                return {"acks": self.level}


        Producer(Settings().as_dict())
    """,
    "a named tuple": """
        from typing import NamedTuple


        class Settings(NamedTuple):
            level: str = "1"


        Producer({"acks": Settings().level})
    """,
    "an enumeration's value": """
        from enum import Enum


        class Level(Enum):
            LEADER = "1"


        Producer({"acks": Level.LEADER.value})
    """,
    "__call__": """
        class Factory:
            def __init__(self, level):
                self.level = level

            def __call__(self):
                return Producer({"acks": self.level})


        Factory("1")()
    """,
    "__enter__": """
        class Session:
            def __enter__(self):
                self.producer = Producer({"acks": "1"})
                return self.producer

            def __exit__(self, *exc):
                self.producer.flush()


        with Session() as producer:
            producer.produce("orders", b"1")
    """,
    "__getitem__": """
        class Conf:
            def __getitem__(self, name):
                return {"acks": "1"}


        Producer(Conf()["kafka"])
    """,
    "a singleton through __new__ of no interest": """
        class Publisher:
            _producer = None

            @classmethod
            def get(cls):
                if cls._producer is None:
                    cls._producer = Producer({"acks": "1"})
                return cls._producer


        Publisher.get().produce("orders", b"1")
    """,
    "a class held in an attribute": """
        class App:
            producer_class = Producer

            def start(self):
                return self.producer_class({"acks": "1"})


        App().start()
    """,
    "getattr with a literal": """
        class Conf:
            kafka = {"acks": "1"}


        Producer(getattr(Conf, "kafka"))
    """,
    "setattr with a literal": """
        class Conf:
            pass


        setattr(Conf, "kafka", {"acks": "1"})
        Producer(Conf.kafka)
    """,
    "mixins in order": """
        class Loud:
            level = "1"


        class Quiet:
            level = "0"


        class App(Loud, Quiet):
            def start(self):
                return Producer({"acks": self.level})


        App().start()
    """,
    "a diamond": """
        class Base:
            level = "0"


        class Left(Base):
            pass


        class Right(Base):
            level = "1"


        class App(Left, Right):
            def start(self):
                return Producer({"acks": self.level})


        App().start()
    """,
}


@pytest.mark.parametrize("source", cases(CLOSED))
def test_a_class_is_followed(tmp_path: Path, source: str) -> None:
    report = run(tmp_path, IMPORT + dedent(source))
    (client,) = report.subjects
    assert told(client, "acks") == {"1"}
    assert told(client, "linger.ms") == {"5"}
    assert closed(client)
    assert report.unresolved == ()


SUBCLASSES: dict[str, str] = {
    "a subclass without __init__": """
        class Publisher(Producer):
            pass


        Publisher({"acks": "1"})
    """,
    "super().__init__(conf)": """
        class Publisher(Producer):
            def __init__(self, level):
                super().__init__({"acks": level})


        Publisher("1")
    """,
    "super(Class, self).__init__": """
        class Publisher(Producer):
            def __init__(self):
                super(Publisher, self).__init__({"acks": "1"})


        Publisher()
    """,
    "Base.__init__(self, conf)": """
        class Publisher(Producer):
            def __init__(self):
                Producer.__init__(self, {"acks": "1"})


        Publisher()
    """,
    "a subclass of a subclass": """
        class Base(Producer):
            def __init__(self, conf):
                super().__init__({**conf, "acks": "1"})


        class Publisher(Base):
            def __init__(self):
                super().__init__({"linger.ms": 5})


        Publisher()
    """,
    "keywords handed up": """
        class Publisher(Producer):
            def __init__(self, *args, **kwargs):
                super().__init__(*args, **kwargs)


        Publisher({"acks": "1"})
    """,
}


@pytest.mark.parametrize("source", cases(SUBCLASSES))
def test_a_subclass_of_a_client_is_a_client(tmp_path: Path, source: str) -> None:
    client = seen(tmp_path, IMPORT + dedent(source))
    assert client.client == "confluent-kafka"
    assert client.role == "producer"
    assert told(client, "acks") == {"1"}
    assert closed(client)


def test_a_subclass_writes_what_its_client_writes(tmp_path: Path) -> None:
    source = """
        from confluent_kafka import Producer


        class Publisher(Producer):
            def __init__(self):
                super().__init__({"acks": "1"})

            def publish(self, order):
                self.produce("orders", order)


        Publisher().publish(b"1")
        """
    client = seen(tmp_path, source)
    assert [topic.name for topic in client.topics] == ["orders"]


def test_two_instances_are_told_apart(tmp_path: Path) -> None:
    source = """
        from confluent_kafka import Producer


        class Publisher:
            def __init__(self, level):
                self.conf = {"acks": level}

            def start(self):
                return Producer(self.conf)


        Publisher("0").start()
        Publisher("1").start()
        """
    report = run(tmp_path, source)
    assert sorted(told(one, "acks").pop() for one in report.subjects) == ["0", "1"]


def test_a_constructor_argument_nobody_gives_is_unknown(tmp_path: Path) -> None:
    source = """
        from confluent_kafka import Producer


        class Publisher:
            def __init__(self, level):
                self.producer = Producer({"acks": level, "linger.ms": 7})
        """
    client = seen(tmp_path, source)
    assert told(client, "acks") == {"?"}
    assert reasons(client, "acks") == {"parameter level"}
    assert told(client, "linger.ms") == {"7"}


OPEN: dict[str, str] = {
    "a base class out of sight": """
        from framework import Component


        class Publisher(Component):
            def start(self):
                return Producer(self.conf)
    """,
    "an attribute nobody sets": """
        class Publisher:
            def start(self):
                return Producer(self.conf)
    """,
    "getattr with a name that is computed": """
        import sys


        class Conf:
            kafka = {"acks": "1"}


        Producer(getattr(Conf, sys.argv[1]))
    """,
    "__getattr__": """
        class Conf:
            def __getattr__(self, name):
                return load(name)


        Producer(Conf().kafka)
    """,
    "a metaclass": """
        class Meta(type):
            def __getattr__(cls, name):
                return {"acks": "1"}


        class Conf(metaclass=Meta):
            pass


        Producer(Conf.kafka)
    """,
    "a class made by type()": """
        Conf = type("Conf", (), {"kafka": {"acks": "1"}})
        Producer(Conf.kafka)
    """,
    "a dispatch by name": """
        import sys


        class Confs:
            def prod(self):
                return {"acks": "1"}

            def dev(self):
                return {"acks": "0"}


        Producer(getattr(Confs(), sys.argv[1])())
    """,
    "a table indexed by the environment": """
        import os

        CONFS = {"prod": {"acks": "1"}, "dev": {"acks": "0"}}
        Producer(CONFS[os.environ["STAGE"]])
    """,
}


@pytest.mark.parametrize("source", cases(OPEN))
def test_dynamic_dispatch_is_unknown(tmp_path: Path, source: str) -> None:
    report = run(tmp_path, IMPORT + dedent(source))
    (client,) = report.subjects
    # either the whole block is open or each setting has its possible values; none is the default
    assert "all" not in told(client, "acks")
    assert report.unresolved or told(client, "acks") == {"0", "1"}


def test_a_patched_library_is_not_taken_for_the_library(tmp_path: Path) -> None:
    source = """
        import confluent_kafka


        def house_made(conf):
            return None


        confluent_kafka.Producer = house_made
        confluent_kafka.Producer({"acks": "1"})
        """
    assert run(tmp_path, source).subjects == ()


def test_a_patched_method_of_the_library_leaves_the_client_a_client(tmp_path: Path) -> None:
    source = """
        import confluent_kafka


        def traced(self, *args, **options):
            print(args)


        confluent_kafka.Producer.produce = traced
        confluent_kafka.Producer({"acks": "1"})
        """
    assert told(seen(tmp_path, source), "acks") == {"1"}


def test_a_patched_method_is_the_patched_one(tmp_path: Path) -> None:
    source = """
        from confluent_kafka import Producer


        class Conf:
            def kafka(self):
                return {"acks": "0"}


        def patched(self):
            return {"acks": "1"}


        Conf.kafka = patched
        Producer(Conf().kafka())
        """
    client = seen(tmp_path, source)
    assert told(client, "acks") <= {"1", "?"}
