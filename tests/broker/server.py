"""A broker of Apache Kafka for the tests that ask one: KRaft, one node, in a folder of its own.

The jars are resolved by Maven into its own local repository. The broker listens on this machine
alone and is stopped and removed at the end.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from java_facts.maven import class_path

VERSION = "4.1.2"
_WAIT_S = 60
_CLUSTER_ID = "MkU3OEVBNTcwNTJENDM2Qk"


class Unavailable(Exception):
    """There is no broker, and why."""


def missing() -> str | None:
    """What keeps the broker from being started here, in words; None when nothing does."""
    if os.environ.get("ONCELINT_BROKER") != "1":
        return "starts Apache Kafka from Maven's artifacts: set ONCELINT_BROKER=1 to run"
    absent = [program for program in ("java", "mvn") if shutil.which(program) is None]
    return f"ONCELINT_BROKER is set, but {' and '.join(absent)} not found" if absent else None


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _properties(folder: Path, port: int, controller: int) -> str:
    """One node that is broker and controller. Sessions may be short, so that a killed consumer is
    missed soon, a group's first member does not wait for others, and transactions that take too
    long are looked for every second."""
    settings = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": str(folder / "data"),
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "1",
        "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "500",
    }
    return "".join(f"{key}={value}\n" for key, value in settings.items())


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@contextmanager
def broker() -> Iterator[str]:
    """A running broker's bootstrap address.

    Raises:
        Unavailable: when the jars are not to be had or the broker does not start.
    """
    jars = class_path("kafka_2.13", VERSION, logging=True)
    if jars is None:
        raise Unavailable(f"Maven has no class path for Apache Kafka {VERSION}")
    folder = Path(tempfile.mkdtemp(prefix="once-"))
    java = ["java", "-Xmx512m", "-cp", jars]
    config = folder / "server.properties"
    port, controller = _free_ports(2)
    config.write_text(_properties(folder, port, controller), encoding="utf-8")
    log = folder / "server.log"
    try:
        storage = ["kafka.tools.StorageTool", "format", "-t", _CLUSTER_ID, "-c", str(config)]
        subprocess.run([*java, *storage], check=True, capture_output=True, timeout=_WAIT_S)
        with log.open("w", encoding="utf-8") as out:
            server = subprocess.Popen(
                [*java, "kafka.Kafka", str(config)], stdout=out, stderr=out, cwd=folder
            )
        try:
            _wait(server, log, port)
            yield f"127.0.0.1:{port}"
        finally:
            server.kill()
            server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(server: subprocess.Popen[bytes], log: Path, port: int) -> None:
    deadline = time.monotonic() + _WAIT_S
    while time.monotonic() < deadline and server.poll() is None:
        started = "Kafka Server started" in log.read_text(encoding="utf-8", errors="replace")
        if started and _answers(port):
            return
        time.sleep(0.2)
    raise Unavailable("Apache Kafka did not start: " + log.read_text(encoding="utf-8")[-500:])
