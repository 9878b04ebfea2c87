"""The executed examples under fixtures/rules: reading, running and showing them.

A document is Markdown. A fence with `path=` holds one file of the case's project; the `findings`
fence lists every finding of every rule, the `subjects` fence every client oncelint saw. The `fixes`
fence lists the fix of every finding that has a goal; a fence with `safe=` holds a file as `--fix`
leaves it, one with `unsafe=` as `--unsafe-fixes` does where that is something else again.

    python tools/documents.py fixtures/rules/<rule>/<case>.md     shows what oncelint says of it
    python tools/documents.py --write <document> …                writes that into the document
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from oncelint import api
from oncelint.model.finding import Finding, Report
from oncelint.model.pipelines import Pipeline, TransactionTrace
from oncelint.model.project import Client
from oncelint.model.sinks import Sink
from oncelint.model.values import as_text
from oncelint.model.versions import span_text
from oncelint.report.json import lines
from oncelint.settings import Settings, load

ROOT = Path(__file__).resolve().parent.parent
_FENCE = re.compile(
    r"^(?P<ticks>`{3,})(?P<info>[^\n`]*)\n(?P<body>.*?)^(?P=ticks)[ \t]*$", re.M | re.S
)
_SHOWN = {
    "producer": ("enable.idempotence", "acks", "transactional.id"),
    "consumer": ("isolation.level", "group.id", "enable.auto.commit"),
    "streams": ("application.id", "processing.guarantee"),
    "connect-worker": ("exactly.once.source.support",),
    "broker": ("transaction.state.log.replication.factor", "transaction.state.log.min.isr"),
    "topic": ("replication.factor", "min.insync.replicas"),
    "spark-source": ("kafka.isolation.level", "startingOffsets"),
    "spark-sink": ("checkpointLocation",),
    "spark-session": ("spark.sql.streaming.checkpointLocation",),
    "flink-source": ("properties.isolation.level",),
    "flink-sink": ("sink.delivery-guarantee", "sink.transactional-id-prefix"),
    "flink-job": ("execution.checkpointing.interval",),
}


@dataclass(frozen=True, slots=True)
class Document:
    """One case: its project's files, what it expects of them as lines, and the files when fixed."""

    path: Path
    title: str
    files: dict[str, str]
    findings: tuple[str, ...]
    subjects: tuple[str, ...]
    fixes: tuple[str, ...] = ()
    safe: dict[str, str] = field(default_factory=dict)
    unsafe: dict[str, str] = field(default_factory=dict)

    @property
    def rule(self) -> str:
        return self.path.parent.name


def read(path: Path) -> Document:
    """Read a document; raises ValueError for one without a title, a file or its two lists."""
    text = path.read_text(encoding="utf-8")
    files: dict[str, str] = {}
    held: dict[str, dict[str, str]] = {"path": files, "safe": {}, "unsafe": {}}
    listed: dict[str, tuple[str, ...]] = {}
    for fence in _FENCE.finditer(text):
        info = fence["info"].split()
        kind, _, named = next((word for word in info if "=" in word), "").partition("=")
        if kind in held:
            held[kind][named] = fence["body"]
        elif info and info[0] in ("findings", "subjects", "fixes"):
            lines = (line.strip() for line in fence["body"].splitlines())
            listed[info[0]] = tuple(line for line in lines if line)
    title = re.match(r"# (.+)\n", text)
    if title is None or not files or not set(listed) >= {"findings", "subjects"}:
        raise ValueError(f"{path}: a document needs a title, files, findings and subjects")
    return Document(
        path,
        title[1],
        files,
        listed["findings"],
        listed["subjects"],
        listed.get("fixes", ()),
        held["safe"],
        held["unsafe"],
    )


def run(files: dict[str, str], folder: Path) -> Report:
    """Write a case's files into an empty folder and check it, low confidence included."""
    for name, body in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(body.encode())
    settings = _everything(load(folder))
    return api.check([str(folder)], settings=settings, root=folder, jobs=1, plan_fixes=True)


def fixed(files: dict[str, str], folder: Path, *, unsafe: bool) -> tuple[dict[str, str], list[str]]:
    """The files that fixing a case changes, with their new texts, and what went wrong.

    `folder` holds the case, as `run` leaves it. Fixing what is fixed must change nothing.
    """
    settings = _everything(load(folder))
    outcome = api.fix([str(folder)], settings=settings, root=folder, unsafe=unsafe, jobs=1)
    problems = [f"error: {error.message}" for error in outcome.report.errors]
    problems += [f"dropped: {one.reason}" for one in outcome.dropped if not one.defect]
    changed = {path: change.after for path, change in outcome.changes.items()}
    if changed:  # else it would be the same run once more
        again = api.fix(
            [str(folder)], settings=settings, root=folder, unsafe=unsafe, jobs=1, overlay=changed
        )
        problems.extend(f"fixed again: {path}" for path in again.changes)
    return {path: data.decode() for path, data in changed.items()}, problems


