"""Whether a client admits a written value: its type, its range, its names.

Each client is followed in its own way of reading: librdkafka takes text and the leading digits of
a number, the Java clients trim and parse strictly, kafka-python and aiokafka take Python objects
and check few of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from oncelint.dialects import SettingInfo, match, table_name
from oncelint.effective import secret
from oncelint.model.facts import Alternative, Block, WrittenSetting
from oncelint.model.project import ValueProblem
from oncelint.model.values import Known, Scalar, as_text, scalar_text
from oncelint.model.versions import at_least

Versions = Mapping[str, Sequence[str]]
Raw: TypeAlias = "Scalar | tuple[Scalar, ...]"

_INTEGERS = {"short": 2**15, "int": 2**31, "long": 2**63}
_TEMPLATE = re.compile(r"[${}<>@]|%\(|__\w+__")
# strtol(value, &end, 0) and strtod of librdkafka's rd_kafka_anyconf_set_prop
_LEADING_INTEGER = re.compile(r"\s*[-+]?(?:0[xX][0-9a-fA-F]+|\d+)")
_LEADING_FLOAT = re.compile(r"\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_JAVA_INTEGER = re.compile(r"[-+]?\d+")
_JAVA_FLOAT = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?[dDfF]?")
_CODECS = ("gzip", "snappy", "lz4", "zstd")


@dataclass(frozen=True, slots=True)
class Wrong:
    """What was expected, what the client raises (None: nothing), and what happens instead."""

    expected: str
    refused: str | None = None
    effect: str = ""


def value_problems(
    block: Block, versions: Versions, role: str, *, python: bool = False
) -> tuple[ValueProblem, ...]:
    """Written values that no client which may read the block admits.

    `python`: the block is a Python program's, so its values are Python objects.
    """
    return tuple(
        problem
        for setting in block.settings
        for alternative in setting.alternatives
        for problem in _problem(setting, alternative, versions, role, python)
    )


def _problem(
    setting: WrittenSetting, alternative: Alternative, versions: Versions, role: str, python: bool
) -> Iterator[ValueProblem]:
    value = alternative.value
    if not isinstance(value, Known) or _is_template(value.value) or not versions:
        return
    found = [
        _judge(setting.key, value.value, dialect, known, role, python)
        for dialect, known in versions.items()
    ]
    wrong = found[0]
    if wrong is None or None in found:
        return
    yield ValueProblem(
        key=setting.shown or setting.key,
        span=alternative.span or setting.key_span,
        text=_shown(setting.key, value, versions),
        expected=wrong.expected,
        certain=not alternative.when,
        refused=wrong.refused,
        effect=wrong.effect,
        key_span=setting.key_span,
    )


def _shown(key: str, value: Known, versions: Versions) -> str:
    """The value for a message; where text and number differ, text stands in quotation marks."""
    if secret(key):
        return "a hidden value"
    if isinstance(value.value, tuple):
        return "a list"
    if isinstance(value.value, str) and set(versions) & {"kafka-python", "aiokafka"}:
        return f'"{value.value}"'
    return as_text(value) or '""'


def _is_template(value: object) -> bool:
    """Whether a text is filled in before the client sees it, as far as one can tell."""
    return isinstance(value, str) and _TEMPLATE.search(value) is not None


def _judge(
    key: str, raw: Raw, dialect: str, versions: Sequence[str], role: str, python: bool
) -> Wrong | None:
    found = match(table_name(dialect, role), key)
    if found is None or found.setting is None:
        return None
    info = found.setting
    if versions and not any(info.exists(version) for version in versions):
        return None
    if dialect == "librdkafka":
        return _librdkafka(info, raw, python)
    if dialect == "java":
        return _java(info, raw, versions)
    if dialect in _PYTHON:
        return _python(info, raw, dialect, versions)
    return None  # what a framework of its own makes of values is its own


_PYTHON = ("kafka-python", "kafka-python-ng", "aiokafka")

# ---- librdkafka: rd_kafka_anyconf_set_prop ----

_REFUSED = "KafkaException: _INVALID_ARG"


def _librdkafka(info: SettingInfo, raw: Raw, python: bool) -> Wrong | None:
    if raw is None or info.type in ("callable", "any"):
        return None
    if isinstance(raw, tuple):
        return _list_as_text(info, raw) if python else None
    text = str(raw)
    if info.name == "delivery.report.only.error" and isinstance(raw, str):
        # the one value that confluent_kafka.c reads itself, as an object (producer_conf_set_special)
        return Wrong("True or False", "TypeError") if python else None
    if info.type == "boolean":
        good = text.lower() in ("true", "t", "1", "false", "f", "0")
        return None if good else Wrong("true or false", _REFUSED)
    if info.type in ("int", "float"):
        return _librdkafka_number(info, text)
    if info.values is None:
        return None
    items = text.split(",") if info.type == "list" else [text]
    allowed = [str(one).lower() for one in info.values]
    if all(item.strip() if info.type == "list" else item for item in items) and any(
        (item.strip() if info.type == "list" else item).lower() not in allowed for item in items
    ):
        return Wrong(_one_of(info.values), _REFUSED)
    return None


def _list_as_text(info: SettingInfo, raw: tuple[Scalar, ...]) -> Wrong | None:
    """The Python layer turns any object into text: a list becomes its display."""
    if info.type not in ("string", "password", "list", "int", "float", "boolean", "enum"):
        return None
    first = scalar_text(raw[0]) if raw and not secret(info.name) else "…"
    return Wrong(
        "one text with commas", None, f"confluent-kafka makes the text \"['{first}', …\" of it"
    )


def _librdkafka_number(info: SettingInfo, text: str) -> Wrong | None:
    pattern = _LEADING_INTEGER if info.type == "int" else _LEADING_FLOAT
    named = [str(one) for one in info.values or ()]
    if text.lower() in named:
        return None
    found = pattern.match(text)
    if found is None:
        return Wrong(" or ".join([_a_number(info), *named]), _REFUSED)
    digits = found.group().strip().lower()
    out = _out_of_range(info, float(int(digits, 16)) if "0x" in digits else float(digits))
    if out is not None:
        return Wrong(out, _REFUSED)
    rest = text[found.end() :].strip()
    if rest and not re.fullmatch(r"\.0*", rest):
        return Wrong(_a_number(info), None, f"librdkafka reads {digits} and drops the rest")
    return None


def _a_number(info: SettingInfo) -> str:
    return "a number" if info.type in ("float", "double") else "a whole number"


def _out_of_range(info: SettingInfo, number: float) -> str | None:
    if info.minimum is not None and number < info.minimum:
        return f"at least {info.minimum:.15g}"
    if info.maximum is not None and number > info.maximum:
        return f"at most {info.maximum:.15g}"
    return None


def _one_of(values: Sequence[Scalar]) -> str:
    names = [str(one) for one in values]
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " or " + names[-1]


# ---- Java: ConfigDef.parseType and the setting's own validator ----


def _java(info: SettingInfo, raw: Raw, versions: Sequence[str]) -> Wrong | None:
    refused = "ConfigException"
    if raw is None or isinstance(raw, tuple):
        return None
    text = scalar_text(raw).strip()
    if info.type == "boolean":
        return None if text.lower() in ("true", "false") else Wrong("true or false", refused)
    if info.type in _INTEGERS:
        limit = _INTEGERS[info.type]
        if not _JAVA_INTEGER.fullmatch(text):
            return Wrong("a whole number", refused)
        if not -limit <= int(text) < limit:
            return Wrong(f"at most {limit - 1}", refused)
        out = _out_of_range(info, float(text))
        return Wrong(out, refused) if out is not None else None
    if info.type in ("double", "float"):
        if not _JAVA_FLOAT.fullmatch(text):
            return Wrong("a number", refused)
        out = _out_of_range(info, float(text.rstrip("dDfF")))
        return Wrong(out, refused) if out is not None else None
    names = [info.names(version) for version in versions if info.exists(version)]
    if None in names or (not text and info.type == "list"):
        return None
    allowed = list(dict.fromkeys(str(one) for some in names for one in some or ()))
    items = [item.strip() for item in text.split(",")] if info.type == "list" else [text]
    if all(_java_admits(info, item, allowed, versions) for item in items):
        return None
    return Wrong(_one_of(allowed), refused)


def _java_admits(
    info: SettingInfo, item: str, allowed: Sequence[str], versions: Sequence[str]
) -> bool:
    if info.case_insensitive:
        item, allowed = item.lower(), [one.lower() for one in allowed]
    if item in allowed:
        return True
    # by_duration: of auto.offset.reset (KIP-1106)
    newer = any(at_least(version, "4.0.0") for version in versions)
    return newer and any(item.startswith(prefix) for prefix in info.value_prefixes)


# ---- kafka-python, aiokafka: Python objects ----


def _python(info: SettingInfo, raw: Raw, dialect: str, versions: Sequence[str]) -> Wrong | None:
    if isinstance(raw, tuple):
        return None
    special = _SPECIAL.get(info.name)
    if special is not None:
        return special(raw, dialect, versions)
    if info.type == "boolean" and isinstance(raw, str):
        if raw.strip().lower() in ("false", "f", "no", "off", "0", "n", "none"):
            return Wrong("True or False", None, "a text that is not empty switches it on")
        return None
    if info.type == "int" and isinstance(raw, str):
        return Wrong("a number", None, f"{dialect} raises TypeError where it calculates with it")
    return None


def _acks(raw: Scalar, dialect: str, versions: Sequence[str]) -> Wrong | None:
    """aiokafka refuses; kafka-python finds out when it encodes the first request."""
    if raw in (0, 1, -1, "all"):
        return None
    if dialect == "aiokafka":
        return Wrong("0, 1, -1 or 'all'", "ValueError")
    return Wrong("0, 1, -1 or 'all'", None, f"{dialect} cannot send a record with it")


def _isolation(raw: Scalar, dialect: str, versions: Sequence[str]) -> Wrong | None:
    """Exactly these names, but kafka-python from 3.0 on folds case and hyphens. aiokafka takes
    anything at construction, and its fetcher refuses to start."""
    if raw in ("read_uncommitted", "read_committed"):
        return None
    if dialect == "aiokafka":
        return Wrong("read_committed or read_uncommitted", "ValueError from start()")
    if dialect == "kafka-python" and at_least(versions[0], "3.0.0"):
        if raw in (0, 1) or (
            isinstance(raw, str)
            and raw.lower().replace("-", "_") in ("read_uncommitted", "read_committed")
        ):
            return None
    return Wrong("read_committed or read_uncommitted", "KafkaConfigurationError")


def _compression(raw: Scalar, dialect: str, versions: Sequence[str]) -> Wrong | None:
    if raw is None or raw in _CODECS:
        return None
    newer = dialect == "aiokafka" or (dialect == "kafka-python" and at_least(versions[0], "3.0.0"))
    expected = "None or " + _one_of([f"'{one}'" for one in _CODECS])
    return Wrong(expected, "ValueError" if newer else "AssertionError")


def _reset(raw: Scalar, dialect: str, versions: Sequence[str]) -> Wrong | None:
    """A name they do not know is `none` to them, with a line in the log
    (kafka/consumer/subscription_state.py, aiokafka/consumer/fetcher.py)."""
    if not isinstance(raw, str):
        return None
    known = ("earliest", "latest", "none") + (() if dialect == "aiokafka" else _OLD_RESETS)
    if raw.lower() in known:
        return None
    return Wrong("earliest, latest or none", None, f"{dialect} takes none instead")


_OLD_RESETS = ("smallest", "largest")


def _protocol(raw: Scalar, dialect: str, versions: Sequence[str]) -> Wrong | None:
    known = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
    if raw in known or not isinstance(raw, str):
        return None
    if dialect == "aiokafka":
        return Wrong(_one_of(known), "ValueError")
    if dialect == "kafka-python" and at_least(versions[0], "3.0.0"):
        # kafka/net/manager.py asks whether it is one of those with TLS, and takes the rest as not
        effect = f"{dialect} connects without TLS or SASL"
        return None if raw.upper() == known[0] else Wrong(_one_of(known), None, effect)
    return Wrong(_one_of(known), None, "each connection fails with AssertionError")


def _poll_records(raw: Scalar, dialect: str, versions: Sequence[str]) -> Wrong | None:
    """aiokafka/consumer/consumer.py, AIOKafkaConsumer.__init__"""
    if raw is None or (isinstance(raw, int) and (raw > 0 or dialect != "aiokafka")):
        return None
    if dialect == "aiokafka":
        return Wrong("a whole number above 0", "ValueError")
    return Wrong("a number", None, f"{dialect} raises TypeError where it calculates with it")


_SPECIAL = {
    "acks": _acks,
    "auto.offset.reset": _reset,
    "compression.type": _compression,
    "isolation.level": _isolation,
    "max.poll.records": _poll_records,
    "security.protocol": _protocol,
}
