"""MirrorMaker 2's files in the documents, held to MirrorMaker itself.

MirrorMakerConfig is asked what the worker, the connectors and the consumer of each enabled flow are
given; oncelint has to hand its workers, producers and consumers the same, and nothing else. Needs Java
and Maven; runs only where ONCELINT_JAVA=1.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import javaproperties
import pytest
from tests.java import stage

from oncelint.model.project import Client, ConnectWorker
from oncelint.model.values import Known, scalar_text

pytestmark = stage.needs_java

VERSIONS = ("2.8.2", "3.4.1", "3.9.2", "4.1.2")
PROGRAM = Path(__file__).with_name("MirrorFlows.java")
DOCUMENTS = stage.found(r"(?m)^clusters\s*[=:]", "placements/*", "rules/*")
FLOW = re.compile(r"([^.>]+)->([^.>]+)\.enabled")
PRODUCER, OVERRIDE = "producer.", "producer.override."
# how a cluster is reached, which is no matter of delivery, and what MirrorMaker puts beneath and above
REACHED = ("bootstrap.servers", "client.id", "security.", "sasl.", "ssl.")
OWN = ("enable.auto.commit", "auto.offset.reset")
Given = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Case:
    """A file of a form of a document, with its enabled flows and what oncelint sees in it."""

    where: str
    file: Mapping[str, str]
    flows: tuple[tuple[str, str], ...]
    clients: tuple[Client, ...]


def cases() -> Iterator[Case]:
    for path in DOCUMENTS:
        for form in stage.forms(path):
            for name, body in form.files.items():
                if not name.endswith(".properties"):
                    continue
                file = javaproperties.loads(body)
                flows = tuple(
                    (found[1], found[2])
                    for key, value in file.items()
                    if (found := FLOW.fullmatch(key)) and value.strip() == "true"
                )
                clients = tuple(
                    client
                    for client in stage.clients(path)[form.kind]
                    if client.span.path == name and client.placement.startswith("mirrormaker")
                )
                if "clusters" in file and flows:
                    where = f"{stage.name_of(path)} {form.kind} {name}"
                    yield Case(where, file, flows, clients)


@functools.cache
def class_path(version: str) -> str:
    return stage.class_path(f"org.apache.kafka:connect-mirror:{version}")


def answers(version: str, found: list[Case]) -> list[dict[str, dict[str, dict[str, str]]]]:
    """By case what a flow's `worker`, `connector` and `consumer` are given."""
    lines: list[str] = []
    for case in found:
        flows = [f"flow {source} {target}" for source, target in case.flows]
        file = [f"{key}={value}" for key, value in case.file.items()]
        lines += ["case", *(line.replace("\n", " ") for line in file), *flows, "end"]
    told: list[dict[str, dict[str, dict[str, str]]]] = []
    current: dict[str, dict[str, dict[str, str]]] = {}
    for line in stage.asked(PROGRAM, class_path(version), lines):
        if line == "end":
            told.append(current)
            current = {}
        else:
            what, flow, key, value = line.split("\t", 3)
            current.setdefault(flow, {}).setdefault(what, {})[key] = value
    assert len(told) == len(found)
    return told


def written(client: Client) -> dict[str, str]:
    return {
        one.key: scalar_text(one.value.value)
        for one in client.block.settings
        if isinstance(one.value, Known)
    }


def behind(given: Mapping[str, str], prefix: str, besides: str = "\0") -> dict[str, str]:
    return {
        key[len(prefix) :]: value
        for key, value in given.items()
        if key.startswith(prefix) and not key.startswith(besides)
    }


def delivery(given: Mapping[str, str], file: Mapping[str, str]) -> dict[str, str]:
    """What of it the user wrote and matters for delivery."""
    names = {key.rpartition(f"{part}.")[2] for key in file for part in ("producer", "consumer")}
    names |= {key.rpartition("override.")[2] for key in file}
    return {
        key: value
        for key, value in given.items()
        if key in names and not key.startswith((*REACHED, *OWN))
    }


def differences(case: Case, answer: Mapping[str, Given]) -> Iterator[str]:
    by_name = {(client.role, client.name): client for client in case.clients}
    for source, target in case.flows:
        flow = f"{source}->{target}"
        given = answer[flow]
        worker = by_name.get(("connect-worker", target))
        for key, value in written(worker).items() if worker is not None else ():
            if not key.startswith(("producer.", "consumer.", "admin.")):
                yield from _unlike(case, flow, key, given["worker"].get(key), value)
        producer = behind(given["worker"], PRODUCER, OVERRIDE)
        producer |= behind(given["connector"], OVERRIDE)
        for role, made in (("producer", producer), ("consumer", given["consumer"])):
            alone = target if role == "producer" else source
            client = by_name.get((role, flow)) or by_name.get((role, alone))
            read = written(client) if client is not None else {}
            wanted = delivery(made, case.file)
            for key in sorted({*wanted, *delivery(read, case.file)}):
                yield from _unlike(case, f"{flow} {role}", key, wanted.get(key), read.get(key))


def _unlike(case: Case, what: str, key: str, given: str | None, read: str | None) -> Iterator[str]:
    if given != read:
        yield f"{case.where} {what}: {key} is given as {given}, and read as {read}"


@pytest.mark.parametrize("version", VERSIONS)
def test_flows(version: str) -> None:
    found = list(cases())
    wrong = [
        line
        for case, answer in zip(found, answers(version, found), strict=True)
        for line in differences(case, answer)
    ]
    assert not wrong, "\n".join(wrong)


def test_the_documents_are_met() -> None:
    found = list(cases())
    assert len(found) > 15
    roles = {client.role for case in found for client in case.clients}
    assert roles >= {"producer", "consumer", "connect-worker"}
    assert any(isinstance(one, ConnectWorker) for case in found for one in case.clients)
    assert any("->" in client.name for case in found for client in case.clients)
