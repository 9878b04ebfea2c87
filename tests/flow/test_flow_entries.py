"""Where records enter Python code: the writes behind every way in are found."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from tests.flow.projects import cases, run

import documents
from oncelint.model.project import Consumer

STORE = """\
import psycopg2

connection = psycopg2.connect("dbname=orders")
INSERT = "INSERT INTO orders (id, total) VALUES (%s, %s)"


def save(key, total):
    with connection.cursor() as cursor:
        cursor.execute(INSERT, (key, total))  # here
    connection.commit()


class Orders:
    def __init__(self, connection):
        self.connection = connection

    def insert(self, key, total):
        self.connection.cursor().execute(INSERT, (key, total))  # method


async def keep(pool, key, total):
    await pool.execute("INSERT INTO orders (id, total) VALUES ($1, $2)", key, total)  # async
"""


def project(source: str) -> dict[str, str]:
    """A case's files: what comes before the first `== path` line is app/main.py."""
    files = {"app/__init__.py": "", "app/store.py": STORE}
    path = "app/main.py"
    lines: list[str] = []
    for line in [*dedent(source).strip("\n").splitlines(), "== "]:
        if line.startswith("== "):
            if lines:
                files[path] = "\n".join(lines) + "\n"
            path, lines = line[3:], []
        else:
            lines.append(line)
    return files


def reached(folder: Path, source: str) -> list[str]:
    """The marks of the lines that write a consumed record, with a note where that is not sure."""
    files = project(source)
    found = []
    for sink in run(folder, files=files).sinks:
        line = files[sink.span.path].splitlines()[sink.span.start.line - 1]
        mark = line.partition("# ")[2] or line.strip()
        found.append(mark if sink.confidence == "high" else f"{mark} ({sink.confidence})")
    return sorted(found)


