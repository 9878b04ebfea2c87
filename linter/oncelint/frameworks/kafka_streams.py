"""Placement: the producers inside a Kafka Streams application.

Streams hands a setting on that stands behind `producer.`, and one of a producer's name without a
prefix (StreamsConfig.getClientPropsWithPrefix). Under exactly-once it sets idempotence itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from oncelint.model.facts import Block, ConfigFact, Home, WrittenSetting
from oncelint.model.layers import Layer
from oncelint.model.values import Known

GUARANTEE = "processing.guarantee"
PREFIX = "producer."
_MATTER = frozenset(
    {"acks", "enable.idempotence", "max.in.flight.requests.per.connection", "delivery.timeout.ms"}
)
# StreamsConfig, PRODUCER_DEFAULT_OVERRIDES
_LAYER = Layer("set by Kafka Streams for its producers", False, {"linger.ms": (("0", 100),)})
# PRODUCER_EOS_OVERRIDES, which the application may set otherwise
_EXACTLY_ONCE_DEFAULTS = Layer(
    "set by Kafka Streams with exactly-once",
    False,
    {
        "delivery.timeout.ms": (("2.1.0", 2147483647),),
        "transaction.timeout.ms": (("2.6.0", 10000),),
    },
)
# PRODUCER_EOS_OVERRIDES, and NON_CONFIGURABLE_PRODUCER_EOS_CONFIGS
_EXACTLY_ONCE = Layer(
    "set by Kafka Streams with exactly-once", True, {"enable.idempotence": (("0", True),)}
)


def assemble(facts: Sequence[ConfigFact], read: Callable[[str], bytes | None]) -> list[ConfigFact]:
    """The facts, and that of the producer of every application that configures one."""
    found: list[ConfigFact] = []
    for fact in facts:
        found.append(fact)
        exactly = _exactly_once(fact.block)
        if fact.role == "streams" and fact.dialects == ("java",) and exactly is not None:
            block = _producer(fact.block)
            if any(setting.key in _MATTER for setting in block.settings):
                found.append(
                    replace(
                        fact,
                        placement=f"{fact.placement} producer",
                        role="producer",
                        block=block,
                        span=block.settings[0].key_span,
                        layers=(
                            (_LAYER, _EXACTLY_ONCE_DEFAULTS, _EXACTLY_ONCE)
                            if exactly
                            else (_LAYER,)
                        ),
                        closed=False,
                    )
                )
    return found


def _exactly_once(block: Block) -> bool | None:
    for setting in block.settings:
        if setting.key == GUARANTEE:
            value = setting.value
            return "exactly" in str(value.value) if isinstance(value, Known) else None
    return False if block.open_reason is None else None


def _producer(block: Block) -> Block:
    """What the producer is given: the prefix counts over the bare name."""
    prefixed: dict[str, WrittenSetting] = {}
    bare: dict[str, WrittenSetting] = {}
    for setting in block.settings:
        if setting.key.startswith(PREFIX):
            name = setting.key.removeprefix(PREFIX)
            prefixed[name] = replace(setting, key=name, shown=setting.shown or setting.key)
        elif setting.key in _MATTER:
            bare[setting.key] = setting
    homes = tuple(_home(home) for home in block.homes)
    return Block(tuple({**bare, **prefixed}.values()), block.open_reason, (), homes)


def _home(home: Home) -> Home:
    prefix = home.prefix + (
        PREFIX.upper().replace(".", "_") if home.style == "environment" else PREFIX
    )
    return replace(home, prefix=prefix) if home.kind == "mapping" else home
