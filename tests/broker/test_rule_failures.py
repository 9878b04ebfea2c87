"""The failures that the rules tell of, made to happen.

oncelint reports the flawed program of each document under fixtures/failures, and not the corrected
one. Where ONCELINT_BROKER=1, with Java and Maven, both are run on Apache Kafka: the flawed one loses
or repeats a record, and the other does not.
"""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.broker.failures import ROOT, Failure, failures, set_off
from tests.broker.play import STRUCK
from tests.broker.records import RECORDS, WAIT_S, create, fill, produce, read

import documents
from oncelint.check import catalogue

FAILURES = {one.id: one for one in failures()}
_AT_ONCE = 4 * (os.cpu_count() or 1)  # consumers sleep most of the time
_FAILS_AT = "3"
# What a broker knows by name: every program has its own.
_NAMES = re.compile(
    r'(?:subscribe\(\[|produce\(|send_and_wait\(|KafkaConsumer\(\s*|group[._]id"?[:=] ?'
    r'|transactional[._]id"?[:=] ?)"([\w-]+)"'
)


@pytest.mark.parametrize("name", FAILURES)
def test_the_flaw_is_what_the_rule_reports(name: str, tmp_path: Path) -> None:
    failure = FAILURES[name]
    report = documents.run({"app.py": failure.program}, tmp_path)
    reported = [one for one in report.findings if one.rule == failure.rule]
    assert bool(reported) is (failure.flaw == "flawed")
    assert report.subjects, "silence without a subject"
    assert catalogue()[failure.rule].stable, "what is shown is no preview"


class Charges:
    """A payment service: it makes a charge for each key it has not seen, and without a key."""

    def __init__(self) -> None:
        self.made: dict[str, list[str]] = {}
        self.keys: set[tuple[str, str]] = set()
        charges = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                charges.take(self.path, body, self.headers["Idempotency-Key"])
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: the tests' output is theirs."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, path: str, body: str, key: str | None) -> None:
        if key is not None:
            if (path, key) in self.keys:
                return
            self.keys.add((path, key))
        self.made.setdefault(path, []).append(body)


class Outcome(NamedTuple):
    """What is there in the end, and what the programs said; `code` is the last one's, and
    `struck` says whether something went wrong where it should."""

    found: list[str]
    log: str
    code: int
    struck: bool


