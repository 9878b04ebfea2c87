"""What each client commits and when, shown on Apache Kafka with the real clients.

A consumer dies or fails in the middle of a record's effect, another one of its group takes over, and
what neither of them did is lost. Runs only where ONCELINT_BROKER=1, with Java and Maven.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.broker.records import RECORDS, WAIT_S, fill, produce
from tests.broker.server import missing

REASON = missing()
pytestmark = pytest.mark.skipif(REASON is not None, reason=REASON or "")

# Consumers sleep most of the time, so several scenarios run at once.
_AT_ONCE = 4 * (os.cpu_count() or 1)
_LONG_S = 1.0  # ten intervals of auto commit

# The record in hand is number 3; what is lost when its consumer dies or fails there.
LOST: dict[str, tuple[str, ...]] = {
    "confluent_poll": ("3",),
    "confluent_committed_too": ("3",),
    "confluent_stored_before": ("3",),
    "confluent_stored_after": (),
    "confluent_closed": ("3",),
    "kafka_python_loop": (),
    "kafka_python_poll": (),
    "kafka_python_finally": ("3",),
    "kafka_python_with": (),
    "kafka_python_closed_without": (),
    "kafka_python_never_closed": (),
    "kafka_python_swallowed": ("3",),
    "kafka_python_buffered": ("0", "1", "2"),
    "kafka_python_committed_awaited": (),
    "aiokafka_awaits": ("3",),
    "aiokafka_blocks": (),
    "aiokafka_stopped": ("3",),
    "aiokafka_with": ("3",),
}
# These take more records while the one in hand is being done; at least it is lost.
LOST_AT_LEAST = (
    "kafka_python_thread",
    "kafka_python_committed_unawaited",
    "aiokafka_committed_unawaited",
)
WITHOUT_GROUP = ("kafka_python_no_group", "aiokafka_no_group")
DONE_TWICE = ("confluent_slow", "kafka_python_slow", "aiokafka_holds_the_loop")
BATCHES = ("confluent_batch_held", "confluent_batch_written_on_revoke")


class Outcome(NamedTuple):
    """The journal's lines, and what the consumers said."""

    journal: list[str]
    log: str

    def lost(self) -> tuple[str, ...]:
        return tuple(one for one in RECORDS if one not in self.journal)


