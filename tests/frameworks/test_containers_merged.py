"""Services of several compose files: what overrides add, replace and take away."""

from __future__ import annotations

import random

import pytest
from tests.frameworks.composed import facts as _facts
from tests.frameworks.composed import settings as _settings

from oncelint.frameworks.containers.joining import _components

_MAIN = """services:
  worker:
    image: confluentinc/cp-kafka-connect:7.6.1
    env_file: base.env
    environment:
      CONNECT_BOOTSTRAP_SERVERS: k:9092
      CONNECT_PRODUCER_ACKS: "1"
"""
_BASE = "CONNECT_PRODUCER_LINGER_MS=5\n"


def _producer(override: str, **more: str) -> dict[str, object] | None:
    """The producer of the worker under an override; None when there is no worker."""
    files = {
        "docker-compose.yml": _MAIN,
        "docker-compose.override.yml": override,
        "base.env": _BASE,
        **{f"{name}.env": text for name, text in more.items()},
    }
    found = _facts(files)
    if not any(fact.role == "connect-worker" for fact in found):
        return None
    producers = [_settings(fact) for fact in found if fact.role == "producer"]
    return producers[0] if producers else {}


@pytest.mark.parametrize(
    ("override", "settings"),
    [
        ("worker: {environment: {CONNECT_PRODUCER_ACKS: all}}", {"acks": "all", "linger.ms": "5"}),
        (
            "worker: {environment: !override {CONNECT_BOOTSTRAP_SERVERS: k:9092}}",
            {"linger.ms": "5"},
        ),
        ("worker: {environment: {CONNECT_PRODUCER_ACKS: !reset null}}", {"linger.ms": "5"}),
        ("worker: {env_file: !reset []}", {"acks": "1"}),
        ("worker: {env_file: more.env}", {"acks": "1", "linger.ms": "7"}),
        ("worker: {env_file: !override [more.env]}", {"acks": "1", "linger.ms": "7"}),
        (
            "worker: {env_file: [{path: gone.env, required: false}]}",
            {"acks": "1", "linger.ms": "5"},
        ),
        ("worker: !reset null", None),
        ("worker: !override {image: nginx}", None),
    ],
)
def test_overrides(override: str, settings: dict[str, object] | None) -> None:
    found = _producer(f"services:\n  {override}\n", more="CONNECT_PRODUCER_LINGER_MS=7\n")
    assert found == settings


def test_a_file_for_an_environment_is_not_merged_by_itself() -> None:
    files = {
        "docker-compose.yml": _MAIN,
        "docker-compose.prod.yml": "services:\n  worker:\n    environment:\n"
        "      CONNECT_PRODUCER_ACKS: all\n",
        "base.env": _BASE,
    }
    producers = [fact for fact in _facts(files) if fact.role == "producer"]
    assert [_settings(one)["acks"] for one in producers] == ["1"]


def test_a_base_of_another_folder_reads_its_own_files() -> None:
    files = {
        "west/compose.yaml": "services:\n  west:\n    extends:\n      file: ../common/base.yml\n"
        "      service: base\n    environment: [CONNECT_CONFIG_STORAGE_TOPIC=west]\n",
        "common/base.yml": "services:\n  base:\n    image: confluentinc/cp-kafka-connect:7.4.0\n"
        "    env_file: base.env\n    environment: [CONNECT_BOOTSTRAP_SERVERS=k:9092]\n",
        "common/base.env": "CONNECT_PRODUCER_ACKS=0\n",
        "west/base.env": "CONNECT_PRODUCER_ACKS=all\n",
    }
    west = [fact for fact in _facts(files) if fact.details.get("service") == "west"]
    assert {fact.span.path for fact in west if fact.role == "connect-worker"} == {
        "west/compose.yaml"
    }
    assert [_settings(fact) for fact in west if fact.role == "producer"] == [{"acks": "0"}]


@pytest.mark.parametrize("name", ["docker-compose.yml", "compose.yaml"])
def test_a_service_that_a_known_image_is_built_for(name: str) -> None:
    files = {
        "images/loader/Dockerfile": "FROM debezium/connect:2.7\nENV CONNECT_PRODUCER_ACKS=0\n",
        f"images/{name}": "services:\n  loader:\n    build: loader\n  web:\n    build: web\n",
    }
    found = _facts(files)
    assert {fact.details.get("service") for fact in found} == {"loader"}
    assert [_settings(fact) for fact in found if fact.role == "producer"] == [{"acks": "0"}]


def test_names_that_no_shell_sets_are_no_settings() -> None:
    body = "services:\n  a:\n    image: confluentinc/cp-kafka-connect:7.6.1\n    environment:\n"
    body += "      CONNECT_BOOTSTRAP_SERVERS: k:9092\n      'CONNECT_PRODUCER_ACKS:': '1'\n"
    assert [fact.role for fact in _facts({"compose.yaml": body})] == ["connect-worker"]


def test_components() -> None:
    seed = random.Random(7)
    for _ in range(200):
        members = [
            frozenset(seed.sample("abcdef", seed.choice([0, 1, 2])))
            for _ in range(seed.choice([1, 6]))
        ]
        assert _components(members) == _slowly(members)


def _slowly(members: list[frozenset[str]]) -> list[int]:
    """The same by joining any two that have something in common until nothing changes."""
    groups = [{index} for index in range(len(members))]
    changed = True
    while changed:
        changed = False
        for one in groups:
            for other in groups:
                names = frozenset().union(*(members[index] for index in one))
                if one is not other and any(names & members[index] for index in other):
                    one |= other
                    groups.remove(other)
                    changed = True
                    break
            if changed:
                break
    roots = {index: min(group) for group in groups for index in group}
    known = next((index for index, names in enumerate(members) if names), 0)
    return [roots[index] if members[index] else roots[known] for index in range(len(members))]
