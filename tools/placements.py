"""What docs/placements.md claims: each placement's settings, read and written.

A setting is read where a document under fixtures/placements holds a client of the placement with
that setting written by somebody. It is written where the planner, asked for a value of it there,
yields edits after which the same client has the value: they are applied and read again.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import documents
from documents import ROOT, Document
from oncelint.fix.candidates import Placed, spliced
from oncelint.fix.plan import plan
from oncelint.model.finding import Finding, Goal, Report
from oncelint.model.fixes import Fix
from oncelint.model.project import BrokerLimit, Client, Consumer, Producer, Project
from oncelint.model.values import Known, Scalar
from oncelint.text import SourceText

PLACEMENTS = ROOT / "fixtures" / "placements"

# By role the settings that decide exactly-once, with a value that a fix could ask for. None: no
# rule wants it written.
SETTINGS: dict[str, dict[str, Scalar]] = {
    "producer": {
        "enable.idempotence": True,
        "acks": "all",
        "retries": None,
        "max.in.flight.requests.per.connection": None,
        "delivery.timeout.ms": None,
        "transactional.id": None,
        "transaction.timeout.ms": 60_000,
    },
    "consumer": {
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
        "group.id": None,
        "auto.offset.reset": None,
    },
    "streams": {
        "processing.guarantee": "exactly_once_v2",
        "application.id": None,
        "replication.factor": 3,
    },
    "connect-worker": {
        "exactly.once.source.support": "enabled",
        "connector.client.config.override.policy": "All",
        "group.id": None,
    },
    "connector": {
        "exactly.once.support": "required",
        "errors.tolerance": "none",
        "insert.mode": "upsert",
    },
    "broker": {
        "transaction.state.log.replication.factor": 3,
        "transaction.state.log.min.isr": 2,
        "offsets.topic.replication.factor": 3,
        "min.insync.replicas": 2,
        "unclean.leader.election.enable": False,
        "transaction.max.timeout.ms": 900_000,
        "transactional.id.expiration.ms": 604_800_000,
    },
    "topic": {
        "replication.factor": 3,
        "min.insync.replicas": 2,
        "unclean.leader.election.enable": False,
    },
    "flink-sink": {
        "sink.delivery-guarantee": "exactly-once",
        "sink.transactional-id-prefix": None,
        "properties.transaction.timeout.ms": None,
    },
    "flink-source": {"properties.isolation.level": None},
    "flink-job": {
        "execution.checkpointing.interval": None,
        "execution.checkpointing.mode": None,
    },
    "spark-source": {"kafka.isolation.level": "read_committed"},
    "spark-sink": {"checkpointLocation": None, "kafka.enable.idempotence": True},
}
# What the frameworks beside Kafka Streams call the same guarantee.
_GUARANTEES = {"faust": "exactly_once", "quixstreams": "exactly-once"}


@dataclass(slots=True)
class Cell:
    """One placement and setting: how it stands there, and the documents that show it.

    `refused` is why nothing is written, by the document that came nearest.
    """

    role: str
    spelled: str = ""
    read: str = ""
    written: str = ""
    wrote: str = ""
    refused: str = ""


@dataclass(slots=True)
class Table:
    cells: dict[tuple[str, str], Cell] = field(default_factory=dict)

    def cell(self, client: Client, setting: str) -> Cell:
        return self.cells.setdefault((client.placement, setting), Cell(client.role))


def table() -> Table:
    """What all documents under fixtures/placements show, by placement and setting."""
    made = Table()
    for path in sorted(PLACEMENTS.glob("*/*.md")):
        document = documents.read(path)
        name = f"{path.parent.name}/{path.stem}"
        with tempfile.TemporaryDirectory() as folder:
            report = documents.run(document.files, Path(folder))
        for client in report.subjects:
            if client.in_tests or client.placement in ("python", "framework"):
                continue
            for setting, value in SETTINGS.get(client.role, {}).items():
                _note_read(made.cell(client, setting), client, setting, name)
                if value is not None:
                    _note_written(made.cell(client, setting), document, report, client, setting)
    made.cells = {key: one for key, one in made.cells.items() if one.read}
    return made


def _note_read(cell: Cell, client: Client, setting: str, document: str) -> None:
    for world in client.worlds:
        found = world.setting(setting)
        if found is not None and found.key_span is not None and not cell.read:
            cell.spelled, cell.read = found.spelled, document


def _note_written(
    cell: Cell, document: Document, report: Report, client: Client, setting: str
) -> None:
    if cell.wrote:
        return
    value = SETTINGS[client.role][setting]
    if setting == "processing.guarantee":
        value = _GUARANTEES.get(client.dialect, value)
    values = {world.known(setting) for world in client.worlds}
    if values == {value} or not client.worlds:
        return
    fix = _planned(document, report, client, setting, value)
    if not fix.edits:
        cell.refused = fix.reason or ""
        return
    after = _after(document, fix)
    if value in _values(after, client, setting):
        cell.written, cell.wrote = _told(fix), f"{document.path.parent.name}/{document.path.stem}"
    else:
        cell.refused = "written, but not read again"


def _planned(
    document: Document, report: Report, client: Client, setting: str, value: Scalar
) -> Fix:
    goal = Goal(f"set {setting}", {setting: value}, "unsafe", "asked for")
    finding = Finding(
        rule="placements",
        group="",
        severity="note",
        confidence="high",
        audience="regular",
        message="",
        span=client.span,
        related=(),
        setting=setting,
        provenance=(),
        goal=goal,
        fingerprint="",
        subject=client,
    )
    (planned,) = plan([finding], _project(report), lambda path: _source(document, path))
    (fix,) = planned.fixes
    return fix


def _project(report: Report) -> Project:
    clients = report.subjects
    return Project(
        producers=tuple(one for one in clients if isinstance(one, Producer)),
        consumers=tuple(one for one in clients if isinstance(one, Consumer)),
        clients=clients,
        feeds=(),
        pairs=(),
        sinks=(),
        broker_limit=BrokerLimit(900_000, None),
        unresolved=(),
    )


def _source(document: Document, path: str) -> SourceText | None:
    body = document.files.get(path)
    return SourceText.decode(path, body.encode()) if body is not None else None


def _after(document: Document, fix: Fix) -> Report:
    files = dict(document.files)
    for path in {edit.span.path for edit in fix.edits}:
        text = _source(document, path)
        assert text is not None
        edits = [
            Placed(path, text.offset(e.span.start), text.offset(e.span.end), e.replacement)
            for e in fix.edits
            if e.span.path == path
        ]
        files[path] = spliced(text.text, edits)
    with tempfile.TemporaryDirectory() as folder:
        return documents.run(files, Path(folder))


def _values(report: Report, client: Client, setting: str) -> set[Scalar | tuple[Scalar, ...]]:
    """The known values of a setting in clients of one placement and role that stand in one file."""
    return {
        found.value.value
        for one in report.subjects
        if (one.placement, one.role) == (client.placement, client.role)
        and one.span.path == client.span.path
        for world in one.worlds
        if (found := world.setting(setting)) is not None
        and isinstance(found.value, Known)
        and found.key_span is not None
    }


def _told(fix: Fix) -> str:
    """What a fix's title says it sets, without what follows from it."""
    return fix.title.partition(", which makes")[0].removeprefix("set ")


