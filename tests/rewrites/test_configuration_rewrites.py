"""Configuration that says the same is told the same, in every format and place that can say it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest
from tests.rewrites.configuration import CLIENT, CONNECTOR, Rewriting, Written, read
from tests.rewrites.corpus import corpus
from tests.rewrites.telling import Files, Telling, check, differences, telling

# Formats and places of which the documents have few: their settings in several files each.
SAMPLES: dict[str, Files] = {
    "two sections of an INI file": {
        "requirements.txt": "confluent-kafka==2.3.0\n",
        "deploy/clients.ini": (
            "[producer]\nbootstrap.servers = kafka:9092\nacks = 1\n\n"
            "[consumer]\nbootstrap.servers = kafka:9092\ngroup.id = billing\n"
            "isolation.level = read_uncommitted\n"
        ),
    },
    "two mappings of a YAML file": {
        "pom.xml": (
            "<project><dependencies><dependency><groupId>org.apache.kafka</groupId>"
            "<artifactId>kafka-clients</artifactId><version>2.8.0</version></dependency>"
            "</dependencies></project>\n"
        ),
        "src/main/resources/kafka.yaml": (
            "producer:\n  bootstrap.servers: kafka:9092\n  transactional.id: ledger-1\n"
            "  transaction.timeout.ms: 1800000\n  acks: all\n"
            "consumer:\n  bootstrap.servers: kafka:9092\n  group.id: ledger\n"
            "  enable.auto.commit: false\n"
        ),
    },
    "two tables of a TOML file": {
        "requirements.txt": "confluent-kafka==2.3.0\n",
        "settings/kafka.toml": (
            '[producer]\n"bootstrap.servers" = "kafka:9092"\n"enable.idempotence" = true\nacks = 1\n\n'
            '[consumer]\n"bootstrap.servers" = "kafka:9092"\n"group.id" = "billing"\n'
        ),
    },
    "a YAML file of its own": {
        "requirements.txt": "confluent-kafka==2.3.0\n",
        "deploy/producer.yaml": (
            "bootstrap.servers: kafka:9092\nenable.idempotence: true\nacks: 1\n"
        ),
    },
    "a JSON file of its own": {
        "requirements.txt": "confluent-kafka==2.3.0\n",
        "deploy/consumer.json": (
            '{"bootstrap.servers": "kafka:9092", "group.id": "billing", "isolaton.level": "x"}\n'
        ),
    },
}

LEAST: dict[str, int] = {
    **dict.fromkeys(CLIENT, 25),
    "as .properties": 2,
    "sections as files": 3,
    **dict.fromkeys(CONNECTOR, 8),
}


@dataclass(frozen=True, slots=True)
class Case:
    """A case's files, what is said of them, and one configuration file that a client reads."""

    name: str
    files: tuple[tuple[str, str], ...]
    before: Telling
    path: str
    written: Written
    is_connector: bool


def read_in_one_format(placements: set[str]) -> bool:
    """Settings that an application loads itself, and connectors, stand in any format. A broker, a
    Connect worker, MirrorMaker or ksqlDB takes its own .properties file, Spring and Compose theirs:
    in another format nobody reads them. tests/rewrites/test_placement_rewrites.py has these."""
    return not all(
        placement.removesuffix(" producer").removesuffix(" consumer")
        in ("client properties", "connect connector")
        for placement in placements
    )


def known_by_its_ending(text: str) -> bool:
    """Without the setting that every client has, only a .properties file is taken for a client's."""
    return "bootstrap.servers" not in text and "connector.class" not in text


@cache
def _cases(folder: Path) -> tuple[Case, ...]:
    return tuple(_found(folder))


def _found(folder: Path) -> Iterator[Case]:
    named = {f"{rule}/{name}": files for rule, name, files in corpus()}
    for name, files in {**named, **SAMPLES}.items():
        report = check(files, folder)
        placements: dict[str, set[str]] = {}
        for client in report.subjects:
            if client.placement != "python":
                placements.setdefault(client.span.path, set()).add(client.placement)
        for path, found in placements.items():
            written = read(path, files[path])
            if written is None or read_in_one_format(found) or known_by_its_ending(files[path]):
                continue
            rows = tuple(files.items())
            connector = "connect connector" in found
            yield Case(name, rows, telling(report), path, written, connector)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder the files are laid over."""
    return tmp_path_factory.mktemp("configuration")


def rewritten(case: Case, rewrite: Rewriting) -> Files | None:
    """The case with its file said otherwise; None where that cannot be or a file is in the way."""
    new = rewrite(case.written)
    if new is None:
        return None
    rest = {path: text for path, text in case.files if path != case.path}
    return None if set(new) & set(rest) else {**rest, **new}


@pytest.mark.parametrize("name", [*CLIENT, *CONNECTOR])
def test_configuration_written_otherwise_is_told_the_same(name: str, folder: Path) -> None:
    applied = 0
    problems: list[str] = []
    for case in _cases(folder):
        rewrite = (CONNECTOR if case.is_connector else CLIENT).get(name)
        files = rewritten(case, rewrite) if rewrite is not None else None
        if files is None:
            continue
        applied += 1
        lines = differences(case.before, telling(check(files, folder)))
        if lines:
            problems.append("\n  ".join([f"{case.name}: {case.path}", *lines]))
    assert not problems, "\n".join(problems)
    assert applied >= LEAST[name], f"applied to {applied} files only"


def test_a_change_of_meaning_is_noticed(folder: Path) -> None:
    """The harness itself: a file without its last setting is not told the same, but where that
    setting says what holds without it."""
    noticed, applied = 0, 0
    for case in _cases(folder):
        tree = dict(list(case.written.tree.items())[:-1])
        lost = replace(case.written, tree=tree)
        if not tree or case.is_connector:
            continue
        files = rewritten(
            Case(case.name, case.files, case.before, case.path, lost, False),
            CLIENT["in the reverse order"],
        )
        assert files is not None
        applied += 1
        noticed += bool(differences(case.before, telling(check(files, folder))))
    assert applied >= 20
    assert noticed >= 0.98 * applied


def test_most_configuration_files_can_be_said_otherwise(folder: Path) -> None:
    """What `read` and the predicates leave out is little."""
    kept = {(case.name, case.path) for case in _cases(folder)}
    assert len(kept) >= 40
