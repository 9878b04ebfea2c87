"""What rules, reports and the engine share: frozen data without a syntax tree.

Rule packs import from here and from nowhere else in the engine.
"""

from oncelint.model.finding import Confidence, Finding, Goal, Hit, Related, Report, Severity
from oncelint.model.project import (
    Broker,
    Client,
    Connector,
    Consumer,
    Contradiction,
    Feed,
    Producer,
    Project,
    Setting,
    Sink,
    Step,
    SuppressionUse,
    TransactionalPair,
    World,
)
from oncelint.model.rule import Rule, Verdict, across
from oncelint.model.values import (
    Computed,
    Known,
    Origin,
    Position,
    Span,
    Unknown,
    as_text,
    is_given,
)

__all__ = [
    "Broker",
    "Client",
    "Computed",
    "Confidence",
    "Connector",
    "Consumer",
    "Contradiction",
    "Feed",
    "Finding",
    "Goal",
    "Hit",
    "Known",
    "Origin",
    "Position",
    "Producer",
    "Project",
    "Related",
    "Report",
    "Rule",
    "Setting",
    "Severity",
    "Sink",
    "Span",
    "Step",
    "SuppressionUse",
    "TransactionalPair",
    "Unknown",
    "Verdict",
    "World",
    "across",
    "as_text",
    "is_given",
]
