"""Every finding with its fix: what would be written, and whether that is safe."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from oncelint.dialects.constraints import ACKS, IDEMPOTENCE, ISOLATION
from oncelint.fix.comments import render as render_comment
from oncelint.fix.solve import (
    Added,
    Change,
    Changed,
    Removed,
    Renamed,
    Solution,
    solve,
    starts_with,
)
from oncelint.fix.words import spelled, title_of
from oncelint.fix.write import Source, Written, edits_of, place_of, stands_beside, write
from oncelint.frameworks.python.streaming import FRAMEWORK
from oncelint.frameworks.spelling import told
from oncelint.model.facts import Home, WrittenSetting
from oncelint.model.finding import Finding, Goal
from oncelint.model.fixes import Fix
from oncelint.model.project import Client, Project, SuppressionUse
from oncelint.model.sinks import Sink
from oncelint.model.values import Span, scalar_text
from oncelint.patches import CannotWrite, Patch


def plan(
    findings: Sequence[Finding],
    project: Project,
    source: Source,
    mentions: Callable[[str], Iterable[str]] = lambda word: (),
    suppressed: Sequence[Finding] = (),
) -> list[Finding]:
    """The findings, those with a goal with their fix.

    `source` gives the text of a file of the project, None where it has none, and `mentions` the
    Python files that a word stands in; what `suppressed` findings are about is not touched.
    """
    planner = _Planner(findings, project, source, mentions, suppressed, _Reach(project.clients))
    return [
        replace(one, fixes=(_fix(planner, one, one.goal),)) if one.goal else one for one in findings
    ]


@dataclass(frozen=True, slots=True)
class _Planner:
    findings: Sequence[Finding]
    project: Project
    source: Source
    mentions: Callable[[str], Iterable[str]]
    suppressed: Sequence[Finding]
    reach: _Reach


class _Reach:
    """Which clients of a project what is written at a place belongs to, in the project's order."""

    def __init__(self, clients: Sequence[Client]) -> None:
        self._clients = clients
        self._made: dict[Span, list[int]] = {}
        self._settings: dict[Span, list[tuple[int, WrittenSetting]]] = {}
        self._homes: dict[Home, list[int]] = {}
        for number, client in enumerate(clients):
            self._made.setdefault(client.span, []).append(number)
            for home in dict.fromkeys(client.block.homes):
                self._homes.setdefault(home, []).append(number)
            for setting in client.block.settings:
                spans = [one.span for one in setting.alternatives if one.span is not None]
                for span in {setting.key_span, *spans}:
                    self._settings.setdefault(span, []).append((number, setting))

    def made_at(self, span: Span) -> Iterator[Client]:
        """The clients of one construction."""
        return (self._clients[number] for number in self._made.get(span, ()))

    def reading(self, home: Home) -> Iterator[Client]:
        """The clients whose configurations include what is added at a home."""
        return (self._clients[number] for number in self._reading(home))

    def _reading(self, home: Home) -> Iterable[int]:
        if home.kind != "beside":
            return self._homes.get(home, ())
        found = self._settings.get(home.span, ())
        return dict.fromkeys(number for number, one in found if one.key_span == home.span)

    def users(self, client: Client, written: Written) -> Iterator[Client]:
        """The other clients whose configuration stands at the touched places.

        A Connect worker has its producers' keys in its file and does not read them.
        """
        own = {setting.key_span: setting.key for setting in client.block.settings}
        found = {
            number
            for span in written.touched
            for number, setting in self._settings.get(span, ())
            if own.get(setting.key_span, setting.key) == setting.key
        }
        if written.home is not None:
            found.update(self._reading(written.home))
        return (one for number in sorted(found) if (one := self._clients[number]) is not client)


def _fix(planner: _Planner, finding: Finding, goal: Goal) -> Fix:
    project, source = planner.project, planner.source
    try:
        if goal.repeatable and isinstance(finding.subject, Sink):
            from oncelint.fix.statements import repeatable  # SQL, which few fixes are about

            others = [sink for sink in project.sinks if sink is not finding.subject]
            fix = _capped(repeatable(finding.subject, source, others), finding, goal)
            return _with_callers(fix, finding.subject, planner)
        if goal.comment and isinstance(finding.subject, SuppressionUse):
            return _comment(planner, finding.subject, goal)
        if goal.next_offset is not None:
            return _capped(_next_offset(goal.next_offset, goal.title, planner), finding, goal)
        client = goal.client if goal.client is not None else finding.subject
        changes = goal.settings or goal.renames or goal.removals or goal.starts
        if changes and isinstance(client, Client) and client.placement != FRAMEWORK:
            fixes = [_settings(one, finding, goal, planner) for one in (client, *goal.others)]
            return fixes[0] if len(fixes) == 1 else _together(fixes)
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


