"""connect-jdbc-sink-not-idempotent: a killed worker delivers again what it had not yet committed.

Debezium's JDBC sink in a standalone Kafka Connect writes ten records to PostgreSQL. The worker is
killed before it commits its offsets (offset.flush.interval.ms, a minute by default) and started
again. insert without a key doubles the rows, insert with one ends the task on its own rows,
upsert without a key never starts, upsert with one leaves one row a record.

Needs PostgreSQL's initdb, postgres and psql on the PATH; as root they run as user postgres.
"""

import contextlib
import importlib
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import harness
from harness import CONFLUENT

import broker as kafka
from broker import LOOPBACK, Broker

COUNT = 10
CONNECTOR = "debezium-connector-jdbc==3.0.7.Final"
WAIT_SECONDS = 60.0
LIFETIME_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Case:
    """Settings of the sink, the state of its task and the rows after the redelivery."""

    table: str
    setting: dict[str, str]
    rows: int
    task: str


BY_ID = {"primary.key.mode": "record_value", "primary.key.fields": "id"}
CASES = (
    Case("plain", {}, 2 * COUNT, "RUNNING"),
    Case("keyed_insert", {"insert.mode": "insert", **BY_ID}, COUNT, "FAILED"),
    Case("keyless_upsert", {"insert.mode": "upsert"}, 0, "FAILED"),
    Case("upserted", {"insert.mode": "upsert", **BY_ID}, COUNT, "RUNNING"),
    Case("by_offset", {"insert.mode": "upsert", "primary.key.mode": "kafka"}, COUNT, "RUNNING"),
)


def wait_until(what: str, true: Callable[[], bool]) -> None:
    """Wait for a condition; raise PeerError when it does not come."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not true():
        if time.monotonic() > deadline:
            raise harness.PeerError(f"waited in vain for {what}")
        time.sleep(0.3)


@dataclass(frozen=True, slots=True)
class Database:
    """A running PostgreSQL on loopback."""

    port: int

    def scalar(self, statement: str) -> str:
        """Run one statement and return its first column; '' when it fails (no such table yet)."""
        command = [
            "psql",
            "-h",
            LOOPBACK,
            "-p",
            str(self.port),
            "-U",
            "postgres",
            "-tAc",
            statement,
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        return done.stdout.strip()

    def rows(self, table: str) -> int:
        """Return the number of rows, 0 when there is no such table."""
        return int(self.scalar(f'SELECT count(*) FROM "{table}"') or 0)


@contextlib.contextmanager
def postgresql() -> Iterator[Database]:
    """Run PostgreSQL in a temporary folder."""
    user = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
    folder = Path(tempfile.mkdtemp(prefix="oncelint-postgres-"))
    if user:
        shutil.chown(folder, user)
    port = kafka.free_port()
    data = str(folder / "data")
    try:
        subprocess.run(
            ["initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync"],
            user=user,
            check=True,
            capture_output=True,
            timeout=60,
            cwd=folder,
        )
        server = subprocess.Popen(
            ["postgres", "-D", data, "-p", str(port), "-k", str(folder), "-h", LOOPBACK],
            user=user,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
        )
        try:
            kafka.wait_for_port(port, server, WAIT_SECONDS)
            yield Database(port)
        finally:
            kafka.stop_process(server)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_properties(path: Path, properties: dict[str, str]) -> str:
    """Write a .properties file and return its path."""
    path.write_text("".join(f"{key}={value}\n" for key, value in properties.items()))
    return str(path)


def start_worker(
    folder: Path,
    bootstrap: str,
    rest_port: int,
    connector: dict[str, str],
    settings: dict[str, str] | None = None,
) -> "subprocess.Popen[bytes]":
    """Start a standalone Connect worker with one connector."""
    worker = {
        "bootstrap.servers": bootstrap,
        "listeners": f"http://{LOOPBACK}:{rest_port}",
        "key.converter": "org.apache.kafka.connect.storage.StringConverter",
        "value.converter": "org.apache.kafka.connect.json.JsonConverter",
        "offset.storage.file.filename": str(folder / "offsets"),
        "plugin.discovery": "service_load",  # the fast one; the connector has a manifest
        # A killed worker's consumer leaves its group after 6 s instead of 45.
        "consumer.session.timeout.ms": "6000",
        "consumer.heartbeat.interval.ms": "2000",
        **(settings or {}),
    }
    process = kafka.java_process(
        kafka.home() / "connect-3.9.1",
        "org.apache.kafka.connect.cli.ConnectStandalone",
        [
            write_properties(folder / "worker.properties", worker),
            write_properties(folder / "connector.properties", connector),
        ],
        folder / "connect.log",
        LIFETIME_SECONDS,
    )
    kafka.wait_for_port(rest_port, process, WAIT_SECONDS)
    return process


def task_status(rest_port: int, name: str) -> tuple[str, str]:
    """Return the state of the connector's only task and the last cause in its trace."""
    url = f"http://{LOOPBACK}:{rest_port}/connectors/{name}/status"
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            tasks = json.load(response)["tasks"]
    except OSError:
        return "", ""
    if not tasks:
        return "", ""
    lines = tasks[0].get("trace", "").splitlines() or [""]
    causes = [line for line in lines if line.startswith("Caused by:")]
    return tasks[0]["state"], (causes or lines)[-1 if causes else 0]


