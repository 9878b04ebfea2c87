"""Brokers of the image apache/kafka in the documents, held to what the image runs itself.

`kafka.docker.KafkaDockerWrapper` writes a broker's server.properties of the variables of its container
and of the files that are mounted. Every service of that image is handed to it as it is written and as
fixes leave it: what it writes has to be what oncelint reads, key by key. Needs Java and Maven; runs
only where ONCELINT_JAVA=1.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from tests.java import stage

from oncelint.model.project import Broker, Client
from oncelint.model.values import Known, scalar_text

pytestmark = stage.needs_java

VERSIONS = ("3.7.2", "3.9.2", "4.1.2")
PROGRAM = Path(__file__).with_name("BrokerImage.java")
IMAGE = re.compile(r"(?:docker\.io/)?apache/kafka(?:-native)?(?:[:@].*)?")
DOCUMENTS = stage.found(r"image:\s*[\"']?(?:docker\.io/)?apache/kafka", "placements/*", "rules/*")
# The wrapper's variables with what a mapping of letters alone cannot show: an underscore, a dash, and
# what only the image's scripts read.
VARIABLES = {
    "KAFKA_NODE_ID": "1",
    "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "2",
    "KAFKA_LISTENER_NAME_CONTROLLER_SASL_ENABLED_MECHANISMS": "PLAIN",
    "KAFKA_LISTENER_NAME_INTERNAL__NET_SSL_KEYSTORE_TYPE": "PEM",
    "KAFKA_LISTENER_NAME_INTERNAL___NET_SSL_KEYSTORE_TYPE": "PEM",
    "KAFKA_HEAP_OPTS": "-Xmx1g",
    "KAFKA_JMX_HOSTNAME": "here",
    "KAFKA_LOG4J_ROOT_LOGLEVEL": "WARN",
    "CLUSTER_ID": "4L6g3nShT-eMCtK--X86sw",
}


@dataclass(frozen=True, slots=True)
class Case:
    """A service of a form of a document, and the broker that oncelint sees in it."""

    path: Path
    kind: str
    service: str
    variables: Mapping[str, str]
    broker: Client

    def __str__(self) -> str:
        return f"{stage.name_of(self.path)} {self.kind} {self.service}"


def cases() -> Iterator[Case]:
    for path in DOCUMENTS:
        for form in stage.forms(path):
            brokers = {
                client.details.get("service"): client
                for client in stage.clients(path)[form.kind]
                if isinstance(client, Broker)
            }
            for service, variables in services(form.files):
                broker = brokers.get(service)
                if broker is not None and broker.block.open_reason is None:
                    yield Case(path, form.kind, service, variables, broker)


def services(files: Mapping[str, str]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """The services of the image whose variables are all known, with these."""
    composed = [body for body in files.values() if re.search(r"(?m)^services:", body)]
    # several files are merged first, by their tags as well
    for body in composed if len(composed) == 1 else ():
        for service, told in yaml.safe_load(body)["services"].items():
            if isinstance(told, dict) and IMAGE.fullmatch(str(told.get("image", ""))):
                variables = environment(told.get("environment"))
                if "env_file" not in told and not any("$" in v for v in variables.values()):
                    yield service, variables


def environment(told: object) -> dict[str, str]:
    if isinstance(told, dict):
        return {str(name): text(value) for name, value in told.items() if value is not None}
    pairs = [str(one).partition("=") for one in told] if isinstance(told, list) else []
    return {name: value for name, equals, value in pairs if equals}


def text(value: object) -> str:
    """A value as docker compose hands it on."""
    return str(value).lower() if isinstance(value, bool) else str(value)


@functools.cache
def class_path(version: str) -> str:
    return stage.class_path(f"org.apache.kafka:kafka_2.13:{version}")


def written(version: str, wanted: list[Mapping[str, str]]) -> list[dict[str, str]]:
    """The server.properties of each set of variables."""
    lines: list[str] = []
    for variables in wanted:
        told = [f"variable {name}={value}" for name, value in variables.items()]
        lines += ["case", *(line.replace("\n", " ") for line in told), "end"]
    files: list[dict[str, str]] = []
    current: dict[str, str] = {}
    for line in stage.asked(PROGRAM, class_path(version), lines):
        if line == "end":
            files.append(current)
            current = {}
        else:
            key, _, value = line.partition("\t")
            current[key] = value
    assert len(files) == len(wanted)
    return files


def read_of(broker: Client) -> dict[str, str]:
    """What oncelint reads of a broker's variables, by the settings' own names."""
    return {
        one.key: " ".join(scalar_text(one.value.value).split())
        for one in broker.block.settings
        if isinstance(one.value, Known)
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_variables(version: str) -> None:
    found = list(cases())
    wrong: list[str] = []
    files = written(version, [case.variables for case in found])
    for case, properties in zip(found, files, strict=True):
        read = read_of(case.broker)
        if "default" in properties:  # nothing was set, and the image's own file counts
            continue
        wrong += [
            f"{case}: {key} is {properties.get(key)}, and read as {read.get(key)}"
            for key in sorted({*properties, *read})
            if properties.get(key) != read.get(key)
        ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("version", VERSIONS)
def test_names(version: str) -> None:
    """The wrapper's rule for names, which `frameworks/containers` follows."""
    (properties,) = written(version, [VARIABLES])
    body = "".join(f"      {name}: '{value}'\n" for name, value in VARIABLES.items())
    compose = f"services:\n  kafka:\n    image: apache/kafka:{version}\n    environment:\n{body}"
    broker = next(one for one in stage.seen({"compose.yml": compose}) if isinstance(one, Broker))
    assert read_of(broker) == properties


def test_the_documents_are_met() -> None:
    found = list(cases())
    assert len(found) > 20
    assert {case.kind for case in found} >= {"written", "unsafe"}