def _with_callers(fix: Fix, sink: Sink, planner: _Planner) -> Fix:
    """A fix of a statement that only consumers reach is as safe as it is; another caller of its
    function may live on the violation."""
    from oncelint.python.readers import callers, said  # where Python is edited

    text = planner.source(sink.span.path) if fix.safety == "safe" else None
    if text is None:
        return fix
    spans = [step.span for one in planner.project.sinks for step in one.path]
    path = sink.span.path
    found = callers(text.text, place_of(sink.span), _in(spans, path))
    places = [said(found.lines, path)] if found.lines else []
    places += _imported(found.name, path, spans, (), planner)
    if not places:
        return fix
    reason = f"its function is called at {' and '.join(places)} as well"
    return replace(fix, safety="unsafe", reason=reason)


_DOUBT = "the finding is not certain"


def _next_offset(span: Span, title: str, planner: _Planner) -> Fix:
    """Adds one to the offset at a place, which has to be a value and no sum."""
    import ast  # for this one expression

    text = planner.source(span.path)
    if text is None:
        raise CannotWrite(f"{span.path} cannot be read")
    start, end = text.offset(span.start), text.offset(span.end)
    try:
        written = ast.parse(text.text[start:end], mode="eval").body
    except SyntaxError:
        written = None
    if not isinstance(written, (ast.Name, ast.Attribute, ast.Call, ast.Subscript)):
        raise CannotWrite("the offset is not written as a value that one could be added to")
    edits = edits_of([Patch(end, end, " + 1")], text)
    return Fix(title=title, safety="safe", edits=edits)


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


def _together(fixes: Sequence[Fix]) -> Fix:
    """The fixes of several clients as one, which is as safe as the least safe of them."""
    reasons = dict.fromkeys(one.reason for one in fixes if one.reason)
    users = dict.fromkeys(span for one in fixes for span in one.users)
    return replace(
        fixes[0],
        safety="safe" if not reasons else "unsafe",
        edits=tuple(dict.fromkeys(edit for one in fixes for edit in one.edits)),
        reason="; ".join(reasons) or None,
        users=tuple(users),
    )


def _settings(client: Client, finding: Finding, goal: Goal, planner: _Planner) -> Fix:
    source = planner.source
    solution = solve(client, goal)
    if not solution.changes:
        raise CannotWrite("no setting has to change for it")
    _keep_the_guarantee(solution)
    _keep_what_is_suppressed(solution, planner)
    shared = list(solution.changes)
    _give_their_own(client, solution, planner)
    title = title_of(client, solution)
    if goal.safety == "display":
        raise CannotWrite(goal.reason or "this is yours to decide")
    try:
        written = _written(client, finding, solution.changes, planner)
    except CannotWrite:
        if solution.changes == shared or _serves_two(client, shared):
            raise
        solution.changes = shared  # what else reads it is then told
        written = _written(client, finding, solution.changes, planner)
    twins = [replace(client, block=block) for block in client.twins]
    for one in (*finding.alike, *twins):
        if isinstance(one, Client) and not _serves(one, solution.changes, written.home):
            raise CannotWrite("it is made with several configurations, which want a change each")
    others = list(planner.reach.users(client, written))
    for other in others:
        if not starts_with(other, solution.changes):
            raise CannotWrite("another client that it changes would not start")
    users = tuple(dict.fromkeys(_place_of_user(client, other) for other in others))
    doubts = [
        *_doubts(finding, goal, solution, written, users, source),
        *_read_elsewhere(client, solution.changes, written.home, planner),
    ]
    reason = "; ".join(dict.fromkeys(doubts)) or None
    return Fix(
        title=title,
        safety="safe" if reason is None else "unsafe",
        edits=written.edits,
        reason=reason,
        users=users,
    )