ENTRIES: dict[str, tuple[str, str]] = {
    "a consumer's subclass": (
        "here",
        """
        from confluent_kafka import Consumer
        from app.store import save

        class OrderConsumer(Consumer):
            def __init__(self, settings):
                super().__init__(settings)
                self.subscribe(["orders"])

            def next_order(self):
                return self.poll(1.0)

        consumer = OrderConsumer({"group.id": "orders"})
        while True:
            msg = consumer.next_order()
            if msg is not None:
                save(msg.key(), msg.value())
        """,
    ),
    "a consumer's subclass that runs itself": (
        "here",
        """
        from kafka import KafkaConsumer
        from app.store import save

        class OrderConsumer(KafkaConsumer):
            def run(self):
                for record in self:
                    save(record.key, record.value)

        OrderConsumer("orders", group_id="orders").run()
        """,
    ),
    "composition in another module": (
        "here",
        """
        from app.source import Source
        from app.store import save

        source = Source("orders")
        while True:
            record = source.take()
            if record:
                save(record.key(), record.value())
        == app/source.py
        from confluent_kafka import Consumer

        class Source:
            def __init__(self, topic):
                self._consumer = Consumer({"group.id": "orders"})
                self._consumer.subscribe([topic])

            def take(self):
                msg = self._consumer.poll(1.0)
                if msg is None or msg.error():
                    return None
                return msg
        """,
    ),
    "a factory function": (
        "here",
        """
        from app.clients import make_consumer
        from app.store import save

        consumer = make_consumer("orders")
        for record in consumer:
            save(record.key, record.value)
        == app/clients.py
        from kafka import KafkaConsumer

        def make_consumer(topic):
            consumer = KafkaConsumer(group_id="orders")
            consumer.subscribe([topic])
            return consumer
        """,
    ),
    "constructor arguments": (
        "method",
        """
        from confluent_kafka import Consumer
        from app.service import Service
        from app.store import Orders, connection

        Service(Consumer({"group.id": "orders"}), Orders(connection)).run()
        == app/service.py
        class Service:
            def __init__(self, consumer, orders):
                self.consumer = consumer
                self.orders = orders

            def run(self):
                while True:
                    msg = self.consumer.poll(1.0)
                    self.orders.insert(msg.key(), msg.value())
        """,
    ),
    "a provider given as an object": (
        "method",
        """
        from confluent_kafka import Consumer
        from app.store import Orders, connection

        class Service:
            def __init__(self, make_consumer, make_orders):
                self.make_consumer = make_consumer
                self.make_orders = make_orders

            def run(self):
                consumer, orders = self.make_consumer(), self.make_orders()
                while True:
                    msg = consumer.poll(1.0)
                    orders.insert(msg.key(), msg.value())

        Service(lambda: Consumer({"group.id": "orders"}), lambda: Orders(connection)).run()
        """,
    ),
    "a container of dependency-injector": (
        "method",
        """
        from app.container import Container

        container = Container()
        container.service().run()
        == app/container.py
        from confluent_kafka import Consumer
        from dependency_injector import containers, providers
        from app.service import Service
        from app.store import Orders, connection

        class Container(containers.DeclarativeContainer):
            config = providers.Configuration()
            consumer = providers.Singleton(Consumer, {"group.id": "orders"})
            orders = providers.Factory(Orders, connection=connection)
            service = providers.Factory(Service, consumer=consumer, orders=orders)
        == app/service.py
        class Service:
            def __init__(self, consumer, orders):
                self.consumer = consumer
                self.orders = orders

            def run(self):
                while True:
                    msg = self.consumer.poll(1.0)
                    self.orders.insert(msg.key(), msg.value())
        """,
    ),
    "a context manager class": (
        "here",
        """
        from confluent_kafka import Consumer
        from app.store import save

        class Subscription:
            def __init__(self, topic):
                self.topic = topic

            def __enter__(self):
                self.consumer = Consumer({"group.id": "orders"})
                self.consumer.subscribe([self.topic])
                return self.consumer

            def __exit__(self, *details):
                self.consumer.close()

        with Subscription("orders") as consumer:
            while True:
                msg = consumer.poll(1.0)
                save(msg.key(), msg.value())
        """,
    ),
    "a context manager that gives itself": (
        "here",
        """
        from aiokafka import AIOKafkaConsumer
        from app.store import save
        import asyncio

        class Subscription:
            async def __aenter__(self):
                self.consumer = AIOKafkaConsumer("orders", group_id="orders")
                await self.consumer.start()
                return self

            async def __aexit__(self, *details):
                await self.consumer.stop()

            def __aiter__(self):
                return self

            async def __anext__(self):
                return await self.consumer.getone()

        async def main():
            async with Subscription() as records:
                async for record in records:
                    save(record.key, record.value)

        asyncio.run(main())
        """,
    ),
    "contextmanager": (
        "here",
        """
        from contextlib import contextmanager
        from confluent_kafka import Consumer
        from app.store import save

        @contextmanager
        def subscription(topic):
            consumer = Consumer({"group.id": "orders"})
            consumer.subscribe([topic])
            try:
                yield consumer
            finally:
                consumer.close()

        with subscription("orders") as consumer:
            while True:
                msg = consumer.poll(1.0)
                save(msg.key(), msg.value())
        """,
    ),
    "asynccontextmanager": (
        "async",
        """
        import asyncio
        import contextlib
        import asyncpg
        from aiokafka import AIOKafkaConsumer
        from app.store import keep

        @contextlib.asynccontextmanager
        async def subscription(topic):
            consumer = AIOKafkaConsumer(topic, group_id="orders")
            await consumer.start()
            try:
                yield consumer
            finally:
                await consumer.stop()

        async def main():
            pool = await asyncpg.create_pool("postgres://db/orders")
            async with subscription("orders") as consumer:
                async for record in consumer:
                    await keep(pool, record.key, record.value)

        asyncio.run(main())
        """,
    ),
    "generators two deep": (
        "here",
        """
        import json
        from confluent_kafka import Consumer
        from app.store import save

        def messages(consumer):
            while True:
                msg = consumer.poll(1.0)
                if msg is None:
                    continue
                yield msg

        def orders(consumer):
            for msg in messages(consumer):
                yield json.loads(msg.value())

        for order in orders(Consumer({"group.id": "orders"})):
            save(order["id"], order["total"])
        """,
    ),
    "yield from": (
        "here",
        """
        from confluent_kafka import Consumer
        from app.store import save

        consumer = Consumer({"group.id": "orders"})

        def batch():
            yield from consumer.consume(100, 1.0)

        def messages():
            while True:
                yield from batch()

        for msg in messages():
            save(msg.key(), msg.value())
        """,
    ),
    "async generators two deep": (
        "here",
        """
        import asyncio
        from aiokafka import AIOKafkaConsumer
        from app.store import save

        async def records():
            consumer = AIOKafkaConsumer("orders", group_id="orders")
            await consumer.start()
            async for record in consumer:
                yield record

        async def values():
            async for record in records():
                yield record.value

        async def main():
            async for value in values():
                save(value["id"], value["total"])

        asyncio.run(main())
        """,
    ),
    "a generator method of a wrapper": (
        "here",
        """
        from app.source import Source
        from app.store import save

        for order in Source().stream():
            save(order["id"], order["total"])
        == app/source.py
        import json
        from kafka import KafkaConsumer

        class Source:
            def __init__(self):
                self.consumer = KafkaConsumer("orders", group_id="orders")

            def stream(self):
                for record in self.consumer:
                    yield json.loads(record.value)
        """,
    ),
    "an iterator class": (
        "here",
        """
        from confluent_kafka import Consumer
        from app.store import save

        class Messages:
            def __init__(self):
                self.consumer = Consumer({"group.id": "orders"})

            def __iter__(self):
                while True:
                    msg = self.consumer.poll(1.0)
                    if msg is not None:
                        yield msg

        for msg in Messages():
            save(msg.key(), msg.value())
        """,
    ),
    "a callback given to a wrapper": (
        "here",
        """
        from app.listener import Listener
        from app.store import save

        def handle(msg):
            save(msg.key(), msg.value())

        Listener("orders").run(handle)
        == app/listener.py
        from confluent_kafka import Consumer

        class Listener:
            def __init__(self, topic):
                self.consumer = Consumer({"group.id": "orders"})
                self.consumer.subscribe([topic])

            def run(self, handler):
                while True:
                    msg = self.consumer.poll(1.0)
                    if msg is not None:
                        handler(msg)
        """,
    ),
    "a callback kept by a wrapper": (
        "here",
        """
        from app.listener import Listener
        from app.store import save

        class Handler:
            def __call__(self, msg):
                save(msg.key(), msg.value())

        listener = Listener("orders", on_message=Handler())
        listener.run()
        == app/listener.py
        from confluent_kafka import Consumer

        class Listener:
            def __init__(self, topic, on_message):
                self.consumer = Consumer({"group.id": "orders"})
                self.on_message = on_message

            def run(self):
                while True:
                    msg = self.consumer.poll(1.0)
                    self.on_message(msg)
        """,
    ),
    "handlers in a dict by topic": (
        "here, method",
        """
        from confluent_kafka import Consumer
        from app.store import Orders, connection, save

        def placed(msg):
            save(msg.key(), msg.value())

        def cancelled(msg):
            Orders(connection).insert(msg.key(), msg.value())

        HANDLERS = {"orders.placed": placed, "orders.cancelled": cancelled}

        consumer = Consumer({"group.id": "orders"})
        consumer.subscribe(list(HANDLERS))
        while True:
            msg = consumer.poll(1.0)
            HANDLERS[msg.topic()](msg)
        """,
    ),
    "handlers got out of a dict": (
        "here, method",
        """
        import json
        from kafka import KafkaConsumer
        from app.store import Orders, connection, save

        class Worker:
            def __init__(self):
                self.handlers = {"placed": self.placed, "cancelled": self.cancelled}
                self.consumer = KafkaConsumer("orders", group_id="orders")

            def placed(self, event):
                save(event["id"], event["total"])

            def cancelled(self, event):
                Orders(connection).insert(event["id"], event["total"])

            def run(self):
                for record in self.consumer:
                    event = json.loads(record.value)
                    handler = self.handlers.get(event["type"])
                    if handler is None:
                        continue
                    handler(event)

        Worker().run()
        """,
    ),
    "handlers whose keys are members of an enumeration": (
        "here",
        """
        import enum
        import json
        from confluent_kafka import Consumer
        from app.store import save

        class Kind(enum.Enum):
            PLACED = "placed"

        def placed(event):
            save(event["id"], event["total"])

        HANDLERS = {Kind.PLACED: placed}
        consumer = Consumer({"group.id": "orders"})
        while True:
            event = json.loads(consumer.poll(1.0).value())
            HANDLERS[Kind(event["type"])](event)
        """,
    ),
    "handler classes in a dict": (
        "here",
        """
        from confluent_kafka import Consumer
        from app.store import save

        class Placed:
            def handle(self, msg):
                save(msg.key(), msg.value())

        HANDLERS = {"placed": Placed}
        consumer = Consumer({"group.id": "orders"})
        while True:
            msg = consumer.poll(1.0)
            HANDLERS[msg.topic()]().handle(msg)
        """,
    ),
    "handlers registered by a decorator into a dict": (
        "here",
        """
        from app import handlers
        from app.registry import HANDLERS
        from confluent_kafka import Consumer

        consumer = Consumer({"group.id": "orders"})
        while True:
            msg = consumer.poll(1.0)
            HANDLERS[msg.topic()](msg)
        == app/registry.py
        HANDLERS = {}

        def handles(topic):
            def register(function):
                HANDLERS[topic] = function
                return function
            return register
        == app/handlers.py
        from app.registry import handles
        from app.store import save

        @handles("orders")
        def placed(msg):
            save(msg.key(), msg.value())
        """,
    ),
    "handlers registered by a decorator method into a list": (
        "here",
        """
        from app.bus import bus
        import app.handlers

        bus.run()
        == app/bus.py
        from confluent_kafka import Consumer

        class Bus:
            def __init__(self):
                self.handlers = []
                self.consumer = Consumer({"group.id": "orders"})

            def on(self, function):
                self.handlers.append(function)
                return function

            def run(self):
                while True:
                    msg = self.consumer.poll(1.0)
                    for handler in self.handlers:
                        handler(msg)

        bus = Bus()
        == app/handlers.py
        from app.bus import bus
        from app.store import save

        @bus.on
        def placed(msg):
            save(msg.key(), msg.value())
        """,
    ),
    "handlers registered in a defaultdict of lists": (
        "here",
        """
        from collections import defaultdict
        from confluent_kafka import Consumer
        from app.store import save

        handlers = defaultdict(list)

        def on(topic):
            def register(function):
                handlers[topic].append(function)
                return function
            return register

        @on("orders")
        def placed(msg):
            save(msg.key(), msg.value())

        consumer = Consumer({"group.id": "orders"})
        while True:
            msg = consumer.poll(1.0)
            for handler in handlers[msg.topic()]:
                handler(msg)
        """,
    ),
    "a registry of classes": (
        "here",
        """
        from confluent_kafka import Consumer
        from app.handlers import registry

        consumer = Consumer({"group.id": "orders"})
        while True:
            msg = consumer.poll(1.0)
            registry.find(msg.topic()).handle(msg)
        == app/handlers.py
        from app.store import save

        class Registry:
            def __init__(self):
                self._handlers = {}

            def register(self, topic, handler):
                self._handlers[topic] = handler

            def find(self, topic):
                return self._handlers[topic]

        class Placed:
            def handle(self, msg):
                save(msg.key(), msg.value())

        registry = Registry()
        registry.register("orders", Placed())
        """,
    ),
    "subclasses that register themselves": (
        "here",
        """
        from confluent_kafka import Consumer
        from app.store import save

        class Handler:
            kinds = {}

            def __init_subclass__(cls, kind, **given):
                super().__init_subclass__(**given)
                Handler.kinds[kind] = cls

        class Placed(Handler, kind="placed"):
            def handle(self, msg):
                save(msg.key(), msg.value())

        consumer = Consumer({"group.id": "orders"})
        while True:
            msg = consumer.poll(1.0)
            Handler.kinds[msg.topic()]().handle(msg)
        """,
    ),
    "match on the event's type": (
        "here, method",
        """
        import json
        from confluent_kafka import Consumer
        from app.store import Orders, connection, save

        consumer = Consumer({"group.id": "orders"})
        while True:
            event = json.loads(consumer.poll(1.0).value())
            match event:
                case {"type": "placed", "id": number, "total": total}:
                    save(number, total)
                case {"type": "cancelled", **rest}:
                    Orders(connection).insert(rest["id"], rest["total"])
                case _:
                    print("unknown")
        """,
    ),
    "if on the event's type": (
        "here, method",
        """
        import json
        from confluent_kafka import Consumer
        from app.store import Orders, connection, save

        def dispatch(kind, event):
            if kind == "placed":
                save(event["id"], event["total"])
            elif kind == "cancelled":
                Orders(connection).insert(event["id"], event["total"])

        consumer = Consumer({"group.id": "orders"})
        while True:
            event = json.loads(consumer.poll(1.0).value())
            dispatch(event["type"], event)
        """,
    ),
    "a method named by the event's type": (
        "here",
        """
        import json
        from confluent_kafka import Consumer
        from app.store import save

        class Handlers:
            def on_placed(self, event):
                save(event["id"], event["total"])

        handlers = Handlers()
        consumer = Consumer({"group.id": "orders"})
        while True:
            event = json.loads(consumer.poll(1.0).value())
            getattr(handlers, "on_" + event["type"])(event)
        """,
    ),
    "singledispatch": (
        "here",
        """
        from dataclasses import dataclass
        from functools import singledispatch
        import json
        from confluent_kafka import Consumer
        from app.store import save

        @dataclass
        class Placed:
            id: str
            total: int

        @singledispatch
        def handle(event):
            raise NotImplementedError

        @handle.register
        def _(event: Placed):
            save(event.id, event.total)

        consumer = Consumer({"group.id": "orders"})
        while True:
            handle(Placed(**json.loads(consumer.poll(1.0).value())))
        """,
    ),
    "a thread": (
        "here",
        """
        import threading
        from confluent_kafka import Consumer
        from app.store import save

        consumer = Consumer({"group.id": "orders"})

        def consume():
            while True:
                msg = consumer.poll(1.0)
                save(msg.key(), msg.value())

        thread = threading.Thread(target=consume, daemon=True)
        thread.start()
        """,
    ),
    "a thread's subclass": (
        "here",
        """
        from threading import Thread
        from kafka import KafkaConsumer
        from app.store import save

        class Reader(Thread):
            def __init__(self, topic):
                super().__init__(daemon=True)
                self.topic = topic

            def run(self):
                consumer = KafkaConsumer(self.topic, group_id="orders")
                for record in consumer:
                    save(record.key, record.value)

        Reader("orders").start()
        """,
    ),
    "a thread of another place": (
        "here",
        """
        from threading import Thread
        from app.source import Source

        Thread(target=Source("orders").consume, args=()).start()
        == app/source.py
        from confluent_kafka import Consumer
        from app.store import save

        class Source:
            def __init__(self, topic):
                self.consumer = Consumer({"group.id": "orders"})

            def consume(self):
                while True:
                    for msg in self.consumer.consume(10, 1.0):
                        save(msg.key(), msg.value())
        """,
    ),
    "an executor runs the loop": (
        "here",
        """
        from concurrent.futures import ThreadPoolExecutor
        from confluent_kafka import Consumer
        from app.store import save

        def consume(topic):
            consumer = Consumer({"group.id": "orders"})
            consumer.subscribe([topic])
            while True:
                msg = consumer.poll(1.0)
                save(msg.key(), msg.value())

        with ThreadPoolExecutor(max_workers=2) as pool:
            pool.submit(consume, "orders")
        """,
    ),
    "an executor maps handlers over a batch": (
        "here",
        """
        from concurrent.futures import ThreadPoolExecutor
        from confluent_kafka import Consumer
        from app.store import save

        def handle(msg):
            save(msg.key(), msg.value())

        consumer = Consumer({"group.id": "orders"})
        pool = ThreadPoolExecutor()
        while True:
            list(pool.map(handle, consumer.consume(100, 1.0)))
        """,
    ),
    "an executor kept in an attribute": (
        "here",
        """
        import concurrent.futures
        from confluent_kafka import Consumer
        from app.store import save

        class Worker:
            def __init__(self):
                self.pool = concurrent.futures.ThreadPoolExecutor()
                self.consumer = Consumer({"group.id": "orders"})

            def handle(self, msg):
                save(msg.key(), msg.value())

            def run(self):
                while True:
                    msg = self.consumer.poll(1.0)
                    self.pool.submit(self.handle, msg)

        Worker().run()
        """,
    ),
    "a task": (
        "here",
        """
        import asyncio
        from aiokafka import AIOKafkaConsumer
        from app.store import save

        async def consume():
            consumer = AIOKafkaConsumer("orders", group_id="orders")
            await consumer.start()
            while True:
                record = await consumer.getone()
                save(record.key, record.value)

        async def main():
            task = asyncio.create_task(consume())
            await asyncio.gather(task)

        if __name__ == "__main__":
            asyncio.run(main())
        """,
    ),
    "a task of a group": (
        "here",
        """
        import asyncio
        from aiokafka import AIOKafkaConsumer
        from app.store import save

        async def consume(topic):
            consumer = AIOKafkaConsumer(topic, group_id="orders")
            await consumer.start()
            async for record in consumer:
                save(record.key, record.value)

        async def main():
            async with asyncio.TaskGroup() as group:
                for topic in ("orders",):
                    group.create_task(consume(topic))

        asyncio.run(main())
        """,
    ),
    "a loop's own task": (
        "here",
        """
        import asyncio
        from aiokafka import AIOKafkaConsumer
        from app.store import save

        async def consume():
            consumer = AIOKafkaConsumer("orders", group_id="orders")
            async for record in consumer:
                asyncio.get_event_loop().create_task(handle(record))

        async def handle(record):
            await asyncio.to_thread(save, record.key, record.value)

        loop = asyncio.get_event_loop()
        loop.run_until_complete(consume())
        """,
    ),
    "a blocking call in the loop's executor": (
        "here",
        """
        import asyncio
        from aiokafka import AIOKafkaConsumer
        from app.store import save

        async def consume():
            loop = asyncio.get_running_loop()
            consumer = AIOKafkaConsumer("orders", group_id="orders")
            async for record in consumer:
                await loop.run_in_executor(None, save, record.key, record.value)

        asyncio.run(consume())
        """,
    ),
    "a process": (
        "here",
        """
        from multiprocessing import Process
        from confluent_kafka import Consumer
        from app.store import save

        def consume(number):
            consumer = Consumer({"group.id": "orders"})
            while True:
                msg = consumer.poll(1.0)
                save(msg.key(), msg.value())

        if __name__ == "__main__":
            workers = [Process(target=consume, args=(number,)) for number in range(4)]
            for worker in workers:
                worker.start()
        """,
    ),
    "partial": (
        "here",
        """
        import functools
        from confluent_kafka import Consumer
        from app.store import save

        def handle(store, msg):
            store(msg.key(), msg.value())

        handler = functools.partial(handle, save)
        consumer = Consumer({"group.id": "orders"})
        while True:
            handler(consumer.poll(1.0))
        """,
    ),
    "a click command": (
        "here",
        """
        import click
        from confluent_kafka import Consumer
        from app.store import save

        @click.group()
        def cli():
            pass

        @cli.command()
        @click.option("--topic", default="orders")
        def consume(topic):
            consumer = Consumer({"group.id": "orders"})
            consumer.subscribe([topic])
            while True:
                msg = consumer.poll(1.0)
                save(msg.key(), msg.value())

        if __name__ == "__main__":
            cli()
        """,
    ),
    "a typer command in a file without Kafka": (
        "here",
        """
        import typer
        from app.worker import Worker

        app = typer.Typer()

        @app.command()
        def consume(topic: str = "orders"):
            Worker(topic).run()
        == app/worker.py
        from confluent_kafka import Consumer
        from app.store import save

        class Worker:
            def __init__(self, topic):
                self.topic = topic
                self.consumer = Consumer({"group.id": "orders"})

            def run(self):
                self.consumer.subscribe([self.topic])
                while True:
                    msg = self.consumer.poll(1.0)
                    save(msg.key(), msg.value())
        """,
    ),
    "a Django command": (
        "Model.objects.create(number=record.key, total=record.value)",
        """
        from django.core.management.base import BaseCommand
        from kafka import KafkaConsumer
        from app.models import Model

        class Command(BaseCommand):
            help = "Reads orders"

            def handle(self, *args, **options):
                consumer = KafkaConsumer("orders", group_id="orders")
                for record in consumer:
                    self.handle_record(record)

            def handle_record(self, record):
                Model.objects.create(number=record.key, total=record.value)
        == app/models.py
        from django.db import models

        class Model(models.Model):
            number = models.CharField(max_length=20)
            total = models.IntegerField()
        """,
    ),
    "a Flask application's thread": (
        "here",
        """
        import threading
        from flask import Flask
        from app.worker import consume

        def create_app():
            app = Flask(__name__)
            threading.Thread(target=consume, args=(app,)).start()
            return app
        == app/worker.py
        from confluent_kafka import Consumer
        from app.store import save

        def consume(app):
            consumer = Consumer({"group.id": "orders"})
            while True:
                msg = consumer.poll(1.0)
                with app.app_context():
                    save(msg.key(), msg.value())
        """,
    ),
    "a FastAPI lifespan": (
        "async",
        """
        import asyncio
        from contextlib import asynccontextmanager
        import asyncpg
        from fastapi import FastAPI
        from app.worker import consume

        @asynccontextmanager
        async def lifespan(app: FastAPI):
            pool = await asyncpg.create_pool("postgres://db/orders")
            task = asyncio.create_task(consume(pool))
            yield
            task.cancel()

        app = FastAPI(lifespan=lifespan)
        == app/worker.py
        from aiokafka import AIOKafkaConsumer
        from app.store import keep

        async def consume(pool):
            consumer = AIOKafkaConsumer("orders", group_id="orders")
            await consumer.start()
            async for record in consumer:
                await keep(pool, record.key, record.value)
        """,
    ),
    "a FastAPI startup handler": (
        "here",
        """
        import asyncio
        from fastapi import FastAPI
        from app.worker import Worker

        app = FastAPI()
        worker = Worker()

        @app.on_event("startup")
        async def startup():
            asyncio.create_task(worker.run())
        == app/worker.py
        from aiokafka import AIOKafkaConsumer
        from app.store import save

        class Worker:
            async def run(self):
                self.consumer = AIOKafkaConsumer("orders", group_id="orders")
                await self.consumer.start()
                async for record in self.consumer:
                    save(record.key, record.value)
        """,
    ),
    "a Celery worker's signal": (
        "here",
        """
        from celery import Celery
        from celery.signals import worker_ready
        from confluent_kafka import Consumer
        from app.store import save

        celery = Celery("orders")

        @worker_ready.connect
        def begin(**given):
            consumer = Consumer({"group.id": "orders"})
            while True:
                msg = consumer.poll(1.0)
                save(msg.key(), msg.value())
        """,
    ),
    "a Celery task": (
        "book.delay(msg.key(), msg.value()), here",
        """
        from confluent_kafka import Consumer
        from app.tasks import book

        consumer = Consumer({"group.id": "orders"})
        while True:
            msg = consumer.poll(1.0)
            book.delay(msg.key(), msg.value())
        == app/tasks.py
        from celery import shared_task
        from app.store import save

        @shared_task
        def book(key, total):
            save(key, total)
        """,
    ),
    "a template method": (
        "here",
        """
        from app.base import Base
        from app.store import save

        class OrderWorker(Base):
            topic = "orders"

            def process(self, msg):
                save(msg.key(), msg.value())

        if __name__ == "__main__":
            OrderWorker().run()
        == app/base.py
        from abc import ABC, abstractmethod
        from confluent_kafka import Consumer

        class Base(ABC):
            topic: str

            def __init__(self):
                self.consumer = Consumer({"group.id": "orders"})
                self.consumer.subscribe([self.topic])

            @abstractmethod
            def process(self, msg):
                ...

            def run(self):
                while True:
                    msg = self.consumer.poll(1.0)
                    if msg is not None:
                        self.process(msg)
        """,
    ),
    "a template method of a class that nobody makes": (
        "here",
        """
        from app.base import Base
        from app.store import save

        class OrderWorker(Base):
            def process(self, msg):
                save(msg.key(), msg.value())
        == app/base.py
        from confluent_kafka import Consumer

        class Base:
            def __init__(self, topic):
                self.consumer = Consumer({"group.id": "orders"})
                self.consumer.subscribe([topic])

            def process(self, msg):
                raise NotImplementedError

            def run(self):
                while True:
                    msg = self.consumer.poll(1.0)
                    self.process(msg)
        """,
    ),
    "a protocol with one implementation": (
        "method",
        """
        from typing import Protocol
        from confluent_kafka import Consumer
        from app.container import container
        from app.repository import SqlOrders

        class Repository(Protocol):
            def insert(self, key, total): ...

        class Service:
            def __init__(self, orders: Repository):
                self.orders = orders

            def run(self):
                consumer = Consumer({"group.id": "orders"})
                while True:
                    msg = consumer.poll(1.0)
                    self.orders.insert(msg.key(), msg.value())

        container.register(Repository, SqlOrders)
        container.resolve(Service).run()
        == app/container.py
        import punq

        container = punq.Container()
        == app/repository.py
        from app.store import connection

        class SqlOrders:
            def insert(self, key, total):
                cursor = connection.cursor()
                cursor.execute("INSERT INTO orders (id) VALUES (%s)", (key,))  # method
        """,
    ),
    "an abstract class with one implementation": (
        "method",
        """
        from confluent_kafka import Consumer
        from app.ports import Repository

        class Service:
            def __init__(self, orders: Repository):
                self.orders = orders

            def run(self):
                consumer = Consumer({"group.id": "orders"})
                while True:
                    msg = consumer.poll(1.0)
                    self.orders.insert(msg.key(), msg.value())
        == app/ports.py
        from abc import ABC, abstractmethod

        class Repository(ABC):
            @abstractmethod
            def insert(self, key, total): ...
        == app/adapters.py
        from app.ports import Repository
        from app.store import connection

        class SqlOrders(Repository):
            def insert(self, key, total):
                cursor = connection.cursor()
                cursor.execute("INSERT INTO orders (id) VALUES (%s)", (key,))  # method
        """,
    ),
    "annotations that name a class in other ways": (
        "here, method (medium)",
        """
        from typing import Annotated, Optional
        from confluent_kafka import Consumer
        from app.store import Orders, save

        class Books:
            def keep(self, msg):
                save(msg.key(), msg.value())

        class Service:
            def __init__(self, orders: Optional[Orders], books: Annotated[Books, 1]):
                self.orders = orders
                self.books = books

            def run(self):
                consumer = Consumer({"group.id": "orders"})
                while True:
                    msg = consumer.poll(1.0)
                    self.orders.insert(msg.key(), msg.value())
                    self.books.keep(msg)
        """,
    ),
    "a dataclass holds the repository": (
        "method",
        """
        from dataclasses import dataclass
        from confluent_kafka import Consumer
        from app.store import Orders, connection

        @dataclass
        class Service:
            consumer: Consumer
            orders: Orders
            limit: int = 10

            def run(self):
                while True:
                    msg = self.consumer.poll(1.0)
                    self.orders.insert(msg.key(), msg.value())

        Service(Consumer({"group.id": "orders"}), orders=Orders(connection)).run()
        """,
    ),
    "a dataclass makes its repository": (
        "method",
        """
        from dataclasses import dataclass, field
        from confluent_kafka import Consumer
        from app.store import Orders, connection

        def made():
            return Orders(connection)

        @dataclass
        class Service:
            consumer: Consumer
            orders: Orders = field(default_factory=made)

            def run(self):
                while True:
                    msg = self.consumer.poll(1.0)
                    self.orders.insert(msg.key(), msg.value())

        Service(Consumer({"group.id": "orders"})).run()
        """,
    ),
    "an import inside the function": (
        "here",
        """
        def main():
            from app.worker import run

            run()

        main()
        == app/worker.py
        def run():
            from app.clients import consumer

            while True:
                msg = consumer.poll(1.0)
                handle(msg)

        def handle(msg):
            from app.store import save

            save(msg.key(), msg.value())
        == app/clients.py
        from confluent_kafka import Consumer

        consumer = Consumer({"group.id": "orders"})
        """,
    ),
    "a singleton imported inside a method": (
        "here",
        """
        from confluent_kafka import Consumer

        class Worker:
            def run(self):
                consumer = Consumer({"group.id": "orders"})
                while True:
                    msg = consumer.poll(1.0)
                    self.handle(msg)

            def handle(self, msg):
                from app.services import orders

                orders.add(msg.key(), msg.value())

        Worker().run()
        == app/services.py
        from app.store import save

        class Orders:
            def add(self, key, total):
                save(key, total)

        orders = Orders()
        """,
    ),
    "getmany and its items": (
        "here",
        """
        import asyncio
        from aiokafka import AIOKafkaConsumer
        from app.store import save

        async def main():
            consumer = AIOKafkaConsumer("orders", group_id="orders")
            while True:
                result = await consumer.getmany(timeout_ms=1000)
                for partition, records in result.items():
                    for record in records:
                        save(record.key, record.value)

        asyncio.run(main())
        """,
    ),
    "poll of kafka-python and its values": (
        "here",
        """
        from kafka import KafkaConsumer
        from app.store import save

        consumer = KafkaConsumer("orders", group_id="orders")
        while True:
            batches = consumer.poll(timeout_ms=500, max_records=100)
            for records in batches.values():
                for record in records:
                    save(record.key, record.value)
        """,
    ),
    "poll of kafka-python through a comprehension": (
        "here",
        """
        from itertools import chain
        from kafka import KafkaConsumer
        from app.store import save

        consumer = KafkaConsumer("orders", group_id="orders")
        while True:
            batches = consumer.poll(timeout_ms=500)
            records = [record for batch in batches.values() for record in batch]
            for record in sorted(records, key=lambda one: one.offset):
                save(record.key, record.value)
            for record in chain.from_iterable(batches.values()):
                print(record)
        """,
    ),
    "consume and zip": (
        "here",
        """
        from confluent_kafka import Consumer
        from app.store import save

        consumer = Consumer({"group.id": "orders"})
        while True:
            batch = [msg for msg in consumer.consume(50, 1.0) if not msg.error()]
            for number, msg in enumerate(batch):
                save(msg.key(), msg.value())
        """,
    ),
    "a queue between two threads": (
        "here",
        """
        import queue
        import threading
        from confluent_kafka import Consumer
        from app.store import save

        waiting = queue.Queue()

        def work():
            while True:
                msg = waiting.get()
                save(msg.key(), msg.value())
                waiting.task_done()

        def consume():
            consumer = Consumer({"group.id": "orders"})
            while True:
                waiting.put(consumer.poll(1.0))

        threading.Thread(target=consume).start()
        threading.Thread(target=work).start()
        """,
    ),
    "workers that wait before anything is queued": (
        "here",
        """
        import asyncio
        from aiokafka import AIOKafkaConsumer
        from app.store import save

        async def work(waiting):
            while True:
                record = await waiting.get()
                save(record.key, record.value)

        async def main():
            waiting = asyncio.Queue()
            asyncio.create_task(work(waiting))
            consumer = AIOKafkaConsumer("orders", group_id="orders")
            async for record in consumer:
                await waiting.put(record)

        asyncio.run(main())
        """,
    ),
    "a decorator that wraps the handler": (
        "here",
        """
        import functools
        from confluent_kafka import Consumer
        from app.store import save

        def logged(function):
            @functools.wraps(function)
            def inner(*args, **kwargs):
                print("called")
                return function(*args, **kwargs)
            return inner

        @logged
        def handle(msg):
            save(msg.key(), msg.value())

        consumer = Consumer({"group.id": "orders"})
        while True:
            handle(consumer.poll(1.0))
        """,
    ),
    "a decorator that makes the loop": (
        "here",
        """
        from confluent_kafka import Consumer
        from app.store import save

        def subscribed(topic):
            def around(function):
                def loop():
                    consumer = Consumer({"group.id": "orders"})
                    consumer.subscribe([topic])
                    while True:
                        msg = consumer.poll(1.0)
                        if msg is not None:
                            function(msg)
                return loop
            return around

        @subscribed("orders")
        def handle(msg):
            save(msg.key(), msg.value())

        handle()
        """,
    ),
    "a library's decorator that repeats the handler": (
        "here",
        """
        from tenacity import retry, stop_after_attempt
        from confluent_kafka import Consumer
        from app.store import save

        @retry(stop=stop_after_attempt(3))
        def handle(msg):
            save(msg.key(), msg.value())

        consumer = Consumer({"group.id": "orders"})
        while True:
            handle(consumer.poll(1.0))
        """,
    ),
    "a pydantic model made of the value": (
        "here",
        """
        from confluent_kafka import Consumer
        from pydantic import BaseModel
        from app.store import save

        class Order(BaseModel):
            id: str
            total: int

            def net(self):
                return self.total / 1.19

        consumer = Consumer({"group.id": "orders"})
        while True:
            order = Order.model_validate_json(consumer.poll(1.0).value())
            save(order.id, order.net())
        """,
    ),
    "a library's decoder": (
        "here",
        """
        import msgspec
        from confluent_kafka import Consumer
        from app.store import save

        class Order(msgspec.Struct):
            id: str

        consumer = Consumer({"group.id": "orders"})
        while True:
            order = msgspec.json.decode(consumer.poll(1.0).value(), type=Order)
            save(order.id, 1)
        """,
    ),
    "a walrus in the loop's head": (
        "here",
        """
        from confluent_kafka import Consumer
        from app.store import save

        consumer = Consumer({"group.id": "orders"})
        while (msg := consumer.poll(1.0)) is not None:
            save(msg.key(), msg.value())
        """,
    ),
    "iter with a callable": (
        "here",
        """
        from functools import partial
        from confluent_kafka import Consumer
        from app.store import save

        consumer = Consumer({"group.id": "orders"})
        for msg in iter(partial(consumer.poll, 1.0), None):
            save(msg.key(), msg.value())
        """,
    ),
    "poll handed on as a function": (
        "here",
        """
        from confluent_kafka import Consumer
        from app.store import save

        def loop(take, handle):
            while True:
                handle(take(1.0))

        consumer = Consumer({"group.id": "orders"})
        loop(consumer.poll, lambda msg: save(msg.key(), msg.value()))
        """,
    ),
    "next": (
        "here",
        """
        from kafka import KafkaConsumer
        from app.store import save

        consumer = KafkaConsumer("orders", group_id="orders")
        while True:
            record = next(consumer)
            save(record.key, record.value)
        """,
    ),
    "a wrapper that hands attributes through": (
        "here",
        """
        from confluent_kafka import Consumer
        from app.store import save

        class Wrapped:
            def __init__(self):
                self._consumer = Consumer({"group.id": "orders"})

            def __getattr__(self, name):
                return getattr(self._consumer, name)

        consumer = Wrapped()
        while True:
            msg = consumer.poll(1.0)
            save(msg.key(), msg.value())
        """,
    ),
}


