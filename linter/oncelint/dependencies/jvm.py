"""Versions of Maven repositories in the notation of specifiers, and build properties."""

from __future__ import annotations

import re
from collections.abc import Callable

_REFERENCE = re.compile(r"\$\{([^${}]+)\}|\$([A-Za-z_]\w*(?:\.\w+)*)")
_RANGE = re.compile(r"([\[(\]])\s*([^,\[\]()\s]*)\s*(?:(,)\s*([^,\[\]()\s]*)\s*)?([\])\[])")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_CONFLUENT = re.compile(r"(\d+)\.(\d+)\.(\d+)-(?:ccs|ce)(?:[-.].*)?")
_NEWEST = ("latest", "release")
_ROUNDS = 8


def specifier(version: str) -> str:
    """A Maven or Gradle version as a specifier: `3.5.1` is `==3.5.1`, `[3.0,4.0)` is `>=3.0,<4.0`,
    `3.+` is `==3.*`; empty when it admits everything or is not understood.

    Source: Maven's "Dependency Version Requirement Specification", Gradle's "Declaring Versions
    and Ranges". Confluent's own builds of Kafka carry the platform's number (`7.4.0-ccs`), which
    is translated to Kafka's (Confluent documentation, "Supported Versions and Interoperability").
    A version that still refers to a property is kept as it is, for `resolve` to look up.
    """
    version = version.strip()
    if _REFERENCE.search(version):
        return version
    version = version.split("!!", 1)[0]
    interval = _RANGE.fullmatch(version)
    if interval is not None:
        return _interval(interval)
    if version.endswith("+"):
        prefix = version[:-1].rstrip(".")
        return f"=={prefix}.*" if re.fullmatch(r"\d+(?:\.\d+)*", prefix) else ""
    if version.lower().startswith(_NEWEST) or _VERSION.fullmatch(version) is None:
        return ""
    confluent = _CONFLUENT.fullmatch(version)
    if confluent is not None:
        release = _kafka_of_platform(int(confluent.group(1)), int(confluent.group(2)))
        # the platform's first release has Kafka's; of later ones only the minor release is told
        patch = "0" if confluent.group(3) == "0" else "*"
        return f"=={release}.{patch}" if release else ""
    return f"=={version}"


def _interval(match: re.Match[str]) -> str:
    opening, low, comma, high, closing = match.groups()
    if comma is None:
        return f"=={low}" if low else ""
    clauses = []
    if low:
        clauses.append((">=" if opening == "[" else ">") + low)
    if high:
        clauses.append(("<=" if closing == "]" else "<") + high)
    return ",".join(clauses)


def _kafka_of_platform(major: int, minor: int) -> str:
    """Confluent Platform 5.x ships Kafka 2.x, 6.x Kafka 2.6 to 2.8, 7.x Kafka 3.x, 8.x Kafka 4.x."""
    if major == 5 and minor <= 5:
        return f"2.{minor}"
    if major == 6 and minor <= 2:
        return f"2.{minor + 6}"
    if major in (7, 8):
        return f"{major - 4}.{minor}"
    return ""


def reference(version: str) -> str | None:
    """The property's name when `version` is one reference and nothing else."""
    match = _REFERENCE.fullmatch(version.strip())
    return (match.group(1) or match.group(2)) if match is not None else None


def interpolate(text: str, lookup: Callable[[str], str | None]) -> str:
    """`text` with its `${name}` and `$name` replaced as far as `lookup` knows them; references
    within values are followed a bounded number of times."""
    for _ in range(_ROUNDS):
        replaced = _REFERENCE.sub(
            lambda match: _or_itself(lookup(match.group(1) or match.group(2)), match), text
        )
        if replaced == text or len(replaced) > 1000:
            break
        text = replaced
    return text


def _or_itself(value: str | None, match: re.Match[str]) -> str:
    return match.group() if value is None else value