def rows(made: Table) -> Iterator[str]:
    """The table's lines, by placement in alphabetical order and setting in the order above."""
    yield "| placement | setting | stands as | read | written as | write |"
    yield "|---|---|---|---|---|---|"
    for placement in sorted({placement for placement, _ in made.cells}):
        for setting in dict.fromkeys(name for names in SETTINGS.values() for name in names):
            cell = made.cells.get((placement, setting))
            if cell is not None:
                parts = (
                    *(placement, f"`{setting}`", _code(cell.spelled), _code(cell.read)),
                    *(_code(cell.written), _code(cell.wrote)),
                )
                yield "| " + " | ".join(parts) + " |"


def _code(text: str) -> str:
    return f"`{text}`" if text else "—"


def refusals(made: Table) -> Mapping[tuple[str, str], str]:
    """Why what could be asked for is not written, by placement and setting."""
    return {
        key: cell.refused
        for key, cell in made.cells.items()
        if not cell.wrote and SETTINGS[cell.role].get(key[1]) is not None
    }


PAGE = """\
# Where configuration is read, and written

<!-- Written by tools/placements.py from the documents under fixtures/placements. -->

Each recogniser of `frameworks/` knows one placement: whose configuration stands there, which prefix or
spelling its keys have, and what the framework sets beneath and above them. The table is closed: a
placement or setting that is not in it is not claimed.

* **stands as**, **read**: how somebody wrote the setting, and a document under `fixtures/placements`
  in which oncelint reads it.
* **written as**, **write**: what asking for a value of it becomes there, and a document in which it was
  tried: the edits are applied and the files read again. A dash under *write* means that nothing is
  written: the fix is shown, with its reason, or no rule asks for the setting.

Beside these there are the constructors of the Python clients, which `docs/client-table.md` is about.

{table}

## Asked for, and not written

{refused}

## Not supported

* Templates: Helm's `templates/`, Jinja, ERB. Their values are read, and `--show-unresolved` says what
  was left out. Values that an Argo CD application has as a text, `valuesFrom` and configMapGenerators are not.
* Compose: overlay files other than `.override` that name no image, files that are `include`d. The
  default of `${{VAR:-default}}` is read and not rewritten.
* Redpanda: the replication of its internal topics, idempotence and transactions are properties that
  the cluster keeps itself and that are changed through its API; `redpanda.yaml` and `--set` say how a
  new one begins. It is replicated by Raft and has neither unclean elections nor a
  `min.insync.replicas`. Schema Registry: `kafkastore.*` is about its topic of schemas, whose writer
  waits for all replicas whatever is set. No rule speaks of either.
* Kubernetes: a resource without any `config:` gets none; a JSON patch that replaces a whole `config`
  leaves it open.
* Spring: variables other than `SPRING_KAFKA_…`, `SPRING_APPLICATION_JSON`, several binders of one
  kind, Java configuration classes. Micronaut: what annotations say. Quarkus: `kafka-configuration`
  beans, versions in gradle.properties.
* Connect: connectors registered by programs. Terraform: values of `for_each` maps, `*.auto.tfvars`,
  broker settings of `aiven_kafka` and `confluent_kafka_cluster`; expressions are not rewritten.
* Flink: Java and Scala jobs, `TableDescriptor`, `ALTER TABLE`, `sql-client -i`, `connector.type` of
  1.11. Spark: Scala jobs. Beam: only `ReadFromKafka` and `WriteToKafka` in Python, which have no
  transactions.
* `kafka-topics` and `KAFKA_CREATE_TOPICS` are read and not written. HOCON is not read.
"""


def page() -> str:
    """docs/placements.md as it should be."""
    made = table()
    refused = [
        f"* {placement}, `{setting}`: {reason}"
        for (placement, setting), reason in sorted(refusals(made).items())
        if reason
    ]
    return PAGE.format(table="\n".join(rows(made)), refused="\n".join(refused) or "Nothing.")


if __name__ == "__main__":
    found = table()
    print("\n".join(rows(found)))
    for (placement, setting), reason in sorted(refusals(found).items()):
        print(placement, setting, "not written:", reason)
