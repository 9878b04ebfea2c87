"""From planned fixes to new contents: which are applied together, and what each must prove.

Nothing is written here. Fixes are applied to contents in memory, and the whole project is judged
again with them. A fix that breaks its file or leaves its finding is a defect of oncelint's own: it is
dropped, and nothing of it is left. So is one that leads to another finding, which may be how the
project is, and no defect.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from oncelint.fix.candidates import (
    Candidate,
    Chosen,
    Greater,
    Placed,
    misplaced,
    overlapping,
    spliced,
)
from oncelint.model.facts import ErrorRecord
from oncelint.model.finding import CONFIDENCES

if TYPE_CHECKING:
    from oncelint.model.finding import Confidence, Finding, Report
    from oncelint.model.fixes import Fix
    from oncelint.text import SourceText

# Rounds at most: a round fixes all that does not overlap, so an honest project needs one or two.
ROUNDS = 10

Contents: TypeAlias = "Mapping[str, bytes]"
# A finding's key, of what it is counted among, and the least confidence of what is counted.
Trace: TypeAlias = "tuple[str, str, Confidence]"
_LEADS = "it leads to "


@dataclass(frozen=True, slots=True)
class Change:
    """A file's bytes as they were read, and as they are to be."""

    before: bytes
    after: bytes


@dataclass(frozen=True, slots=True)
class Applied:
    """A fix that was applied, and one of the findings it removed."""

    finding: Finding
    fix: Fix