def committed_offset(broker: Broker, connector: str) -> int | None:
    """Return the offset the connector's consumer group has committed, None when there is none."""
    module: Any = importlib.import_module("confluent_kafka")
    consumer = module.Consumer(
        {"bootstrap.servers": broker.bootstrap, "group.id": f"connect-{connector}", "log_level": 3}
    )
    (partition,) = consumer.committed([module.TopicPartition(connector, 0)], timeout=30.0)
    consumer.close()
    return None if partition.offset < 0 else int(partition.offset)


def order(number: int) -> str:
    """Return one record as the JSON converter wants it, schema included."""
    fields = [
        {"field": "id", "type": "int64", "optional": False},
        {"field": "item", "type": "string", "optional": False},
    ]
    schema = {"type": "struct", "name": "order", "optional": False, "fields": fields}
    return json.dumps({"schema": schema, "payload": {"id": number, "item": f"item {number}"}})


def tell(report: harness.Report, broker: Broker, database: Database, case: Case) -> None:
    """Fill the table, kill the worker, let the next one deliver again."""
    harness.create_topics(broker.bootstrap, case.table)
    harness.run_peer(
        CONFLUENT,
        "produce",
        config={"bootstrap.servers": broker.bootstrap, "enable.idempotence": True},
        topic=case.table,
        values=[order(number) for number in range(COUNT)],
    )
    connector = {
        "name": case.table,
        "connector.class": "io.debezium.connector.jdbc.JdbcSinkConnector",
        "topics": case.table,
        "connection.url": f"jdbc:postgresql://{LOOPBACK}:{database.port}/postgres",
        "connection.username": "postgres",
        "connection.password": "unused",
        "schema.evolution": "basic",  # let the sink create its table
        **case.setting,
    }
    with tempfile.TemporaryDirectory(prefix="oncelint-connect-") as name:
        folder = Path(name)
        rest_port = kafka.free_port()
        worker = start_worker(folder, broker.bootstrap, rest_port, connector)
        try:
            first = rest_port
            wait_until(
                "the first delivery",
                lambda: (
                    database.rows(case.table) == COUNT
                    or task_status(first, case.table)[0] == "FAILED"
                ),
            )
            worker.kill()
            worker.wait(10)
            committed_at_kill = committed_offset(broker, case.table)
            rest_port = kafka.free_port()
            worker = start_worker(
                folder, broker.bootstrap, rest_port, connector, {"offset.flush.interval.ms": "2000"}
            )
            wait_until(
                "the second delivery",
                lambda: (
                    task_status(rest_port, case.table)[0] == "FAILED"
                    or committed_offset(broker, case.table) == COUNT
                ),
            )
            state, cause = task_status(rest_port, case.table)
        finally:
            kafka.stop_process(worker)
    report.add(
        CONNECTOR,
        str(case.setting or "default"),
        {"rows": case.rows, "task": case.task, "committed_at_kill": None},
        records=COUNT,
        committed_at_kill=committed_at_kill,
        rows=database.rows(case.table),
        task=state,
        cause=cause,
    )


def story(report: harness.Report) -> None:
    """Tell every case on one broker and one database."""
    with Broker() as broker, postgresql() as database:
        for case in CASES:
            tell(report, broker, database, case)


if __name__ == "__main__":
    harness.main("connect-jdbc-sink-not-idempotent", story)
