"""The Java producer, release by release: idempotent by default, refused, or switched off in silence.

Covers producer-not-idempotent, idempotence-conflict, transactional-without-idempotence,
delivery-timeout-invalid and idempotence-silently-disabled for kafka-clients. Each release builds
every configuration; the newest 3.x then loses one answer with its default and with acks=1.
"""

import subprocess

import harness
from proxy import AnswerLosingProxy

import broker as kafka
from broker import Broker

COUNT = 100
SECONDS = 60.0
BEFORE_30 = ("2.8.2",)
DEFAULT_LOST = ("3.0.0", "3.1.0")  # announce the default, do not apply it (KAFKA-13598)
EFFECTIVE_3 = ("3.0.1", "3.1.1", "3.2.0", "3.9.1")
FROM_40 = ("4.0.0", "4.4.0")
VERSIONS = BEFORE_30 + DEFAULT_LOST + EFFECTIVE_3 + FROM_40

ON = "idempotent"
OFF = "not idempotent"
REFUSED = "ConfigException"
IN_FLIGHT = "max.in.flight.requests.per.connection"
EXPLICIT = "enable.idempotence=true"
TRANSACTIONAL = "transactional.id=t"


def expected(version: str, settings: str) -> str:
    """Return what a release answers: ON, OFF or REFUSED."""
    always_refused = {
        f"{EXPLICIT};acks=1",
        f"{EXPLICIT};retries=0",
        f"{EXPLICIT};{IN_FLIGHT}=6",
        f"{TRANSACTIONAL};enable.idempotence=false",
        f"{TRANSACTIONAL};acks=1",
        "delivery.timeout.ms=1000;request.timeout.ms=30000",
    }
    if settings in always_refused:
        return REFUSED
    if settings in (EXPLICIT, TRANSACTIONAL):
        return ON
    if version in BEFORE_30 + DEFAULT_LOST:
        return OFF
    if settings == f"{IN_FLIGHT}=6":
        return REFUSED if version in FROM_40 else OFF
    if settings in ("acks=1", "retries=0", "enable.idempotence=false"):
        return OFF
    return ON


QUESTIONS = (
    "",
    EXPLICIT,
    "enable.idempotence=false",
    "acks=all",
    "acks=1",
    "retries=0",
    f"{IN_FLIGHT}=6",
    f"{EXPLICIT};acks=1",
    f"{EXPLICIT};retries=0",
    f"{EXPLICIT};{IN_FLIGHT}=6",
    TRANSACTIONAL,
    f"{TRANSACTIONAL};enable.idempotence=false",
    f"{TRANSACTIONAL};acks=1",
    "delivery.timeout.ms=1000;request.timeout.ms=30000",
    "request.timeout.ms=200000",  # above the default delivery.timeout.ms, which is adjusted
)


def ask(version: str, *arguments: str) -> list[str]:
    """Run AskJavaProducer with kafka-clients `version` and return its lines."""
    classpath = kafka.home() / f"kafka-clients-{version}"
    if not classpath.is_dir():
        raise kafka.BrokerError(f"no Kafka in {classpath}: run prepare.py first")
    command = ["java", "-cp", f"{classpath}/*", str(harness.HERE / "AskJavaProducer.java")]
    done = subprocess.run(
        [*command, *arguments], capture_output=True, text=True, timeout=SECONDS, check=False
    )
    if done.returncode:
        raise harness.PeerError(done.stderr[-2000:])
    return done.stdout.splitlines()


def construct(report: harness.Report, version: str) -> None:
    """Build every configuration with one release."""
    for settings, line in zip(QUESTIONS, ask(version, "construct", *QUESTIONS), strict=True):
        answer, _, message = line.partition(": ")
        report.add(
            f"kafka-clients {version}",
            settings or "default",
            {"answer": expected(version, settings)},
            answer=answer,
            message=message,
        )


def lose(report: harness.Report, broker: Broker, version: str, settings: str, copies: int) -> None:
    """Lose one answer and count the records."""
    topic = "-".join(("java", version, *settings.replace("=", "-").split(";")))
    harness.create_topics(broker.bootstrap, topic)
    with AnswerLosingProxy(broker.proxied_at, broker.proxied_port, lose=1) as proxy:
        all_settings = ";".join(("linger.ms=200", settings))
        (acknowledged,) = ask(
            version, "send", broker.proxied_bootstrap, topic, str(COUNT), all_settings
        )
    records = harness.records_in(broker.bootstrap, topic)
    report.add(
        f"kafka-clients {version}",
        f"one lost answer, {settings or 'default'}",
        {"lost_answers": 1, "acknowledged": COUNT, "records": COUNT * copies},
        lost_answers=proxy.lost,
        acknowledged=int(acknowledged),
        records=len(records),
    )


def story(report: harness.Report) -> None:
    """Ask every release, then lose answers with four of them."""
    for version in VERSIONS:
        construct(report, version)
    with Broker() as broker:
        if broker.version.startswith("3."):
            lose(report, broker, "3.0.0", "", copies=2)
        lose(report, broker, "3.9.1", "", copies=1)
        lose(report, broker, "3.9.1", "acks=1", copies=2)
        lose(report, broker, "3.9.1", f"{IN_FLIGHT}=6", copies=2)
        lose(report, broker, "4.4.0", "", copies=1)
        lose(report, broker, "4.4.0", "retries=3;acks=1", copies=2)


if __name__ == "__main__":
    harness.main("java-producer", story)
