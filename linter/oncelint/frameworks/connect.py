"""Placement: Kafka Connect connectors as the REST interface and the standalone worker take them.

`{"name": …, "config": {…}}`, the bare or flat object, and the .properties form: a mapping with a
`connector.class`.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.formats.tree import Document, Scalar
from oncelint.frameworks.blocks import block_of, keys_of, mappings
from oncelint.frameworks.needles import CONNECTOR_CLASS
from oncelint.model.facts import ConfigFact
from oncelint.model.layers import Layer
from oncelint.model.values import Scalar as Value
from oncelint.text import Text


def recognise(document: Document, text: Text, path: str) -> Iterator[ConfigFact]:
    for root in document.roots:
        for _, mapping in mappings(root):
            if CONNECTOR_CLASS not in keys_of(mapping):
                continue
            name = mapping.get(CONNECTOR_CLASS)
            if not isinstance(name, Scalar) or not isinstance(name.value, str):
                continue
            block = block_of(mapping, text)
            span = text.span(name.start, name.end)
            yield ConfigFact(
                "connect connector", ("java",), "connector", block, span, name=name.value.strip()
            )


_MAX_INT = 2147483647
_DELIVERY: dict[str, tuple[tuple[str, Value], ...]] = {
    "acks": (("0", "all"),),
    "max.in.flight.requests.per.connection": (("0", 1),),
    "delivery.timeout.ms": (("2.1.0", _MAX_INT),),
}
# Worker.baseProducerConfigs: beneath what the worker or the connector sets. Idempotence is switched
# off from the releases on that would switch it on by default (KAFKA-13759); 3.0.1 came before that.
_PRODUCER = Layer(
    "set by Kafka Connect for its producers",
    False,
    {
        **_DELIVERY,
        "enable.idempotence": (
            ("0", None),
            ("3.0.2", False),
            ("3.1.0", None),
            ("3.1.1", False),
        ),
    },
)
# Worker.exactlyOnceSourceTaskProducerConfigs, KIP-618: above everything. The support came with 3.3,
# and who switches it on runs that or newer, whatever else is known of the version.
_EXACTLY_ONCE = Layer(
    "set by Kafka Connect with exactly.once.source.support",
    True,
    {
        "enable.idempotence": (("0", True),),
        "transactional.id": (("0", "<group.id>-<connector>-<task>"),),
        "acks": (("0", "all"),),
    },
)
# Worker.baseConsumerConfigs
_CONSUMER = Layer(
    "set by Kafka Connect for its consumers",
    False,
    {"enable.auto.commit": (("0", False),), "auto.offset.reset": (("0", "earliest"),)},
)


def layers(placement: str) -> tuple[Layer, ...]:
    """What the worker adds to the clients it makes, by the placement of their settings."""
    if placement == "connect exactly-once worker producer":
        return (_PRODUCER, _EXACTLY_ONCE)
    if placement == "connect worker producer":
        return (_PRODUCER,)
    return (_CONSUMER,) if placement == "connect worker consumer" else ()
