"""The client libraries that the tests can reach: the installed ones, and pinned ones beside them.

`tools/client_versions.py` fills a directory with pinned releases; ONCELINT_CLIENTS names it.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.version import InvalidVersion, Version

CLIENTS_VARIABLE = "ONCELINT_CLIENTS"
NOT_PINNED = (
    f"pinned client versions not tested: {CLIENTS_VARIABLE} names no directory "
    "made by tools/client_versions.py"
)

DISTRIBUTIONS = {
    "librdkafka": "confluent-kafka",
    "kafka-python": "kafka-python",
    "kafka-python-ng": "kafka-python-ng",
    "aiokafka": "aiokafka",
}
"""Dialect to the distribution that speaks it."""


@dataclass(frozen=True, slots=True)
class Installation:
    """One version of one client.

    Attributes:
        dialect: the name of its dialect table.
        version: the distribution's version.
        folder: what to put on PYTHONPATH, or None for the environment the tests run in.
        importable: False for a release that is unpacked only for the librdkafka in it.
    """

    dialect: str
    version: str
    folder: Path | None
    importable: bool = True

    def __str__(self) -> str:
        place = "installed" if self.folder is None else "pinned"
        return f"{DISTRIBUTIONS[self.dialect]} {self.version} {place}"


def installed() -> Iterator[Installation]:
    """The clients of the environment the tests run in."""
    for dialect, distribution in DISTRIBUTIONS.items():
        try:
            yield Installation(dialect, version(distribution), None)
        except PackageNotFoundError:
            continue


def pinned() -> Iterator[Installation]:
    """The clients under the directory that ONCELINT_CLIENTS names; none when it is not set."""
    directory = os.environ.get(CLIENTS_VARIABLE)
    if not directory:
        return
    dialects = {distribution: dialect for dialect, distribution in DISTRIBUTIONS.items()}
    for folder in sorted(Path(directory).resolve().iterdir()):
        name, _, text = folder.name.rpartition("-")
        try:
            Version(text)
        except InvalidVersion:
            continue
        if name in dialects:
            yield Installation(dialects[name], text, folder)
        elif name == "librdkafka":
            yield Installation(name, text, folder, importable=False)


def installations() -> list[Installation]:
    """Every client the tests can reach, a version that is both installed and pinned only once."""
    here = list(installed())
    seen = {(i.dialect, i.version) for i in here}
    return here + [i for i in pinned() if (i.dialect, i.version) not in seen]
