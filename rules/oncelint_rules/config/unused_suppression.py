"""A suppression comment that suppresses nothing.

## What it does

Reports an `oncelint: ignore[...]` comment that names a rule there is none of (with the nearest
one), that names no rule at all, or that stands where its rules have nothing to say any more.

## The failure

`# oncelint: ignore[producer-not-idempotant]` was written to accept one finding for a demo topic.
The finding keeps failing the build, somebody turns the whole rule off in the settings instead, and
the next producer without idempotence, for invoices, is merged without a word. A comment that has
outlived its finding does the same harm later: whoever changes the line below inherits a silence
that nobody decided on for their change.

## What the fix costs

Correcting or deleting a comment.

## When it is silent

About comments whose rules did not run this time (`--select`, `--ignore`, preview or pedantic rules
that were not asked for): whether they are of use was not tried.

## References

oncelint's own documentation of suppression comments.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import Goal, Hit, Project, Rule, SuppressionUse


def check(use: SuppressionUse, project: Project) -> Iterator[Hit]:
    comment = use.comment
    if comment.problem is not None:
        yield _hit(use, f"this comment does not work: {comment.problem}", "problem")
        return
    for name, near in use.unknown:
        advice = f"is {near} meant?" if near else "see `oncelint rule` for the rules there are"
        message = f"this comment suppresses nothing: there is no rule {name}; {advice}"
        title = f"write {near} for {name}" if near else f"take {name} out of the comment"
        yield _hit(use, message, name, Goal(title, {}, "safe", comment=((name, near),)))
    if not use.judged:
        return
    unknown = {name for name, _ in use.unknown}
    idle = [name for name in comment.rules if name not in use.used and name not in unknown]
    if idle:
        where = "in this file" if comment.target is None else f"in line {comment.target}"
        names = " and ".join(idle)
        message = f"nothing is suppressed: {names} has nothing to say {where}; remove it"
        title = f"take {names} out of the comment"
        gone = tuple((name, None) for name in idle)
        yield _hit(use, message, names, Goal(title, {}, "safe", comment=gone))


_BROKEN = Goal("correct or remove the comment", reason="which rule is meant is not known")


def _hit(use: SuppressionUse, message: str, key: str, goal: Goal = _BROKEN) -> Hit:
    return Hit(
        span=use.comment.span,
        message=message,
        goal=goal,
        subject_key=f"suppression:{key}",
    )


RULE = Rule(
    id="unused-suppression",
    group="config",
    subject=SuppressionUse,
    severity="warning",
    check=check,
    summary="a suppression comment that is misspelt, blanket or no longer needed",
    fix="safe",
)
