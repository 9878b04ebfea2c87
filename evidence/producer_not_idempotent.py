"""producer-not-idempotent: a lost acknowledgement makes the producer write its records twice.

A hundred records go through a proxy that loses the broker's answer once or three times. The
client retries, as it should; only an idempotent producer's retry is recognised by the broker.
kafka-python before 2.2 has no idempotence, and by default no retries either: there the lost
answer surfaces as an error for records that are in the log.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import harness
from harness import AIOKAFKA, CONFLUENT, KAFKA_PYTHON_3, KAFKA_PYTHON_20, KAFKA_PYTHON_23
from proxy import AnswerLosingProxy

from broker import Broker

COUNT = 100


@dataclass(frozen=True, slots=True)
class Case:
    """One producer configuration and what its client must acknowledge and leave in the log."""

    client: str
    setting: dict[str, Any]
    copies: int | None  # of each record, per lost answer one more; None: exactly one copy
    acknowledged: int = COUNT


def linger(client: str) -> dict[str, int]:
    """Wait 200 ms for the batch, so that the hundred records are one Produce request."""
    return {"linger.ms" if client == CONFLUENT else "linger_ms": 200}


CASES = (
    Case(CONFLUENT, {}, 1),
    Case(CONFLUENT, {"enable.idempotence": True}, None),
    Case(AIOKAFKA, {}, 1),
    Case(AIOKAFKA, {"enable_idempotence": True}, None),
    Case(KAFKA_PYTHON_23, {}, 1),
    Case(KAFKA_PYTHON_23, {"enable_idempotence": True}, None),
    Case(KAFKA_PYTHON_3, {"enable_idempotence": False}, 1),
    Case(KAFKA_PYTHON_3, {}, None),
)
# Asked for by name, as these need an old client and an older broker (Kafka 4 dropped its protocol).
OLD_CASES = (Case(KAFKA_PYTHON_20, {"retries": 5}, 1),)


def cases(version: str) -> Iterator[tuple[Case, int]]:
    """Yield each case with the number of answers to lose."""
    known = CASES + (OLD_CASES if version.startswith("3.") else ())
    yield from itertools.product(known, (1, 3))
    if version.startswith("3."):
        # No retries: nothing is acknowledged, everything is there, a resend would double it.
        yield Case(KAFKA_PYTHON_20, {}, None, acknowledged=0), 1


def story(report: harness.Report) -> None:
    """Run every case against its own topic of one broker."""
    with Broker() as broker:
        for number, (case, lose) in enumerate(cases(broker.version)):
            topic = f"orders-{number}"
            harness.create_topics(broker.bootstrap, topic)
            with AnswerLosingProxy(broker.proxied_at, broker.proxied_port, lose) as proxy:
                sent = harness.run_peer(
                    case.client,
                    "produce",
                    config={
                        **harness.address_keys(case.client, broker.proxied_bootstrap),
                        **linger(case.client),
                        **case.setting,
                    },
                    topic=topic,
                    count=COUNT,
                )
            values = harness.records_in(broker.bootstrap, topic)
            report.add(
                case.client,
                str(case.setting or "default"),
                {
                    "lost_answers": lose,
                    "acknowledged": case.acknowledged,
                    "records": COUNT * (1 + lose * (case.copies or 0)),
                    "distinct": COUNT,
                },
                lost_answers=proxy.lost,
                acknowledged=sent["acknowledged"],
                errors=sent["errors"],
                records=len(values),
                distinct=len(set(values)),
            )


if __name__ == "__main__":
    harness.main("producer-not-idempotent", story)
