"""The cells of the table fix × client × release: each is what became of one trial."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from tests.dialects.client_cases import CONSTRUCT, SEND, START, TRANSACTION
from tests.dialects.installations import DISTRIBUTIONS, Installation
from tests.fix.clients.configurations import Configuration
from tests.fix.clients.fix_cases import AIOKAFKA, CASES, CONNECT, JAVA, STREAMS, FixCase
from tests.fix.clients.trials import Start, Trial, trial

from dialect_sources.librdkafka import shared_object

PROBE = Path(__file__).resolve().parents[2] / "dialects" / "client_probe.py"
PATIENCE = 600.0
"""Seconds for all clients of one release; each of them takes milliseconds, a transaction a second."""

JAVA_VERSIONS: Mapping[str, tuple[str, ...]] = {
    JAVA: ("2.8.2", "3.0.0", "3.0.1", "3.2.0", "3.9.2", "4.0.2", "4.4.0"),
    STREAMS: ("2.8.2", "3.0.1", "3.9.2", "4.3.1"),
    CONNECT: ("2.8.2", "3.0.0", "3.0.1", "3.2.0", "3.9.2", "4.0.2", "4.3.1"),
}
"""Artifact to its releases around those that changed what is accepted."""

Outcome = Literal["passed", "failed", "skipped", "none"]


@dataclass(frozen=True, slots=True)
class Cell:
    """What became of a case at one release.

    Attributes:
        case: the case.
        version: the release.
        outcome: `none` where the rule has nothing to fix, and fixes nothing.
        why: what failed, or why it was skipped.
        refused: whether the client refused the configuration before.
        committed: whether the client committed a transaction with the configuration after.
    """

    case: FixCase
    version: str
    outcome: Outcome
    why: str = ""
    refused: bool = False
    committed: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client did with a configuration: None, or why it refused it."""

    refusal: str | None
    committed: bool = False


Answers = Mapping[Start, Answer]


@contextmanager
def mock_cluster() -> Iterator[str]:
    """The address of librdkafka's mock cluster, which lives in this process as long."""
    import confluent_kafka

    cluster = confluent_kafka.Producer(
        {"test.mock.num.brokers": 3, "bootstrap.servers": "ignored", "log_level": 0}
    )
    cluster.list_topics("probe", timeout=30)
    broker = next(iter(cluster.list_topics(timeout=30).brokers.values()))
    yield f"{broker.host}:{broker.port}"
    cluster.flush(1)


def python_cells(installation: Installation, bootstrap: str) -> list[Cell]:
    """All cells of one release of a Python client; `bootstrap` is a mock cluster's address."""
    name = DISTRIBUTIONS[installation.dialect]
    trials = _trials(name, installation.version)
    answers = _asked(installation, trials, bootstrap)
    if isinstance(answers, str):
        return [Cell(one.case, one.version, "skipped", answers) for one in trials]
    return [_cell(one, answers) for one in trials]


def java_cells(artifact: str, version: str) -> list[Cell]:
    """All cells of one release of a Java client."""
    trials = _trials(artifact, version)
    answers = _measured(version, trials)
    if isinstance(answers, str):
        return [Cell(one.case, one.version, "skipped", answers) for one in trials]
    return [_cell(one, answers) for one in trials]


def disagreements(installation: Installation, trials: Sequence[Trial], bootstrap: str) -> list[str]:
    """What a release of a Python client did in some trials otherwise than the linter says.

    Raises LookupError when it cannot be asked.
    """
    return _failures(trials, _asked(installation, trials, bootstrap))


def java_disagreements(version: str, trials: Sequence[Trial]) -> list[str]:
    """What a release of a Java client did in some trials otherwise than the linter says.

    Raises LookupError when it cannot be asked.
    """
    return _failures(trials, _measured(version, trials))


def _failures(trials: Sequence[Trial], answers: Answers | str) -> list[str]:
    if isinstance(answers, str):
        raise LookupError(answers)
    found = [_cell(one, answers) for one in trials]
    return [f"{one.case.about}: {one.why}" for one in found if one.outcome == "failed"]


def _trials(client: str, version: str) -> list[Trial]:
    found = []
    for case in CASES:
        if case.client == client and case.is_tried(version):
            with tempfile.TemporaryDirectory() as folder:
                found.append(trial(case, version, Path(folder)))
    return found


def _cell(one: Trial, answers: Answers) -> Cell:
    """A trial passes where the client does what the linter says, and takes what was fixed."""
    if one.problem is not None:
        return Cell(one.case, one.version, "failed", one.problem)
    if not one.starts:
        return Cell(one.case, one.version, "none")
    for when, starts in (("before", one.before), ("after", one.after)):
        for start in starts:
            told = _disagreement(start, answers[start].refusal)
            if told is not None:
                return Cell(one.case, one.version, "failed", f"{told} {when}")
    return Cell(
        one.case,
        one.version,
        "passed",
        refused=any(start.errors for start in one.before),
        committed=any(answers[start].committed for start in one.after),
    )