def _everything(settings: Settings) -> Settings:
    from dataclasses import replace

    return replace(settings, min_confidence="low", min_severity="note", preview=True, pedantic=True)


def finding_line(finding: Finding, word: str | None = None) -> str:
    """A finding as a document writes it; `word` is what its message must contain."""
    start, end = finding.span.start, finding.span.end
    place = f"{finding.span.path}:{start.line}:{start.column}-{end.line}:{end.column}"
    told = word if word is not None else finding.message
    return f"{place} {finding.severity} {finding.confidence} {finding.rule} | {told}"


def subject_lines(report: Report) -> list[str]:
    return [*map(subject_line, report.subjects), *_followed_lines(report)]


def _followed_lines(report: Report) -> list[str]:
    return [
        *map(sink_line, report.sinks),
        *map(pipeline_line, report.pipelines),
        *map(transactions_line, report.transactions),
    ]


def pipeline_line(one: Pipeline) -> str:
    """A consume loop as a document writes it: the lines of its effects and commits."""
    place = f"{one.span.path}:{one.span.start.line}"
    effects = lines([effect.span for effect in one.effects], one.span.path)
    commits = lines([commit.span for commit in one.commits], one.span.path)
    return f"pipeline {place} {one.consumer.client}: effects={effects} commits={commits}"


def transactions_line(one: TransactionTrace) -> str:
    """A producer's transactional calls as a document writes them."""
    path = one.producer.span.path
    place = f"{path}:{one.producer.span.start.line}"
    told = f"begins={lines(one.begins, path)} commits={lines(one.commits, path)}"
    return f"transactions {place} {one.producer.client}: {told} aborts={lines(one.aborts, path)}"


def sink_line(sink: Sink) -> str:
    """A write, or another call that leaves Kafka, as a document writes it."""
    place = f"{sink.span.path}:{sink.span.start.line}"
    guard = (sink.guard or "-").replace(" ", "_")
    test = " (test)" if sink.in_tests else ""
    if sink.kind == "table":
        told = f"{sink.operation} table={sink.table or '?'}"
    else:
        told = f"{sink.kind} {sink.operation} target={sink.target or '?'}"
        told += f" identity={sink.identity_name or '-'}"
    return f"sink {place} {sink.library}{test}: {told} guard={guard}"


def subject_line(client: Client, names: tuple[str, ...] | None = None) -> str:
    """A subject as a document writes it, with the settings that decide for its role."""
    shown = names if names is not None else _SHOWN.get(client.role, ())
    version = " " + span_text(client.client_versions) if client.client_versions else ""
    pairs = "".join(f" {name}={effective(client, name)}" for name in shown)
    test = " (test)" if client.in_tests else ""
    place = f"{client.span.path}:{client.span.start.line}"
    return f"{client.role} {place} {client.client}{version}{test}:{pairs}"


def effective(client: Client, name: str) -> str:
    """A setting's value in all worlds, different ones joined by a bar; `-` where there is none."""
    values = []
    for world in client.worlds:
        setting = world.setting(name)
        text = as_text(setting.value).replace(" ", "_") if setting is not None else "-"
        if text not in values:
            values.append(text)
    return "|".join(values) if values else "-"


def fix_lines(report: Report) -> list[str]:
    """The fixes of a report's findings as a document writes them."""
    return [
        " | ".join(
            filter(
                None,
                (
                    f"{one.span.path}:{one.span.start.line}:{one.span.start.column}"
                    f" {one.rule}: {fix.safety}",
                    fix.title,
                    fix.reason,
                ),
            )
        )
        for one in report.findings
        for fix in one.fixes
    ]


def fix_mismatches(document: Document, report: Report, folder: Path) -> list[str]:
    """What differs between the fixes of a document and those of oncelint, a line each."""
    lines = fix_lines(report)
    problems = [f"fix not listed: {line}" for line in lines if line not in document.fixes]
    problems.extend(f"fix not seen: {line}" for line in document.fixes if line not in lines)
    safe, wrong = fixed(document.files, folder, unsafe=False)
    every, wrong_too = fixed(document.files, folder, unsafe=True)
    problems.extend([*wrong, *wrong_too])
    other = {path: text for path, text in every.items() if safe.get(path) != text}
    for kind, expected, got in (
        ("safe", document.safe, safe),
        ("unsafe", document.unsafe, other),
    ):
        for path in sorted({*expected, *got}):
            if expected.get(path) != got.get(path):
                problems.append(f"{kind}={path} is otherwise:\n{got.get(path, 'not changed')}")
    return problems


