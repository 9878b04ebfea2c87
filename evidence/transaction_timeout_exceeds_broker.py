"""transaction-timeout-exceeds-broker: the broker refuses the producer id, the client the start.

An hour of transaction.timeout.ms against Kafka's default transaction.max.timeout.ms of fifteen
minutes. Fifteen minutes themselves are accepted.
"""

import harness
from harness import AIOKAFKA, CONFLUENT, KAFKA_PYTHON_3, KAFKA_PYTHON_23

from broker import Broker

BROKER_LIMIT_MILLISECONDS = 900_000  # transaction.max.timeout.ms, left at its default
ERRORS = {
    CONFLUENT: "KafkaException",
    KAFKA_PYTHON_3: "KafkaError",
    KAFKA_PYTHON_23: "KafkaError",
    AIOKAFKA: "InvalidTransactionTimeout",
}
# Each client's own words for the broker's error 50.
REASONS = {
    CONFLUENT: "larger than the maximum value allowed",
    KAFKA_PYTHON_3: "InvalidTransactionTimeoutError",
    KAFKA_PYTHON_23: "InvalidTransactionTimeoutError",
    AIOKAFKA: "[Error 50]",
}


def story(report: harness.Report) -> None:
    """Initialise transactions with every client above and at the limit."""
    with Broker() as broker:
        for client, error in ERRORS.items():
            dot = "." if client == CONFLUENT else "_"
            for timeout in (4 * BROKER_LIMIT_MILLISECONDS, BROKER_LIMIT_MILLISECONDS):
                setting = {dot.join(("transaction", "timeout", "ms")): timeout}
                answer = harness.run_peer(
                    client,
                    "construct",
                    initialise=True,
                    config={
                        **harness.address_keys(client, broker.bootstrap),
                        dot.join(("transactional", "id")): f"hour-{client}-{timeout}",
                        **setting,
                    },
                )
                refused = timeout > BROKER_LIMIT_MILLISECONDS
                report.add(
                    client,
                    str(setting),
                    {"error": error if refused else None},
                    error=answer["error"],
                    code=answer.get("code"),
                    message=answer.get("message"),
                )
                if refused:
                    report.check(
                        f"{client}: the reason is the timeout",
                        REASONS[client] in (answer.get("message") or ""),
                    )


if __name__ == "__main__":
    harness.main("transaction-timeout-exceeds-broker", story)
