"""The linter's model of the clients, held to what the clients themselves did.

Each case of `client_cases.py` and `java_cases.py` is turned into a block of settings, worked out by
`oncelint.effective` for every version the case holds for, and compared with the measured outcome.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from tests.dialects import client_cases
from tests.dialects.client_cases import Accepted, Case, Raises
from tests.java import java_cases

from oncelint.dialects import DISTRIBUTIONS, table, table_name
from oncelint.effective import normalise, worlds
from oncelint.frameworks.connect import layers
from oncelint.link.configuration.admissible import value_problems
from oncelint.link.configuration.keys import judge_keys
from oncelint.model.facts import Alternative, Block, WrittenSetting
from oncelint.model.layers import Layer
from oncelint.model.project import World
from oncelint.model.values import Known, Position, Span

_CONNECT = {
    "connect-source": "connect worker producer",
    "connect-exactly-once-source": "connect exactly-once worker producer",
    "connect-sink": "connect worker consumer",
}
_PREFIXES = {
    "connect-source": ("worker.producer.", "connector.producer.override."),
    "connect-exactly-once-source": ("worker.producer.", "connector.producer.override."),
    "connect-sink": ("worker.consumer.", "connector.consumer.override."),
}
# What the cases are about beyond the configuration of one producer or consumer.
_ELSEWHERE = ("streams",)
_OTHER_ACTIONS = (
    client_cases.SEND_OUTSIDE,
    client_cases.COMMIT_WITHOUT_OFFSETS,
    client_cases.OFFSETS_BY_GROUP_ID,
    client_cases.OFFSETS_BY_METADATA,
)


def block(config: Mapping[str, Any]) -> Block:
    """The settings as if each stood in a line of its own."""
    return Block(
        tuple(
            WrittenSetting(
                key,
                Span("app.py", Position(line, 1), Position(line, 1 + len(key))),
                (Alternative(Known(value)),),
            )
            for line, (key, value) in enumerate(config.items(), 1)
        )
    )


def client_config(case: Case) -> dict[str, Any]:
    """The case's settings as the client gets them: for Connect the narrower prefix counts."""
    prefixes = _PREFIXES.get(case.role)
    if prefixes is None:
        return dict(case.config)
    found: dict[str, Any] = {}
    for prefix in prefixes:
        for key, value in case.config.items():
            if key.startswith(prefix):
                found[key.removeprefix(prefix)] = value
    return found


def role_of(case: Case) -> str:
    if case.role == "connect-sink":
        return "consumer"
    return "producer" if case.role in _CONNECT else case.role


def dialect_of(case: Case) -> str:
    return "java" if case.dialect.startswith("java") else case.dialect


def versions_of(case: Case) -> tuple[str, ...]:
    """Measured releases for Java, the dialect table's for the others."""
    if case.dialect.startswith("java"):
        return java_cases.VERSIONS[case.role]
    return table(table_name(case.dialect, case.role)).versions


def _raises(case: Case) -> bool:
    return isinstance(case.outcome, Raises)


def _of_the_worker(key: str) -> bool:
    return key.startswith(("worker.exactly.", "connector.exactly.", "connector.transaction."))


def parameters() -> Iterator[Any]:
    for case in (*client_cases.CASES, *java_cases.CASES):
        if case.role in _ELSEWHERE or case.action in _OTHER_ACTIONS:
            continue
        if case.role in _CONNECT and not client_config(case) and _raises(case):
            continue  # the worker's own settings are at fault
        if case.role != "connect-exactly-once-source" and any(map(_of_the_worker, case.config)):
            continue
        yield pytest.param(case, id=case.id)


def world_of(case: Case, version: str) -> World:
    layer: tuple[Layer, ...] = ()
    if case.role in _CONNECT:
        layer = layers(_CONNECT[case.role])
    candidates = [(dialect_of(case), (version,))]
    (world,) = worlds(block(client_config(case)), candidates, role_of(case), layer)
    return world


def refused_elsewhere(case: Case, version: str) -> bool:
    """Whether a key or a value by itself is what the client refuses."""
    written, versions = block(client_config(case)), {dialect_of(case): (version,)}
    construct = "" if case.dialect.startswith("java") else role_of(case).capitalize()
    keys = judge_keys(
        written, versions, role_of(case), closed=True, shared=False, construct=construct
    )
    python = not case.dialect.startswith("java")
    values = value_problems(written, versions, role_of(case), python=python)
    refused_keys = [key for key in keys if key.status != "known" and key.refused]
    return bool(refused_keys or [value for value in values if value.refused])


@pytest.mark.parametrize("case", list(parameters()))
def test_model_does_what_the_client_did(case: Case) -> None:
    versions = [version for version in versions_of(case) if case.holds_for(version)]
    assert versions, "no version of the table"
    for version in versions:
        world = world_of(case, version)
        about = f"{version}: {[(c.family, c.outcome, c.settings) for c in world.contradictions]}"
        if isinstance(case.outcome, Raises):
            assert world.refuses() or refused_elsewhere(case, version), about
        else:
            assert not world.refuses(), about
            assert effective(world, case.outcome) == expected(world, case, case.outcome), about


def effective(world: World, outcome: Accepted) -> dict[str, Any]:
    return {name: world.known(name) for name in outcome.effective if name in world.settings}


def expected(world: World, case: Case, outcome: Accepted) -> dict[str, Any]:
    """The measured values as the model spells them."""
    types = table(table_name(dialect_of(case), role_of(case))).settings
    found = {}
    for name, value in outcome.effective.items():
        if name not in world.settings:
            # a setting that decides nothing about delivery, or (unknown)
            assert name not in ("enable.idempotence", "acks", "isolation.level"), name
            continue
        if name == "transactional.id" and world.settings[name].set_by == "lock":
            # made of the worker's group and the connector's name, of which the model knows nothing
            assert value
            assert world.known(name)
            found[name] = world.known(name)
            continue
        kind = types[name].type if name in types else "string"
        known = normalise(Known(value), kind, name, dialect_of(case))
        assert isinstance(known, Known)
        found[name] = known.value
    return found


def test_switching_off_is_told_from_refusing() -> None:
    """The cases in which a client turns idempotence off are the ones the model says so of."""
    seen = 0
    for case in (*client_cases.CASES, *java_cases.CASES):
        if case.row not in (
            "conflict with idempotence by default",
            "idempotence by default, conflict",
        ):
            continue
        for version in versions_of(case):
            if not case.holds_for(version):
                continue
            outcomes = {c.outcome for c in world_of(case, version).contradictions}
            warned = isinstance(case.outcome, Accepted) and case.outcome.warns is not None
            assert ("switches-off" in outcomes) == warned, (case.id, version)
            seen += 1
    assert seen > 30


def test_correcting_is_told_from_refusing() -> None:
    (case,) = (
        c
        for c in client_cases.CASES
        if c.dialect == client_cases.AIOKAFKA and c.row == "transactional id with idempotence off"
    )
    for version in versions_of(case):
        if case.holds_for(version):
            (found,) = world_of(case, version).contradictions
            assert (found.family, found.outcome) == ("transactional-off", "corrects")


def test_every_dialect_has_cases() -> None:
    told = {dialect_of(case) for case in (*client_cases.CASES, *java_cases.CASES)}
    assert told == set(DISTRIBUTIONS) - _FRAMEWORKS


# What makes clients of its own: its settings have no contradictions that a client would show.
_FRAMEWORKS = {
    *("flink", "spark", "faust", "quixstreams", "logstash", "redpanda-connect-sarama"),
    *("redpanda-connect", "telegraf"),
}
