"""Every fact in `java_cases.py`, held to the released classes of each version.

Also the dialect tables of the Java side, held to the classes they were read from. Both need Java and
Maven, fetch artifacts, and run only where ONCELINT_JAVA=1.
"""

import functools
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.dialects.client_cases import Accepted, Case, Raises
from tests.java.java_cases import CASES, VERSIONS

from dialects import java_tables
from java_facts.maven import compile_program
from java_facts.measure import Measured, measure

MISSING = [program for program in ("java", "javac", "mvn") if shutil.which(program) is None]
REASON = (
    f"needs {', '.join(MISSING)}"
    if MISSING
    else "fetches Kafka's artifacts: set ONCELINT_JAVA=1 to run"
)
pytestmark = pytest.mark.skipif(
    bool(MISSING) or os.environ.get("ONCELINT_JAVA") != "1", reason=REASON
)

RUNS = [
    pytest.param(version, case, id=f"{version} {case.id}")
    for case in CASES
    for version in VERSIONS[case.role]
    if case.holds_for(version)
]
TABLE_VERSIONS = ("2.8.2", "3.9.2", "4.3.1")


@functools.cache
def answers(version: str, role: str) -> dict[str, Measured]:
    """What the role's client makes of each configuration of its cases, by the configuration's JSON."""
    wanted = {
        configuration(case): case.config
        for case in CASES
        if case.role == role and case.holds_for(version)
    }
    measured = measure(version, role, list(wanted.values()))
    if measured is None:
        pytest.fail(f"no artifact for {role} at {version}")
    return dict(zip(wanted, measured, strict=True))


def configuration(case: Case) -> str:
    """A key for the case's configuration."""
    return json.dumps(dict(case.config))


def test_every_case_is_measured_somewhere() -> None:
    unmeasured = [c.id for c in CASES if not any(c.holds_for(v) for v in VERSIONS[c.role])]
    assert unmeasured == []


@pytest.mark.parametrize(("version", "case"), RUNS)
def test_java_client(version: str, case: Case) -> None:
    found = answers(version, case.role)[configuration(case)]
    if isinstance(case.outcome, Raises):
        assert not found.accepted, found.effective
        name, message = found.exceptions[-1]
        assert name == case.outcome.exception
        assert case.outcome.message in message
    else:
        check_accepted(case.outcome, found)


def check_accepted(expected: Accepted, found: Measured) -> None:
    """Asserts acceptance, the values in force and the log."""
    assert found.accepted, found.exceptions
    seen = {name: found.effective.get(name, "(absent)") for name in expected.effective}
    assert seen == dict(expected.effective)
    log = "\n".join(found.log)
    assert expected.warns is None or expected.warns in log, log
    assert [word for word in expected.silent_about if word in log] == []


# ---- the tables ----


@functools.cache
def observed(version: str, artifact: str) -> Mapping[str, Any]:
    """The classes' answers at one version."""
    components = [c for c in java_tables.COMPONENTS if c.artifact == artifact]
    with tempfile.TemporaryDirectory() as folder:
        compile_program(java_tables.PROGRAM, Path(folder))
        found = java_tables.read_artifact(Path(folder), artifact, version, components)
    if found is None:
        pytest.fail(f"no artifact {artifact} {version}")
    return found


def alive(row: Mapping[str, Any], version: str) -> bool:
    """Whether the table says that the setting exists at the version."""
    at = java_tables.version_key(version)
    removed = row["removed"]
    return (
        java_tables.version_key(row["since"]) <= at
        and (removed is None or at < java_tables.version_key(removed))
        and version not in row.get("absent", ())
    )


def at_version(points: list[list[Any]], version: str) -> Any:
    """The value of change points at a version."""
    at = java_tables.version_key(version)
    return [value for since, value in points if java_tables.version_key(since) <= at][-1]


def load(role: str) -> dict[str, Any]:
    """The table in the tree."""
    text = (java_tables.DATA / f"java-{role}.json").read_text(encoding="utf-8")
    table: dict[str, Any] = json.loads(text)
    return table


@pytest.mark.parametrize("version", TABLE_VERSIONS)
@pytest.mark.parametrize("component", java_tables.COMPONENTS, ids=lambda c: c.role)
def test_table_is_what_the_classes_say(component: java_tables.Component, version: str) -> None:
    settings = load(component.role)["settings"]
    seen = java_tables.observe(component, version, observed(version, component.artifact))
    assert sorted(name for name, row in settings.items() if alive(row, version)) == sorted(seen)
    for name, observation in seen.items():
        row = settings[name]
        assert at_version(row["defaults"], version) == observation.default, name
        if row["values"] is not None:
            assert set(observation.values or ()) <= set(row["values"]), name


@pytest.mark.parametrize("version", VERSIONS["producer"])
def test_effective_default_of_idempotence(version: str) -> None:
    row = load("producer")["settings"]["enable.idempotence"]
    measured = measure(version, "producer", [{}])
    assert measured is not None
    expected = at_version(row["effective_defaults"], version)
    assert measured[0].effective["enable.idempotence"] is expected
