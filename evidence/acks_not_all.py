"""acks-not-all: what is acknowledged without the broker's answer is lost with the broker.

The broker is stopped where it is (SIGSTOP), a hundred records are sent, the broker is killed and
started again on the same data. With acks=0 the client has reported all hundred as delivered and
none is there. With acks=all nothing is acknowledged until the new broker has it.

acks=1 needs a second broker to be lost by: the leader acknowledges what its follower (suspended)
has not fetched, and dies; the follower, still in sync by the controller's books, becomes leader.
"""

import time
from typing import Any

import harness
from harness import AIOKAFKA, CONFLUENT, KAFKA_PYTHON_3, KAFKA_PYTHON_23

from broker import Broker, TwoBrokers

COUNT = 100
STOPPED_SECONDS = 4.0
FETCH_EXPIRES_SECONDS = 2.0
CASES: tuple[tuple[str, dict[str, Any]], ...] = (
    (CONFLUENT, {"acks": 0}),
    (CONFLUENT, {"acks": "all", "enable.idempotence": True}),
    (KAFKA_PYTHON_3, {"acks": 0}),
    (KAFKA_PYTHON_3, {"acks": "all"}),
    (KAFKA_PYTHON_23, {"acks": 0}),
    (KAFKA_PYTHON_23, {"acks": "all", "enable_idempotence": True}),
    (AIOKAFKA, {"acks": 0}),
    (AIOKAFKA, {"acks": "all", "enable_idempotence": True}),
)

LEADER_CASES: tuple[tuple[str, dict[str, Any]], ...] = (
    (CONFLUENT, {"acks": 1}),
    (CONFLUENT, {"acks": "all", "enable.idempotence": True}),
    (AIOKAFKA, {}),  # its default is acks=1
    (AIOKAFKA, {"acks": "all", "enable_idempotence": True}),
)


def tell(report: harness.Report, client: str, setting: dict[str, Any]) -> None:
    """Send to a stopped broker that dies, and count what was acknowledged and what is there."""
    with Broker() as broker:
        harness.create_topics(broker.bootstrap, "readings")
        peer = harness.start_peer(
            client,
            "produce",
            config={**harness.address_keys(client, broker.bootstrap), **setting},
            topic="readings",
            count=COUNT,
            warm_up=True,
        )
        harness.read_line(peer)
        broker.node.suspend()
        harness.write_line(peer)
        time.sleep(STOPPED_SECONDS)
        broker.node.kill()
        broker.node.start()
        sent = harness.finish_peer(peer)
        values = records_sent(broker.bootstrap)
        report.add(
            client,
            str(setting),
            {"acknowledged": COUNT, "present": 0 if setting["acks"] == 0 else COUNT},
            acknowledged=sent["acknowledged"],
            errors=sent["errors"],
            present=len(set(values)),
            records=len(values),
        )


def lose_leader(report: harness.Report, client: str, setting: dict[str, Any]) -> None:
    """Send to a leader that dies before its follower has fetched, and count likewise."""
    with TwoBrokers() as cluster:
        # The first replica named is the leader.
        harness.create_topics(cluster.bootstrap, "readings", replicas=[1, 2])
        peer = harness.start_peer(
            client,
            "produce",
            config={**harness.address_keys(client, cluster.bootstrap), **setting},
            topic="readings",
            count=COUNT,
            warm_up=True,
        )
        harness.read_line(peer)
        time.sleep(1.0)  # let the follower fetch the warm-up
        cluster.second.suspend()
        # A fetch of its that is already with the leader would still be answered: let it expire
        # (replica.fetch.wait.max.ms, half a second). Both waits together stay below the nine
        # seconds after which the controller fences a silent broker.
        time.sleep(FETCH_EXPIRES_SECONDS)
        harness.write_line(peer)
        time.sleep(STOPPED_SECONDS)
        cluster.first.kill()
        cluster.second.resume()
        sent = harness.finish_peer(peer)
        harness.wait_for_leader(cluster.bootstrap, "readings", node_id=2)
        values = records_sent(cluster.bootstrap)
    acknowledged_by_leader = not setting or setting["acks"] == 1
    report.add(
        client,
        f"two brokers, {setting or 'default'}",
        {"acknowledged": COUNT, "present": 0 if acknowledged_by_leader else COUNT},
        acknowledged=sent["acknowledged"],
        errors=sent["errors"],
        present=len(set(values)),
        records=len(values),
    )


def records_sent(bootstrap: str) -> list[str]:
    """Return what is in the topic, without the warm-up that was there before the story began."""
    return [value for value in harness.records_in(bootstrap, "readings") if value != "warm-up"]


def story(report: harness.Report) -> None:
    """Tell acks=0 and acks=all with every client, acks=1 with two."""
    for client, setting in CASES:
        tell(report, client, setting)
    for client, setting in LEADER_CASES:
        lose_leader(report, client, setting)


if __name__ == "__main__":
    harness.main("acks-not-all", story)