def _doubts(
    finding: Finding,
    goal: Goal,
    solution: Solution,
    written: Written,
    users: Sequence[Span],
    source: Source,
) -> Iterator[str]:
    """Why a fix is not safe; nothing when it is."""
    if goal.safety != "safe":
        yield goal.reason or "it changes what the client does beyond this finding"
    if users:
        yield f"it changes {_number(len(users))} as well"
    if written.shared:
        yield "the mapping has an anchor, and an alias names it elsewhere"
    for name in dict.fromkeys(solution.decided_elsewhere):
        yield f"{spelled(solution, name)} can still be set otherwise from outside"
    if solution.decided_elsewhere:
        return  # which is why the finding is not certain, and the value away from its key
    if finding.confidence != "high":
        yield _DOUBT
    away = [
        str(change.span)
        for change in solution.changes
        if isinstance(change, Changed)
        if not change.at_key and not _beside(change, source)
    ]
    if away:
        yield f"what changes is written in {' and '.join(away)}, away from its key"


def _number(users: int) -> str:
    return "another client" if users == 1 else f"{users} other clients"


def _beside(change: Changed, source: Source) -> bool:
    text = source(change.span.path)
    return text is not None and stands_beside(change, text)


def _written(
    client: Client, finding: Finding, changes: Sequence[Change], planner: _Planner
) -> Written:
    """The edits, with what is added at the best place that can take it."""
    source = planner.source
    if not any(isinstance(one, Added) for one in changes):
        return write(client, changes, None, source)
    problem: CannotWrite | None = None
    for home in _homes(client, finding, changes, planner):
        try:
            _not_handed_over(client, changes, home, planner.reach)
            return write(client, changes, home, source)
        except CannotWrite as one:
            problem = problem or one
    if problem is not None:
        raise problem
    raise CannotWrite("there is no place in the code where a setting could be added")


def _not_handed_over(client: Client, changes: Sequence[Change], home: Home, reach: _Reach) -> None:
    """An argument that one caller of a construction hands over must not be written there too."""
    if home.kind not in ("arguments", "beside"):
        return
    added = {one.key for one in changes if isinstance(one, Added)}
    for other in reach.made_at(client.span):
        if other is client:
            continue
        if any(setting.key in added for setting in other.block.settings):
            raise CannotWrite("another caller of the same construction sets it itself")


def _homes(
    client: Client, finding: Finding, changes: Sequence[Change], planner: _Planner
) -> Sequence[Home]:
    """Where a setting can be added: beside another one that changes, else where the block is
    defined, unless others read that and the construction can take the setting alone."""

    def foreign(home: Home) -> bool:
        return bool(_read_at(client, home.span, planner, added=True)) or any(
            (other.role, other.dialect) != (client.role, client.dialect)
            for other in planner.reach.reading(home)
            if other is not client
        )

    first = client.block.homes[0] if client.block.homes else None
    prefix, style = (first.prefix, first.style) if first is not None else ("", "plain")
    beside = [
        Home(one.setting.key_span, "beside", prefix, style)
        for one in changes
        if isinstance(one, Changed) and one.setting.key_span != client.span
        # what is written on one of several ways holds on that way alone
        if len(one.setting.alternatives) == 1
        # and what stands in another placement spells its neighbours otherwise
        and one.setting.shown in (None, one.setting.key, told(first, one.setting.key))
    ]
    if first is not None and first.kind == "display" and client.block.settings:
        written = [setting.key_span for setting in client.block.settings]
        if not any(first.span.covers(span) for span in written):
            # an empty dict that is filled by item assignments goes on being filled
            beside.append(Home(written[-1], "beside", prefix))
    alike = [one for one in finding.alike if isinstance(one, Client)]

    def narrow(home: Home) -> bool:
        return not all(_reads(one, home) for one in alike)

    homes = dict.fromkeys([*beside, *client.block.homes])
    return sorted(homes, key=lambda home: (narrow(home), foreign(home)))


def _read_elsewhere(
    client: Client, changes: Sequence[Change], home: Home | None, planner: _Planner
) -> Iterator[str]:
    """That others than clients read what is edited, as a reason."""
    spans: list[tuple[Span, bool]] = []
    if home is not None and home.kind in ("display", "beside"):
        if any(isinstance(one, Added) for one in changes):
            spans.append((home.span, True))
    for change in changes:
        if isinstance(change, Changed):
            spans.append((change.setting.key_span, False))
            if not change.at_key:
                spans.append((change.span, False))
        elif isinstance(change, (Removed, Renamed)):
            spans.append((change.key_span, False))
    places = dict.fromkeys(
        one for span, added in spans for one in _read_at(client, span, planner, added=added)
    )
    if places:
        yield f"it is read at {' and '.join(places)} as well"


