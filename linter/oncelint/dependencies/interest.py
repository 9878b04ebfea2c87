"""The libraries whose version matters, and the names they go by."""

from __future__ import annotations

import re

PYTHON = frozenset(
    (
        "aiokafka",
        "apache-flink",
        "confluent-kafka",
        "faststream",
        "faust",
        "faust-streaming",
        "kafka-python",
        "kafka-python-ng",
        "pyspark",
        "quixstreams",
    )
)
"""Python distributions, normalised as PEP 503 says."""

EXTRAS: dict[str, frozenset[str]] = {"faststream": frozenset(("confluent", "kafka"))}
"""Extras that decide which client stands behind a framework; `faststream[kafka]` is reported
beside `faststream`."""

CONDA: dict[str, str] = {"python-confluent-kafka": "confluent-kafka"}
"""conda-forge packages named otherwise than the distribution."""

SPRING_BOOT = "org.springframework.boot"
QUARKUS = "io.quarkus"
KAFKA_CLIENTS = "org.apache.kafka:kafka-clients"
FLINK = "apache-flink"
SPRING_KAFKA = "org.springframework.kafka:spring-kafka"

JVM: dict[str, str] = {
    KAFKA_CLIENTS: KAFKA_CLIENTS,
    "org.apache.kafka:kafka-streams": "org.apache.kafka:kafka-streams",
    "org.apache.kafka:kafka-streams-scala_2.12": "org.apache.kafka:kafka-streams",
    "org.apache.kafka:kafka-streams-scala_2.13": "org.apache.kafka:kafka-streams",
    "org.apache.kafka:connect-runtime": "org.apache.kafka:connect-runtime",
    "org.apache.kafka:connect-api": "org.apache.kafka:connect-api",
    "org.apache.flink:flink-streaming-java": FLINK,
    "org.apache.flink:flink-streaming-java_2.11": FLINK,
    "org.apache.flink:flink-streaming-java_2.12": FLINK,
    "org.apache.flink:flink-clients": FLINK,
    "org.apache.flink:flink-table-api-java": FLINK,
    "org.apache.flink:flink-table-api-java-bridge": FLINK,
    SPRING_KAFKA: SPRING_KAFKA,
    "org.springframework.boot:spring-boot-starter-parent": SPRING_BOOT,
    "org.springframework.boot:spring-boot-dependencies": SPRING_BOOT,
    "org.springframework.boot:spring-boot-gradle-plugin": SPRING_BOOT,
    "org.springframework.boot:spring-boot-maven-plugin": SPRING_BOOT,
    "io.quarkus:quarkus-bom": QUARKUS,
    "io.quarkus:quarkus-universe-bom": QUARKUS,
    "io.quarkus:quarkus-maven-plugin": QUARKUS,
    "io.quarkus.platform:quarkus-bom": QUARKUS,
    "io.quarkus.platform:quarkus-maven-plugin": QUARKUS,
}
"""`group:artifact` of a Maven repository, and the distribution it tells the version of. A
platform or plugin speaks for its framework; the Scala API of Streams is released with Streams."""

GRADLE_PLUGINS: dict[str, str] = {"org.springframework.boot": SPRING_BOOT, "io.quarkus": QUARKUS}
"""Gradle plugin ids."""

MANAGED_PROPERTIES: dict[str, str] = {
    "kafka.version": KAFKA_CLIENTS,
    "spring-kafka.version": SPRING_KAFKA,
}
"""Properties by which a project overrides what Spring Boot manages (Spring Boot reference,
"Version Properties")."""

CONVENTIONAL: dict[str, str] = {
    "quarkusPlatformGroupId": "io.quarkus.platform",
    "quarkusPlatformArtifactId": "quarkus-bom",
    "quarkus.platform.group-id": "io.quarkus.platform",
    "quarkus.platform.artifact-id": "quarkus-bom",
}
"""Properties by which Quarkus's project generator names its platform. They stand in
gradle.properties or in a parent's pom, and a build file refers to them by these names."""

PROPERTY = "property:"
"""Distribution prefix of a build property that other files of the project may refer to."""

PROJECT = "project:"
"""Distribution prefix of a pom's own artifact id; the specifier is its parent's artifact id."""

MANAGED = "${managed}"
"""Specifier of a Java dependency without a version that a build file further up may manage."""

_PROPERTY_OF_INTEREST = re.compile(r"kafka|confluent|spring|quarkus|streams|connect", re.IGNORECASE)


def normalise(name: str) -> str:
    """A Python distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def property_of_interest(name: str) -> bool:
    """Whether a build property may carry a version of interest, by its name."""
    return _PROPERTY_OF_INTEREST.search(name) is not None