@dataclass(frozen=True, slots=True)
class Dropped:
    """A fix that was not applied since it did not do what it should; `reason` says what it did.

    It is a `defect` of oncelint's own, unless the project would have another finding with it.
    """

    finding: Finding
    fix: Fix
    reason: str
    defect: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """The outcome of fixing.

    `before` and `report` are the reports on the contents before and after; the later one has error
    records for dropped fixes that are defects, and for every file that has a fix and cannot be written.
    `changes` are the changed files by path relative to the project root, links resolved.
    `elsewhere` are findings left that a fix of files not named would remove.
    """

    before: Report
    report: Report
    changes: Mapping[str, Change] = field(default_factory=dict)
    applied: tuple[Applied, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    elsewhere: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the whole project comes to with certain contents.

    `plan` gives the report's findings their fixes. `traces` count all findings of the project,
    `subjects` the clients' constructions by path and kind, and `refusing` those that do not start
    in some world, whatever rules were asked for. `key` tells like findings of a file from
    others, without their lines.
    """

    report: Report
    plan: Callable[[], Report]
    traces: Counter[Trace]
    subjects: Counter[tuple[str, str]]
    refusing: Counter[tuple[str, str]]
    key: Callable[[Finding], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """The project that is fixed.

    `judge` judges it with some contents replaced, by path with links resolved. `resolve` follows
    a link; `follows` gives what a rule's findings hide by themselves. `read` yields a file's text with these contents (None: there is none), `named` whether
    the user named a file, and `refusal` why a file cannot be written (None: it can).
    """

    judge: Callable[[Contents], Judgement]
    resolve: Callable[[str], str]
    read: Callable[[str, Contents], SourceText | None]
    named: Callable[[str], bool]
    follows: Callable[[str], Collection[str]]
    refusal: Callable[[str], str | None]


_ALL, _SHOWN, _LATE = "all", "shown", "late"


def traces(
    findings: Iterable[Finding],
    *,
    shown: Callable[[Sequence[Finding]], Sequence[Finding]],
    late: Iterable[Finding],
    key: Callable[[Finding], str],
) -> Counter[Trace]:
    """Count findings so that two states of a project can be compared.

    `findings` are all of them, superseded ones included, and `shown` leaves those that nothing
    suppresses. `late` are the ones about suppression comments. A finding counts at its confidence
    and all below: one that becomes more certain is more than it was.
    """
    found = list(findings)
    counted: Counter[Trace] = Counter()
    for kind, some in ((_ALL, found), (_SHOWN, shown(found)), (_LATE, late)):
        for finding in some:
            rank = CONFIDENCES.index(finding.confidence)
            counted.update((key(finding), kind, level) for level in CONFIDENCES[: rank + 1])
    return counted


def fix(workspace: Workspace, *, unsafe: bool) -> Fixed:
    """Apply the safe fixes, and with `unsafe` the unsafe ones, round by round until none is left.

    Of a round's fixes those that overlap wait for the next one. Their sum is judged once; only
    where it fails are parts of it tried, to find who is to blame.
    """
    return _Run(workspace, unsafe=unsafe).fixed()


@dataclass(frozen=True, slots=True)
class _State:
    """Contents, what the project comes to with them, and how many fixes led there."""

    contents: dict[str, bytes]
    judgement: Judgement
    report: Report
    applied: int


class _Run:
    """One call of `fix`: what was applied, dropped and refused so far."""

    def __init__(self, workspace: Workspace, *, unsafe: bool) -> None:
        self._workspace = workspace
        self._safeties = ("safe", "unsafe") if unsafe else ("safe",)
        self._applied: list[Candidate] = []
        self._dropped: list[Dropped] = []
        self._refused: dict[str, str] = {}
        self._never: set[object] = set()
        self._original: dict[str, bytes] = {}

    def fixed(self) -> Fixed:
        first = state = self._state({}, self._workspace.judge({}))
        history = [first]
        for _ in range(ROUNDS):
            chosen = self._chosen(state)
            if not chosen:
                break
            state = self._round(state, chosen)
            same = next((old for old in history if old.contents == state.contents), None)
            if same is None:
                history.append(state)
            elif state.applied > same.applied:
                self._drop_circle(same)
                state, history = first, [first]
        endless = bool(self._chosen(state))
        errors = [*state.report.errors, *self._errors()]
        if endless:
            errors.append(ErrorRecord(f"fixing did not come to an end in {ROUNDS} rounds"))
        return Fixed(
            before=first.report,
            report=replace(state.report, errors=tuple(errors)),
            changes={
                path: Change(self._original[path], data)
                for path, data in sorted(state.contents.items())
            },
            applied=tuple(
                Applied(finding, one.fix) for one in self._applied for finding in one.findings
            ),
            dropped=tuple(self._dropped),
            elsewhere=tuple(
                finding
                for finding in state.report.findings
                if (allowed := self._allowed(finding))
                and not any(self._is_named(fix) for fix in allowed)
            ),
        )

    def _errors(self) -> list[ErrorRecord]:
        dropped = [
            ErrorRecord(
                f"a fix of oncelint's own was dropped ({item.fix.title}): {item.reason}",
                item.finding.rule,
                item.finding.span.path,
            )
            for item in self._dropped
            if item.defect
        ]
        refused = [
            ErrorRecord(f"not written: {reason}", None, path)
            for path, reason in sorted(self._refused.items())
        ]
        return list(dict.fromkeys([*dropped, *refused]))  # like fixes of a file fail alike

    def _state(self, contents: dict[str, bytes], judgement: Judgement) -> _State:
        return _State(contents, judgement, judgement.plan(), len(self._applied))

    def _drop_circle(self, same: _State) -> None:
        """Drop what led back to a state, and begin anew without it."""
        for candidate in self._applied[same.applied :]:
            self._drop(candidate, "it and the fixes that follow it undo one another")
        self._applied.clear()

    def _drop(self, candidate: Candidate, reason: str) -> None:
        self._never.update(candidate.identities)
        defect = not reason.startswith(_LEADS)
        self._dropped += [
            Dropped(finding, candidate.fix, reason, defect) for finding in candidate.findings
        ]

    # Choosing ------------------------------------------------------------------------------------

    def _chosen(self, state: _State) -> list[Candidate]:
        """The fixes of a round, none of which touches another one.

        What a suppression comment says is put right first, since it may suppress other findings.
        """
        chosen = Chosen()
        candidates = self._candidates(state)
        greater = Greater(candidates)
        comments = [
            one for one in candidates if any(f.goal and f.goal.comment for f in one.findings)
        ]
        for candidate in comments or candidates:
            if not greater.than(candidate):
                chosen.add(candidate)
        return chosen.fixes

    def _candidates(self, state: _State) -> list[Candidate]:
        """What could be applied, in report order; what several findings ask for is there once."""
        known: dict[frozenset[Placed], Candidate] = {}
        for finding in state.report.findings:
            candidate = self._best(finding, state)
            if candidate is None:
                continue
            edits = frozenset(candidate.edits)
            same = known.get(edits)
            if same is not None:
                candidate = replace(
                    same,
                    findings=(*same.findings, finding),
                    identities=(*same.identities, *candidate.identities),
                )
            known[edits] = candidate
        return list(known.values())

    def _best(self, finding: Finding, state: _State) -> Candidate | None:
        """The first of a finding's fixes that may be applied."""
        for fix in self._allowed(finding):
            if not self._is_named(fix) or self._is_refused(fix):
                continue
            candidate = self._candidate(fix, finding, state)
            if not self._never.isdisjoint(candidate.identities):
                continue
            if candidate.problem is None:
                return candidate
            self._drop(candidate, candidate.problem)
        return None

    def _allowed(self, finding: Finding) -> list[Fix]:
        """The fixes that are as safe as was asked for."""
        return [fix for fix in finding.fixes if fix.edits and fix.safety in self._safeties]

    def _is_named(self, fix: Fix) -> bool:
        return all(self._workspace.named(edit.span.path) for edit in fix.edits)

    def _is_refused(self, fix: Fix) -> bool:
        for edit in fix.edits:
            path = edit.span.path
            reason = self._refused.get(path) or self._workspace.refusal(path)
            if reason is not None:
                self._refused[path] = reason
                return True
        return False

    def _candidate(self, fix: Fix, finding: Finding, state: _State) -> Candidate:
        """A fix by offsets of the files it edits.

        It is known by its finding's key and by what it makes of which text.
        """
        edits: list[Placed] = []
        told: list[tuple[str, str, str]] = []
        problem: str | None = None
        for edit in fix.edits:
            path = self._workspace.resolve(edit.span.path)
            text = self._workspace.read(path, state.contents)
            if text is None:
                problem = f"{path}, which it edits, cannot be read"
                continue
            one = Placed(
                path, text.offset(edit.span.start), text.offset(edit.span.end), edit.replacement
            )
            edits.append(one)
            told.append((path, text.text[one.start : one.end], one.replacement))
            problem = problem or misplaced(edit, text)
        return Candidate(
            fix,
            (finding,),
            tuple(dict.fromkeys(edits)),
            ((state.judgement.key(finding), fix.title, tuple(sorted(told))),),
            problem or overlapping(edits),
        )

    # Applying ------------------------------------------------------------------------------------

    def _round(self, state: _State, chosen: Sequence[Candidate]) -> _State:
        """The state with as many of the chosen fixes as stand the test."""
        accepted: list[Candidate] = []
        contents, judgement = state.contents, state.judgement
        pending = [list(chosen)]
        while pending:
            group = pending.pop()
            trial = [*accepted, *group]
            edited = self._edited(state.contents, trial)
            after = self._workspace.judge(edited)
            reason = self._objection(state, edited, after, trial)
            if reason is None:
                accepted, contents, judgement = trial, edited, after
            elif len(group) > 1:
                half = len(group) // 2
                pending += [group[half:], group[:half]]
            elif not accepted:
                self._drop(group[0], reason)
            # else it failed beside others: the next round plans it anew, on what they left
        if not accepted:
            return state
        self._applied += accepted
        return self._state(contents, judgement)

    def _edited(self, contents: Contents, candidates: Iterable[Candidate]) -> dict[str, bytes]:
        """The contents with the fixes in them; a file that is as it was read is left out."""
        by_path: dict[str, dict[Placed, None]] = {}
        for candidate in candidates:
            for edit in candidate.edits:
                by_path.setdefault(edit.path, {})[edit] = None
        result = dict(contents)
        for path, edits in by_path.items():
            text = self._text(path, contents)
            self._original.setdefault(path, text.encode(text.text))
            result[path] = text.encode(spliced(text.text, edits))
            if result[path] == self._original[path]:
                del result[path]
        return result

    def _text(self, path: str, contents: Contents) -> SourceText:
        text = self._workspace.read(path, contents)
        assert text is not None, "no candidate edits what cannot be read"
        return text

    def _objection(
        self, state: _State, edited: Contents, after: Judgement, fixes: Sequence[Candidate]
    ) -> str | None:
        """What the fixes do wrong, as a clause; None when they stand the test."""
        by_path: dict[str, list[Placed]] = {}
        for edit in (edit for one in fixes for edit in one.edits):
            by_path.setdefault(edit.path, []).append(edit)
        for path, edits in sorted(by_path.items()):
            data = edited.get(path, self._original[path])
            if not keeps_other_lines(self._text(path, state.contents), data, edits):
                return f"it changes lines of {path} that it does not edit"
            reason = _unread(state.judgement.report, after.report, self._workspace.resolve, path)
            if reason is not None:
                return f"{path} could not be read any more: {reason}"
        before = state.judgement
        return (
            _failing(before.report, after.report)
            or _left(before, after, fixes)
            or _appeared(before, after, fixes, self._workspace.follows)
            or _vanished(before, after)
            or _refusing(before, after)
        )


# Proving -----------------------------------------------------------------------------------------


def keeps_other_lines(text: SourceText, data: bytes, edits: Iterable[Placed]) -> bool:
    """Whether the lines of `text` that no edit touches stand in `data`, byte for byte and in
    order, its first and last ones where they were."""
    starts = [*text.starts, len(text.text)]
    touched = [False] * len(text.starts)
    for edit in edits:
        first, last = text.position(edit.start).line, text.position(edit.end).line
        touched[first - 1 : last] = [True] * (last - first + 1)
    place = 0
    begin = 0
    for end in range(1, len(touched) + 1):
        if end < len(touched) and touched[end] == touched[begin]:
            continue
        if not touched[begin]:
            run = text.text[starts[begin] : starts[end]].encode(text.encoding)
            run = text.bom + run if begin == 0 else run
            if end == len(touched):
                return data.endswith(run) and len(data) - len(run) >= place
            found = data.find(run, place)
            if found < 0 or (begin == 0 and found > 0):
                return False
            place = found + len(run)
        begin = end
    return True


def _unread(before: Report, after: Report, resolve: Callable[[str], str], path: str) -> str | None:
    """Why an edited file is skipped that was read before."""
    old = [item.path for item in before.skipped]
    for item in after.skipped:
        if resolve(item.path) == path and item.path not in old:
            return item.reason
    return None


def _failing(before: Report, after: Report) -> str | None:
    known = set(before.errors)
    error = next((error for error in after.errors if error not in known), None)
    return None if error is None else f"with it oncelint fails: {error.message}"


def _left(before: Judgement, after: Judgement, fixes: Iterable[Candidate]) -> str | None:
    """Findings are gone when there are fewer of their like, by as many as were fixed."""
    fixed = Counter(before.key(finding) for one in fixes for finding in one.findings)
    for key, count in fixed.items():
        if _number(after.traces, key) > _number(before.traces, key) - count:
            return "it does not remove its finding"
    return None


def _number(traces: Counter[Trace], key: str) -> int:
    return sum(traces[key, kind, CONFIDENCES[0]] for kind in (_ALL, _LATE))


def _appeared(
    before: Judgement,
    after: Judgement,
    fixes: Iterable[Candidate],
    follows: Callable[[str], Collection[str]],
) -> str | None:
    """A finding that was not there before, or less certainly, or suppressed.

    That a suppression comment is of no use any more is no harm done: it spoke of the cause that is
    gone, and is itself a finding that the next round may fix. Nor is it one when a client that
    starts again is found to do what follows from running it.
    """
    allowed = before.traces.copy()
    hidden = {
        (rule, finding.span.path)
        for one in fixes
        for finding in one.findings
        for rule in follows(finding.rule)
    }
    for finding in (finding for one in fixes for finding in one.findings):
        levels = CONFIDENCES[: CONFIDENCES.index(finding.confidence) + 1]
        allowed.subtract((before.key(finding), _SHOWN, level) for level in levels)
    for trace, count in sorted(after.traces.items()):
        key, kind, _ = trace
        if kind != _LATE and count > allowed[trace]:
            rule, path, _ = key.split("|", 2)
            if (rule, path) in hidden:
                continue
            return f"{_LEADS}{rule} in {path}"
    return None


def _vanished(before: Judgement, after: Judgement) -> str | None:
    """A client that is not recognised any more: its findings would be gone for a wrong reason.

    One that several files configure may have its place in another of them afterwards.
    """
    for path, kind in sorted(before.subjects - after.subjects):
        if _of_kind(after, kind) < _of_kind(before, kind):
            return f"the {kind} in {path} is not recognised any more"
    return None


def _of_kind(judgement: Judgement, kind: str) -> int:
    return sum(count for (_, one), count in judgement.subjects.items() if one == kind)


def _refusing(before: Judgement, after: Judgement) -> str | None:
    """A client that starts no more."""
    for path, kind in sorted(after.refusing - before.refusing):
        return f"the {kind} in {path} would not start with it"
    return None
