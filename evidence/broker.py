"""Apache Kafka (KRaft) on loopback, for the length of a `with` block.

A single broker has two client listeners. DIRECT is advertised at its own port. PROXIED is advertised
at `proxied_at`, so that a proxy standing there sees every byte of its clients without rewriting a
metadata response.
"""

import argparse
import base64
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

LOOPBACK = "127.0.0.1"
STARTUP_SECONDS = 60.0
SHUTDOWN_SECONDS = 20.0
# What is not set here or by a script keeps Kafka's own default.
SMALL_CLUSTER = {
    "auto.create.topics.enable": "false",
    # A single node cannot satisfy the default of three replicas.
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    # Fewer internal partitions and no rebalance delay: only the start gets faster.
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.num.partitions": "1",
    "group.initial.rebalance.delay.ms": "0",
}


class BrokerError(RuntimeError):
    """The broker could not be formatted or started, or died by itself."""


def free_port() -> int:
    """Return a TCP port that was free on loopback a moment ago."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_port(port: int, process: subprocess.Popen[bytes], seconds: float) -> None:
    """Wait until `port` accepts a connection; raise BrokerError when `process` ends first."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise BrokerError(f"the process behind port {port} ended with {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), 1.0):
            return
        time.sleep(0.1)
    raise BrokerError(f"nothing listens on port {port} after {seconds:.0f} s")


def home() -> Path:
    """Return the folder that `prepare.py` filled: ONCELINT_EVIDENCE_HOME or the user's cache."""
    return Path(os.environ.get("ONCELINT_EVIDENCE_HOME", "~/.cache/oncelint-evidence")).expanduser()


def kafka_version() -> str:
    """Return the broker version to run: KAFKA_VERSION, by default 3.9.1."""
    return os.environ.get("KAFKA_VERSION", "3.9.1")


def java_process(
    classpath: Path, main_class: str, arguments: list[str], log: Path, lifetime_seconds: int
) -> subprocess.Popen[bytes]:
    """Start a JVM that the kernel ends after `lifetime_seconds`, whatever becomes of its parent."""

    def limit_lifetime() -> None:
        # An alarm survives exec, and the JVM leaves SIGALRM at its default: terminate.
        signal.alarm(lifetime_seconds)

    with log.open("ab") as stream:
        return subprocess.Popen(
            [
                "java",
                "-Xmx512m",
                "-XX:+UseSerialGC",
                "-cp",
                f"{classpath}/*",
                main_class,
                *arguments,
            ],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=limit_lifetime,
        )


def stop_process(process: subprocess.Popen[bytes], seconds: float = SHUTDOWN_SECONDS) -> None:
    """Ask `process` to end, and kill it when it has not after `seconds`."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(seconds)


def new_cluster_id() -> str:
    """Return a fresh cluster id as Kafka spells it: 16 bytes in URL-safe base64."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()


@dataclass(slots=True)
class Node:
    """One Kafka process in a temporary folder, with the server.properties it is given.

    `ports` are waited for at every start. `lifetime_seconds` bounds the process. Raises
    BrokerError when Kafka does not come up within a minute.
    """

    properties: Mapping[str, str]
    ports: tuple[int, ...]
    cluster_id: str = field(default_factory=new_cluster_id)
    version: str = field(default_factory=kafka_version)
    lifetime_seconds: int = 600
    _folder: Path | None = None
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Format the data folder on the first start, run Kafka, wait for its listeners."""
        classpath = home() / f"kafka-{self.version}"
        if not classpath.is_dir():
            raise BrokerError(f"no Kafka in {classpath}: run prepare.py first")
        first_start = self._folder is None
        folder = self._folder or Path(tempfile.mkdtemp(prefix="oncelint-kafka-"))
        self._folder = folder
        file = folder / "server.properties"
        if first_start:
            effective = {**self.properties, "log.dirs": str(folder / "data")}
            file.write_text("".join(f"{key}={value}\n" for key, value in effective.items()))
            self._format(classpath, file, folder / "format.log")
        self._process = java_process(
            classpath, "kafka.Kafka", [str(file)], folder / "kafka.log", self.lifetime_seconds
        )
        for port in self.ports:
            wait_for_port(port, self._process, STARTUP_SECONDS)

    def _format(self, classpath: Path, file: Path, log: Path) -> None:
        arguments = ["format", f"--cluster-id={self.cluster_id}", f"--config={file}"]
        tool = java_process(classpath, "kafka.tools.StorageTool", arguments, log, 60)
        if tool.wait(60):
            raise BrokerError(f"kafka.tools.StorageTool failed: {log.read_text()}")

    def suspend(self) -> None:
        """Stop the process where it is: its sockets still take bytes, nobody reads them."""
        self._running().send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a suspended process go on."""
        self._running().send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End the process at once, as a power cut would; the data folder stays."""
        self._running().kill()
        self._running().wait(SHUTDOWN_SECONDS)

    def stop(self) -> None:
        """End Kafka and delete its data folder; what is deleted needs no orderly shutdown."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(SHUTDOWN_SECONDS)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise BrokerError("the node was never started")
        return self._process