@pytest.mark.parametrize(("marks", "source"), cases(ENTRIES))
def test_where_records_enter(tmp_path: Path, marks: str, source: str) -> None:
    assert ", ".join(reached(tmp_path, source)) == marks


FRAMEWORKS: dict[str, tuple[str, str, str]] = {
    "Faust": (
        "here",
        "faust-streaming read_uncommitted orders-app false",
        """
        import faust
        from app.store import save

        app = faust.App("orders-app", broker="kafka://kafka:9092")
        topic = app.topic("orders", value_type=dict)
        totals = app.Table("totals", default=int)

        @app.agent(topic)
        async def book(orders):
            async for order in orders:
                totals[order["customer"]] += order["total"]
                save(order["id"], order["total"])

        if __name__ == "__main__":
            app.main()
        """,
    ),
    "Faust in batches": (
        "here",
        "faust-streaming read_committed orders-app false",
        """
        from app.application import app
        from app.store import save

        topic = app.topic("orders")

        @app.agent(topic)
        async def book(stream):
            async for batch in stream.take(100, within=5):
                for order in batch:
                    save(order["id"], order["total"])
        == app/application.py
        import faust

        app = faust.App(id="orders-app", processing_guarantee="exactly_once")
        """,
    ),
    "Faust without acknowledgement": (
        "here",
        "faust-streaming read_uncommitted orders-app false",
        """
        import faust
        from app.store import save

        app = faust.App("orders-app")

        @app.agent(app.topic("orders"))
        async def book(stream):
            async for event in stream.noack().events():
                save(event.value["id"], event.value["total"])
                event.ack()
        """,
    ),
    "Faust's stream in a task": (
        "here",
        "faust-streaming read_uncommitted orders-app false",
        """
        import faust
        from app.store import save

        app = faust.App("orders-app")
        orders = app.topic("orders")

        @app.task
        async def book():
            async for order in orders.stream():
                save(order["id"], order["total"])
        """,
    ),
    "FastStream": (
        "async",
        "faststream read_uncommitted billing true",
        """
        import asyncpg
        from faststream import FastStream
        from faststream.kafka import KafkaBroker
        from app.store import keep

        broker = KafkaBroker("kafka:9092")
        app = FastStream(broker)

        @broker.subscriber("orders", group_id="billing")
        @broker.publisher("booked")
        async def book(order: dict):
            pool = await asyncpg.create_pool("postgres://db/orders")
            await keep(pool, order["id"], order["total"])
            return order["id"]
        """,
    ),
    "FastStream of confluent by a router": (
        "here",
        "faststream read_committed billing false",
        """
        from faststream import AckPolicy
        from faststream.confluent import KafkaRouter
        from pydantic import BaseModel
        from app.store import save

        router = KafkaRouter(prefix="shop_")

        class Order(BaseModel):
            id: str
            total: int

        @router.subscriber(
            "orders",
            group_id="billing",
            ack_policy=AckPolicy.NACK_ON_ERROR,
            isolation_level="read_committed",
        )
        def book(order: Order):
            save(order.id, order.total)
        """,
    ),
    "FastStream with dependencies": (
        "method",
        "faststream read_uncommitted billing false",
        """
        from typing import Annotated
        from faststream import AckPolicy, Depends, Logger
        from faststream.kafka import KafkaBroker, KafkaMessage
        from app.store import Orders, connection

        broker = KafkaBroker("kafka:9092", ack_policy=AckPolicy.MANUAL)

        def orders():
            yield Orders(connection)

        @broker.subscriber("orders", group_id="billing", batch=True)
        async def book(
            message: KafkaMessage, logger: Logger, store: Annotated[Orders, Depends(orders)]
        ):
            logger.info("got one")
            store.insert(message.key, message.body)
            await message.ack()
        """,
    ),
    "FastStream with a default dependency": (
        "method",
        "faststream read_uncommitted null true",
        """
        from faststream import Depends
        from faststream.kafka import KafkaBroker
        from app.store import Orders, connection

        broker = KafkaBroker("kafka:9092")

        def orders():
            return Orders(connection)

        @broker.subscriber("orders")
        async def book(body: dict, store: Orders = Depends(orders)):
            store.insert(body["id"], body["total"])
        """,
    ),
    "Quix Streams": (
        "here",
        "quixstreams read_committed billing false",
        """
        from quixstreams import Application
        from app.store import save

        def main():
            app = Application(broker_address="kafka:9092", consumer_group="billing")
            topic = app.topic("orders", value_deserializer="json")
            sdf = app.dataframe(topic)
            sdf = sdf.filter(lambda order: order["total"] > 0)
            sdf["net"] = sdf["total"].apply(lambda total: total / 1.19)
            sdf = sdf.update(book)
            app.run()

        def book(order):
            save(order["id"], order["net"])

        if __name__ == "__main__":
            main()
        """,
    ),
    "Quix Streams with metadata and state": (
        "here",
        "quixstreams read_committed quixstreams-default false",
        """
        from quixstreams import Application, State
        from app.store import save

        def book(value, key, timestamp, headers, state: State):
            state.set("seen", state.get("seen", 0) + 1)
            save(key, value)

        app = Application(broker_address="kafka:9092")
        sdf = app.dataframe(app.topic("orders")).apply(book, stateful=True, metadata=True)
        app.run(sdf)
        """,
    ),
    "Quix Streams with a sink": (
        "here",
        "quixstreams read_committed billing false",
        """
        from quixstreams import Application
        from quixstreams.sinks import BatchingSink, SinkBatch
        from app.store import save

        class Table(BatchingSink):
            def write(self, batch: SinkBatch):
                for item in batch:
                    save(item.key, item.value)

        app = Application("kafka:9092", consumer_group="billing")
        sdf = app.dataframe(app.topic("orders"))
        sdf.sink(Table())
        """,
    ),
    "Quix Streams' consumer": (
        "here",
        "quixstreams read_committed billing true",
        """
        from quixstreams import Application
        from app.store import save

        app = Application("kafka:9092", consumer_group="billing")
        with app.get_consumer() as consumer:
            consumer.subscribe(["orders"])
            while True:
                msg = consumer.poll(1.0)
                if msg is not None:
                    save(msg.key(), msg.value())
                    consumer.store_offsets(message=msg)
        """,
    ),
    "Bytewax": (
        "here",
        "bytewax read_committed BYTEWAX_IGNORED false",
        """
        import json
        import bytewax.operators as op
        from bytewax.connectors.kafka import KafkaSource
        from bytewax.dataflow import Dataflow
        from app.store import save

        def book(message):
            order = json.loads(message.value)
            save(order["id"], order["total"])
            return order

        flow = Dataflow("orders")
        stream = op.input("in", flow, KafkaSource(["kafka:9092"], ["orders"]))
        op.map("book", stream, book)
        """,
    ),
    "Bytewax's own operators and a sink": (
        "here",
        "bytewax read_committed BYTEWAX_IGNORED false",
        """
        from bytewax import operators as op
        from bytewax.connectors.kafka import operators as kop
        from bytewax.dataflow import Dataflow
        from bytewax.outputs import DynamicSink, StatelessSinkPartition
        from app.store import save

        class Partition(StatelessSinkPartition):
            def write_batch(self, items):
                for item in items:
                    save(item.key, item.value)

        class Table(DynamicSink):
            def build(self, step_id, worker_index, worker_count):
                return Partition()

        flow = Dataflow("orders")
        read = kop.input("in", flow, brokers=["kafka:9092"], topics=["orders"])
        good = op.filter("big", read.oks, lambda message: message.value)
        op.output("out", good, Table())
        """,
    ),
    "arroyo": (
        "here",
        "sentry-arroyo read_committed billing false",
        """
        from arroyo import Topic
        from arroyo.backends.kafka import KafkaConsumer, build_kafka_consumer_configuration
        from arroyo.processing import StreamProcessor
        from app.factory import Factory

        def main():
            consumer = KafkaConsumer(
                build_kafka_consumer_configuration(
                    default_config={}, group_id="billing", auto_offset_reset="earliest"
                )
            )
            processor = StreamProcessor(
                consumer=consumer, topic=Topic("orders"), processor_factory=Factory("orders")
            )
            processor.run()

        main()
        == app/factory.py
        import json
        from arroyo.processing.strategies import CommitOffsets, ProcessingStrategyFactory, RunTask
        from app.store import save

        class Factory(ProcessingStrategyFactory):
            def __init__(self, name):
                self.name = name

            def book(self, message):
                order = json.loads(message.payload.value)
                save(order["id"], order["total"])
                return order

            def create_with_partitions(self, commit, partitions):
                return RunTask(self.book, CommitOffsets(commit))
        """,
    ),
    "arroyo with a strategy of the project": (
        "here",
        "sentry-arroyo read_committed billing false",
        """
        from arroyo import Topic
        from arroyo.backends.kafka.consumer import KafkaConsumer
        from arroyo.processing.processor import StreamProcessor
        from arroyo.processing.strategies.abstract import (
            ProcessingStrategy,
            ProcessingStrategyFactory,
        )
        from app.store import save

        class Book(ProcessingStrategy):
            def __init__(self, commit):
                self.commit = commit

            def poll(self):
                pass

            def submit(self, message):
                save(message.payload.key, message.payload.value)
                self.commit(message.committable)

        class Factory(ProcessingStrategyFactory):
            def create_with_partitions(self, commit, partitions):
                return Book(commit)

        consumer = KafkaConsumer({"bootstrap.servers": "kafka:9092", "group.id": "billing"})
        StreamProcessor(consumer, Topic("orders"), Factory()).run()
        """,
    ),
    "kstreams": (
        "here",
        "kstreams read_uncommitted billing true",
        """
        import aiorun
        from kstreams import ConsumerRecord, create_engine
        from app.store import save

        engine = create_engine(title="orders")

        @engine.stream("orders", group_id="billing")
        async def book(cr: ConsumerRecord):
            save(cr.key, cr.value)

        aiorun.run(engine.start())
        """,
    ),
    "kstreams with the stream itself": (
        "here",
        "kstreams read_uncommitted billing false",
        """
        from kstreams import stream
        from app.store import save

        @stream("orders", group_id="billing", enable_auto_commit=False)
        async def book(stream):
            async for cr in stream:
                save(cr.key, cr.value)
                await stream.commit()
        """,
    ),
}


