"""Placement: a broker's or controller's own settings, as `kafka-server-start.sh` takes them.

`server.properties`, KRaft's `broker.properties` and `controller.properties`: a file that says where
the log lies, or which roles its node has.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.formats.tree import Document, Mapping
from oncelint.frameworks.blocks import block_of, keys_of, span_of
from oncelint.model.facts import ConfigFact
from oncelint.text import Text

PLACEMENT = "broker properties"
CLIENTS_OWN: dict[str, str] = {
    **dict.fromkeys(
        (
            *("acks", "enable.idempotence", "transactional.id"),
            "max.in.flight.requests.per.connection",
        ),
        "producer",
    ),
    **dict.fromkeys(("isolation.level", "enable.auto.commit", "auto.offset.reset"), "consumer"),
}
"""What decides the delivery of clients, by the role that reads it: KafkaConfig has none of them, and a
broker only logs that it does not know them."""


def recognise(document: Document, text: Text, path: str) -> Iterator[ConfigFact]:
    for root in document.roots:
        if isinstance(root, Mapping) and is_broker(keys_of(root), path):
            block = block_of(root, text)
            yield ConfigFact(PLACEMENT, ("java",), "broker", block, span_of(root, text))


def is_broker(keys: set[str], path: str) -> bool:
    """Whether a file with these keys is a broker's: only a .properties file is read by one."""
    if not path.endswith(".properties"):
        return False
    if "log.dirs" in keys or "log.dir" in keys:
        return bool(keys & {"broker.id", "node.id", "process.roles", "zookeeper.connect"})
    return "process.roles" in keys or {"broker.id", "zookeeper.connect"} <= keys
