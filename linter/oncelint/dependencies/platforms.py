"""The version of kafka-clients that a framework's platform brings.

Read off the published poms: `kafka.version` of spring-boot-dependencies, the managed version of
kafka-clients in quarkus-bom (up to 1.13 its property of the build parent); and the `kafkaVersion` of
spring-kafka's own build, which is that of the clients where no platform manages them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from oncelint.dependencies.interest import QUARKUS, SPRING_BOOT, SPRING_KAFKA
from oncelint.model.versions import at_least, key

MEASURED: dict[str, tuple[tuple[str, str], ...]] = {
    SPRING_BOOT: (
        ("2.0.0", "1.0.0"),
        ("2.0.9", "1.0.2"),
        ("2.1.0", "2.0.0"),
        ("2.1.18", "2.0.1"),
        ("2.2.0", "2.3.0"),
        ("2.2.13", "2.3.1"),
        ("2.3.0", "2.5.0"),
        ("2.3.12", "2.5.1"),
        ("2.4.0", "2.6.0"),
        ("2.4.13", "2.6.3"),
        ("2.5.0", "2.7.1"),
        ("2.5.15", "2.7.2"),
        ("2.6.0", "3.0.0"),
        ("2.6.4", "3.0.0"),
        ("2.6.5", "3.0.1"),
        ("2.6.8", "3.0.1"),
        ("2.6.15", "3.0.2"),
        ("2.7.0", "3.1.1"),
        ("2.7.18", "3.1.2"),
        ("3.0.0", "3.3.1"),
        ("3.0.13", "3.3.2"),
        ("3.1.0", "3.4.0"),
        ("3.1.12", "3.4.1"),
        ("3.2.0", "3.6.0"),
        ("3.2.12", "3.6.2"),
        ("3.3.0", "3.7.0"),
        ("3.3.13", "3.7.2"),
        ("3.4.0", "3.8.1"),
        ("3.4.11", "3.8.1"),
        ("3.5.0", "3.9.1"),
        ("3.5.10", "3.9.1"),
        ("3.5.14", "3.9.2"),
        ("4.0.0", "4.1.1"),
        ("4.0.2", "4.1.1"),
        ("4.0.4", "4.1.2"),
        ("4.0.6", "4.1.2"),
        ("4.1.0", "4.2.1"),
        ("4.1.1", "4.2.1"),
    ),
    QUARKUS: (
        ("1.0.0", "2.2.1"),
        ("1.3.0", "2.4.0"),
        ("1.7.0", "2.5.0"),
        ("1.13.0", "2.7.0"),
        ("2.0.0", "2.8.0"),
        ("2.2.0", "2.8.0"),
        ("2.3.0", "2.8.1"),
        ("2.5.0", "2.8.1"),
        ("2.6.0", "3.0.0"),
        ("2.7.0", "3.1.0"),
        ("2.8.0", "3.1.0"),
        ("2.11.0", "3.1.0"),
        ("2.12.0", "3.2.1"),
        ("2.13.0", "3.2.1"),
        ("2.14.0", "3.3.1"),
        ("2.16.0", "3.3.1"),
        ("3.0.0", "3.4.0"),
        ("3.2.0", "3.4.0"),
        ("3.4.0", "3.5.1"),
        ("3.6.0", "3.6.0"),
        ("3.8.0", "3.6.1"),
        ("3.9.0", "3.7.0"),
        ("3.12.0", "3.7.0"),
        ("3.15.0", "3.7.1"),
        ("3.17.0", "3.7.1"),
        ("3.20.0", "3.9.0"),
        ("3.22.0", "3.9.0"),
        ("3.24.0", "4.0.0"),
        ("3.28.0", "4.0.0"),
        ("3.30.0", "4.0.1"),
        ("3.31.0", "4.1.1"),
        ("3.33.0", "4.1.1"),
        ("3.35.0", "4.2.0"),
        ("3.37.0", "4.2.1"),
    ),
    SPRING_KAFKA: (
        ("2.2.0", "2.0.0"),
        ("2.2.3", "2.0.1"),
        ("2.3.0", "2.3.0"),
        ("2.3.2", "2.3.1"),
        ("2.4.0", "2.4.0"),
        ("2.4.5", "2.4.1"),
        ("2.5.0", "2.5.0"),
        ("2.5.5", "2.5.1"),
        ("2.6.0", "2.6.0"),
        ("2.6.5", "2.6.1"),
        ("2.6.8", "2.6.2"),
        ("2.6.12", "2.6.3"),
        ("2.7.0", "2.7.0"),
        ("2.7.1", "2.7.1"),
        ("2.7.9", "2.7.2"),
        ("2.8.0", "3.0.0"),
        ("2.8.4", "3.0.1"),
        ("2.8.9", "3.0.2"),
        ("2.9.0", "3.2.0"),
        ("2.9.1", "3.2.2"),
        ("2.9.2", "3.2.3"),
        ("3.0.0", "3.3.1"),
        ("3.0.3", "3.3.2"),
        ("3.1.0", "3.6.0"),
        ("3.1.1", "3.6.1"),
        ("3.1.4", "3.6.2"),
        ("3.2.0", "3.7.0"),
        ("3.2.2", "3.7.1"),
        ("3.2.6", "3.7.2"),
        ("3.3.0", "3.8.1"),
        ("4.0.0", "4.1.1"),
        ("4.0.5", "4.1.2"),
    ),
}
"""By platform its releases in ascending order, each with the clients it manages."""


def platform_versions(platform: str) -> tuple[str, ...]:
    """The releases of a platform that are known."""
    return tuple(version for version, _ in MEASURED[platform])


@cache
def clients_of(platform: str, version: str, known: Sequence[str]) -> tuple[str, ...]:
    """The versions of kafka-clients that a platform's release may bring.

    Between two releases that were read the clients are those of either, but within one minor
    release no later minor's. Of a release before or after all of them nothing is known but that
    its clients are older or newer: those of `known`, ascending, that are.
    """
    rows = MEASURED[platform]
    below = [row for row in rows if at_least(version, row[0])]
    above = [row for row in rows if not at_least(version, row[0])]
    if not below:
        return tuple(one for one in known if not at_least(one, rows[0][1]))
    release, clients = below[-1]
    if key(release) == key(version) or (*key(release), 0) == key(version):
        return (clients,)
    if not above:
        if _minor(release) == _minor(version):
            return (clients,)
        return (clients, *(one for one in known if at_least(one, clients) and one != clients))
    after, later = above[0]
    apart = _minor(after) != _minor(version) and _minor(release) == _minor(version)
    return (clients,) if apart or later == clients else (clients, later)


def _minor(version: str) -> tuple[int, ...]:
    return key(version)[:2]
