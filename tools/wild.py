"""Rates over public repositories: hand-read verdicts on findings, and hand-labelled sites.

    python tools/wild.py fetch DIR            clones every repository of the data at its commit
    python tools/wild.py findings DIR         prints findings without a verdict, as JSON lines
    python tools/wild.py rates DIR            precision per rule from verdicts.jsonl
    python tools/wild.py labels DIR [FILE…]   true, missed and false per rule from label files
    python tools/wild.py resolution DIR       how many constructions resolve what matters, and why not

DIR holds one checkout for each repository, named owner+name. `fetch` needs git and the network;
nothing else does, and no test runs it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from oncelint import api
from oncelint.model.finding import Finding, Report
from oncelint.model.values import Span
from oncelint.settings import Settings

DATA = Path(__file__).resolve().parent.parent / "tests" / "wild"
VERDICTS = DATA / "verdicts.jsonl"
LABELS = DATA / "labels.jsonl"


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def folder(base: Path, repo: str) -> Path:
    return base / repo.replace("/", "+")


def analyse(root: Path, confidence: str = "medium") -> Report:
    settings = Settings(min_confidence=confidence, preview=True, pedantic=True)  # type: ignore[arg-type]
    return api.check([str(root)], settings=settings, root=root)


def repositories(base: Path) -> list[Path]:
    return sorted(path for path in base.iterdir() if path.is_dir() and "+" in path.name)


def _said(base: Path, root: Path, finding: Finding) -> dict[str, Any]:
    return {
        "repo": root.name.replace("+", "/", 1),
        "fingerprint": finding.fingerprint,
        "rule": finding.rule,
        "place": str(finding.span),
        "severity": finding.severity,
        "confidence": finding.confidence,
        "message": finding.message,
    }


def findings(base: Path) -> Iterator[dict[str, Any]]:
    """Findings that nobody has judged yet."""
    known = (
        {(row["repo"], row["fingerprint"]) for row in rows(VERDICTS)}
        if VERDICTS.exists()
        else set()
    )
    for root in repositories(base):
        for finding in analyse(root).findings:
            said = _said(base, root, finding)
            if (said["repo"], said["fingerprint"]) not in known:
                yield said


def rates(base: Path) -> None:
    """Right, arguable and wrong findings per rule, of those that are still reported."""
    verdicts = {(row["repo"], row["fingerprint"]): row for row in rows(VERDICTS)}
    counted: dict[str, Counter[str]] = {}
    per_repo: Counter[str] = Counter()
    for root in repositories(base):
        repo = root.name.replace("+", "/", 1)
        for finding in analyse(root, "low").findings:
            row = verdicts.get((repo, finding.fingerprint))
            verdict = row["verdict"] if row else "unread"
            counted.setdefault(finding.rule, Counter())[verdict] += 1
            per_repo[repo] += 1
    kinds = ("right", "arguable", "wrong", "unread")
    print(f"{'rule':38} " + " ".join(f"{kind:>8}" for kind in kinds))
    for rule, counts in sorted(counted.items()):
        print(f"{rule:38} " + " ".join(f"{counts[kind]:8}" for kind in kinds))
    total = sum(per_repo.values())
    print(f"{total} findings in {len(per_repo)} of {len(repositories(base))} repositories")


def labels(base: Path, files: Sequence[Path], rules: Sequence[str]) -> None:
    """Compare with hand-labelled sites: a finding counts where its span or its client stands."""
    counted: dict[str, Counter[str]] = {}
    details: list[str] = []
    reports: dict[str, Report] = {}
    for row in (row for file in files for row in rows(file)):
        root = folder(base, row["repo"])
        if not root.is_dir():
            continue
        if row["repo"] not in reports:
            reports[row["repo"]] = analyse(root)
        said = reports[row["repo"]].findings
        here = {f.rule for f in said if _at(f, row, [*f.causes, *(r.span for r in f.related)])}
        exactly = {f.rule for f in said if _at(f, row, f.causes)}
        for rule in row["expect"]:
            if rule in rules:
                outcome = "true" if rule in here else "missed"
                counted.setdefault(rule, Counter())[outcome] += 1
                if outcome == "missed":
                    details.append(
                        f"missed {rule}: {row['repo']} {row['path']}:{row['line']} {row['what']}"
                    )
        for rule in row["must_not"]:
            if rule in rules:
                outcome = "false" if rule in exactly else "silent"
                counted.setdefault(rule, Counter())[outcome] += 1
                if outcome == "false":
                    details.append(
                        f"false {rule}: {row['repo']} {row['path']}:{row['line']} {row['what']}"
                    )
    print(f"{'rule':34} {'true':>5} {'missed':>7} {'false':>6} {'silent':>7}")
    for rule, counts in sorted(counted.items()):
        shown = (counts["true"], counts["missed"], counts["false"], counts["silent"])
        print(f"{rule:34} {shown[0]:5} {shown[1]:7} {shown[2]:6} {shown[3]:7}")
    print("\n".join(details))


def _at(finding: Finding, row: dict[str, Any], others: Sequence[Span]) -> bool:
    spans = [finding.span, *others]
    return any(
        span.path == row["path"]
        and span.start.line <= row["line"] <= max(span.end.line, span.start.line)
        for span in spans
    )


# Folders of client libraries and frameworks: their constructions take what their users hand over,
# and are no application code.
LIBRARY_FOLDERS: dict[str, tuple[str, ...]] = {
    "ag2ai/faststream": ("faststream/",),
    "airtai/faststream": ("faststream/",),
    "aio-libs/aiokafka": ("aiokafka/",),
    "confluentinc/confluent-kafka-python": ("src/",),
    "faust-streaming/faust": ("faust/",),
    "kpn/kstreams": ("kstreams/",),
    "quixio/quix-streams": ("quixstreams/",),
}


def resolution(base: Path) -> None:
    """The share of Python constructions in application code whose settings are all known."""
    total, resolved = 0, 0
    reasons: Counter[str] = Counter()
    for root in repositories(base):
        library = LIBRARY_FOLDERS.get(root.name.replace("+", "/", 1), ())
        report = analyse(root)
        open_places = {(u.span, u.what): u.reason for u in report.unresolved}
        for client in report.subjects:
            if client.placement != "python" or client.in_tests:
                continue
            if library and client.span.path.startswith(library):
                continue
            total += 1
            spans = {client.span, *(setting.key_span for setting in client.block.settings)}
            why = [reason for (span, _), reason in open_places.items() if span in spans]
            resolved += not why
            reasons.update(why[:1])
    print(f"{resolved} of {total} constructions resolve every setting that matters")
    for reason, count in reasons.most_common():
        print(f"{count:5}  {reason}")


def fetch(base: Path) -> None:
    """Clone every repository the data names at its commit."""
    wanted = {row["repo"]: row["commit"] for file in (VERDICTS, LABELS) for row in rows(file)}
    host = "https://github.com"
    for repo, commit in sorted(wanted.items()):
        target = folder(base, repo)
        if target.exists():
            continue
        target.mkdir(parents=True)
        for command in (
            ["git", "init", "--quiet"],
            ["git", "fetch", "--quiet", "--depth=1", f"{host}/{repo}", commit],
            ["git", "checkout", "--quiet", "FETCH_HEAD"],
        ):
            subprocess.run(command, cwd=target, check=True)


def main(arguments: Sequence[str]) -> int:
    if len(arguments) < 2:
        print(__doc__)
        return 2
    command, base = arguments[0], Path(arguments[1])
    if command == "findings":
        for said in findings(base):
            print(json.dumps(said, ensure_ascii=False))
    elif command == "rates":
        rates(base)
    elif command == "labels":
        from oncelint.check import catalogue

        labels(base, [Path(name) for name in arguments[2:]] or [LABELS], list(catalogue()))
    elif command == "resolution":
        resolution(base)
    elif command == "fetch":
        fetch(base)
    else:
        print(__doc__)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