@pytest.mark.parametrize(("marks", "facts", "source"), cases(FRAMEWORKS))
def test_records_a_framework_delivers(tmp_path: Path, marks: str, facts: str, source: str) -> None:
    assert ", ".join(reached(tmp_path, source)) == marks
    subjects = run(tmp_path, files=project(source)).subjects
    (consumer,) = [one for one in subjects if isinstance(one, Consumer)]
    names = ("isolation.level", "group.id", "enable.auto.commit")
    told = " ".join(documents.effective(consumer, name) for name in names)
    assert f"{consumer.client} {told}" == facts
    assert (consumer.role, consumer.keys, consumer.value_problems) == ("consumer", (), ())


def test_an_import_inside_a_function_far_down_a_file(tmp_path: Path) -> None:
    files = project(
        """
        from confluent_kafka import Consumer

        def run(handle):
            consumer = Consumer({"group.id": "orders"})
            while True:
                handle(consumer.poll(1.0))
        """
    )
    files["app/loop.py"] = files.pop("app/main.py")
    padding = "# the rest of a command line with many subcommands\n" * 200
    files["app/cli.py"] = (
        "import sys\n\n" + padding + "\n\ndef consume():\n"
        "    from app.loop import run\n"
        "    from app.store import save\n\n"
        "    run(lambda msg: save(msg.key(), msg.value()))\n\n\nconsume()\n"
    )
    (sink,) = run(tmp_path, files=files).sinks
    assert (sink.span.path, sink.confidence) == ("app/store.py", "high")


