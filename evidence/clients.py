"""The three Python clients behind one face, so that one story can be told with each of them.

Configurations are passed as the client spells them and reach its constructor untouched; nothing
here sets a default that matters to exactly-once. The modules are imported by name because each
interpreter that runs this file has its own client versions, some without type information.
"""

import asyncio
import importlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

WAIT_SECONDS = 30.0
POLL_SECONDS = 0.5

Config = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sent:
    """What the client reported for the records of one send: delivered, or refused and why."""

    acknowledged: int
    errors: tuple[str, ...]


class Producer(Protocol):
    """A producer; the four transaction methods need a transactional id in its configuration."""

    def initialise(self) -> None:
        """Find the broker and, with a transactional id, init the transactions."""

    def begin(self) -> None: ...
    def commit(self) -> None: ...
    def abort(self) -> None: ...
    def send(self, topic: str, values: list[str]) -> Sent:
        """Send all values at once and wait for every delivery report."""

    def send_offsets(self, consumer: "Consumer") -> None:
        """Add the consumer's position to the transaction."""


class Consumer(Protocol):
    """A subscribed consumer that starts at the earliest record unless configured otherwise."""

    def read(self, wanted: int, seconds: float) -> list[str]:
        """Return values as they come until `wanted` are there or `seconds` are over."""

    def idle(self, seconds: float) -> None:
        """Keep the consumer alive, as a loop with nothing to read would."""

    def commit(self) -> None:
        """Commit the current position."""

    def close(self) -> None: ...


# --- confluent-kafka ------------------------------------------------------------------------


class ConfluentProducer:
    def __init__(self, config: Config) -> None:
        self._kafka: Any = importlib.import_module("confluent_kafka")
        self._transactional = bool(config.get("transactional.id"))
        self._producer: Any = self._kafka.Producer(dict(config))

    def initialise(self) -> None:
        if self._transactional:
            self._producer.init_transactions(WAIT_SECONDS)
        else:
            self._producer.list_topics(timeout=WAIT_SECONDS)

    def begin(self) -> None:
        self._producer.begin_transaction()

    def commit(self) -> None:
        self._producer.commit_transaction(WAIT_SECONDS)

    def abort(self) -> None:
        self._producer.abort_transaction(WAIT_SECONDS)

    def send(self, topic: str, values: list[str]) -> Sent:
        reports: list[str] = []

        def delivered(error: Any, _message: Any) -> None:
            reports.append("" if error is None else str(error.name()))

        for value in values:
            self._producer.produce(topic, value=value.encode(), on_delivery=delivered)
        self._producer.flush(WAIT_SECONDS)
        return sent_of(reports)

    def send_offsets(self, consumer: Consumer) -> None:
        assert isinstance(consumer, ConfluentConsumer)
        inner = consumer.inner
        position = inner.position(inner.assignment())
        self._producer.send_offsets_to_transaction(
            position, inner.consumer_group_metadata(), WAIT_SECONDS
        )


class ConfluentConsumer:
    def __init__(self, config: Config, topic: str) -> None:
        self._kafka: Any = importlib.import_module("confluent_kafka")
        self.inner: Any = self._kafka.Consumer({"auto.offset.reset": "earliest", **config})
        self.inner.subscribe([topic])

    def read(self, wanted: int, seconds: float) -> list[str]:
        values: list[str] = []
        deadline = time.monotonic() + seconds
        while len(values) < wanted and time.monotonic() < deadline:
            message = self.inner.poll(POLL_SECONDS)
            if message is None:
                continue
            if message.error() is not None:
                raise self._kafka.KafkaException(message.error())
            values.append(message.value().decode())
        return values

    def idle(self, seconds: float) -> None:
        time.sleep(seconds)  # librdkafka commits and beats from its own threads

    def commit(self) -> None:
        self.inner.commit(asynchronous=False)

    def close(self) -> None:
        self.inner.close()


# --- kafka-python ---------------------------------------------------------------------------


class KafkaPythonProducer:
    def __init__(self, config: Config) -> None:
        self._kafka: Any = importlib.import_module("kafka")
        self._transactional = bool(config.get("transactional_id"))
        self._producer: Any = self._kafka.KafkaProducer(**config)

    def initialise(self) -> None:
        if self._transactional:
            self._producer.init_transactions()

    def begin(self) -> None:
        self._producer.begin_transaction()

    def commit(self) -> None:
        self._producer.commit_transaction()

    def abort(self) -> None:
        self._producer.abort_transaction()

    def send(self, topic: str, values: list[str]) -> Sent:
        futures = [self._producer.send(topic, value=value.encode()) for value in values]
        self._producer.flush()
        return sent_of([report_of(future) for future in futures])

    def send_offsets(self, consumer: Consumer) -> None:
        assert isinstance(consumer, KafkaPythonConsumer)
        inner = consumer.inner
        offset_of: Any = self._kafka.OffsetAndMetadata
        offsets = {
            partition: offset_of(inner.position(partition), "", -1)
            for partition in inner.assignment()
        }
        self._producer.send_offsets_to_transaction(offsets, consumer.group())


