"""What the rules about producers share: what follows from running one, what idempotence needs."""

from __future__ import annotations

from oncelint.model import Known, Setting, World

# A client that does not start writes no duplicates and loses nothing: a rule that says so silences
# these, which would follow from running it.
PRODUCER_RUNS: tuple[str, ...] = (
    "producer-not-idempotent",
    "acks-not-all",
    "idempotence-silently-disabled",
    "client-with-known-defect",
    "unstable-transactional-id",
    "transaction-timeout-exceeds-broker",
    "auto-commit-in-transaction",
)

IDEMPOTENCE = "enable.idempotence"
ACKS = "acks"
RETRIES = "retries"
IN_FLIGHT = "max.in.flight.requests.per.connection"

_WANTED: dict[str, str] = {ACKS: "all", RETRIES: "more than 0", "queuing.strategy": "fifo"}


def duplicates(world: World) -> str:
    """What becomes of records without idempotence, as the first half of a sentence; a client that
    does not retry leaves that to the application."""
    if world.known(RETRIES) == 0:
        return "records whose request fails are lost, or written twice when they are sent again"
    if world.known(ACKS) == 0:
        return "a retry after a dropped connection can write these records twice"
    return "a retry after a lost acknowledgement writes these records twice"


def in_flight_bound(world: World) -> int:
    """How many requests in flight an idempotent producer of this client may have: one in
    kafka-python 2.2 and 2.3 (kafka/producer/kafka.py), else five."""
    old = world.dialect == "kafka-python" and world.versions[-1].startswith("2.")
    return 1 if old else 5


def wanted(world: World, name: str) -> str:
    """What a setting has to be beside idempotence, in words: `all`, `5 or fewer`."""
    if name == IN_FLIGHT:
        bound = in_flight_bound(world)
        return "1" if bound == 1 else f"{bound} or fewer"
    return _WANTED[name]


def in_the_way(world: World) -> tuple[Setting, ...]:
    """The settings the user chose that idempotence could not be switched on beside."""
    found = (world.settings.get(name) for name in (ACKS, RETRIES, IN_FLIGHT))
    return tuple(
        setting
        for setting in found
        if setting is not None and setting.set_by == "user" and _forbids(world, setting)
    )


def _forbids(world: World, setting: Setting) -> bool:
    if not isinstance(setting.value, Known):
        return False
    value = setting.value.value
    if setting.name == ACKS:
        return value != "all"
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or value is None or isinstance(value, (str, tuple)):
        return False
    return value == 0 if setting.name == RETRIES else value > in_flight_bound(world)
