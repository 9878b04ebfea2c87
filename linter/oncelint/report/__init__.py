"""Rendering a report: text for people, and the formats machines read.

Each renderer is loaded when it is asked for; only `full` loads rich.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

TYPE_CHECKING = False  # typing costs a third of what an interpreter costs to start
if TYPE_CHECKING:
    from oncelint.model.finding import Finding, Report
    from oncelint.model.rule import Rule
    from oncelint.text import SourceText

FORMATS = ("full", "concise", "json", "github", "sarif")
TEXT_FORMATS = ("full", "concise")


def _no_source(path: str) -> SourceText | None:
    return None


def _no_rules() -> Mapping[str, Rule]:
    return {}


def _no_page(rule: str) -> str:
    return ""


def _as_is(path: str) -> str:
    return path


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What renderers need beside the report.

    `source` yields a file's text by its path relative to the project root (None: cannot be read);
    `rules` all rules by id and `page` a rule's page, called only by formats that show them;
    `display` turns a path of the project into one for the reader's working directory. `width` is
    in terminal cells, None for no limit (a pipe or a file).
    """

    source: Callable[[str], SourceText | None] = _no_source
    rules: Callable[[], Mapping[str, Rule]] = _no_rules
    page: Callable[[str], str] = _no_page
    display: Callable[[str], str] = _as_is
    show_subjects: bool = False
    show_unresolved: bool = False
    statistics: bool = False
    color: bool = False
    width: int | None = field(default=None)


def render(format: str, report: Report, context: Context) -> str:
    """The report in one of FORMATS, with a line end at its end unless it is empty.

    Raises ValueError for another format.
    """
    if format in TEXT_FORMATS and not _has_text(report, context):
        return ""  # a clean run loads no renderer
    if format == "json":
        from oncelint.report.json import render_json

        return render_json(report, context)
    if format == "concise":
        from oncelint.report.text import render_concise

        return render_concise(report, context)
    if format == "full":
        from oncelint.report.full import render_full

        return render_full(report, context)
    if format == "github":
        from oncelint.report.github import render_github

        return render_github(report, context)
    if format == "sarif":
        from oncelint.report.sarif import render_sarif

        return render_sarif(report, context)
    raise ValueError(f"no output format {format}")


def _has_text(report: Report, context: Context) -> bool:
    return bool(
        report.findings
        or (context.show_subjects and report.subjects)
        or (context.show_unresolved and report.unresolved)
    )


def everything(report: Report) -> list[Finding]:
    """Shown and suppressed findings together, in report order."""
    found = [*report.findings, *report.suppressed]
    return sorted(found, key=lambda finding: (finding.span, finding.rule, finding.fingerprint))
