"""The executed examples under fixtures/rules: reading, running and showing them.

A document is Markdown. A fence with `path=` holds one file of the case's project; the `findings`
fence lists every finding of every rule, the `subjects` fence every client oncelint saw.

    python tools/documents.py fixtures/rules/<rule>/<case>.md     shows what oncelint says of it
    python tools/documents.py --write <document> …                writes that into the document
"""

from __future__ import annotations

import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from oncelint import api
from oncelint.model.finding import Finding, Report
from oncelint.model.project import Client, Sink
from oncelint.model.values import as_text
from oncelint.model.versions import span_text
from oncelint.settings import Settings, load

ROOT = Path(__file__).resolve().parent.parent
_FENCE = re.compile(
    r"^(?P<ticks>`{3,})(?P<info>[^\n`]*)\n(?P<body>.*?)^(?P=ticks)[ \t]*$", re.M | re.S
)
_SHOWN = {
    "producer": ("enable.idempotence", "acks", "transactional.id"),
    "consumer": ("isolation.level", "group.id", "enable.auto.commit"),
}


@dataclass(frozen=True, slots=True)
class Document:
    """One case: its project's files, the findings and the subjects it expects, as lines."""

    path: Path
    title: str
    files: dict[str, str]
    findings: tuple[str, ...]
    subjects: tuple[str, ...]

    @property
    def rule(self) -> str:
        return self.path.parent.name


def read(path: Path) -> Document:
    """Read a document; raises ValueError for one without a title, a file or its two lists."""
    text = path.read_text(encoding="utf-8")
    files: dict[str, str] = {}
    listed: dict[str, tuple[str, ...]] = {}
    for fence in _FENCE.finditer(text):
        info = fence["info"].split()
        named = next((word[5:] for word in info if word.startswith("path=")), None)
        if named is not None:
            files[named] = fence["body"]
        elif info and info[0] in ("findings", "subjects"):
            lines = (line.strip() for line in fence["body"].splitlines())
            listed[info[0]] = tuple(line for line in lines if line)
    title = re.match(r"# (.+)\n", text)
    if title is None or not files or set(listed) != {"findings", "subjects"}:
        raise ValueError(f"{path}: a document needs a title, files, findings and subjects")
    return Document(path, title[1], files, listed["findings"], listed["subjects"])


def run(files: dict[str, str], folder: Path) -> Report:
    """Write a case's files into an empty folder and check it, low confidence included."""
    for name, body in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(body.encode())
    settings = load(folder)
    return api.check([str(folder)], settings=_everything(settings), root=folder, jobs=1)


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
    return [*map(subject_line, report.subjects), *map(sink_line, report.sinks)]


def sink_line(sink: Sink) -> str:
    """A database write as a document writes it."""
    place = f"{sink.span.path}:{sink.span.start.line}"
    guard = (sink.guard or "-").replace(" ", "_")
    test = " (test)" if sink.in_tests else ""
    return f"sink {place} {sink.library}{test}: {sink.operation} table={sink.table or '?'} guard={guard}"


def subject_line(client: Client, names: tuple[str, ...] | None = None) -> str:
    """A subject as a document writes it, with the settings that decide for its role."""
    shown = names if names is not None else _SHOWN.get(client.role, ())
    version = " " + span_text(client.client_versions) if client.client_versions else ""
    pairs = "".join(f" {name}={effective(client, name)}" for name in shown)
    test = " (test)" if client.in_tests else ""
    kind = type(client).__name__.lower()
    kind = client.role if kind == "client" else kind
    place = f"{client.span.path}:{client.span.start.line}"
    return f"{kind} {place} {client.client}{version}{test}:{pairs}"


def effective(client: Client, name: str) -> str:
    """A setting's value in all worlds, different ones joined by a bar; `-` where there is none."""
    values = []
    for world in client.worlds:
        setting = world.setting(name)
        text = as_text(setting.value).replace(" ", "_") if setting is not None else "-"
        if text not in values:
            values.append(text)
    return "|".join(values) if values else "-"


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
    sinks = [sink_line(sink) for sink in report.sinks]
    for line in document.subjects:
        if line.startswith("sink "):
            continue
        client = next((one for one in seen if _describes(line, one)), None)
        if client is None:
            problems.append(f"subject not seen: {line}")
        else:
            seen.remove(client)
    problems.extend(f"subject not listed: {subject_line(one)}" for one in seen)
    written = [line for line in document.subjects if line.startswith("sink ")]
    problems.extend(f"sink not seen: {line}" for line in written if line not in sinks)
    problems.extend(f"sink not listed: {line}" for line in sinks if line not in written)
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


def show(path: Path) -> tuple[str, str]:
    """The findings and subjects fences oncelint would write for a document's files."""
    text = path.read_text(encoding="utf-8")
    files = {}
    for fence in _FENCE.finditer(text):
        named = next((w[5:] for w in fence["info"].split() if w.startswith("path=")), None)
        if named is not None:
            files[named] = fence["body"]
    with tempfile.TemporaryDirectory() as folder:
        report = run(files, Path(folder))
    findings = "".join(finding_line(finding) + "\n" for finding in report.findings)
    problems = "".join(f"ERROR {error.message}\n" for error in report.errors)
    problems += "".join(f"SKIPPED {item.path}: {item.reason}\n" for item in report.skipped)
    sys.stderr.write(problems)
    return findings, "".join(line + "\n" for line in subject_lines(report))


def main(arguments: list[str]) -> int:
    write = "--write" in arguments
    for name in arguments:
        if name == "--write":
            continue
        path = Path(name)
        findings, subjects = show(path)
        fences = f"```findings\n{findings}```\n\n```subjects\n{subjects}```\n"
        if not write:
            print(f"{name}\n{fences}")
            continue
        text = path.read_text(encoding="utf-8")
        head = re.split(r"^```(?:findings|subjects)\n", text, maxsplit=1, flags=re.M)[0]
        path.write_text(head.rstrip() + "\n\n" + fences, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
