"""What the plays of configured projects share: their files as they run here, and processes."""

from __future__ import annotations

import functools
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.broker.configured import Configured
from tests.broker.server import VERSION, Unavailable, _free_ports

from java_facts.maven import class_path

WAIT_S = 180  # for what is to come in the end, on a machine that is busy with other things
# Each scene starts virtual machines, up to three, and then waits most of its time.
_AT_ONCE = (os.cpu_count() or 1) + 1
_ARTIFACTS = ("kafka_2.13", "connect-runtime", "connect-file", "kafka-streams")
_SERVERS = re.compile(r"\bkafka(?:-\d)?:9092(?:,kafka-\d:9092)*")
_LOCAL = re.compile(r"\blocalhost:(\d+)")
_WARNS = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
_SMALL = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Xmx256m", _WARNS)


class Outcome(NamedTuple):
    """What is found in the end, and what the programs said."""

    found: list[str]
    log: str


@functools.cache
def jars() -> str:
    """The class path of the broker, of Connect with its file connectors, and of Streams.

    Raises:
        Unavailable: when Maven does not have one of them.
    """
    with ThreadPoolExecutor(len(_ARTIFACTS)) as pool:
        found = list(pool.map(lambda one: class_path(one, VERSION, logging=True), _ARTIFACTS))
    paths: dict[str, None] = {}
    for artifact, path in zip(_ARTIFACTS, found, strict=True):
        if path is None:
            raise Unavailable(f"Maven has no class path for {artifact} {VERSION}")
        paths.update(dict.fromkeys(path.split(":")))
    return ":".join(paths)


@dataclass(slots=True)
class Scene:
    """A form of a project in a folder of its own, in which its programs run.

    The addresses of its files become those of a broker or of ports that are free, its names get its
    word, and `/srv/kafka` is its folder.
    """

    case: Configured
    servers: str
    folder: Path
    ports: dict[str, int] = field(default_factory=dict)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def lay_out(self, added: Mapping[str, str] | None = None) -> None:
        """Writes the files, and behind each one of `added` what is only for tests to be quick."""
        self.folder.mkdir(parents=True)
        for name, body in self.case.files.items():
            text = body + (added or {}).get(name, "")
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.here(text), encoding="utf-8")

    def here(self, text: str) -> str:
        """A text of the document as it is in this scene."""
        wanted = sorted(set(_LOCAL.findall(text)) - set(self.ports))
        self.ports.update(zip(wanted, _free_ports(len(wanted)), strict=True))
        text = _LOCAL.sub(lambda found: f"127.0.0.1:{self.ports[found[1]]}", text)
        text = _SERVERS.sub(self.servers, text).replace("/srv/kafka", str(self.folder))
        return re.sub(rf"\b{self.case.name}\b", self.case.word, text)

    def java(self, *arguments: str, also: str = "") -> subprocess.Popen[bytes]:
        """Starts a Java program in the folder; what it says goes to the log."""
        path = f"{also}:{jars()}" if also else jars()
        return self._start(["java", *_SMALL, "-cp", path, *arguments])

    def program(self, name: str) -> subprocess.Popen[bytes]:
        """Starts a Python program of the project."""
        return self._start([sys.executable, name])

    def script(self, name: str, variables: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Starts a shell script of the project, which runs Java itself in the end."""
        return self._start(["bash", name], {**variables, "JDK_JAVA_OPTIONS": " ".join(_SMALL)})

    def _start(
        self, command: Sequence[str], variables: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        around = {**os.environ, **(variables or {})}
        with (self.folder / "log").open("ab") as out:
            process = subprocess.Popen(command, stdout=out, stderr=out, cwd=self.folder, env=around)
        self.processes.append(process)
        return process

    def log(self) -> str:
        path = self.folder / "log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def lines(self, name: str) -> list[str]:
        """The words of a file of the folder; none while there is no such file."""
        path = self.folder / self.here(name)
        return path.read_text(encoding="utf-8").split() if path.exists() else []

    def end(self) -> None:
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait()


Play = Callable[[Scene], list[str]]


def until(
    done: Callable[[], bool], *processes: subprocess.Popen[bytes], seconds: float = WAIT_S
) -> bool:
    """Waits for something, as long as it may still come from a process; whether it came."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ended = bool(processes) and all(one.poll() is not None for one in processes)
        if done():
            return True
        if ended:
            return False
        time.sleep(0.2)
    return False


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ends a process as an operator does, who waits for it."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


class Stage:
    """Plays cases in the background, several at once."""

    def __init__(self, servers: str, folder: Path, plays: Mapping[str, Play]) -> None:
        self.servers = servers
        self.folder = folder
        self.plays = plays
        self.pool = ThreadPoolExecutor(_AT_ONCE)
        self.running: dict[str, Future[Outcome]] = {}

    def start(self, case: Configured) -> None:
        self.running[case.id] = self.pool.submit(self._play, case)

    def outcome(self, case: Configured) -> Outcome:
        return self.running[case.id].result()

    def _play(self, case: Configured) -> Outcome:
        scene = Scene(case, self.servers, self.folder / case.id.replace("/", "-"))
        try:
            found = self.plays[case.play](scene)
        finally:
            scene.end()
        return Outcome(found, scene.log())


@contextmanager
def staged(
    servers: str,
    folder: Path,
    plays: Mapping[str, Play],
    cases: Sequence[Configured],
) -> Iterator[Stage]:
    """A stage on which the cases are played already; skips where Maven lacks the artifacts."""
    try:
        jars()
    except Unavailable as problem:
        pytest.skip(f"ONCELINT_BROKER is set, but {problem}")
    stage = Stage(servers, folder, plays)
    try:
        for case in cases:
            stage.start(case)
        yield stage
    finally:
        stage.pool.shutdown(cancel_futures=True)
