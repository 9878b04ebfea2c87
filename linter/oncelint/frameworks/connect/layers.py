"""What Kafka Connect sets for the clients that it makes for connectors and their tasks."""

from __future__ import annotations

from oncelint.model.layers import Layer
from oncelint.model.values import Scalar as Value

_MAX_INT = 2147483647
_DELIVERY: dict[str, tuple[tuple[str, Value], ...]] = {
    "acks": (("0", "all"),),
    "max.in.flight.requests.per.connection": (("0", 1),),
    "delivery.timeout.ms": (("2.1.0", _MAX_INT),),
    "request.timeout.ms": (("0", _MAX_INT), ("3.0.0", None)),
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
# Worker.exactlyOnceSourceTaskProducerConfigs, KIP-618: above everything (ConnectUtils.ensureProperty).
# acks is not among them: one that is set to less keeps the producer from starting. The support came
# with 3.3, and who switches it on runs that or newer, whatever else is known of the version.
_EXACTLY_ONCE = Layer(
    "set by Kafka Connect with exactly.once.source.support",
    True,
    {
        "enable.idempotence": (("0", True),),
        "transactional.id": (("0", "<group.id>-<connector>-<task>"),),
    },
)
# Worker.baseConsumerConfigs
_CONSUMER = Layer(
    "set by Kafka Connect for its consumers",
    False,
    {"enable.auto.commit": (("0", False),), "auto.offset.reset": (("0", "earliest"),)},
)


def client_layers(role: str, *, exactly_once: bool = False) -> tuple[Layer, ...]:
    """What a worker adds to the clients of a role; for producers of source tasks `exactly_once` when
    the worker supports that."""
    if role == "producer":
        return (_PRODUCER, _EXACTLY_ONCE) if exactly_once else (_PRODUCER,)
    return (_CONSUMER,) if role == "consumer" else ()


def layers(placement: str) -> tuple[Layer, ...]:
    """The same by the name of what makes the client: `connect worker producer`, `connect worker
    consumer`, `connect exactly-once worker producer`."""
    role = placement.rpartition(" ")[2]
    return client_layers(role, exactly_once="exactly-once" in placement)
