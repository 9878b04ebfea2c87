"""The facts of `client_cases.py`, held to the real client libraries and to the dialect tables."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from packaging.specifiers import SpecifierSet
from tests.dialects.client_cases import (
    CASES,
    CONSTRUCT,
    DEFAULTS,
    NO_SUCH_SETTING,
    Accepted,
    Case,
    DefaultFact,
)
from tests.dialects.installations import (
    CLIENTS_VARIABLE,
    NOT_PINNED,
    Installation,
    installations,
    pinned,
)

from dialect_sources.keywords import canonical_name
from dialect_sources.librdkafka import shared_object
from dialect_sources.tables import same, snapshot_at
from dialect_sources.writer import DATA

PROBE = Path(__file__).with_name("client_probe.py")
PATIENCE = 300.0
"""Seconds for all probes of one client; each of them takes milliseconds."""


def can_show(case: Case, installation: Installation) -> bool:
    """Whether the installation can show what the case says."""
    return (
        case.dialect == installation.dialect
        and case.holds_for(installation.version)
        and (installation.importable or case.action == CONSTRUCT)
    )


def parameters() -> Iterator[Any]:
    """Each case with each client that can show it; a case that none can show is skipped, not forgotten."""
    reachable = installations()
    for case in CASES:
        witnesses = [i for i in reachable if can_show(case, i)]
        for witness in witnesses:
            yield pytest.param(case, witness, id=f"{case.id} [{witness}]")
        if not witnesses:
            reason = f"no {case.dialect} of the versions in question; {NOT_PINNED}"
            yield pytest.param(case, None, id=case.id, marks=pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def bootstrap() -> Iterator[str]:
    """Address of librdkafka's mock cluster, in this process while the tests run."""
    confluent_kafka = pytest.importorskip("confluent_kafka")
    cluster = confluent_kafka.Producer(
        {"test.mock.num.brokers": 3, "bootstrap.servers": "ignored", "log_level": 0}
    )
    cluster.list_topics("probe", timeout=30)
    broker = next(iter(cluster.list_topics(timeout=30).brokers.values()))
    yield f"{broker.host}:{broker.port}"
    cluster.flush(1)


@cache
def outcomes(installation: Installation, bootstrap: str) -> dict[str, dict[str, Any]]:
    """Case id to what the client did, all cases of one client in one process."""
    cases = [case for case in CASES if can_show(case, installation)]
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
            {"role": case.role, "config": list(case.config.items()), "action": case.action}
            for case in cases
        ],
    }
    answer = subprocess.run(
        [sys.executable, str(PROBE)],
        input=json.dumps(request),
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    results: list[dict[str, Any]] = json.loads(answer.stdout.splitlines()[-1])
    return {case.id: result for case, result in zip(cases, results, strict=True)}


@pytest.mark.parametrize(("case", "installation"), list(parameters()))
def test_client_does_what_the_case_says(
    case: Case, installation: Installation, bootstrap: str
) -> None:
    outcome = outcomes(installation, bootstrap)[case.id]
    if outcome["exception"] in ("ImportError", "ModuleNotFoundError"):
        assert installation.folder is not None, outcome["message"]
        pytest.skip(f"{installation} does not import here: {outcome['message']}")
    if isinstance(case.outcome, Accepted):
        assert outcome["exception"] is None, outcome["message"]
        effective = {canonical_name(k): v for k, v in outcome["effective"].items()}
        expected = dict(case.outcome.effective)
        assert {k: v for k, v in effective.items() if k in expected} == expected
        if case.outcome.warns is not None:
            assert any(case.outcome.warns in line for line in outcome["log"]), outcome["log"]
        for word in case.outcome.silent_about:
            assert not [line for line in outcome["log"] if word in line.lower()]
    else:
        assert outcome["exception"] == case.outcome.exception, outcome["message"]
        assert case.outcome.message in outcome["message"]


def test_case_ids_are_unique() -> None:
    assert len({case.id for case in CASES}) == len(CASES)


def test_pinned_versions_are_among_those_tested() -> None:
    if not os.environ.get(CLIENTS_VARIABLE):
        pytest.skip(NOT_PINNED)
    assert list(pinned()), f"{os.environ[CLIENTS_VARIABLE]} holds no client"


@pytest.mark.parametrize("fact", DEFAULTS, ids=lambda fact: fact.id)
def test_table_has_the_default(fact: DefaultFact) -> None:
    table = json.loads((DATA / f"{fact.dialect}.json").read_text(encoding="utf-8"))
    specifier = SpecifierSet(fact.versions)
    versions = [v for v in table["versions"] if specifier.contains(v)]
    assert versions
    for version in versions:
        settings = snapshot_at(table, version)
        defaults = settings.get(fact.setting, {"defaults": {}})["defaults"]
        default = defaults.get(fact.role, NO_SUCH_SETTING)
        assert same(default, fact.default), f"{version}: {default!r}"
