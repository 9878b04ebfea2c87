"""A report by hand: two files, three findings, one of them suppressed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from oncelint.model.facts import Block, Condition, ErrorRecord, Skipped
from oncelint.model.finding import Finding, Goal, Related, Report, Suppressed, Unanalysed
from oncelint.model.project import Consumer, Producer, Project, Setting, Unresolved, World
from oncelint.model.rule import Rule
from oncelint.model.values import Known, Origin, Position, Span, Unknown
from oncelint.report import Context
from oncelint.text import SourceText

APP = """\
from confluent_kafka import Producer

producer = Producer({
    "bootstrap.servers": SERVERS,
    "enable.idempotence": False,
})
"""
READER = """\
# the reader of orders
bootstrap.servers=broker:9092
group.id=billing
isolation.level=read_uncommitted
"""
TEXTS = {"app/main.py": APP, "conf/reader.properties": READER}


def span(path: str, line: int, column: int, end_column: int, end_line: int | None = None) -> Span:
    return Span(path, Position(line, column), Position(end_line or line, end_column))


IDEMPOTENCE = span("app/main.py", 5, 5, 25)
CONSTRUCTION = span("app/main.py", 3, 12, 3, end_line=6)
ISOLATION = span("conf/reader.properties", 4, 1, 16)


def _nothing(subject: object, project: Project) -> Iterator[object]:
    yield from ()


RULES = {
    "producer-not-idempotent": Rule(
        id="producer-not-idempotent",
        group="idempotence",
        subject=Producer,
        severity="warning",
        check=_nothing,  # type: ignore[arg-type]
        summary="A producer without idempotence writes retried records twice.",
        fix="safe",
    ),
    "consumer-reads-uncommitted": Rule(
        id="consumer-reads-uncommitted",
        group="transactions",
        subject=Consumer,
        severity="error",
        check=_nothing,  # type: ignore[arg-type]
        summary="A consumer sees records of aborted transactions.",
        stable=False,
    ),
}

NOT_IDEMPOTENT = Finding(
    rule="producer-not-idempotent",
    group="idempotence",
    severity="warning",
    confidence="high",
    audience="regular",
    message="a retry after a lost acknowledgement writes these records twice:"
    " enable.idempotence is False; remove it",
    span=IDEMPOTENCE,
    related=(Related(CONSTRUCTION, "the producer"),),
    setting="enable.idempotence",
    provenance=(
        Origin("file", "false", IDEMPOTENCE, "set here"),
        Origin("default", "true", None, "confluent-kafka 2.3.0"),
    ),
    goal=Goal("enable.idempotence becomes true", {"enable.idempotence": True}, "safe"),
    fingerprint="f1",
)
UNCOMMITTED = Finding(
    rule="consumer-reads-uncommitted",
    group="transactions",
    severity="error",
    confidence="medium",
    audience="regular",
    message="records of aborted transactions reach this consumer",
    span=ISOLATION,
    related=(Related(span("app/main.py", 3, 1, 9), "written here"),),
    setting="isolation.level",
    provenance=(),
    goal=None,
    fingerprint="f2",
)
SILENCED = Finding(
    rule="producer-not-idempotent",
    group="idempotence",
    severity="warning",
    confidence="high",
    audience="regular",
    message="silenced",
    span=span("app/main.py", 1, 1, 5),
    related=(),
    setting=None,
    provenance=(),
    goal=None,
    fingerprint="f3",
    suppressed=Suppressed("comment", "metrics only"),
)


def _world(versions: tuple[str, ...], idempotence: str, *conditions: Condition) -> World:
    value = Known(idempotence)
    own = Setting("enable.idempotence", "enable.idempotence", value, "user", IDEMPOTENCE)
    acks = Setting("acks", "acks", Known("all"), "default")
    servers = Setting("bootstrap.servers", "bootstrap.servers", Unknown("SERVERS"), "user")
    settings = {item.name: item for item in (own, acks, servers)}
    return World("confluent-kafka", "librdkafka", versions, conditions, settings, None)


PRODUCER = Producer(
    role="producer",
    client="confluent-kafka",
    dialect="librdkafka",
    client_versions=("2.3.0", "2.4.0"),
    construct="confluent_kafka.Producer",
    span=CONSTRUCTION,
    placement="python",
    worlds=(
        _world(("2.3.0",), "false", Condition("DEBUG", "is set")),
        _world(("2.4.0",), "true", Condition("DEBUG", "is not set")),
    ),
    block=Block(()),
    unit="app",
)
READER_CLIENT = Consumer(
    role="consumer",
    client="kafka-clients",
    dialect="java-consumer",
    client_versions=(),
    construct="properties",
    span=span("conf/reader.properties", 1, 1, 1, end_line=5),
    placement="properties",
    worlds=(),
    block=Block(()),
    unit="conf",
)


@pytest.fixture
def report() -> Report:
    return Report(
        findings=(NOT_IDEMPOTENT, UNCOMMITTED),
        suppressed=(SILENCED,),
        subjects=(PRODUCER, READER_CLIENT),
        unresolved=(
            Unresolved(span("app/main.py", 4, 26, 33), "bootstrap.servers", "SERVERS is unknown"),
        ),
        skipped=(Skipped("chart/values.yaml", "template (Helm)"),),
        errors=(ErrorRecord("ValueError: oops", "acks-not-all", "app/main.py"),),
        unanalysed=(Unanalysed("Java", 12),),
        files=20,
        analysed=2,
    )


@pytest.fixture
def empty() -> Report:
    return Report(findings=(), files=20)


@pytest.fixture
def context() -> Context:
    def source(path: str) -> SourceText | None:
        text = TEXTS.get(path)
        return None if text is None else SourceText(path, text)

    return Context(source=source, rules=lambda: RULES, page=lambda rule: f"# {rule}\n\nWhy.\n")
