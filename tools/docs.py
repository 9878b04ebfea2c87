"""Writes docs/rules and the README's generated parts from the rules and their executed examples.

    python tools/docs.py            writes what is stale
    python tools/docs.py --check    says what is stale, and ends with exit code 1 if anything is

A rule's page is its module's docstring, the facts of its declaration and up to four of its documents
under fixtures/rules, with what oncelint says of them now.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import documents
import placements
from documents import ROOT, Document
from oncelint.check import catalogue, page
from oncelint.frameworks import connectors
from oncelint.model.finding import Finding
from oncelint.model.rule import Rule

RULES = ROOT / "fixtures" / "rules"
PAGES = ROOT / "docs" / "rules"
CONNECTORS = ROOT / "docs" / "connectors.md"
PLACEMENTS = ROOT / "docs" / "placements.md"
README = ROOT / "README.md"
_NOTICE = "<!-- Written by tools/docs.py from the rule and its examples. -->\n"
_MARKED = re.compile(r"(?P<open><!-- rules: .*? -->\n).*?(?P<close><!-- end of rules -->)", re.S)
_EACH = 2


def pages() -> dict[Path, str]:
    """Every generated file's text by its path."""
    rules = catalogue()
    made = {PAGES / f"{name}.md": rule_page(rule) for name, rule in rules.items()}
    made[PAGES / "README.md"] = index(rules)
    made[CONNECTORS] = connector_page()
    made[PLACEMENTS] = placements.page()
    made[README] = _MARKED.sub(
        lambda found: found["open"] + table(rules, "docs/rules/") + found["close"],
        README.read_text(encoding="utf-8"),
    )
    return made


def rule_page(rule: Rule) -> str:
    """One rule's page: its facts, its docstring, its examples."""
    summary, _, rest = page(rule.id).partition("\n")
    facts = " · ".join(_facts(rule))
    parts = [_NOTICE, f"# {rule.id}\n", f"{summary}\n", f"{facts}\n", f"{rest.strip()}\n"]
    speaking, silent = examples(rule.id)
    parts.append("## Examples\n")
    parts += [example(document) for document in speaking]
    if silent:
        parts.append("## Examples where it is silent\n")
        parts += [example(document) for document in silent]
    return "\n".join(parts)


def _facts(rule: Rule) -> Iterator[str]:
    yield f"group `{rule.group}`"
    yield f"severity {rule.severity}"
    yield "stable" if rule.stable else "preview"
    yield f"audience {rule.audience}"
    yield f"fix: {rule.fix}"
    if rule.supersedes:
        yield "speaks instead of " + ", ".join(f"[{n}]({n}.md)" for n in rule.supersedes)


def examples(rule: str) -> tuple[list[Document], list[Document]]:
    """The documents to show, those with findings of the rule and those without."""
    found = [documents.read(path) for path in sorted((RULES / rule).glob("*.md"))]
    speaking = [one for one in found if _names(one, rule)]
    silent = [one for one in found if not one.findings]
    sure = [one for one in speaking if all(" high " in line for line in one.findings)]
    return _short_and_unlike(sure or speaking), _short_and_unlike(silent)


def _names(document: Document, rule: str) -> bool:
    return any(f" {rule} | " in line for line in document.findings)


def _short_and_unlike(found: Sequence[Document]) -> list[Document]:
    """The shortest document and the shortest one in another language, else the next one."""
    ordered = sorted(found, key=lambda one: (sum(map(len, one.files.values())), one.path.name))
    first, rest = ordered[:1], ordered[1:]
    unlike = [one for one in rest if _language(one) != _language(first[0])]
    return (first + unlike + rest)[:_EACH]


def _language(document: Document) -> str:
    """The kind of the largest file of a document, by its ending."""
    largest = max(document.files, key=lambda name: len(document.files[name]))
    return largest.rpartition(".")[2]


def example(document: Document) -> str:
    """A document as a section: what it is about, its files, and what oncelint says of it."""
    lead = document.path.read_text(encoding="utf-8").partition("\n")[2].partition("\n```")[0]
    parts = [f"### {document.title}\n", f"{lead.strip()}\n"]
    for name, body in document.files.items():
        parts.append(f"`{name}`\n")
        parts.append(f"```{_fence(name)}\n{body}```\n")
    with tempfile.TemporaryDirectory() as folder:
        report = documents.run(document.files, Path(folder))
    said = "".join(_line(finding) + "\n" for finding in report.findings)
    parts.append(f"oncelint says:\n\n```text\n{said}```\n" if said else "oncelint says nothing.\n")
    return "\n".join(parts)


