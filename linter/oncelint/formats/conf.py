"""What a `.conf` or `.config` file is: many programs share the ending, and each has a syntax of its own."""

from __future__ import annotations

import re

# The first lines tell; a licence or a long comment may stand before them.
HEAD = 8192

_COMMENTS = re.compile(r"(?:\s|#[^\r\n]*|\ufeff|\xef\xbb\xbf)*")
# A pipeline begins with a section, whose options stand behind arrows: HOCON has `=` or `:`.
_LOGSTASH = re.compile(r"(?:input|filter|output)\s*\{")
_ARROW = re.compile(r"^[^#\r\n]*\w\s*=>\s*\S", re.MULTILINE)
# A plugin of Telegraf, or the sections before its plugins: other programs have an [agent] too.
_PLUGIN = re.compile(r"^\s*\[\[(?:inputs|outputs|processors|aggregators)\.[\w-]+\]\]", re.MULTILINE)
_AGENT = re.compile(r"^\s*\[(?:agent|global_tags)\]", re.MULTILINE)
_OF_AGENT = re.compile(
    r"^\s*(?:metric_batch_size|metric_buffer_limit|flush_interval|flush_jitter|round_interval)\s*=",
    re.MULTILINE,
)
# HOCON's objects: `kafka {`, `kafka = {`, and lines that close them.
_HOCON = re.compile(
    r"^[ \t]*[\w.\"-]+[ \t]*(?:[=:][ \t]*)?\{[ \t]*(?:(?:#|//)[^\r\n]*)?$", re.MULTILINE
)
_FLUENT_BIT = re.compile(
    r"^\[(?:SERVICE|INPUT|OUTPUT|FILTER|PARSER|CUSTOM)\]", re.MULTILINE | re.IGNORECASE
)
_FLUENT_BIT_PAIR = re.compile(
    r"^[ \t]+(?:name|flush|daemon|log_level|parsers_file)[ \t]+\S+[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)


def conf_kind(text: str) -> str:
    """The format of a `.conf` file by the beginning of its text: logstash, fluent-bit, toml
    (Telegraf's), hocon (which is not read), else ini."""
    head = text[:HEAD]
    begin = _COMMENTS.match(head)
    if begin is not None and _LOGSTASH.match(head, begin.end()) and _ARROW.search(head):
        return "logstash"
    if _FLUENT_BIT.search(head) and _FLUENT_BIT_PAIR.search(head):
        return "fluent-bit"
    telegraf = _PLUGIN.search(head) or (_AGENT.search(head) and _OF_AGENT.search(head))
    if telegraf:
        return "toml"
    return "hocon" if _HOCON.search(head) else "ini"
