"""A transaction log with one copy on a cluster that could keep three.

## What it does

Reports a cluster of three brokers or more in which `transaction.state.log.replication.factor` is 1,
or `transaction.state.log.min.isr` is 1 although the log has several copies. Where the brokers cannot
be counted, a `default.replication.factor` of three or more says that there are so many.

## The failure

Three brokers came from a compose file for one, and the factor of 1 came along. All goes well for
months: topics have three copies, `acks=all` everywhere. Then broker 2 loses its disk. With it goes
the only copy of a third of `__transaction_state`: which transactions were prepared, which were
committed, which producer ids are whose. The services whose transactional ids hash to these partitions
cannot initialise at all while the broker is away, and when it is replaced their open transactions
are known to nobody: read_committed consumers stand before records that nothing commits or aborts.
With three copies and a `min.isr` of 1 the same is one lost leader away, since a commit is
acknowledged by a single copy.

## What the fix costs

Two more copies of a small compacted topic. The factor counts when the topic is created: an existing
`__transaction_state` has to be reassigned (`kafka-reassign-partitions.sh`), which is why the fix is
unsafe. `min.isr` can be changed at any time; with it one broker of three may be missing, not two.

## When it is silent

With one or two brokers; when their number is not known and no `default.replication.factor` of three or
more tells it; when the value comes from elsewhere.
Whether anything uses transactions today does not matter: the log is created by the first that does,
with the factor of that day.

## References

KIP-98; Kafka documentation, broker configuration (transaction.state.log.*); "Kafka operations,
expanding your cluster".
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import Cluster, Goal, Hit, Project, Rule, World, speak
from oncelint.model.values import Scalar
from oncelint_rules.common.brokers import (
    LOG_FACTOR,
    LOG_MIN_ISR,
    SAFE_SIZE,
    Found,
    among,
    given,
    once,
    scale_of,
    told,
    whole,
)

_REASON = "a transaction log that exists keeps its copies until they are reassigned"
_FEWER = "with two of three brokers missing transactions stop instead"


def _one_copy(world: World) -> bool | None:
    factor = whole(world, LOG_FACTOR)
    return None if factor is None else factor == 1


def _one_is_enough(world: World) -> bool | None:
    factor = whole(world, LOG_FACTOR)
    if whole(world, LOG_MIN_ISR) is None or factor is None:
        return None
    return factor > 1 and given(world, LOG_MIN_ISR) == 1


def check(cluster: Cluster, project: Project) -> Iterator[Hit]:
    yield from once(_every(cluster, project))


def _wanted(found: Found) -> dict[str, Scalar]:
    """The settings after which a commit has copies; a min.isr that is not known to be low stays."""
    low = {whole(world, LOG_MIN_ISR) for world in found.verdict.worlds} & {0, 1}
    return {LOG_FACTOR: SAFE_SIZE, LOG_MIN_ISR: 2} if low else {LOG_FACTOR: SAFE_SIZE}


def _every(cluster: Cluster, project: Project) -> Iterator[Hit]:
    scale = scale_of(cluster)
    if scale is None or scale.number < SAFE_SIZE:
        return
    for found in among(cluster.brokers, LOG_FACTOR, _one_copy):
        yield Hit(
            span=found.span,
            message=(
                "transactions are lost with the one broker that has their log:"
                f" {told(found.setting)}{found.verdict.where(versions=False)} {scale.where};"
                f" set {found.setting.spelled} to {SAFE_SIZE}"
            ),
            confidence=scale.confidence(found.verdict),
            setting=found.setting.spelled,
            related=found.elsewhere(),
            provenance=found.setting.origins,
            goal=Goal(
                f"set {found.setting.spelled} to {SAFE_SIZE}",
                _wanted(found),
                "unsafe",
                _REASON,
                client=found.client,
            ),
            subject_key=speak.subject_key(found.client, LOG_FACTOR),
        )
    for found in among(cluster.brokers, LOG_MIN_ISR, _one_is_enough):
        yield Hit(
            span=found.span,
            message=(
                "a commit that was acknowledged is lost with one broker, although the log has"
                f" copies: {told(found.setting)}{found.verdict.where(versions=False)}"
                f" {scale.where}; set {found.setting.spelled} to 2"
            ),
            confidence=scale.confidence(found.verdict),
            setting=found.setting.spelled,
            related=found.elsewhere(),
            provenance=found.setting.origins,
            goal=Goal(
                f"set {found.setting.spelled} to 2",
                {LOG_MIN_ISR: 2},
                "unsafe",
                _FEWER,
                client=found.client,
            ),
            subject_key=speak.subject_key(found.client, LOG_MIN_ISR),
        )


RULE = Rule(
    id="transaction-log-unreplicated",
    group="cluster",
    subject=Cluster,
    severity="warning",
    check=check,
    summary="a transaction log with one copy on three brokers or more",
    fix="unsafe",
)
