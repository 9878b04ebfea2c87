"""Producers with many settings at once: whatever is wrong together, the fixed client starts.

The settings that idempotence and transactions depend on are combined at random, with the same seed
in every run. Other than in the table no rule is named: all of them fix the project, and then the
client has to start with it and send a record.
"""

from __future__ import annotations

import itertools
import os
import random
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from packaging.version import Version
from tests.dialects.installations import DISTRIBUTIONS, Installation, installations
from tests.fix.clients import fix_cases
from tests.fix.clients.cells import (
    JAVA_VERSIONS,
    disagreements,
    java_disagreements,
    mock_cluster,
)
from tests.fix.clients.fix_cases import AIOKAFKA, CONFLUENT, JAVA, KAFKA_PYTHON, FixCase
from tests.fix.clients.trials import Trial, trial_of_all

NUMBER = 40
"""Combinations a release."""

MISSING = [program for program in ("java", "javac", "mvn") if shutil.which(program) is None]

_Entries = tuple[str, ...]
_NOTHING: _Entries = ()

AXES: Mapping[str, Sequence[Sequence[_Entries]]] = {
    CONFLUENT: (
        (_NOTHING, ('"enable.idempotence": True',), ('"enable.idempotence": "false"',)),
        (_NOTHING, ('"acks": 1',), ('"acks": "0"',), ('"request.required.acks": "all"',)),
        (_NOTHING, ('"retries": 0',), ('"message.send.max.retries": "5"',)),
        (_NOTHING, ('"max.in.flight": 10',)),
        (_NOTHING, ('"transactional.id": "orders-1"',)),
        (_NOTHING, ('"linger.ms": 1000', '"message.timeout.ms": 900'), ('"queuing.strategy": "lifo"',)),
        (_NOTHING, ('"delivery.timeout.ms": 300000',), ('"enable.gapless.guarantee": True',)),
    ),
    KAFKA_PYTHON: (
        (_NOTHING, ("enable_idempotence=True",), ("enable_idempotence=False",)),
        (_NOTHING, ("acks=1",), ("acks=0",), ('acks="all"',)),
        (_NOTHING, ("retries=0",), ("retries=5",)),
        (_NOTHING, (f"{fix_cases.IN_FLIGHT}=10",), (f"{fix_cases.IN_FLIGHT}=4",)),
        (_NOTHING, ('transactional_id="orders-1"',)),
        (_NOTHING, ("linger_ms=1000", "delivery_timeout_ms=20000"), ("request_timeout_ms=200000",)),
    ),
    AIOKAFKA: (
        (_NOTHING, ("enable_idempotence=True",), ("enable_idempotence=False",)),
        (_NOTHING, ("acks=1",), ("acks=0",), ('acks="all"',)),
        (_NOTHING, ('transactional_id="orders-1"',)),
        (_NOTHING, ("transaction_timeout_ms=1800000",), ("linger_ms=5",)),
    ),
    JAVA: (
        (_NOTHING, ("enable.idempotence=true",), ("enable.idempotence=false",)),
        (_NOTHING, ("acks=1",), ("acks=0",), ("acks=-1",)),
        (_NOTHING, ("retries=0",), ("retries=5",)),
        (_NOTHING, ("max.in.flight.requests.per.connection=10",)),
        (_NOTHING, ("transactional.id=orders-1",)),
        (
            _NOTHING,
            ("linger.ms=1000", "delivery.timeout.ms=20000"),
            ("request.timeout.ms=200000",),
            ("request.timeout.ms=200000", "delivery.timeout.ms=100000"),
        ),
    ),
}  # fmt: skip
"""Client to what is combined: of each line one."""

WRITTEN: Mapping[str, Callable[..., str]] = {
    CONFLUENT: fix_cases.confluent_producer,
    KAFKA_PYTHON: fix_cases.python_producer,
    AIOKAFKA: fix_cases.async_producer,
    JAVA: fix_cases.producer_file,
}


def combinations(client: str) -> Iterator[FixCase]:
    """Projects with combined settings, the same ones in every run."""
    every = list(itertools.product(*AXES[client]))
    for chosen in random.Random(7).sample(every, min(NUMBER, len(every))):
        entries = tuple(itertools.chain(*chosen))
        path = "producer.properties" if client == JAVA else "app.py"
        text = WRITTEN[client](*entries)
        yield FixCase("any rule", ", ".join(entries), client, fix_cases.ANY, path, text)


def trials(client: str, version: str, folder: Path) -> list[Trial]:
    """Each combination, fixed for one release."""
    found = []
    for number, case in enumerate(combinations(client)):
        place = folder / str(number)
        place.mkdir()
        found.append(trial_of_all(case, version, place))
    return found


def modern() -> list[Installation]:
    """The releases that have idempotence, and no published defect of it that keeps fixes unwritten."""
    least = {"librdkafka": "1.9", "kafka-python": "2.2", "aiokafka": "0.8"}
    return [
        one
        for one in installations()
        if one.dialect in least and Version(one.version) >= Version(least[one.dialect])
    ]


@pytest.fixture(scope="module")
def bootstrap() -> Iterator[str]:
    """Address of librdkafka's mock cluster, in this process while the tests run."""
    pytest.importorskip("confluent_kafka")
    with mock_cluster() as address:
        yield address


@pytest.mark.parametrize("installation", modern(), ids=str)
def test_python_producer_starts(installation: Installation, bootstrap: str, tmp_path: Path) -> None:
    client = DISTRIBUTIONS[installation.dialect]
    made = trials(client, installation.version, tmp_path)
    assert sum(one.before != one.after for one in made) > len(made) // 2
    try:
        found = disagreements(installation, made, bootstrap)
    except LookupError as problem:
        pytest.skip(str(problem))
    assert found == []


@pytest.mark.skipif(
    bool(MISSING) or os.environ.get("ONCELINT_JAVA") != "1",
    reason="needs Java and Maven, and ONCELINT_JAVA=1",
)
@pytest.mark.parametrize("version", JAVA_VERSIONS[JAVA])
def test_java_producer_starts(version: str, tmp_path: Path) -> None:
    made = trials(JAVA, version, tmp_path)
    assert sum(one.before != one.after for one in made) > len(made) // 2
    assert java_disagreements(version, made) == []
