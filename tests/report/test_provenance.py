"""Where the value of a finding comes from, as the report says it."""

from __future__ import annotations

from pathlib import Path

import pytest

from oncelint import api
from oncelint.model.finding import Finding
from oncelint.settings import Settings

STREAMS = {"streams.properties": b"bootstrap.servers=kafka:9092\napplication.id=totals\n"}
POM = (
    b"<project><artifactId>totals</artifactId><dependencies><dependency>"
    b"<groupId>org.apache.kafka</groupId><artifactId>kafka-streams</artifactId>"
    b"<version>3.6.2</version></dependency></dependencies></project>"
)
PRODUCER = {
    "producer.properties": b"bootstrap.servers=kafka:9092\n"
    b"key.serializer=org.apache.kafka.common.serialization.StringSerializer\n"
}


def notes(files: dict[str, bytes], rule: str, folder: Path) -> list[str]:
    """What stands behind the value of the one finding of a rule."""
    for name, data in files.items():
        (folder / name).write_bytes(data)
    settings = Settings(min_confidence="low", preview=True)
    report = api.check([str(folder)], settings=settings, root=folder, jobs=1)
    found: list[Finding] = [one for one in report.findings if one.rule == rule]
    assert len(found) == 1
    return [origin.note for origin in found[0].provenance]


@pytest.mark.parametrize(
    ("pom", "told"),
    [
        pytest.param({}, "default of kafka-clients", id="any version"),
        pytest.param({"pom.xml": POM}, "default of kafka-clients 3.6.2", id="a pinned one"),
    ],
)
def test_a_default_that_all_versions_have(pom: dict[str, bytes], told: str, tmp_path: Path) -> None:
    assert notes({**STREAMS, **pom}, "streams-at-least-once", tmp_path) == [told]


def test_a_default_that_versions_differ_in(tmp_path: Path) -> None:
    """The first of the clients that have idempotence do not have it by default."""
    *_, last = notes(PRODUCER, "producer-not-idempotent", tmp_path)
    assert last != "default of kafka-clients"
    assert last.startswith("default of kafka-clients ")
