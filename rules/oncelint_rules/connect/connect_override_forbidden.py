"""A connector overrides a client's setting, which its worker forbids.

## What it does

Reports a connector with settings behind `producer.override.`, `consumer.override.` or
`admin.override.` on a worker whose `connector.client.config.override.policy` does not allow them:
None, Principal (which allows the security settings alone), or nothing at all on a worker before 3.0,
where None is the default.

## The failure

A team gives its sink `consumer.override.isolation.level=read_committed` so that aborted payments no
longer reach the warehouse. The deployment posts the connector, and the worker answers 400: "The
'None' policy does not allow 'isolation.level' to be overridden in the connector configuration". The
script does not look at the answer, the connector of last month goes on, and so do the aborted
payments.

## What the fix costs

`connector.client.config.override.policy=All` on the workers, which lets every connector change the
clients it is given, credentials among them; or the setting for all connectors, without `override`, in
the worker's file. The fix is unsafe: the policy is a decision about everybody who may post
connectors.

## When it is silent

When the connector's worker is not part of the project; when the policy is a class of one's own or
Allowlist; when the worker does not name a policy and its version is not known to be one before 3.0
(with a version that may be either the finding has low confidence).

## References

KIP-458 (connector client config override policy), KIP-722 (All is the default from 3.0);
`NoneConnectorClientConfigOverridePolicy`, `PrincipalConnectorClientConfigOverridePolicy`.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.model import (
    Connector,
    ConnectWorker,
    Goal,
    Hit,
    Project,
    Related,
    Rule,
    Verdict,
    across,
    as_text,
    speak,
    weakest,
)
from oncelint.model.facts import WrittenSetting
from oncelint_rules.common.workers import POLICY, permits, sure

_PREFIXES = ("producer.override.", "consumer.override.", "admin.override.")


def check(connector: Connector, project: Project) -> Iterator[Hit]:
    found = [
        (setting, forbidden)
        for setting in connector.block.settings
        if setting.key.startswith(_PREFIXES)
        and (forbidden := _forbidden(setting, connector)) is not None
    ]
    if not found:
        return
    setting, (worker, verdict) = found[0]
    policy = verdict.world.setting(POLICY)
    shown = setting.shown or setting.key
    others = f" and {len(found) - 1} more" if len(found) > 1 else ""
    state = "has no overrides in this version"
    if policy is not None:
        default = " by default" if policy.set_by == "default" else ""
        state = f"has {policy.spelled}={as_text(policy.value)}{default}"
    spelled = policy.spelled if policy is not None else POLICY
    advice = f"set {spelled} to All"
    confidence = verdict.confidence
    for _, (_, each) in found:
        confidence = weakest(confidence, each.confidence)
    span = setting.key_span
    related = [
        Related(one.key_span, f"{one.shown or one.key} is set here") for one, _ in found[1:4]
    ]
    place = speak.place(policy, worker)
    related.append(Related(place, "the policy" if place != worker.span else "the worker"))
    yield Hit(
        span=span,
        message=(
            f"Connect refuses this connector: it sets {shown}{others}, and its worker"
            f" {state}{verdict.where()}; {advice}"
        ),
        confidence=sure(worker, connector, confidence),
        setting=shown,
        related=tuple(related),
        goal=Goal(
            advice,
            {POLICY: "All"},
            "unsafe",
            "everybody who may post connectors can then change their clients",
            client=worker,
        ),
        causes=tuple(one.key_span for one, _ in found),
        subject_key=speak.subject_key(connector, setting.key),
    )


def _forbidden(
    setting: WrittenSetting, connector: Connector
) -> tuple[ConnectWorker, Verdict] | None:
    """The first of the workers, where none of them lets the connector override a setting."""
    key = setting.key.split(".", 2)[2]
    found: tuple[ConnectWorker, Verdict] | None = None
    for worker in connector.workers:
        verdict = across(worker.worlds, lambda world: _not(permits(world, key)))
        if not verdict:
            return None
        found = found or (worker, verdict)
    return found


def _not(permitted: bool | None) -> bool | None:
    return None if permitted is None else not permitted


RULE = Rule(
    id="connect-override-forbidden",
    group="connect",
    subject=Connector,
    severity="error",
    check=check,
    summary="a connector overrides what its worker's policy forbids",
    supersedes=("producer-not-idempotent", "acks-not-all", "idempotence-silently-disabled"),
    fix="unsafe",
)