COMMITTED: dict[str, str] = {
    "FastStream's message": """
        from faststream import AckPolicy
        from faststream.confluent import KafkaBroker
        from faststream.confluent.annotations import KafkaMessage
        from app.store import save

        broker = KafkaBroker("kafka:9092")

        @broker.subscriber("orders", group_id="billing", ack_policy=AckPolicy.MANUAL)
        def book(order: dict, message: KafkaMessage):
            save(order["id"], order["total"])
            message.ack()  # commits
    """,
    "Faust's event": """
        import faust
        from app.store import save

        app = faust.App("orders-app", broker="kafka://kafka:9092")

        @app.agent(app.topic("orders"))
        async def book(stream):
            async for event in stream.noack().events():
                save(event.key, event.value)
                event.ack()  # commits
    """,
    "arroyo's commit function": """
        from arroyo import Topic
        from arroyo.backends.kafka import KafkaConsumer
        from arroyo.processing import StreamProcessor
        from arroyo.processing.strategies import ProcessingStrategy, ProcessingStrategyFactory
        from app.store import save

        class Book(ProcessingStrategy):
            def __init__(self, commit):
                self.commit = commit

            def submit(self, message):
                save(message.payload.key, message.payload.value)
                self.commit(message.committable)  # commits

        class Factory(ProcessingStrategyFactory):
            def create_with_partitions(self, commit, partitions):
                return Book(commit)

        consumer = KafkaConsumer({"bootstrap.servers": "kafka:9092", "group.id": "billing"})
        StreamProcessor(consumer, Topic("orders"), Factory()).run()
    """,
    "kstreams' stream": """
        from kstreams import Stream, stream
        from app.store import save

        @stream("orders", group_id="billing", enable_auto_commit=False)
        async def book(flow: Stream):
            async for cr in flow:
                save(cr.key, cr.value)
                await flow.commit()  # commits
    """,
}