def mismatches(document: Document, report: Report) -> list[str]:
    """What differs between a document and a report, a line each; empty when it is right."""
    problems = []
    expected = list(document.findings)
    for finding in report.findings:
        full = finding_line(finding)
        match = next((line for line in expected if _matches(line, full)), None)
        if match is None:
            problems.append(f"not expected: {full}")
        else:
            expected.remove(match)
    problems.extend(f"missing: {line}" for line in expected)
    seen = list(report.subjects)
    followed = _followed_lines(report)
    kinds = ("sink ", "pipeline ", "transactions ")
    for line in document.subjects:
        if line.startswith(kinds):
            continue
        client = next((one for one in seen if _describes(line, one)), None)
        if client is None:
            problems.append(f"subject not seen: {line}")
        else:
            seen.remove(client)
    problems.extend(f"subject not listed: {subject_line(one)}" for one in seen)
    written = [line for line in document.subjects if line.startswith(kinds)]
    problems.extend(f"not seen: {line}" for line in written if line not in followed)
    problems.extend(f"not listed: {line}" for line in followed if line not in written)
    problems.extend(f"error: {error.message}" for error in report.errors)
    return problems


def _matches(line: str, full: str) -> bool:
    """Place, severity, confidence and rule are exact; the text must be part of the message."""
    head, _, word = line.partition(" | ")
    full_head, _, message = full.partition(" | ")
    return head == full_head and word.strip() in message


def _describes(line: str, client: Client) -> bool:
    head, _, rest = line.partition(": ") if ": " in line else (line.rstrip(":"), "", "")
    pairs = dict(pair.partition("=")[::2] for pair in rest.split())
    own_head = subject_line(client, ()).rstrip(":")
    return head == own_head and all(
        effective(client, name) == value for name, value in pairs.items()
    )


def show(path: Path) -> str:
    """The fences oncelint would write for a document's files; what is odd goes to stderr."""
    text = path.read_text(encoding="utf-8")
    files = {}
    languages = {}
    for fence in _FENCE.finditer(text):
        info = fence["info"].split()
        named = next((word[5:] for word in info if word.startswith("path=")), None)
        if named is not None:
            files[named] = fence["body"]
            languages[named] = info[0] if len(info) > 1 else "text"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        report = run(files, folder)
        safe, problems = fixed(files, folder, unsafe=False)
        every, more = fixed(files, folder, unsafe=True)
    problems += [*more, *(f"ERROR {error.message}" for error in report.errors)]
    problems += [f"SKIPPED {item.path}: {item.reason}" for item in report.skipped]
    sys.stderr.write("".join(f"{path}: {line}\n" for line in problems))
    lines = [finding_line(finding) for finding in report.findings]
    fences = [_fence("findings", lines), _fence("subjects", subject_lines(report))]
    if fix_lines(report):
        fences.append(_fence("fixes", fix_lines(report)))
    other = {path: text for path, text in every.items() if safe.get(path) != text}
    for kind, texts in (("safe", safe), ("unsafe", other)):
        for named, body in sorted(texts.items()):
            fences.append(_fence(f"{languages.get(named, 'text')} {kind}={named}", body))
    return "\n".join(fences)


def _fence(info: str, body: Sequence[str]) -> str:
    """A fence of lines, or of a text as it is, with more ticks than any in it."""
    text = body if isinstance(body, str) else "".join(f"{line}\n" for line in body)
    longest = max((len(run) for run in re.findall(r"^`+", text, re.M)), default=0)
    ticks = "`" * max(3, longest + 1)
    return f"{ticks}{info}\n{text}{ticks}\n"


def main(arguments: list[str]) -> int:
    write = "--write" in arguments
    for name in arguments:
        if name == "--write":
            continue
        path = Path(name)
        fences = show(path)
        if not write:
            print(f"{name}\n{fences}")
            continue
        text = path.read_text(encoding="utf-8")
        head = re.split(r"^```(?:findings|subjects)\n", text, maxsplit=1, flags=re.M)[0]
        path.write_text(head.rstrip() + "\n\n" + fences, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
