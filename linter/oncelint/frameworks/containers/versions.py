"""Which Kafka is in an image, by its tag."""

from __future__ import annotations

import re
from collections.abc import Mapping

from oncelint.dialects import table
from oncelint.model.versions import at_least

_VERSION = re.compile(r"(?<![\d.])(\d+)\.(\d+)(?:\.(\d+))?")

# "Supported Versions and Interoperability for Confluent Platform", docs.confluent.io: the minor
# releases of Apache Kafka that are in those of the platform.
_CONFLUENT: Mapping[str, str] = {
    "4.0": "1.0", "4.1": "1.1",
    "5.0": "2.0", "5.1": "2.1", "5.2": "2.2", "5.3": "2.3", "5.4": "2.4", "5.5": "2.5",
    "6.0": "2.6", "6.1": "2.7", "6.2": "2.8",
    "7.0": "3.0", "7.1": "3.1", "7.2": "3.2", "7.3": "3.3", "7.4": "3.4", "7.5": "3.5",
    "7.6": "3.6", "7.7": "3.7", "7.8": "3.8", "7.9": "3.9",
    "8.0": "4.0", "8.1": "4.1", "8.2": "4.2", "8.3": "4.3",
}  # fmt: skip
# KAFKA_VERSION in kafka/<tag>/Dockerfile of debezium/container-images.
_DEBEZIUM: Mapping[str, str] = {
    "0.6": "0.11.0.1", "0.7": "1.0.0", "0.8": "1.1.0", "0.9": "2.2.0", "0.10": "2.3.0",
    "1.0": "2.4.0", "1.1": "2.4.0", "1.2": "2.5.0", "1.3": "2.6.0", "1.4": "2.6.1",
    "1.5": "2.7.0", "1.6": "2.7.1", "1.7": "2.8.1", "1.8": "3.0.0", "1.9": "3.2.0",
    "2.0": "3.3.1", "2.1": "3.3.1", "2.2": "3.4.0", "2.3": "3.4.0", "2.4": "3.5.1",
    "2.5": "3.6.1", "2.6": "3.7.0", "2.7": "3.7.0",
    "3.0": "3.9.0", "3.1": "3.9.0", "3.2": "4.0.0", "3.3": "4.1.0", "3.4": "4.1.1",
    "3.5": "4.2.0", "3.6": "4.3.0", "3.7": "4.3.0",
}  # fmt: skip


def kafka_versions(scheme: str, tag: str) -> tuple[str, ...]:
    """The versions of Kafka's clients that an image's tag leaves possible; empty when it does not
    tell. `scheme` is how it tells: "confluent", "debezium", or "kafka" for Kafka's own version."""
    found = list(_VERSION.finditer(tag))
    if not scheme or not found:
        return ()
    # what is built on a Confluent image appends that image's tag to its own, and wurstmeister's tags
    # have Scala's version before Kafka's (2.13-2.8.1)
    last = scheme == "confluent" or re.match(r"2\.1\d-", tag) is not None
    major, minor, patch = found[-1 if last else 0].groups()
    release = f"{major}.{minor}"
    if scheme == "debezium":
        version = _DEBEZIUM.get(release)
        return (version,) if version else ()
    if scheme == "confluent":
        kafka = _CONFLUENT.get(release)
        return _releases(kafka) if kafka else ()
    if patch is not None:
        return (f"{release}.{patch}",)
    return _releases(release)


def _releases(minor: str) -> tuple[str, ...]:
    """The releases of a minor version: which of them it is decides a few defaults."""
    known = table("java-producer").versions
    major, _, last = minor.partition(".")
    following = f"{major}.{int(last) + 1}"
    inside = tuple(one for one in known if at_least(one, minor) and not at_least(one, following))
    return inside or (f"{minor}.0",)
