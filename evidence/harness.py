"""What every script here shares: topics, peers in child processes, ground truth, the report."""

import datetime
import importlib
import json
import os
import platform
import select
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import broker

HERE = Path(__file__).resolve().parent
PEER_SECONDS = 120.0

Config = Mapping[str, Any]
Result = dict[str, Any]

# The versions that stand for a client's behaviour; prepare.py makes a virtual environment each.
CONFLUENT = "confluent-kafka==2.16.1"
AIOKAFKA = "aiokafka==0.14.0"
KAFKA_PYTHON_3 = "kafka-python==3.0.12"
KAFKA_PYTHON_23 = "kafka-python==2.3.0"
KAFKA_PYTHON_20 = "kafka-python==2.0.2"
KAFKA_PYTHON_NG = "kafka-python-ng==2.2.3"
# The first environment has the three clients together and runs the scripts themselves.
MAIN_ENVIRONMENT = (CONFLUENT, AIOKAFKA, KAFKA_PYTHON_3)
OTHER_ENVIRONMENTS = (KAFKA_PYTHON_23, KAFKA_PYTHON_20, KAFKA_PYTHON_NG)


class PeerError(RuntimeError):
    """A peer process failed in a way that is not part of the story."""


def interpreter(requirement: str) -> Path:
    """Return the Python that has `requirement` installed."""
    name = "main" if requirement in MAIN_ENVIRONMENT else requirement.replace("==", "-")
    return broker.home() / name / "bin" / "python"


def start_peer(requirement: str, task: str, **details: Any) -> "subprocess.Popen[str]":
    """Start one task of peer.py under the interpreter of `requirement` and hand it its details."""
    client, _, _ = requirement.partition("==")
    process = subprocess.Popen(
        [str(interpreter(requirement)), str(HERE / "peer.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps({"task": task, "client": client, **details}) + "\n")
    process.stdin.flush()
    return process


def read_line(process: "subprocess.Popen[str]") -> None:
    """Wait for the peer to say that it is ready (see `warm_up` in peer.py)."""
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], PEER_SECONDS)
    if not ready or not process.stdout.readline():
        process.kill()
        raise PeerError("the peer did not get ready")


def write_line(process: "subprocess.Popen[str]") -> None:
    """Tell a waiting peer to go on."""
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def finish_peer(process: "subprocess.Popen[str]", seconds: float = PEER_SECONDS) -> Result:
    """Wait for the peer's result; raise PeerError when there is none within `seconds`."""
    try:
        output, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        _, errors = process.communicate()
        raise PeerError(f"no answer within {seconds:.0f} s: {errors[-2000:]}") from None
    lines = output.strip().splitlines()
    if process.returncode or not lines:
        raise PeerError(f"the peer ended with {process.returncode}: {errors[-2000:]}")
    result: Result = json.loads(lines[-1])
    return result


def run_peer(requirement: str, task: str, **details: Any) -> Result:
    """Run one task to its end; see peer.py for the tasks and their details."""
    return finish_peer(start_peer(requirement, task, **details))


def address_keys(requirement: str, bootstrap: str) -> dict[str, str]:
    """Return the bootstrap setting as this client spells it."""
    confluent = requirement.startswith("confluent-kafka")
    return {"bootstrap.servers" if confluent else "bootstrap_servers": bootstrap}


def create_topics(bootstrap: str, *topics: str, replicas: list[int] | None = None) -> None:
    """Create topics of one partition, on the single broker or on `replicas` (the leader first)."""
    module: Any = importlib.import_module("confluent_kafka.admin")
    admin = module.AdminClient({"bootstrap.servers": bootstrap, "log_level": 3})
    assignment = {"replica_assignment": [replicas]} if replicas else {"replication_factor": 1}
    new = [module.NewTopic(topic, 1, **assignment) for topic in topics]
    for created in admin.create_topics(new, operation_timeout=30.0).values():
        created.result(30.0)


def wait_for_leader(bootstrap: str, topic: str, node_id: int) -> None:
    """Wait until partition 0 of `topic` is led by `node_id`; raise PeerError when it never is."""
    module: Any = importlib.import_module("confluent_kafka.admin")
    admin = module.AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    deadline = time.monotonic() + PEER_SECONDS
    while time.monotonic() < deadline:
        if admin.list_topics(topic, timeout=10.0).topics[topic].partitions[0].leader == node_id:
            return
        time.sleep(0.5)
    raise PeerError(f"{topic} never got {node_id} as its leader")


def records_in(bootstrap: str, topic: str, isolation: str = "read_uncommitted") -> list[str]:
    """Return every value of partition 0 of `topic`, read without a group from its beginning.

    With read_committed the end is the last stable offset: records behind an open transaction are
    not part of the answer.
    """
    kafka: Any = importlib.import_module("confluent_kafka")
    reader = kafka.Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "ground-truth",
            "enable.auto.commit": False,
            "isolation.level": isolation,
            "enable.partition.eof": True,
            "log_level": 3,  # its chatter on closing is no evidence
        }
    )
    reader.assign([kafka.TopicPartition(topic, 0, 0)])
    values: list[str] = []
    for _ in range(100_000):
        message = reader.poll(10.0)
        if message is None:
            raise PeerError(f"reading {topic} did not come to its end")
        if message.error() is None:
            values.append(message.value().decode())
        elif message.error().code() == kafka.KafkaError._PARTITION_EOF:
            break
        else:
            raise kafka.KafkaException(message.error())
    reader.close()
    return values


@dataclass(slots=True)
class Report:
    """The observations of one script, and the claims they have to bear out."""

    rule: str
    observed: list[Result] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def add(self, requirement: str, setting: str, expected: Result, **numbers: Any) -> None:
        """Keep one observation; it fails when a number named in `expected` came out otherwise."""
        wrong = {key: value for key, value in expected.items() if numbers.get(key) != value}
        self.observed.append({"client": requirement, "setting": setting, **numbers})
        if wrong:
            self.failed.append(f"{requirement} {setting}: expected {wrong}, observed {numbers}")

    def check(self, claim: str, holds: bool) -> None:
        """Keep a claim that no single equality expresses."""
        if not holds:
            self.failed.append(claim)

    def as_json(self) -> str:
        """Return the report with its date and the versions it was measured with."""
        return json.dumps(
            {
                "rule": self.rule,
                "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
                "broker": f"Apache Kafka {broker.kafka_version()}",
                "python": platform.python_version(),
                "reproduced": not self.failed,
                "failed": self.failed,
                "observed": self.observed,
            },
            indent=1,
        )


def main(rule: str, story: Callable[[Report], None]) -> None:
    """Run a story, print its report; exit 1 when a claim failed, 2 when the setting-up did."""
    report = Report(rule)
    try:
        with broker.terminating():
            story(report)
    except Exception:  # a story that could not be told to its end says nothing about the rule
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(2)
    print(report.as_json(), flush=True)
    # Not sys.exit: a client's thread that is still closing must not hold the exit code back.
    sys.stdout.flush()
    os._exit(1 if report.failed else 0)