def _line(finding: Finding) -> str:
    tail = "" if finding.confidence == "high" else f" ({finding.confidence} confidence)"
    return f"{finding.span}: {finding.severity}[{finding.rule}] {finding.message}{tail}"


def _fence(name: str) -> str:
    ending = name.rpartition(".")[2]
    return {"py": "python", "yml": "yaml", "txt": "text", "cfg": "ini"}.get(ending, ending)


def index(rules: Mapping[str, Rule]) -> str:
    return (
        f"{_NOTICE}\n# Rules\n\n"
        "`oncelint rule ID` prints a rule's page. Stable rules run by default, preview rules with\n"
        "`--preview`, those of the pedantic audience with `--pedantic`. *fix* says how safe the change\n"
        "is that a finding proposes: after a safe one the client starts, and nothing changes but what\n"
        "the finding names.\n\n"
        "Clients and configuration of tests are seen and not judged, whatever the rule; the setting\n"
        "`include-tests` judges them.\n\n" + table(rules, "")
    )


def table(rules: Mapping[str, Rule], folder: str) -> str:
    """All rules, a row each; `folder` leads from the table's file to the pages."""
    head = "| rule | group | severity | | audience | fix | what it finds |\n"
    rows = [
        f"| [{rule.id}]({folder}{rule.id}.md) | {rule.group} | {rule.severity} "
        f"| {'stable' if rule.stable else 'preview'} | {rule.audience} | {rule.fix} "
        f"| {rule.summary} |\n"
        for rule in sorted(rules.values(), key=lambda rule: (rule.group, rule.id))
    ]
    return head + "|---|---|---|---|---|---|---|\n" + "".join(rows)


def connector_page() -> str:
    """What is known of connectors, from their data files."""
    parts = [
        "<!-- Written by tools/docs.py from linter/oncelint/frameworks/connectors/data. -->\n",
        "# Connectors\n",
        "What the connectors people run do with records that are delivered again, and with those that"
        "\nfail. Connect knows a class by its simple name as well, with or without `Connector`. *Exactly"
        " once*\nsays of a source whether it takes part in Connect's exactly-once support (KIP-618), of a"
        " sink\nwhether it repeats nothing when records come again. What could not be verified is left"
        " out, and\nthe rules say nothing of it.\n",
    ]
    for role in ("sink", "source"):
        parts.append(f"## {role.title()}s\n")
        some = [one for one in connectors.known() if one.facts["role"] == role]
        parts += [_connector(one) for one in sorted(some, key=_by_name)]
    return "\n".join(parts)


def _by_name(one: connectors.Known) -> str:
    return one.name.removeprefix("the ").lower()


_TOLD = {
    "exactly-once": "exactly once",
    "exactly-once-when": "with",
    "drops": "skips failing records with",
    "tolerance": "own setting over errors.tolerance",
    "dead-letter": "own topic for failed records",
    "every-start": "reads everything again at each start with",
}


def _connector(one: connectors.Known) -> str:
    names = [*one.classes, *one.managed]
    lines = [
        f"### {one.name[0].upper()}{one.name[1:]}\n",
        ", ".join(f"`{n}`" for n in names) + "\n",
    ]
    lines.append(f"{one.text}\n")
    lines += [f"- {said}: {one.facts[key]}" for key, said in _TOLD.items() if key in one.facts]
    lines += [f"- from ({facts}): {source}" for facts, source in one.sources.items()]
    return "\n".join(lines) + "\n"


def stale() -> dict[Path, str]:
    """What is not as it should be: generated files by path, with their text; an empty text for a
    page whose rule is gone."""
    wanted = pages()
    found = {path: text for path, text in wanted.items() if _text(path) != text}
    for path in PAGES.glob("*.md"):
        if path not in wanted:
            found[path] = ""
    return found


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def main(arguments: list[str]) -> int:
    found = stale()
    for path, text in sorted(found.items()):
        if "--check" in arguments:
            print(f"{path.relative_to(ROOT)} is stale; python tools/docs.py writes it")
        elif text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        else:
            path.unlink()
    return 1 if found and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