@pytest.mark.parametrize("source", cases(COMMITTED))
def test_what_commits_for_a_framework_s_consumer(tmp_path: Path, source: str) -> None:
    files = project(source)
    subjects = run(tmp_path, files=files).subjects
    (consumer,) = [one for one in subjects if isinstance(one, Consumer)]
    lines = files["app/main.py"].splitlines()
    committing = [n for n, line in enumerate(lines, 1) if line.endswith("# commits")]
    assert [span.start.line for span in consumer.commits] == committing


def test_a_framework_s_consumer_is_no_pair_of_a_transactional_producer(tmp_path: Path) -> None:
    source = """
        import faust
        from confluent_kafka import Producer

        app = faust.App("orders-app", broker="kafka://kafka:9092")
        producer = Producer({"transactional.id": "orders-1"})
        producer.init_transactions()

        @app.agent(app.topic("orders"))
        async def book(orders):
            async for order in orders:
                producer.begin_transaction()
                producer.produce("orders", order)
                producer.commit_transaction()
    """
    report = run(tmp_path, files=project(source))
    assert {one.role for one in report.subjects} == {"consumer", "producer", "streams"}
    assert "consumer-reads-uncommitted" not in {one.rule for one in report.findings}


ELSEWHERE: dict[str, str] = {
    "a dict of handlers that is never called with a record": """
        from confluent_kafka import Consumer
        from app.store import save

        HANDLERS = {"a": save}
        consumer = Consumer({"group.id": "orders"})
        while True:
            msg = consumer.poll(1.0)
            print(msg.topic() in HANDLERS)
    """,
    "a thread that consumes nothing": """
        import threading
        from confluent_kafka import Consumer
        from app.store import save

        def tick():
            while True:
                save("tick", 1)

        consumer = Consumer({"group.id": "orders"})
        threading.Thread(target=tick).start()
        while True:
            print(consumer.poll(1.0))
    """,
    "a command beside the consumer": """
        import click
        from confluent_kafka import Consumer
        from app.store import save

        @click.command()
        def add(number):
            save(number, 0)

        @click.command()
        def consume():
            consumer = Consumer({"group.id": "orders"})
            while True:
                print(consumer.poll(1.0))
    """,
    "a subclass whose loop another class has": """
        from confluent_kafka import Consumer
        from app.store import save

        class Base:
            def __init__(self):
                self.consumer = Consumer({"group.id": "orders"})

            def run(self):
                while True:
                    self.process(self.consumer.poll(1.0))

            def process(self, msg):
                print(msg)

        class Other:
            def process(self, msg):
                save(1, 2)

        Base().run()
        Other().process(None)
    """,
    "a registry for something else": """
        from confluent_kafka import Consumer
        from app.store import save

        HANDLERS = {}
        ROUTES = {}

        def route(path):
            def register(function):
                ROUTES[path] = function
                return function
            return register

        @route("/orders")
        def add(request):
            save(request.id, request.total)

        consumer = Consumer({"group.id": "orders"})
        while True:
            msg = consumer.poll(1.0)
            HANDLERS[msg.topic()](msg)
    """,
    "a protocol with two implementations": """
        from typing import Protocol
        from confluent_kafka import Consumer
        from app.store import connection

        class Repository(Protocol):
            def insert(self, key, total): ...

        class SqlOrders:
            def insert(self, key, total):
                connection.cursor().execute("INSERT INTO orders (id) VALUES (%s)", (key,))

        class NoOrders:
            def insert(self, key, total):
                print(key, total)

        class Service:
            def __init__(self, orders: Repository):
                self.orders = orders

            def run(self):
                consumer = Consumer({"group.id": "orders"})
                while True:
                    msg = consumer.poll(1.0)
                    self.orders.insert(msg.key(), msg.value())
    """,
}


@pytest.mark.parametrize("source", cases(ELSEWHERE))
def test_what_no_record_reaches(tmp_path: Path, source: str) -> None:
    assert reached(tmp_path, source) == []