def _disagreement(start: Start, refusal: str | None) -> str | None:
    """What a client did otherwise than the linter says."""
    if refusal is None:
        return f"accepted instead of {' or '.join(sorted(start.errors))}" if start.errors else None
    named = refusal.partition(":")[0] in start.errors
    return None if named else f"refused, unforeseen ({refusal})"


# Python clients -------------------------------------------------------------------------------


def _asked(installation: Installation, trials: Iterable[Trial], bootstrap: str) -> Answers | str:
    """What a release does with every configuration, in one process; or why it cannot be asked."""
    wanted = {
        start: _action(installation, start, fixed=start in one.after)
        for one in trials
        for start in one.starts
    }
    with ThreadPoolExecutor(_PROCESSES) as pool:
        parts = [list(wanted.items())[first::_PROCESSES] for first in range(_PROCESSES)]
        ask = partial(_probed, installation, bootstrap)
        asked = pool.map(ask, range(_PROCESSES), parts)
        results = [
            (start, action, result)
            for part, answers in zip(parts, asked, strict=True)
            for (start, action), result in zip(part, answers, strict=True)
        ]
    missing = next((one for _, _, one in results if one["exception"] in _NOT_IMPORTED), None)
    if missing is not None:
        return f"does not import here: {missing['message']}"
    return {
        start: Answer(
            f"{result['exception']}: {result['message']}" if result["exception"] else None,
            action == TRANSACTION and result["exception"] is None,
        )
        for start, action, result in results
    }


_NOT_IMPORTED = ("ImportError", "ModuleNotFoundError")
_PROCESSES = 4  # they wait for the mock cluster most of the time


def _probed(
    installation: Installation, bootstrap: str, part: int, starts: Sequence[tuple[Start, str]]
) -> list[dict[str, Any]]:
    """What a release does with some configurations, one after the other in a process of its own."""
    environment = dict(os.environ)
    library = None
    if installation.folder is not None:
        environment["PYTHONPATH"] = str(installation.folder)
        if not installation.importable:
            library = shared_object(installation.folder)
            environment["LD_LIBRARY_PATH"] = str(library.parent)
    request = {
        "client": installation.dialect,
        "library": library and str(library),
        "bootstrap": bootstrap,
        "probes": [
            {
                "role": start.configuration.role,
                "config": _reachable(
                    start.configuration, bootstrap, f"{installation.version}-{part}-{number}"
                ),
                "action": action,
            }
            for number, (start, action) in enumerate(starts)
        ],
    }
    run = subprocess.run(
        [sys.executable, str(PROBE)],
        input=json.dumps(request),
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    if run.returncode != 0:
        raise RuntimeError(f"{installation}: {run.stderr[-1000:]}")
    answers: list[dict[str, Any]] = json.loads(run.stdout.splitlines()[-1])
    return answers


def _action(installation: Installation, start: Start, *, fixed: bool) -> str:
    """How far a client is taken: a fixed producer sends a record, in a transaction if it can."""
    if not installation.importable:
        return CONSTRUCT
    if fixed and start.configuration.role == "producer":
        identified = start.configuration.get("transactional.id", "transactional_id")
        return TRANSACTION if identified else SEND
    # aiokafka looks at some settings only when it starts.
    return START if installation.dialect == AIOKAFKA else CONSTRUCT


def _reachable(configuration: Configuration, bootstrap: str, number: str) -> list[tuple[str, Any]]:
    """The settings with the mock cluster's address for the brokers', and a transactional id that no
    other producer has."""
    found = []
    for key, value in configuration.settings:
        if key in ("bootstrap.servers", "bootstrap_servers"):
            found.append((key, bootstrap))
        elif key in ("transactional.id", "transactional_id") and value:
            found.append((key, f"{value}-{number}"))
        else:
            found.append((key, value))
    return found


# Java -----------------------------------------------------------------------------------------


def _measured(version: str, trials: Sequence[Trial]) -> Answers | str:
    """What Kafka's own classes make of every configuration; or why they cannot be asked."""
    from java_facts.measure import measure

    by_role: dict[str, dict[Start, None]] = {}
    for one in trials:
        for start in one.starts:
            by_role.setdefault(start.configuration.role, {})[start] = None
    answers: dict[Start, Answer] = {}
    for role, starts in by_role.items():
        measured = measure(version, role, [_java_settings(one.configuration) for one in starts])
        if measured is None:
            return "no such artifact to be had"
        for start, found in zip(starts, measured, strict=True):
            told = ": ".join(found.exceptions[-1]) if found.exceptions else "refused"
            answers[start] = Answer(None if found.accepted else told)
    return answers


def _java_settings(configuration: Configuration) -> dict[str, str]:
    """The settings as `measure` takes them; it gives the clients an address of its own."""
    prefix = "worker." if configuration.role.startswith("connect-") else ""
    return {
        prefix + key: value for key, value in configuration.settings if key != "bootstrap.servers"
    }
