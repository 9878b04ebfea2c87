"""A transaction log that wants more brokers than there are.

## What it does

Reports a cluster whose brokers are counted and fewer than `transaction.state.log.replication.factor`
(3 unless set), where something in the project is transactional: a producer with a transactional id,
Kafka Streams or Flink with exactly-once, a Connect worker with exactly-once sources. Before Kafka
3.7 the same goes for a `transaction.state.log.min.isr` above the factor.

## The failure

The payments service gets a transactional id, and the developer starts it against the one broker of
the compose file. `init_transactions()` looks for its coordinator, the broker tries to create
`__transaction_state` with three copies, finds one broker, and answers COORDINATOR_NOT_AVAILABLE. The
client asks again until its timeout is over. No record is ever sent, and neither log names the
setting that would have to be 1. With a factor of 1 and a `min.isr` of 2 the topic is created, but no
write to it has enough copies, and the call hangs as before.

## What the fix costs

Nothing on a development cluster: the log has as many copies as there are brokers. Where the cluster
is meant for production, run three brokers instead. The fix is unsafe because it is yours to say
which.

## When it is silent

When nothing transactional stands in the brokers' folder or under it, or when it connects to another
network; when the number of brokers or the values are not known. Where the client does not say that it
connects to one of these brokers, or to this machine, the confidence is medium. Kafka 3.7 and later take `min.isr` for no more than the topic's replicas (KAFKA-15583), so
that there the factor alone decides.

## References

KIP-98; Kafka documentation, broker configuration; `AutoTopicCreationManager` and
`TransactionStateManager` of Kafka; KAFKA-15583; confluent-kafka-python issue 842.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from oncelint.model import (
    Broker,
    Client,
    Cluster,
    Goal,
    Hit,
    Project,
    Related,
    Rule,
    World,
    across,
    speak,
)
from oncelint.model.versions import at_least
from oncelint_rules.common.brokers import (
    LOG_FACTOR,
    LOG_MIN_ISR,
    brokers,
    needs_transactions,
    told,
    whole,
)

# KAFKA-15583 came with it: the smaller of min.isr and the number of replicas counts.
_BOUNDED_SINCE = "3.7"


def _too_many(size: int, world: World) -> bool | None:
    factor = whole(world, LOG_FACTOR)
    return None if factor is None else factor > size


def _above_the_factor(broker: Broker, world: World) -> bool | None:
    factor, least = whole(world, LOG_FACTOR), whole(world, LOG_MIN_ISR)
    if factor is None or least is None:
        return None
    if least <= factor:
        return False
    if not broker.details.get("image") or not broker.client_versions:
        return None  # the version of the project's clients is not the broker's
    return not at_least(world.versions[0], _BOUNDED_SINCE)


def check(cluster: Cluster, project: Project) -> Iterator[Hit]:
    size = cluster.size
    if size is None:
        return
    asking: tuple[Client, bool] | None = None
    for broker in cluster.brokers:
        name = LOG_FACTOR
        verdict = across(broker.worlds, partial(_too_many, size))
        if not verdict:
            name = LOG_MIN_ISR
            verdict = across(broker.worlds, partial(_above_the_factor, broker))
        if not verdict or verdict.fails or verdict.unknown:
            continue
        asking = asking or needs_transactions(cluster, project)
        if asking is None:
            return
        client, sure = asking
        setting = verdict.world.settings[name]
        span = speak.place(setting, broker)
        least = min(size, 2)
        if name == LOG_FACTOR:
            why = f"{told(setting)}, and the cluster has {brokers(size)}"
            wanted: dict[str, int] = {LOG_FACTOR: size}
            if (whole(verdict.world, LOG_MIN_ISR) or 0) > size:
                wanted[LOG_MIN_ISR] = least
        else:
            factor = verdict.world.settings[LOG_FACTOR]
            why = f"{told(setting)}, and {told(factor)}"
            wanted = {LOG_MIN_ISR: min(whole(verdict.world, LOG_FACTOR) or 1, least)}
        spelled = {key: verdict.world.settings[key].spelled for key in wanted}
        words = " and ".join(f"{spelled[key]} to {value}" for key, value in wanted.items())
        yield Hit(
            span=span,
            message=(
                f"{speak.who(client)} waits for its transactions until it times out, since the"
                f" transaction log cannot be {'created' if name == LOG_FACTOR else 'written'}:"
                f" {why}; set {words}, or run more brokers"
            ),
            confidence=verdict.confidence if sure else "medium",
            setting=setting.spelled,
            related=(
                *speak.elsewhere(broker, span, setting),
                Related(client.span, f"{speak.who(client)} that needs transactions"),
            ),
            provenance=setting.origins,
            goal=Goal(
                f"set {words}",
                dict(wanted),
                "unsafe",
                "running more brokers is the other way",
                client=broker,
            ),
            causes=(span,),
            subject_key=speak.subject_key(broker, name),
        )


RULE = Rule(
    id="transaction-log-unsatisfiable",
    group="cluster",
    subject=Cluster,
    severity="warning",
    check=check,
    summary="a transaction log with more copies than there are brokers",
    fix="unsafe",
)