class KafkaPythonConsumer:
    def __init__(self, config: Config, topic: str) -> None:
        self._kafka: Any = importlib.import_module("kafka")
        self._group_id = str(config["group_id"])
        self.inner: Any = self._kafka.KafkaConsumer(
            topic, **{"auto_offset_reset": "earliest", **config}
        )

    def group(self) -> Any:
        """The consumer's group metadata (kafka-python 3), or its group id (2.x has no more)."""
        metadata = getattr(self.inner, "group_metadata", None)
        return self._group_id if metadata is None else metadata()

    def read(self, wanted: int, seconds: float) -> list[str]:
        values: list[str] = []
        deadline = time.monotonic() + seconds
        while len(values) < wanted and time.monotonic() < deadline:
            for records in self.inner.poll(timeout_ms=int(POLL_SECONDS * 1000)).values():
                values += [record.value.decode() for record in records]
        return values

    def idle(self, seconds: float) -> None:
        # Auto commit happens inside poll: an application that goes on polling commits.
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.inner.poll(timeout_ms=int(POLL_SECONDS * 1000))

    def commit(self) -> None:
        self.inner.commit()

    def close(self) -> None:
        self.inner.close()


# --- aiokafka -------------------------------------------------------------------------------


@dataclass(slots=True)
class Loop:
    """An event loop driven from synchronous code; its tasks run only inside `run`."""

    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    def run(self, work: Callable[[], Any]) -> Any:
        """Build the coroutine inside the loop (aiokafka asks for the running loop) and await it."""

        async def bounded() -> Any:
            return await asyncio.wait_for(work(), WAIT_SECONDS * 2)

        return self.loop.run_until_complete(bounded())


# One loop for a process: a consumer and a producer of one application share it.
LOOP: list[Loop] = []


def shared_loop() -> Loop:
    """Return the process's only event loop, made on first use."""
    if not LOOP:
        LOOP.append(Loop())
    return LOOP[0]


class AiokafkaProducer:
    def __init__(self, config: Config) -> None:
        self._kafka: Any = importlib.import_module("aiokafka")
        self._loop = shared_loop()

        async def build() -> Any:
            return self._kafka.AIOKafkaProducer(**config)

        self._producer: Any = self._loop.run(build)

    def initialise(self) -> None:
        self._loop.run(self._producer.start)

    def begin(self) -> None:
        self._loop.run(self._producer.begin_transaction)

    def commit(self) -> None:
        self._loop.run(self._producer.commit_transaction)

    def abort(self) -> None:
        self._loop.run(self._producer.abort_transaction)

    def send(self, topic: str, values: list[str]) -> Sent:
        async def send_all() -> list[str]:
            futures = [await self._producer.send(topic, value=value.encode()) for value in values]
            results = await asyncio.gather(*futures, return_exceptions=True)
            return [
                type(result).__name__ if isinstance(result, BaseException) else ""
                for result in results
            ]

        return sent_of(self._loop.run(send_all))

    def send_offsets(self, consumer: Consumer) -> None:
        assert isinstance(consumer, AiokafkaConsumer)

        async def add() -> None:
            inner = consumer.inner
            offsets = {
                partition: await inner.position(partition) for partition in inner.assignment()
            }
            await self._producer.send_offsets_to_transaction(offsets, consumer.group_id)

        self._loop.run(add)


class AiokafkaConsumer:
    def __init__(self, config: Config, topic: str) -> None:
        self._kafka: Any = importlib.import_module("aiokafka")
        self._loop = shared_loop()
        self.group_id = str(config["group_id"])

        async def build() -> Any:
            settings = {"auto_offset_reset": "earliest", **config}
            return self._kafka.AIOKafkaConsumer(topic, **settings)

        self.inner: Any = self._loop.run(build)
        self._loop.run(self.inner.start)

    def read(self, wanted: int, seconds: float) -> list[str]:
        async def collect() -> list[str]:
            values: list[str] = []
            deadline = time.monotonic() + seconds
            while len(values) < wanted and time.monotonic() < deadline:
                batch = await self.inner.getmany(timeout_ms=int(POLL_SECONDS * 1000))
                for records in batch.values():
                    values += [record.value.decode() for record in records]
            return values

        collected: list[str] = self._loop.run(collect)
        return collected

    def idle(self, seconds: float) -> None:
        self._loop.run(lambda: asyncio.sleep(seconds))

    def commit(self) -> None:
        self._loop.run(self.inner.commit)

    def close(self) -> None:
        self._loop.run(self.inner.stop)


# --------------------------------------------------------------------------------------------

PRODUCERS: dict[str, Callable[[Config], Producer]] = {
    "confluent-kafka": ConfluentProducer,
    "kafka-python": KafkaPythonProducer,
    "kafka-python-ng": KafkaPythonProducer,
    "aiokafka": AiokafkaProducer,
}
CONSUMERS: dict[str, Callable[[Config, str], Consumer]] = {
    "confluent-kafka": ConfluentConsumer,
    "kafka-python": KafkaPythonConsumer,
    "kafka-python-ng": KafkaPythonConsumer,
    "aiokafka": AiokafkaConsumer,
}


def report_of(future: Any) -> str:
    """Return '' when kafka-python's future succeeds, else the class of its exception."""
    try:
        future.get(timeout=WAIT_SECONDS)
    except Exception as error:  # any failure is a delivery report here
        return type(error).__name__
    return ""


def sent_of(reports: list[str]) -> Sent:
    """Count delivery reports, '' meaning delivered."""
    errors = sorted({report for report in reports if report})
    return Sent(reports.count(""), tuple(errors))
