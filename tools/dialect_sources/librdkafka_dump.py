"""Print, as JSON, what one librdkafka shared object knows about its configuration.

Run as a script with the path of the shared object. A process of its own for each library: two versions
of librdkafka in one process would share symbols, and a crash would take the caller with it.
"""

import ctypes
import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

OK = 0
UNKNOWN = -2
"""Members of rd_kafka_conf_res_t in librdkafka's rdkafka.h."""

NEVER_BY_TEXT = (b"settable", b"dedicated", b"not supported")
"""In librdkafka's refusals of internal properties, of callbacks, and of Java's that it names only to explain."""


def describe(library_path: str) -> dict[str, Any]:
    """The documented properties, the defaults and the undocumented names of a librdkafka.

    Returns:
        `documentation`: the text of rd_kafka_conf_properties_show;
        `global` and `topic`: name to default of rd_kafka_conf_dump and rd_kafka_topic_conf_dump;
        `accepted`: every name that rd_kafka_conf_set knows, among the strings of the shared object
        (the documentation leaves out hidden properties, the dump those without a default);
        `named_all`: the number-valued properties that take the word "all".
    """
    library = ctypes.CDLL(library_path)
    names = [
        name.decode()
        for name in set(
            re.findall(rb"[a-z][a-z0-9_.]{2,60}(?=\x00)", Path(library_path).read_bytes())
        )
    ]
    library.rd_kafka_conf_destroy.argtypes = [ctypes.c_void_p]
    library.rd_kafka_conf_destroy.restype = None
    defaults = {
        level: _dump(library, f"rd_kafka_{prefix}conf_new", f"rd_kafka_{prefix}conf_dump")
        for level, prefix in (("global", ""), ("topic", "topic_"))
    }
    return {
        "documentation": _documentation(library),
        **defaults,
        "accepted": sorted(n for n in names if _settable(library, n)),
        "named_all": sorted(n for n in ("acks", "request.required.acks") if _takes_all(library, n)),
    }


def _documentation(library: ctypes.CDLL) -> str:
    libc = ctypes.CDLL(None)
    libc.fopen.restype = ctypes.c_void_p
    libc.fopen.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
    libc.fclose.argtypes = [ctypes.c_void_p]
    library.rd_kafka_conf_properties_show.argtypes = [ctypes.c_void_p]
    library.rd_kafka_conf_properties_show.restype = None
    with tempfile.NamedTemporaryFile() as file:
        stream = libc.fopen(file.name.encode(), b"w")
        library.rd_kafka_conf_properties_show(stream)
        libc.fclose(stream)
        return Path(file.name).read_text(encoding="utf-8")


def _dump(library: ctypes.CDLL, new: str, dump: str) -> dict[str, str]:
    pairs = getattr(library, dump)
    pairs.restype = ctypes.POINTER(ctypes.c_char_p)
    pairs.argtypes = [ctypes.c_void_p, ctypes.POINTER(ctypes.c_size_t)]
    count = ctypes.c_size_t()
    flat = pairs(_new(library, new), ctypes.byref(count))
    texts = [(flat[i] or b"").decode() for i in range(count.value)]
    return dict(zip(texts[::2], texts[1::2], strict=True))


def _new(library: ctypes.CDLL, function: str) -> ctypes.c_void_p:
    make = getattr(library, function)
    make.restype = ctypes.c_void_p
    return ctypes.c_void_p(make())


def _settable(library: ctypes.CDLL, name: str) -> bool:
    """Whether the name is a property of either level that can be set by text; its value may still be refused."""
    conf = _new(library, "rd_kafka_conf_new")
    reason = ctypes.create_string_buffer(256)
    # A global set falls back to the topic's properties; a get does not tell an unset property from none.
    code: int = library.rd_kafka_conf_set(conf, name.encode(), b"", reason, len(reason))
    library.rd_kafka_conf_destroy(conf)
    return code != UNKNOWN and not any(word in reason.value for word in NEVER_BY_TEXT)


def _takes_all(library: ctypes.CDLL, name: str) -> bool:
    conf = _new(library, "rd_kafka_topic_conf_new")
    reason = ctypes.create_string_buffer(256)
    code: int = library.rd_kafka_topic_conf_set(conf, name.encode(), b"all", reason, len(reason))
    return code == OK


if __name__ == "__main__":
    print(json.dumps(describe(sys.argv[1])))
