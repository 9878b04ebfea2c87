"""The failures that the rules about brokers and topics tell of, made to happen.

oncelint reports the flawed configuration of each document, and not the corrected one. Where
ONCELINT_BROKER=1, with Java and Maven, brokers of Apache Kafka are started with both, and some of them are killed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.broker import asserting
from tests.broker.cluster_plays import PLAYS
from tests.broker.configured import configured
from tests.broker.running import Stage, staged

CASES = configured(*PLAYS)
FIXED = sorted(one.document for one in CASES.values() if one.told.get("by") == "fix")


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
    with staged(servers, tmp_path_factory.mktemp("cluster"), PLAYS, wanted) as played:
        yield played


@pytest.mark.parametrize("name", CASES)
def test_what_it_leaves(name: str, stage: Stage) -> None:
    asserting.left(CASES[name], stage.outcome(CASES[name]))
