"""What to change when a client does not accept its settings together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from oncelint.dialects.constraints import (
    ACKS,
    DELIVERY_TIMEOUT,
    IDEMPOTENCE,
    IN_FLIGHT,
    LINGER,
    PROTOCOL,
    QUEUING,
    REQUEST_TIMEOUT,
    RETRIES,
    SOCKET_TIMEOUT,
    TRANSACTION_TIMEOUT,
)
from oncelint.model.project import Contradiction, World
from oncelint.model.values import Known, Scalar


@dataclass(frozen=True, slots=True)
class Wanted:
    """A setting that has to become `value` (None: that nobody must set) where it is not `fine`."""

    name: str
    value: Scalar
    fine: Callable[[object], bool]


def equal(name: str, value: Scalar) -> Wanted:
    return Wanted(name, value, lambda found: found == value and _same_kind(found, value))


def _same_kind(one: object, other: object) -> bool:
    return isinstance(one, bool) == isinstance(other, bool)


def gone(name: str) -> Wanted:
    """Nobody sets it, so that the client's own choice holds."""
    return Wanted(name, None, lambda found: False)


def remedy(world: World, found: Contradiction) -> Wanted | None:
    """The smallest change that ends a contradiction and lowers no guarantee; None when there is
    none that can be told from the configuration alone."""
    blamed = found.settings[0]
    if found.family == "idempotence":
        return _beside_idempotence(world, blamed)
    if found.family in ("gapless", "transactional-off"):
        return equal(IDEMPOTENCE, True)
    if found.family == "timeouts":
        return _timeout(world, found)
    if found.family == "group" and PROTOCOL in found.settings[1:]:
        return gone(blamed)  # the broker decides about it in a group of KIP-848's protocol
    return None


def _beside_idempotence(world: World, blamed: str) -> Wanted | None:
    if blamed == ACKS:
        return equal(ACKS, "all")
    if blamed == IN_FLIGHT:
        bound = world.in_flight_bound()
        return Wanted(IN_FLIGHT, bound, lambda found: isinstance(found, int) and found <= bound)
    if blamed == RETRIES:
        return gone(RETRIES)
    return equal(QUEUING, "fifo") if blamed == QUEUING else None


def _timeout(world: World, found: Contradiction) -> Wanted | None:
    """Times in milliseconds. Of a pair the one is changed that the others are held against."""
    blamed, others = found.settings[0], found.settings[1:]
    if blamed == SOCKET_TIMEOUT:
        limit = _number(world, TRANSACTION_TIMEOUT)
        return None if limit is None else _at_most(SOCKET_TIMEOUT, limit + 100)
    if others == (TRANSACTION_TIMEOUT,):
        limit = _number(world, TRANSACTION_TIMEOUT)
        return None if limit is None else _at_most(blamed, limit)
    if others == (LINGER,):
        return gone(blamed) if _is_below_the_default(world) else None
    linger, request = _number(world, LINGER), _number(world, REQUEST_TIMEOUT)
    if linger is None or request is None:
        return None
    needed = linger + request
    return Wanted(
        DELIVERY_TIMEOUT, needed, lambda value: isinstance(value, (int, float)) and value >= needed
    )


def _is_below_the_default(world: World) -> bool:
    """Whether librdkafka sends with this linger.ms once message.timeout.ms is not set: it is then
    300000, or the transaction's timeout, and produce() refuses one that is not above linger.ms
    (rdkafka_conf.c, rd_kafka_conf_finalize; rdkafka_msg.c, rd_kafka_msg_new0)."""
    linger = _number(world, LINGER)
    default = _number(world, TRANSACTION_TIMEOUT) if world.transactional() else 300_000
    return linger is not None and default is not None and linger < default


def _at_most(name: str, limit: int) -> Wanted:
    return Wanted(name, limit, lambda found: isinstance(found, (int, float)) and found <= limit)


def _number(world: World, name: str) -> int | None:
    value = world.value(name)
    if not isinstance(value, Known) or isinstance(value.value, bool):
        return None
    return int(value.value) if isinstance(value.value, (int, float)) else None