def _read_at(client: Client, span: Span, planner: _Planner, *, added: bool) -> tuple[str, ...]:
    """The places, `app.py:4 and 6`, where something else than a client reads what is written at a
    place of Python code. Of what is `added` there, clients of other dicts are among those: they
    may have taken that one over."""
    from oncelint.python.readers import readers, said  # where Python is edited

    text = planner.source(span.path) if span.path.endswith(".py") else None
    if text is None:
        return ()
    clients = [
        one
        for one in planner.project.clients
        if not added or one is client or any(home.span == span for home in one.block.homes)
    ]
    spans = [one.span for one in clients]
    spans += [step.span for one in clients for step in one.path]
    spans += [home.span for one in clients for home in one.block.homes if home.span != span]
    keys_of = [setting.key_span for setting in client.block.settings]
    found = readers(text.text, place_of(span), _in(spans, span.path), _in(keys_of, span.path))
    places = [said(found.lines, span.path)] if found.lines else []
    return (*places, *_imported(found.name, span.path, spans, keys_of, planner))


def _imported(
    name: str | None, path: str, spans: Sequence[Span], keys: Sequence[Span], planner: _Planner
) -> Iterator[str]:
    """The places in other modules that read a name of the module at `path`, those in `spans` and
    what `keys` are given apart."""
    from oncelint.python.readers import importers, said  # where Python is edited

    module = path.removesuffix("/__init__.py").removesuffix(".py").rpartition("/")[2]
    for one in planner.mentions(name) if name is not None else ():
        text = planner.source(one) if one != path else None
        if text is None or name is None:
            continue
        lines = importers(text.text, name, module, _in(spans, one), _in(keys, one))
        if lines:
            yield said(lines, one)


def _in(spans: Iterable[Span], path: str) -> list[tuple[int, int, int, int]]:
    return [place_of(span) for span in spans if span.path == path]


def _reads(client: Client, home: Home) -> bool:
    """Whether a client's configuration includes what is added at a home."""
    if home.kind == "beside":
        return any(setting.key_span == home.span for setting in client.block.settings)
    return home in client.block.homes


def _serves(client: Client, changes: Sequence[Change], home: Home | None) -> bool:
    """Whether changes reach another client as well."""
    written = {setting.key_span for setting in client.block.settings}
    written.update(one.first for one in client.block.duplicates)
    for setting in client.block.settings:
        written.update(one.span for one in setting.alternatives if one.span is not None)
    for change in changes:
        if isinstance(change, Added):
            reached = home is not None and _reads(client, home)
        elif isinstance(change, Changed):
            reached = (change.setting.key_span if change.at_key else change.span) in written
        else:
            reached = change.key_span in written
        if not reached:
            return False
    return True


def _place_of_user(client: Client, other: Client) -> Span:
    """Where another client is made: of two of one construction, where it is called."""
    return other.path[0].span if other.span == client.span and other.path else other.span


def _keep_what_is_suppressed(solution: Solution, planner: _Planner) -> None:
    """Who suppresses a finding about a setting wants the setting as it is."""
    kept = {one.span: one.rule for one in planner.suppressed}
    for change in solution.changes:
        if isinstance(change, Added):
            continue
        spans: tuple[Span, ...] = ()
        if isinstance(change, Changed):
            spans, name = (change.span, change.setting.key_span), change.setting.key
        else:
            spans, name = (change.key_span,), change.name
        for span in spans:
            if span in kept:
                raise CannotWrite(f"{name} is kept, since {kept[span]} is suppressed there")


def _give_their_own(client: Client, solution: Solution, planner: _Planner) -> None:
    """A constant that something else reads as well stays, and the key gets a literal instead."""
    for index, change in enumerate(solution.changes):
        if not isinstance(change, Changed) or _beside(change, planner.source):
            continue
        shared = _serves_two(client, [change])
        single = len(change.setting.alternatives) == 1
        if single and (shared or _read_at(client, change.span, planner, added=False)):
            solution.changes[index] = replace(change, at_key=True)
        elif shared:
            raise CannotWrite(f"other settings get their values from {change.span} as well")


def _serves_two(client: Client, changes: Iterable[Change]) -> bool:
    """Whether a value that is changed is that of another setting of the client as well."""
    return any(
        one.span == change.span
        for change in changes
        if isinstance(change, Changed)
        for setting in client.block.settings
        if setting.key_span != change.setting.key_span
        for one in setting.alternatives
    )


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
