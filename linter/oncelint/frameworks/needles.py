"""The literals of discovery's byte test: without one of them a file is dropped unparsed.

They are what the recognisers themselves look for: the keys they know a configuration by, and the
packages that the Python constructors are imported from (a test compares them).
"""

from __future__ import annotations

# Where the Python constructors are imported from.
PACKAGES = ("aiokafka", "confluent_kafka", "kafka")
# The stream frameworks that are imported by a name without "kafka" in it. (bytewax and arroyo take
# their Kafka parts from modules with the word; FastStream's confluent flavour has no such word.)
STREAMS = ("faust", "faststream", "quixstreams", "kstreams")
BOOTSTRAP = "bootstrap.servers"
# the slip that leaves a client's own .properties file without the key it is known by
MISSPELT_BOOTSTRAP = "bootstrap.server"
BROKER_KEYS = ("log.dirs", "log.dir", "process.roles", "zookeeper.connect")
CONNECTOR_CLASS = "connector.class"


def _minimal(needles: tuple[str, ...]) -> tuple[bytes, ...]:
    """Without those that contain another one: they can only be found where it is."""
    return tuple(sorted(n.encode() for n in needles if not any(o != n and o in n for o in needles)))


RECOGNISERS: dict[str, dict[str, tuple[str, ...]]] = {
    "connect": dict.fromkeys(("properties", "ini", "yaml", "json", "toml"), (CONNECTOR_CLASS,)),
    "plain": {
        "properties": (BOOTSTRAP, MISSPELT_BOOTSTRAP, *BROKER_KEYS),
        **dict.fromkeys(("ini", "yaml", "json", "toml"), (BOOTSTRAP,)),
    },
}
"""Each recogniser with the literals by file kind of which one must stand in a file (or in the host
of what it is embedded in) for the recogniser to be asked. It must not fire without."""


def _needles() -> dict[str, tuple[bytes, ...]]:
    found: dict[str, tuple[str, ...]] = {"python": (*PACKAGES, "faust")}
    for kinds in RECOGNISERS.values():
        for kind, literals in kinds.items():
            found[kind] = (*found.get(kind, ()), *literals)
    # what can be embedded in a file makes the file one to look into
    for host, guests in EMBEDDED.items():
        found[host] = tuple(
            dict.fromkeys((*found.get(host, ()), *(n for g in guests for n in found.get(g, ()))))
        )
    return {kind: _minimal(literals) for kind, literals in found.items()}


EMBEDDED: dict[str, tuple[str, ...]] = {
    "yaml": ("properties", "yaml", "json", "toml", "ini", "shell", "sql", "conf", "dotenv"),
    "shell": ("properties", "yaml", "json", "sql"),
}
"""By kind of file the kinds of documents that stand in such files (formats/hosts)."""

NEEDLES: dict[str, tuple[bytes, ...]] = _needles()
"""By file kind; a kind that is not here has no recogniser."""

_STREAM = b"stream"
BEHIND: dict[str, tuple[bytes, tuple[bytes, ...]]] = {
    "python": (_STREAM, tuple(one.encode() for one in STREAMS if "stream" in one)),
}
"""Further literals by file kind, behind one that they have in common: a rarer search."""