class Broker:
    """A single-node cluster; `settings` are added to (and win over) its server.properties."""

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        self.port, self.proxied_port, self.proxied_at, controller = (free_port() for _ in range(4))
        direct, proxied = f"DIRECT://{self.bootstrap}", f"PROXIED://{LOOPBACK}:{self.proxied_port}"
        properties = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@{LOOPBACK}:{controller}",
            "listeners": f"{direct},{proxied},CONTROLLER://{LOOPBACK}:{controller}",
            "advertised.listeners": f"{direct},PROXIED://{self.proxied_bootstrap}",
            "listener.security.protocol.map": ",".join(
                f"{name}:PLAINTEXT" for name in ("DIRECT", "PROXIED", "CONTROLLER")
            ),
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "DIRECT",
            **SMALL_CLUSTER,
            **(settings or {}),
        }
        self.node = Node(properties, (self.port, self.proxied_port))

    @property
    def version(self) -> str:
        """The version of Apache Kafka."""
        return self.node.version

    @property
    def bootstrap(self) -> str:
        """The address of the DIRECT listener, host:port."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def proxied_bootstrap(self) -> str:
        """The address under which clients of the PROXIED listener know the broker, host:port."""
        return f"{LOOPBACK}:{self.proxied_at}"

    def __enter__(self) -> "Broker":
        start_all([self.node])
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.node.stop()


class TwoBrokers:
    """Two brokers behind a controller of their own, so that either broker may die."""

    def __init__(self) -> None:
        self.ports = (free_port(), free_port())
        controller = free_port()
        cluster_id = new_cluster_id()
        common = {
            "controller.quorum.voters": f"100@{LOOPBACK}:{controller}",
            "listener.security.protocol.map": "DIRECT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "controller.listener.names": "CONTROLLER",
            **SMALL_CLUSTER,
        }
        self._controller = Node(
            {
                "process.roles": "controller",
                "node.id": "100",
                "listeners": f"CONTROLLER://{LOOPBACK}:{controller}",
                **common,
            },
            (controller,),
            cluster_id,
        )
        self.first, self.second = (
            Node(
                {
                    "process.roles": "broker",
                    "node.id": str(number),
                    "listeners": f"DIRECT://{LOOPBACK}:{port}",
                    "inter.broker.listener.name": "DIRECT",
                    **common,
                },
                (port,),
                cluster_id,
            )
            for number, port in enumerate(self.ports, start=1)
        )

    @property
    def bootstrap(self) -> str:
        """The addresses of both brokers."""
        return ",".join(f"{LOOPBACK}:{port}" for port in self.ports)

    def __enter__(self) -> "TwoBrokers":
        start_all([self._controller, self.first, self.second])
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for node in (self.first, self.second, self._controller):
            node.stop()


def start_all(nodes: list[Node]) -> None:
    """Start the nodes in order, or none of them."""
    try:
        for node in nodes:
            node.start()
    except BaseException:
        for node in nodes:
            node.stop()
        raise


@contextlib.contextmanager
def terminating() -> Iterator[None]:
    """Turn SIGTERM into SystemExit within the block, so that `with Broker()` cleans up."""

    def leave(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    previous = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def main() -> None:
    """Run one broker for a bounded time and print its address (for experiments by hand)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=120, help="how long it runs (default 120)")
    seconds = min(parser.parse_args().seconds, 500)
    with terminating(), Broker() as broker:
        print(f"Apache Kafka {broker.version} at {broker.bootstrap} for {seconds} s", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            time.sleep(seconds)


if __name__ == "__main__":
    main()
