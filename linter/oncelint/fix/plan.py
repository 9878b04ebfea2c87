"""Every finding with its fix: what would be written, and whether that is safe."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from oncelint.dialects.constraints import ACKS, IDEMPOTENCE, ISOLATION
from oncelint.fix.comments import render as render_comment
from oncelint.fix.solve import Added, Change, Changed, Removed, Solution, solve
from oncelint.fix.write import Source, Written, edits_of, write
from oncelint.model.facts import Home
from oncelint.model.finding import Finding, Goal
from oncelint.model.fixes import Fix
from oncelint.model.project import Client, Project, Sink, SuppressionUse
from oncelint.model.values import Known, Span, Value, as_text, scalar_text
from oncelint.patches import CannotWrite


def plan(findings: Sequence[Finding], project: Project, source: Source) -> list[Finding]:
    """The findings, those with a goal with their fix.

    `source` gives the text of a file of the project, None where it has none.
    """
    planner = _Planner(findings, project, source)
    return [
        replace(one, fixes=(_fix(planner, one, one.goal),)) if one.goal else one for one in findings
    ]


@dataclass(frozen=True, slots=True)
class _Planner:
    findings: Sequence[Finding]
    project: Project
    source: Source


def _fix(planner: _Planner, finding: Finding, goal: Goal) -> Fix:
    project, source = planner.project, planner.source
    try:
        if goal.repeatable and isinstance(finding.subject, Sink):
            from oncelint.fix.statements import repeatable  # SQL, which few fixes are about

            others = [sink for sink in project.sinks if sink is not finding.subject]
            return _capped(repeatable(finding.subject, source, others), finding, goal)
        if goal.comment and isinstance(finding.subject, SuppressionUse):
            return _comment(planner, finding.subject, goal)
        client = goal.client if goal.client is not None else finding.subject
        if isinstance(client, Client) and (
            goal.settings or goal.renames or goal.removals or goal.starts
        ):
            return _settings(client, finding, goal, project, source)
    except CannotWrite as problem:
        return Fix(title=goal.title, safety="display", reason=problem.reason)
    return Fix(title=goal.title, safety="display", reason=goal.reason or "this is yours to decide")


def _capped(fix: Fix, finding: Finding, goal: Goal) -> Fix:
    """A fix that is no safer than its goal and its finding."""
    if fix.safety != "safe":
        return fix
    if goal.safety != "safe":
        return replace(fix, safety="unsafe", reason=goal.reason)
    if finding.confidence != "high":
        return replace(fix, safety="unsafe", reason=_DOUBT)
    return fix


_DOUBT = "the finding is not certain"


def _comment(planner: _Planner, use: SuppressionUse, goal: Goal) -> Fix:
    span = use.comment.span
    text = planner.source(span.path)
    if text is None:
        raise CannotWrite(f"{span.path} cannot be read")
    start, end = text.offset(span.start), text.offset(span.end)
    patches = render_comment(text, start, end, goal.comment)
    gone = {old for old, new in goal.comment if new is None}
    for one in planner.findings:
        if one.rule in gone and one.span.path == span.path:
            reason = f"the finding in line {one.span.start.line} may be what it is meant for"
            edits = edits_of(patches, text)
            return Fix(title=goal.title, safety="unsafe", edits=edits, reason=reason)
    return Fix(title=goal.title, safety="safe", edits=edits_of(patches, text))


# Settings -------------------------------------------------------------------------------------


def _settings(
    client: Client, finding: Finding, goal: Goal, project: Project, source: Source
) -> Fix:
    solution = solve(client, goal)
    if not solution.changes:
        raise CannotWrite("no setting has to change for it")
    _keep_the_guarantee(solution)
    title = title_of(client, solution)
    if goal.safety == "display":
        raise CannotWrite(goal.reason or "this is yours to decide")
    written = _written(client, solution.changes, project, source)
    users = tuple(dict.fromkeys(_users(client, written, project)))
    reason = _doubts(finding, goal, solution, users, source)
    if reason is None and written.shared:
        reason = "the mapping has an anchor, and an alias names it elsewhere"
    return Fix(
        title=title,
        safety="safe" if reason is None else "unsafe",
        edits=written.edits,
        reason=reason,
        users=users,
    )


def _doubts(
    finding: Finding, goal: Goal, solution: Solution, users: Sequence[Span], source: Source
) -> str | None:
    """Why a fix is not safe; None when it is."""
    if goal.safety != "safe":
        return goal.reason or "it changes what the client does beyond this finding"
    if users:
        return f"it changes {_number(len(users))} as well"
    if finding.confidence != "high":
        return _DOUBT
    if solution.decided_elsewhere:
        return f"{solution.decided_elsewhere[0]} can still be set otherwise from outside"
    for change in solution.changes:
        if isinstance(change, Changed) and not _beside(change, source):
            return f"the value is written in {change.span}, away from its key"
    return None


def _number(users: int) -> str:
    return "another client" if users == 1 else f"{users} other clients"


_BETWEEN = re.compile(r"""["'\s\])]*[=:,][\s("']*|\s*""")


def _beside(change: Changed, source: Source) -> bool:
    """Whether a value stands right behind its key, so that nothing else can use it."""
    key, value = change.setting.key_span, change.span
    if key.path != value.path:
        return False
    text = source(key.path)
    if text is None or value.start < key.end:
        return False
    between = text.text[text.offset(key.end) : text.offset(value.start)]
    return _BETWEEN.fullmatch(between) is not None


def _written(
    client: Client, changes: Sequence[Change], project: Project, source: Source
) -> Written:
    """The edits, with what is added at the best place that can take it."""
    if not any(isinstance(one, Added) for one in changes):
        return write(client, changes, None, source)
    problem: CannotWrite | None = None
    for home in _homes(client, project):
        try:
            _not_handed_over(client, changes, home, project)
            return write(client, changes, home, source)
        except CannotWrite as one:
            problem = problem or one
    if problem is not None:
        raise problem
    raise CannotWrite("there is no place in the code where a setting could be added")


def _not_handed_over(
    client: Client, changes: Sequence[Change], home: Home, project: Project
) -> None:
    """An argument that one caller of a construction hands over must not be written there too."""
    added = {one.key for one in changes if isinstance(one, Added)}
    for other in project.clients:
        if home.kind != "arguments" or other is client or other.span != client.span:
            continue
        if any(setting.key in added for setting in other.block.settings):
            raise CannotWrite("another caller of the same construction sets it itself")


def _homes(client: Client, project: Project) -> Sequence[Home]:
    """Where a setting can be added: the definition first, unless clients of another kind use it
    and the construction can take the setting alone."""

    def foreign(home: Home) -> bool:
        return any(
            (other.role, other.dialect) != (client.role, client.dialect)
            for other in project.clients
            if other is not client and any(one.span == home.span for one in other.block.homes)
        )

    return sorted(client.block.homes, key=foreign)


def _users(client: Client, written: Written, project: Project) -> Iterable[Span]:
    """The other clients whose configuration stands at the touched places.

    A Connect worker has its producers' keys in its file and does not read them.
    """
    places = frozenset(written.touched)
    own = {setting.key_span: setting.key for setting in client.block.settings}
    for other in project.clients:
        if other is client:
            continue
        used: set[Span] = set()
        for setting in other.block.settings:
            if own.get(setting.key_span, setting.key) == setting.key:
                used.add(setting.key_span)
                used.update(one.span for one in setting.alternatives if one.span is not None)
        if used & places or (written.home is not None and written.home in other.block.homes):
            yield other.path[0].span if other.span == client.span and other.path else other.span


def _keep_the_guarantee(solution: Solution) -> None:
    """No fix may give up what the configuration guarantees already."""
    strong = {IDEMPOTENCE: True, ACKS: "all", ISOLATION: "read_committed"}
    for before in solution.before:
        for after in solution.after:
            if before.dialect != after.dialect or before.versions[-1] not in after.versions:
                continue
            for name, best in strong.items():
                same = before.conditions == after.conditions
                if same and before.known(name) == best and after.known(name) not in (best, None):
                    raise CannotWrite(f"{name} would no longer be {scalar_text(best)}")


# Words ----------------------------------------------------------------------------------------


def title_of(client: Client, solution: Solution) -> str:
    """What a fix does: the changes in the file's spelling, then what follows from them."""
    prefix = client.block.homes[0].prefix if client.block.homes else ""
    sets, removes, renames = [], [], []
    for change in solution.changes:
        if isinstance(change, Added):
            sets.append(f"{prefix}{change.key} to {scalar_text(change.value)}")
        elif isinstance(change, Changed):
            spelled = change.setting.shown or change.setting.key
            sets.append(f"{spelled} to {scalar_text(change.value)}")
        elif isinstance(change, Removed):
            removes.append(change.spelled)
        else:
            renames.append(f"{change.old} to {change.new}")
    groups = (("set", sets), ("remove", removes), ("rename", renames))
    title = _joined([f"{verb} {_joined(dict.fromkeys(parts))}" for verb, parts in groups if parts])
    named = {change.name for change in solution.changes}
    effects = [
        f"{_spelled(solution, name)} {_either(values)}"
        for name, values in solution.effects().items()
        if name not in named and not all(_is_gone(value) for value in values)
    ]
    return f"{title}, which makes {_joined(effects)}" if effects else title


def _is_gone(value: Value) -> bool:
    return not isinstance(value, Known)


def _either(values: Sequence[Value]) -> str:
    return " or ".join(dict.fromkeys(as_text(one) for one in values if isinstance(one, Known)))


def _spelled(solution: Solution, name: str) -> str:
    return next(
        (found.spelled for world in solution.after if (found := world.setting(name)) is not None),
        name,
    )


def _joined(parts: Iterable[str]) -> str:
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last