class Stage:
    """Plays failures in the background, several at once."""

    def __init__(self, servers: str, folder: Path) -> None:
        self.servers = servers
        self.folder = folder
        self.charges = Charges()
        self.pool = ThreadPoolExecutor(_AT_ONCE)
        self.running: dict[str, Future[Outcome]] = {}

    def start(self, failure: Failure) -> None:
        self.running[failure.id] = self.pool.submit(self._play, failure)

    def outcome(self, name: str) -> Outcome:
        return self.running[name].result()

    def _play(self, failure: Failure) -> Outcome:
        prefix = failure.id.replace("/", "-")
        folder = self.folder / prefix
        folder.mkdir()
        program, topics = self._own(failure, prefix)
        (folder / "program.py").write_text(program, encoding="utf-8")
        source, *written = topics
        fill(self.servers, source)
        for topic in written:
            create(self.servers, topic)
        play = self._together if failure.together else self._in_turn
        log, code = play(failure, folder, source)
        found = self._found(failure, folder, prefix)
        return Outcome(found, log, code, (folder / STRUCK).exists())

    def _in_turn(self, failure: Failure, folder: Path, source: str) -> tuple[str, int]:
        """A consumer that fails, then its successor, unless it went on to the end."""
        log, code = self._run(failure, folder, _FAILS_AT, source)
        if code == 0:
            return log, code
        if failure.between:
            _execute(folder, failure.between)
        said, code = self._run(failure, folder, "none", source)
        return log + said, code

    def _own(self, failure: Failure, prefix: str) -> tuple[str, list[str]]:
        """The program with names of its own, and its topics, the one it reads first."""
        program = set_off(failure.program).replace("kafka:9092", self.servers)
        program = program.replace("http://payments:8080", f"{self.charges.address}/{prefix}")
        for name in set(_NAMES.findall(program)):
            program = program.replace(f'"{name}"', f'"{prefix}-{name}"')
        reads = re.findall(r'(?:subscribe\(\[|KafkaConsumer\(\s*)"([\w-]+)"', program)
        writes = re.findall(r'(?:produce|send_and_wait)\("([\w-]+)"', program)
        return program, list(dict.fromkeys((*reads, *writes)))

    def _start(self, folder: Path, fails_at: str) -> subprocess.Popen[str]:
        paths = (ROOT, ROOT / "tools")
        code = f"import sys; sys.path[:0] = {[str(path) for path in paths]!r}\n"
        code += "from tests.broker.play import main\nmain(*sys.argv[1:])\n"
        return subprocess.Popen(
            [sys.executable, "-c", code, "program.py", self.servers, fails_at],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def _run(self, failure: Failure, folder: Path, fails_at: str, source: str) -> tuple[str, int]:
        process = self._start(folder, fails_at)
        for _ in range(2 * WAIT_S):
            try:
                said, _ = process.communicate(timeout=0.5)
            except subprocess.TimeoutExpired:
                if failure.meanwhile:
                    produce(self.servers, source, [failure.meanwhile])
                continue
            return said, process.returncode
        process.kill()
        return process.communicate()[0] + "\n(did not end)", 1

    def _together(self, failure: Failure, folder: Path, source: str) -> tuple[str, int]:
        """One member that takes long, and another one that joins meanwhile."""
        slow = self._start(folder, failure.together)
        for _ in range(10 * WAIT_S):
            if (folder / STRUCK).exists() or slow.poll() is not None:
                break
            time.sleep(0.1)
        said, code = self._run(failure, folder, "none", source)
        try:  # it finishes what it was at, and then polls for what it is not given
            log = slow.communicate(timeout=10)[0]
        except subprocess.TimeoutExpired:
            slow.kill()
            log = slow.communicate()[0]
        return said + log, code

    def _found(self, failure: Failure, folder: Path, prefix: str) -> list[str]:
        place = failure.seen.rpartition(" ")[2]
        if failure.seen.startswith("records of "):
            return [value.decode() for _, value in read(self.servers, f"{prefix}-{place}")]
        if failure.seen.startswith("lines of "):
            return (folder / place).read_text(encoding="utf-8").split()
        if failure.seen == "charges":
            return self.charges.made[f"/{prefix}/charges"]
        return [str(row[0]) for row in _execute(folder, failure.seen)]


def _execute(folder: Path, statement: str) -> list[Any]:
    database = sqlite3.connect(folder / "shop.db")
    try:
        with database:
            return database.execute(statement).fetchall()
    finally:
        database.close()


@pytest.fixture(scope="module")
def stage(
    servers: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Stage]:
    played = Stage(servers, tmp_path_factory.mktemp("failures"))
    items: list[Any] = request.session.items
    for item in items:
        wanted = getattr(item, "originalname", "") == test_what_it_leaves.__name__
        if wanted and item.module is request.module:
            played.start(FAILURES[item.callspec.params["name"]])
    yield played
    played.pool.shutdown(cancel_futures=True)
    played.charges.server.shutdown()


@pytest.mark.parametrize("name", FAILURES)
def test_what_it_leaves(name: str, stage: Stage) -> None:
    failure, outcome = FAILURES[name], stage.outcome(name)
    if failure.expected == ("less",):
        assert set(outcome.found) < set(RECORDS), outcome.log
    else:
        assert sorted(outcome.found) == sorted(failure.expected), outcome.log
    assert failure.says in outcome.log
    assert outcome.struck is failure.strikes, outcome.log
    assert failure.flaw == "flawed" or outcome.code == 0, outcome.log
