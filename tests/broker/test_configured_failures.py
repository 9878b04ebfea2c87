"""The failures that the rules about configuration tell of, made to happen.

oncelint reports the flawed configuration of each document, and not the corrected one. Where
ONCELINT_BROKER=1, with Java and Maven, both are played on Apache Kafka: brokers that are lost, workers
of Connect, an application of Kafka Streams.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.broker import asserting, cluster_plays, connect_plays, streams_plays
from tests.broker.configured import configured
from tests.broker.running import Play, Stage, staged

# Those that take long begin.
PLAYS: Mapping[str, Play] = {**cluster_plays.PLAYS, **connect_plays.PLAYS, **streams_plays.PLAYS}
CASES = {name: case for play in PLAYS for name, case in configured(play).items()}
FIXED = sorted(one.document for one in CASES.values() if one.told.get("by") == "fix")


def test_every_document_has_a_play() -> None:
    assert sorted(CASES) == sorted(configured())


@pytest.mark.parametrize("name", CASES)
def test_the_flaw_is_what_the_rule_reports(name: str, tmp_path: Path) -> None:
    asserting.reported(CASES[name], tmp_path)


@pytest.mark.parametrize("document", dict.fromkeys(FIXED))
def test_its_own_fix_corrects_it(document: str, tmp_path: Path) -> None:
    asserting.fixed(CASES[f"{document}/flawed"], CASES[f"{document}/corrected"], tmp_path)


@pytest.fixture(scope="module")
def stage(
    servers: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Stage]:
    items: list[Any] = request.session.items
    wanted = [
        CASES[item.callspec.params["name"]]
        for item in items
        if item.module is request.module
        and getattr(item, "originalname", "") == test_what_it_leaves.__name__
    ]
    with staged(servers, tmp_path_factory.mktemp("configured"), PLAYS, wanted) as played:
        yield played


@pytest.mark.parametrize("name", CASES)
def test_what_it_leaves(name: str, stage: Stage) -> None:
    asserting.left(CASES[name], stage.outcome(CASES[name]))
