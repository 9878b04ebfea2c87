"""Published exactly-once defects of client versions, and guarantees a version has no code for.

Only what breaks the guarantee a client is asked for, with the changelog or issue that says so.
Versions are the Python distribution's (confluent-kafka carries the librdkafka of its own number).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from oncelint.dialects.constraints import (
    ARRIVALS,
    IDEMPOTENCE,
    ISOLATION,
    TRANSACTIONAL_ID,
)
from oncelint.model.project import Defect, Setting, World
from oncelint.model.values import Computed, Known, Span
from oncelint.model.versions import at_least, key, span_text

Guarantee: TypeAlias = Literal["idempotence", "transactions", "read_committed"]

_SETTINGS: dict[Guarantee, str] = {
    "idempotence": IDEMPOTENCE,
    "transactions": TRANSACTIONAL_ID,
    "read_committed": ISOLATION,
}


@dataclass(frozen=True, slots=True)
class Published:
    """A defect from version `since` on, gone in `fixed_in`. `consequence` is what it does to the
    guarantee, as the first half of a sentence."""

    id: str
    dialect: str
    guarantee: Guarantee
    since: str
    fixed_in: str
    consequence: str
    source: str

    def affects(self, version: str) -> bool:
        return at_least(version, self.since) and not at_least(version, self.fixed_in)


# The gravest first: one of them is told for each guarantee.
PUBLISHED: tuple[Published, ...] = (
    Published(
        "aborted-records-delivered",
        "librdkafka",
        "read_committed",
        "1.2.0",
        "1.6.0",
        "records of aborted transactions are delivered when they are compressed",
        "librdkafka issue 3020; CHANGELOG of librdkafka 1.5.3",
    ),
    Published(
        "committed-records-skipped",
        "librdkafka",
        "read_committed",
        "1.2.0",
        "1.7.0",
        "committed records behind an empty aborted transaction can be skipped",
        "CHANGELOG of librdkafka 1.7.0, consumer fixes",
    ),
    Published(
        "failed-records-committed-around",
        "librdkafka",
        "transactions",
        "1.4.0",
        "1.6.0",
        "a transaction commits although records of it timed out, and leaves them out",
        "CHANGELOG of librdkafka 1.5.2, producer fixes",
    ),
    Published(
        "commit-without-records",
        "librdkafka",
        "transactions",
        "1.4.0",
        "1.7.0",
        "a commit can succeed although the cluster was down and none of the records was sent",
        "CHANGELOG of librdkafka 1.7.0, transactional producer fixes",
    ),
    Published(
        "records-lost-by-epoch-bump",
        "librdkafka",
        "transactions",
        "1.7.0",
        "1.8.2",
        "records are silently lost from a committed transaction after repeated leader changes",
        "librdkafka issue 3575; CHANGELOG of librdkafka 1.8.2",
    ),
    Published(
        "sequence-numbers-reused",
        "librdkafka",
        "idempotence",
        "1.0.0",
        "1.9.0",
        "new records can be discarded as duplicates and reported as delivered after a topic"
        " briefly vanished from the metadata",
        "CHANGELOG of librdkafka 1.9.0, transactional producer fixes",
    ),
    Published(
        "abort-marker-key-error",
        "aiokafka",
        "read_committed",
        "0.5.0",
        "0.8.0",
        "the consumer stops with a KeyError at the marker of an aborted transaction whose records"
        " are gone",
        "aiokafka issue 781; changelog of aiokafka 0.8.0",
    ),
    Published(
        "transaction-errors-lost",
        "kafka-python",
        "transactions",
        "2.2.0",
        "2.2.15",
        "a fenced producer is not told so: errors of transaction requests are lost in the sender"
        " thread",
        "kafka-python pull request 2660; changelog of kafka-python 2.2.15",
    ),
)

NO_CODE = "no-code"
# What takes the place of a library that never got a feature.
_INSTEAD: dict[str, str] = {"kafka-python-ng": "kafka-python"}


def defects_of(
    dialect: str, versions: Sequence[str], worlds: Sequence[World], span: Span
) -> tuple[Defect, ...]:
    """The defects that concern a client: a guarantee it has no code for, each by itself, and the
    gravest published one. `versions` are those the project's files leave possible (nothing is said
    without any), `span` is where they say so."""
    own = [world for world in worlds if world.dialect == dialect]
    found: list[Defect] = []
    met: list[tuple[Published, Setting, bool]] = []
    for guarantee, name in _SETTINGS.items():
        asked = [world for world in own if _asked(world, name)]
        if not versions or not asked:
            continue
        setting = asked[-1].settings[name]
        lacking = [world for world in asked if _lacks(world, name)]
        if lacking:
            certain = len(lacking) == len(own)
            found.append(_no_code(dialect, lacking, setting, span, certain=certain))
            continue
        # a range that admits a version without the defect is no pin to a defective one
        met.extend(
            (one, setting, len(asked) == len(own))
            for one in PUBLISHED
            if (one.dialect, one.guarantee) == (dialect, guarantee)
            and all(map(one.affects, versions))
        )
    if met:
        one, setting, certain = min(met, key=lambda each: PUBLISHED.index(each[0]))
        fixed = max((each.fixed_in for each, _, _ in met), key=key)
        spelled = setting.spelled if setting.set_by == "user" else None
        found.append(Defect(one.id, one.consequence, one.source, fixed, span, spelled, certain))
    return tuple(found)


def _asked(world: World, name: str) -> bool:
    """Whether the client is asked for the guarantee, by itself or by its client's default."""
    value = world.value(name)
    if isinstance(value, Computed):
        return True
    known = value.value if isinstance(value, Known) else None
    if name == TRANSACTIONAL_ID:
        return bool(known)
    if name == ISOLATION:
        return known == "read_committed"
    return known is True


def _lacks(world: World, name: str) -> bool:
    return any(c.family == "missing" and c.settings == (name,) for c in world.contradictions)


def _no_code(
    dialect: str, lacking: Sequence[World], setting: Setting, span: Span, *, certain: bool
) -> Defect:
    world = lacking[-1]
    versions = span_text(version for one in lacking for version in one.versions)
    raised = next(c for c in world.contradictions if c.settings == (setting.name,))
    if raised.outcome == "ignores":
        consequence = f"{setting.spelled} is ignored"
    else:
        role = "consumer" if setting.name == ISOLATION else "producer"
        consequence = f"the {role} does not start ({raised.error})"
    library = _INSTEAD.get(dialect, dialect)
    sound = _first_sound(library, setting.name)
    return Defect(
        NO_CODE,
        f"{consequence}: {world.client} {versions} has no code for {setting.spelled}",
        f"settings of {world.client}" if library != dialect else f"changelog of {world.client}",
        f"{library} {sound}" if library != dialect and sound else sound,
        span,
        setting.spelled,
        certain,
    )


def _first_sound(dialect: str, name: str) -> str | None:
    """The first version that has a feature and none of its published defects."""
    version = ARRIVALS.get(dialect, {}).get(name)
    # transactions stand on idempotence
    asked = {guarantee for guarantee, own in _SETTINGS.items() if own == name}
    if name == TRANSACTIONAL_ID:
        asked.add("idempotence")
    while version is not None:
        own = (one for one in PUBLISHED if one.dialect == dialect and one.guarantee in asked)
        fixed = next((one.fixed_in for one in own if one.affects(version)), None)
        if fixed is None:
            break
        version = fixed
    return version
