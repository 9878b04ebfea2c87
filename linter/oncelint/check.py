"""Hands every rule one subject at a time, and makes findings of what it says."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib import import_module
from typing import Any

from oncelint.model.facts import ErrorRecord
from oncelint.model.finding import CONFIDENCES, SEVERITIES, Finding, Hit
from oncelint.model.pipelines import Lifecycle, Pipeline, TransactionTrace
from oncelint.model.project import (
    Client,
    Cluster,
    Feed,
    Project,
    SuppressionUse,
    TransactionalPair,
)
from oncelint.model.rule import Rule
from oncelint.model.sinks import Sink
from oncelint.model.values import Origin
from oncelint.settings import Settings


@cache
def catalogue() -> Mapping[str, Rule]:
    """Every rule by id, in catalogue order."""
    import oncelint_rules

    rules = [_load(name) for names in oncelint_rules.MODULES.values() for name in names]
    return {rule.id: rule for rule in sorted(rules, key=lambda rule: (rule.group, rule.id))}


def _load(name: str) -> Rule:
    rule = import_module(f"oncelint_rules.{name}").RULE
    assert isinstance(rule, Rule)
    return rule


def page(rule_id: str) -> str:
    """A rule's page: its module's docstring, dedented. KeyError for an unknown id."""
    import inspect  # only for pages

    check = catalogue()[rule_id].check
    module = inspect.getmodule(check)
    return inspect.cleandoc((module.__doc__ or "") if module else "")


def active(settings: Settings) -> dict[str, Rule]:
    """The rules of this run: the stable ones for everybody unless the settings say otherwise."""
    chosen: dict[str, Rule] = {}
    selected = None if "all" in settings.select else frozenset(settings.select) or None
    more, ignored = frozenset(settings.extend_select), frozenset(settings.ignore)
    for name, rule in catalogue().items():
        if name in ignored or rule.group in ignored:
            continue
        wanted = selected is None or name in selected or rule.group in selected
        wanted = wanted or name in more or rule.group in more
        named = name in more or (selected is not None and name in selected)
        if not wanted or (not rule.stable and not settings.preview and not named):
            continue
        if rule.audience == "pedantic" and not settings.pedantic and not named:
            continue
        chosen[name] = rule
    return chosen


class Checked:
    """What the rules say of a project, in report order.

    `superseded` are the findings that stay silent because another one speaks of their cause.
    `keys` gives every fingerprint what it was made of, without the number by which like findings
    of one file are told apart.
    """

    def __init__(
        self,
        findings: list[Finding],
        superseded: list[Finding],
        errors: list[ErrorRecord],
        keys: Mapping[str, str],
    ) -> None:
        self.findings = findings
        self.superseded = superseded
        self.errors = errors
        self.keys = keys


def check(project: Project, rules: Mapping[str, Rule], settings: Settings) -> Checked:
    """Judge all subjects by all rules.

    A rule that crashes on a subject is an error record, and everything else goes on.
    """
    findings: list[Finding] = []
    errors: list[ErrorRecord] = []
    subjects: dict[type, list[Any]] = {}
    for rule in rules.values():
        kind = rule.subject
        if kind not in subjects:
            subjects[kind] = list(_subjects(project, kind))
        for subject in subjects[kind]:
            try:
                hits = list(rule.check(subject, project))
            except Exception as error:
                errors.append(_crash(rule, subject, error))
                continue
            findings.extend(_finding(rule, hit, settings, subject) for hit in hits)
    distinct, keys = _distinct(findings)
    silenced = _silenced(distinct, rules)
    return Checked(
        [finding for finding in distinct if id(finding) not in silenced],
        [finding for finding in distinct if id(finding) in silenced],
        errors,
        keys,
    )


def check_suppressions(
    uses: Sequence[SuppressionUse], project: Project, rules: Mapping[str, Rule], settings: Settings
) -> list[Finding]:
    """What the rules about suppression comments say, once it is known which were of use."""
    return [
        _finding(rule, hit, settings, use)
        for rule in rules.values()
        if rule.subject is SuppressionUse
        for use in uses
        for hit in rule.check(use, project)
    ]


def _subjects(project: Project, kind: type) -> Iterator[Any]:
    if kind is TransactionalPair:
        yield from (p for p in project.pairs if not (p.producer.in_tests or p.consumer.in_tests))
    elif kind is Feed:
        yield from (f for f in project.feeds if not (f.producer.in_tests or f.consumer.in_tests))
    elif kind is Sink:
        yield from (s for s in project.sinks if not (s.in_tests or s.consumer.in_tests))
    elif kind is Pipeline:
        yield from (p for p in project.pipelines if not (p.in_tests or p.consumer.in_tests))
    elif kind is TransactionTrace:
        yield from (t for t in project.transactions if not t.producer.in_tests)
    elif kind is Lifecycle:
        yield from (one for one in project.lifecycles if not one.producer.in_tests)
    elif kind is Cluster:
        yield from project.clusters
    elif issubclass(kind, Client):
        yield from (c for c in project.clients if isinstance(c, kind) and not c.in_tests)


def _crash(rule: Rule, subject: object, error: Exception) -> ErrorRecord:
    import traceback  # only for a rule's defect

    where = traceback.extract_tb(error.__traceback__)[-1]
    span = getattr(subject, "span", None)
    path = span.path if span is not None else None
    return ErrorRecord(
        f"{type(error).__name__}: {error} (line {where.lineno} of {where.name})", rule.id, path
    )


def _finding(rule: Rule, hit: Hit, settings: Settings, subject: object) -> Finding:
    severity = settings.severity.get(rule.id) or hit.severity or rule.severity
    return Finding(
        rule=rule.id,
        group=rule.group,
        severity=severity,
        confidence=hit.confidence,
        audience=rule.audience,
        message=hit.message,
        span=hit.span,
        related=hit.related,
        setting=hit.setting,
        provenance=_provenance(hit, subject),
        goal=hit.goal,
        fingerprint=f"{rule.id}|{hit.span.path}|{hit.subject_key}",
        causes=hit.causes or (hit.span,),
        silent=hit.silent,
        subject=subject,
    )


def _provenance(hit: Hit, subject: object) -> tuple[Origin, ...]:
    """Where the value of a finding comes from; a default that no version of the library that the
    project may have differs in is told without the version it was looked up for."""
    shown = hit.provenance
    last = shown[-1] if shown else None
    if last is None or not last.note.startswith(_DEFAULT) or not isinstance(subject, Client):
        return shown
    names = [
        name
        for world in subject.worlds
        for name, one in world.settings.items()
        if one.origins == shown
    ]
    if not names:
        return shown
    held = [one for world in subject.worlds if (one := world.setting(names[0])) is not None]
    ends = [one.origins[-1] for one in held if one.origins]
    same = all(one.kind == "default" and one.value == last.value for one in ends)
    if len(ends) < len(held) or not same or len(subject.client_versions) == 1:
        return shown
    return (*shown[:-1], replace(last, note=f"{_DEFAULT}{subject.client}"))


_DEFAULT = "default of "


def _distinct(findings: Iterable[Finding]) -> tuple[list[Finding], dict[str, str]]:
    """One finding for one rule at one place, in report order; the surest one speaks. Fingerprints
    are numbered within their file, so that two like subjects stay apart; each is returned with
    what it was before that."""
    from hashlib import sha256  # loads OpenSSL, for findings alone

    best: dict[tuple[object, ...], Finding] = {}
    alike: dict[tuple[object, ...], list[object]] = {}
    for finding in findings:
        key = (finding.rule, finding.span, finding.setting, finding.silent)
        known = best.get(key)
        if known is None or _rank(finding) > _rank(known):
            best[key] = finding
        alike.setdefault(key, []).append(finding.subject)
    counted: dict[str, int] = {}
    keys: dict[str, str] = {}
    result = []
    for finding in sorted(sort(best.values()), key=lambda one: one.silent):
        number = counted.get(finding.fingerprint, 0)
        counted[finding.fingerprint] = number + 1
        digest = sha256(f"{finding.fingerprint}|{number}".encode()).hexdigest()[:16]
        keys[digest] = finding.fingerprint
        key = (finding.rule, finding.span, finding.setting, finding.silent)
        others = tuple(one for one in alike[key] if one is not finding.subject)
        result.append(_with(finding, digest, others))
    return sort(result), keys


def _with(finding: Finding, fingerprint: str, alike: tuple[object, ...]) -> Finding:
    from dataclasses import replace

    return replace(finding, fingerprint=fingerprint, alike=alike)


def _rank(finding: Finding) -> int:
    return CONFIDENCES.index(finding.confidence)


def _silenced(findings: Sequence[Finding], rules: Mapping[str, Rule]) -> set[int]:
    """One cause, one finding: a more specific rule silences others where it speaks as surely.
    Yields the ids of the silenced objects."""
    by_rule: dict[str, list[Finding]] = {}
    for finding in findings:
        by_rule.setdefault(finding.rule, []).append(finding)
    silenced = {id(finding) for finding in findings if finding.silent}
    for finding in findings:
        for name in rules[finding.rule].supersedes:
            for other in by_rule.get(name, ()):
                if _rank(finding) >= _rank(other) and set(finding.causes) & set(other.causes):
                    silenced.add(id(other))
    return silenced


def sort(findings: Iterable[Finding]) -> list[Finding]:
    """Report order: path, place, rule."""
    return sorted(findings, key=lambda f: (f.span.path, f.span.start, f.span.end, f.rule))


def loud_enough(finding: Finding, settings: Settings) -> bool:
    """Whether a finding reaches the severity and confidence that are asked for."""
    return SEVERITIES.index(finding.severity) >= SEVERITIES.index(
        settings.min_severity
    ) and CONFIDENCES.index(finding.confidence) >= CONFIDENCES.index(settings.min_confidence)


def names() -> Collection[str]:
    """Rule ids and groups, for checking what settings and flags name."""
    rules = catalogue()
    return {*rules, *(rule.group for rule in rules.values())}
