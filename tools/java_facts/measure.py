"""Builds real Java clients from configurations and reports what became of each.

``measure`` answers for many configurations of one version; as a script, for one configuration::

    python tools/java_facts/measure.py 3.9.2 producer acks=1 enable.idempotence=true

Needs Java 17 and Maven; no broker.
"""

import argparse
import functools
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from java_facts.maven import class_path, compile_program

PROGRAM = Path(__file__).resolve().parent / "JavaFacts.java"
ARTIFACTS = {
    "producer": "kafka-clients",
    "consumer": "kafka-clients",
    "admin": "kafka-clients",
    "streams": "kafka-streams",
    "connect-source": "connect-runtime",
    "connect-exactly-once-source": "connect-runtime",
    "connect-sink": "connect-runtime",
}
"""Role to the artifact that carries its classes."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What became of one configuration.

    Attributes:
        accepted: whether the client was built.
        effective: setting to value in force; "(unknown)" lists the given keys without a definition.
            Streams prefixes the settings of its clients with ``producer.`` and ``main.consumer.``.
        exceptions: simple class name and message of what was thrown and its causes, outermost first.
        log: the lines at WARN and INFO that the configuration and client classes wrote.
    """

    accepted: bool
    effective: Mapping[str, Any]
    exceptions: tuple[tuple[str, str], ...]
    log: tuple[str, ...]


def measure(
    version: str, role: str, configurations: Sequence[Mapping[str, str]]
) -> list[Measured] | None:
    """Builds the role's client at *version* once for each configuration.

    Connect's settings are prefixed with ``worker.`` or ``connector.``, by where they are set.

    Returns:
        one answer a configuration, in order; None when the artifact is not to be had.

    Raises:
        RuntimeError: the program itself failed, or that version lacks the role.
    """
    path = class_path(ARTIFACTS[role], version, logging=True)
    if path is None:
        return None
    run = subprocess.run(
        ["java", "-cp", f"{_compiled().name}:{path}", "JavaFacts"],
        input=_request(role, configurations),
        capture_output=True,
        text=True,
        check=False,
    )
    answers = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
    if len(answers) != len(configurations):
        raise RuntimeError(f"{role} {version}: {run.stderr[-500:]}")
    unavailable = [answer for answer in answers if answer["outcome"] == "unavailable"]
    if unavailable:
        raise RuntimeError(f"{role} {version}: {unavailable[0]['exceptions']}")
    return [_measured(answer) for answer in answers]


def _request(role: str, configurations: Sequence[Mapping[str, str]]) -> str:
    lines: list[str] = []
    for number, configuration in enumerate(configurations):
        lines.append(f"case {number} {role}")
        lines += [f"{key}={value}" for key, value in configuration.items()]
        lines.append("end")
    return "\n".join(lines) + "\n"


def _measured(answer: Mapping[str, Any]) -> Measured:
    return Measured(
        accepted=answer["outcome"] == "accepted",
        effective=answer.get("effective", {}),
        exceptions=tuple((e["class"], e["message"]) for e in answer.get("exceptions", ())),
        log=tuple(answer["log"]),
    )


@functools.cache
def _compiled() -> "tempfile.TemporaryDirectory[str]":
    """The folder with the compiled program; it goes when the process does."""
    folder = tempfile.TemporaryDirectory(prefix="java-facts-")
    compile_program(PROGRAM, Path(folder.name))
    return folder


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints what one version makes of one configuration; returns the exit code."""
    parser = argparse.ArgumentParser(description="What a Java client makes of a configuration.")
    parser.add_argument("version", help="a Kafka release")
    parser.add_argument("role", choices=sorted(ARTIFACTS))
    parser.add_argument("settings", nargs="*", help="KEY=VALUE")
    options = parser.parse_args(arguments)
    settings = dict(setting.split("=", 1) for setting in options.settings)
    answers = measure(options.version, options.role, [settings])
    if answers is None:
        return 1
    answer = answers[0]
    print("accepted" if answer.accepted else "rejected")
    for name, value in answer.effective.items():
        print(f"  {name} = {json.dumps(value)}")
    for name, message in answer.exceptions:
        print(f"  {name}: {message}")
    for line in answer.log:
        print(f"  {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
