"""client-with-known-defect: clients asked for a guarantee they have no code for.

kafka-python before 2.2 and kafka-python-ng know none of the three settings and refuse them at
construction; without them they run as they are, at-least-once at best. kafka-python 2.3 is asked
the same for comparison.
"""

import harness
from harness import KAFKA_PYTHON_20, KAFKA_PYTHON_23, KAFKA_PYTHON_NG

from broker import Broker

QUESTIONS: tuple[tuple[str, dict[str, object]], ...] = (
    ("producer", {"enable_idempotence": True}),
    ("producer", {"transactional_id": "orders-0"}),
    ("consumer", {"isolation_level": "read_committed"}),
)

REFUSALS = {"producer": "AssertionError", "consumer": "KafkaConfigurationError"}


def story(report: harness.Report) -> None:
    """Ask each client for each guarantee, on a broker old enough to speak with it."""
    with Broker() as broker:
        harness.create_topics(broker.bootstrap, "orders")
        for client in (KAFKA_PYTHON_20, KAFKA_PYTHON_NG, KAFKA_PYTHON_23):
            for role, setting in QUESTIONS:
                group = {"group_id": "orders"} if role == "consumer" else {}
                answer = harness.run_peer(
                    client,
                    "construct",
                    role=role,
                    topic="orders",
                    config={
                        **harness.address_keys(client, broker.bootstrap),
                        **group,
                        **setting,
                    },
                )
                knows = client == KAFKA_PYTHON_23
                report.add(
                    client,
                    f"{role} {setting}",
                    {"error": None if knows else REFUSALS[role]},
                    error=answer["error"],
                    message=answer.get("message"),
                )


if __name__ == "__main__":
    harness.main("client-with-known-defect", story)