class Scenarios:
    """Runs every scenario that was asked for in the background; `outcome` waits for one."""

    def __init__(self, servers: str, folder: Path) -> None:
        self.servers = servers
        self.folder = folder
        self.pool = ThreadPoolExecutor(_AT_ONCE)
        self.running: dict[str, Future[Outcome]] = {}

    def start(self, style: str, *, together: bool = False) -> None:
        play = self.together if together else self.in_turn
        self.running[style] = self.pool.submit(play, style)

    def outcome(self, style: str) -> Outcome:
        return self.running[style].result()

    def topic(self, style: str) -> str:
        """A topic with the numbered records; of two partitions where one may go to another."""
        name = style.replace("_", "-")
        fill(self.servers, name, 2 if style in BATCHES else 1)
        return name

    def consumer(self, style: str, topic: str, fails_at: str) -> subprocess.Popen[str]:
        script = Path(__file__).with_name("consumers.py")
        journal = self.folder / topic
        arguments = (style, self.servers, topic, f"{topic}-group", str(journal), fails_at)
        return subprocess.Popen(
            [sys.executable, str(script), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def in_turn(self, style: str) -> Outcome:
        """A consumer that fails, then its successor, unless it went on to the end. One record more
        is there for the successor, so that it ends where everything is committed."""
        topic = self.topic(style)
        first = self.consumer(style, topic, "3")
        wait_for(lambda: (self.folder / f"{topic}.taken").exists() or first.poll() is not None)
        self.held(style, topic)
        (self.folder / f"{topic}.falls").touch()
        log = ended(first)
        if first.returncode != 0:
            produce(self.servers, topic, ["last"])
            log += ended(self.consumer(style, topic, "none"))
        return Outcome((self.folder / topic).read_text(encoding="ascii").split(), log)

    def held(self, style: str, topic: str) -> None:
        """Until what will be lost is committed, or for as long as takes auto commit ten times."""
        from confluent_kafka import Consumer, TopicPartition

        lost = ("3",) if style in LOST_AT_LEAST else LOST.get(style, ())
        if not lost:
            time.sleep(_LONG_S)
            return
        asking = Consumer({"bootstrap.servers": self.servers, "group.id": f"{topic}-group"})
        partition = TopicPartition(topic, 0)
        try:
            wait_for(lambda: asking.committed([partition], WAIT_S)[0].offset > int(lost[-1]))
        finally:
            asking.close()

    def together(self, style: str) -> Outcome:
        """A slow consumer, and another member of its group that joins meanwhile."""
        topic = self.topic(style)
        slow = self.consumer(style, topic, "0")
        wait_for((self.folder / f"{topic}.taken").exists)
        log = ended(self.consumer(style, topic, "none"))
        journal = self.folder / topic
        if style in BATCHES:
            log += ended(slow)
            return Outcome(journal.read_text(encoding="ascii").split(), log)
        wait_for(lambda: journal.read_text(encoding="ascii").split().count("0") > 1)
        slow.terminate()
        log += ended(slow)
        return Outcome(journal.read_text(encoding="ascii").split(), log)


def wait_for(holds: Callable[[], bool]) -> None:
    """Until something holds, or there is no time left."""
    deadline = time.monotonic() + WAIT_S
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.1)


def ended(process: subprocess.Popen[str]) -> str:
    """What a consumer said until its end."""
    try:
        return process.communicate(timeout=WAIT_S)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        return process.communicate()[0] + "\n(did not end)"


@pytest.fixture(scope="module")
def scenarios(
    servers: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Scenarios]:
    played = Scenarios(servers, tmp_path_factory.mktemp("journals"))
    items: list[Any] = request.session.items
    wanted = {item.callspec.params.get("style") for item in items if hasattr(item, "callspec")}
    for style in (*LOST, *LOST_AT_LEAST, *WITHOUT_GROUP, *DONE_TWICE, *BATCHES):
        if style in wanted:
            played.start(style, together=style in (*DONE_TWICE, *BATCHES))
    yield played
    played.pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("style", LOST)
def test_what_is_lost(style: str, scenarios: Scenarios) -> None:
    outcome = scenarios.outcome(style)
    assert outcome.journal[-1:] == ["last"], outcome.log
    assert outcome.lost() == LOST[style], outcome.log


@pytest.mark.parametrize("style", LOST_AT_LEAST)
def test_what_is_in_hand_elsewhere_is_lost(style: str, scenarios: Scenarios) -> None:
    outcome = scenarios.outcome(style)
    assert "3" in outcome.lost(), outcome.log
    assert outcome.journal[:3] == ["0", "1", "2"], outcome.log


@pytest.mark.parametrize("style", WITHOUT_GROUP)
def test_without_a_group_nothing_is_committed(style: str, scenarios: Scenarios) -> None:
    outcome = scenarios.outcome(style)
    assert outcome.journal == ["0", "1", "2", *RECORDS], outcome.log


@pytest.mark.parametrize("style", DONE_TWICE)
def test_who_is_late_is_repeated(style: str, scenarios: Scenarios) -> None:
    outcome = scenarios.outcome(style)
    assert outcome.journal.count("0") > 1, outcome.log


@pytest.mark.parametrize(("style", "twice"), list(zip(BATCHES, (True, False), strict=True)))
def test_a_batch_when_the_group_changes(style: str, twice: bool, scenarios: Scenarios) -> None:
    outcome = scenarios.outcome(style)
    assert outcome.lost() == (), outcome.log
    assert (len(outcome.journal) > len(RECORDS)) is twice, outcome.journal


def test_what_librdkafka_commits(servers: str) -> None:
    """commit() takes what is stored, commit(message) that message, whatever is stored."""
    from confluent_kafka import Consumer, TopicPartition

    fill(servers, "stored")
    partition = TopicPartition("stored", 0)

    def taken(group: str, store: bool) -> tuple[Any, list[Any]]:
        consumer = Consumer(
            {
                "bootstrap.servers": servers,
                "group.id": group,
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                "enable.auto.offset.store": store,
            }
        )
        consumer.subscribe(["stored"])
        messages = consumer.consume(4, WAIT_S)
        assert [message.value() for message in messages] == [b"0", b"1", b"2", b"3"]
        return consumer, messages

    def committed(consumer: Any) -> int:
        offset: int = consumer.committed([partition], WAIT_S)[0].offset
        return offset

    delivered, _ = taken("delivered", True)
    delivered.commit(asynchronous=False)
    assert committed(delivered) == 4
    delivered.close()

    stored, messages = taken("stored", False)
    stored.store_offsets(message=messages[1])
    stored.commit(asynchronous=False)
    assert committed(stored) == 2
    stored.commit(message=messages[2], asynchronous=False)
    assert committed(stored) == 3
    stored.commit(offsets=[TopicPartition("stored", 0, 1)], asynchronous=False)
    assert committed(stored) == 1
    stored.close()
