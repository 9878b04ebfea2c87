"""Which client library versions a project's own files ask for.

One module for each family of files; every reader is a pure function of one file's text, and none
executes, imports or downloads anything. `resolve` joins what they found.
"""

from __future__ import annotations

import re
from importlib import import_module

TYPE_CHECKING = False  # typing costs a third of what an interpreter costs to start
if TYPE_CHECKING:
    from oncelint.model.facts import Requirement
    from oncelint.text import SourceText

NEEDLES: tuple[bytes, ...] = (
    b"kafka",
    b"faust",
    b"quixstreams",
    b"faststream",
    b"spring",
    b"quarkus",
    b"flink",
    b"pyspark",
)
"""Literals of which one must occur, in whatever case, in a file that is worth reading."""

MODULES: dict[str, str] = {
    "requirements": "oncelint.dependencies.requirements",
    "pyproject": "oncelint.dependencies.pyproject",
    "setup": "oncelint.dependencies.setup_files",
    "lock": "oncelint.dependencies.locks",
    "maven": "oncelint.dependencies.maven",
    "gradle": "oncelint.dependencies.gradle",
    "dockerfile": "oncelint.dependencies.dockerfile",
    "script": "oncelint.dependencies.dockerfile",
}
"""The reader's module for each kind of file. A `script` is a file that may install packages in
passing and does not make its folder a unit."""

_NAMES: dict[str, str] = {
    "pyproject.toml": "pyproject",
    "pipfile": "pyproject",
    "setup.cfg": "setup",
    "setup.py": "setup",
    "poetry.lock": "lock",
    "uv.lock": "lock",
    "pdm.lock": "lock",
    "pylock.toml": "lock",
    "pipfile.lock": "lock",
    "pom.xml": "maven",
    "gradle.properties": "gradle",
}
# By the last part of the name, so that most files of a tree meet no expression at all. Texts, because
# compiling them all costs more than a small project's whole run.
_PATTERNS: tuple[tuple[tuple[str, ...], str, str], ...] = (
    ((".txt", ".in", ".pip"), r".*requirements.*\.\w+", "requirements"),
    ((".txt", ".in"), r"constraints.*\.\w+", "requirements"),
    ((".toml",), r"pylock\..+\.toml", "lock"),
    ((".yaml", ".yml"), r"(?:environment|conda).*\.\w+", "lock"),
    ((".gradle", ".gradle.kts"), r".+\.gradle(?:\.kts)?", "gradle"),
    ((".versions.toml",), r".+\.versions\.toml", "gradle"),
    ((".pom",), r".+\.pom", "maven"),
    ((".dockerfile", ".containerfile"), r".+\.\w+", "dockerfile"),
)
# Beside a requirements file, and not what pip is given.
_NO_REQUIREMENTS = (
    *(".bak", ".backup", ".orig", ".old", ".rej", ".swp", "~", ".j2", ".jinja", ".erb", ".md"),
    *(".template", ".tmpl", ".tpl", ".example", ".sample", ".dist", ".license"),
)
_SUFFIXES = tuple({suffix for suffixes, _, _ in _PATTERNS for suffix in suffixes})
_DOCKERFILE = r"(?:dockerfile|containerfile)(?:[.\-_].*)?"
_SCRIPT = r".+\.(?:sh|bash|ya?ml)"
# What a pipeline installs to test with says nothing of what is deployed.
_PIPELINE = (
    r"(?:.*/)?(?:\.github|\.circleci|\.gitlab|\.buildkite|\.semaphore)/.*"
    r"|(?:.*/)?(?:\.travis|\.gitlab-ci.*|\.drone|appveyor|\.appveyor|azure-pipelines.*|bitbucket-pipelines"
    r"|cloudbuild.*|\.pre-commit-config|\.readthedocs)\.ya?ml"
)
REQUIREMENT_FOLDERS = frozenset(("requirements", "reqs"))
"""Folders that hold one project's requirements, a file for each purpose."""

# Build files of other ecosystems: nothing is read from them, but they bound a unit.
_OTHER_BUILD_FILES = frozenset(
    ("package.json", "go.mod", "cargo.toml", "build.sbt", "settings.gradle", "settings.gradle.kts")
)


class DependencyError(Exception):
    """The file is not what its name says; `offset` is the code point where that showed."""

    def __init__(self, reason: str, offset: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.offset = offset


def reader_for(path: str) -> str | None:
    """The kind of dependency file that `path` (forward slashes) is by its name, or None."""
    folder, _, name = path.lower().rpartition("/")
    known = _NAMES.get(name)
    if known is not None:
        return known
    if name.endswith((".txt", ".in")) and REQUIREMENT_FOLDERS.intersection(folder.split("/")):
        return "requirements"
    if (name.startswith("requirements") and ".txt." in name) or name.endswith(".freeze"):
        # what an image installs by `-r`: requirements.txt.freeze, requirements.txt.prod
        return None if name.endswith(_NO_REQUIREMENTS) else "requirements"
    for suffixes, pattern, kind in _PATTERNS if name.endswith(_SUFFIXES) else ():
        if name.endswith(suffixes) and re.fullmatch(pattern, name):
            return kind
    if name.startswith(("dockerfile", "containerfile")) and re.fullmatch(_DOCKERFILE, name):
        return "dockerfile"
    if name.endswith((".sh", ".bash", ".yaml", ".yml")) and re.fullmatch(_SCRIPT, name):
        return None if re.fullmatch(_PIPELINE, path.lower()) else "script"
    return None


def is_unit_file(path: str) -> bool:
    """Whether the file makes the folder it belongs to a deployment unit of its own.

    A requirements file, a lock, a build file and a Dockerfile do; a shell script or YAML file
    that happens to install something does not, and neither do constraints or `gradle.properties`.
    """
    name = path.lower().rpartition("/")[2]
    if name in _OTHER_BUILD_FILES:
        return True
    if name == "gradle.properties" or name.startswith("constraints"):
        return False
    return reader_for(path) not in (None, "script")


def may_matter(data: bytes) -> bool:
    """Whether a file's bytes can hold a requirement of interest.

    PowerShell's `pip freeze > requirements.txt` writes UTF-16, hence the look without zeros.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        data = data.replace(b"\x00", b"")
    lowered = data.lower()
    return any(needle in lowered for needle in NEEDLES)


def read(kind: str, text: SourceText) -> tuple[Requirement, ...]:
    """The requirements of interest in one file, in file order, each once.

    `kind` is what `reader_for` answered for the path of `text`. A requirement's span is its
    version constraint as written, or its name when there is none. The reader is imported on
    first use: most projects have two or three kinds.

    Raises DependencyError for a malformed file, KeyError for an unknown kind.
    """
    lowered = text.text.lower()
    if not any(needle.decode() in lowered for needle in NEEDLES):
        return ()
    found: tuple[Requirement, ...] = import_module(MODULES[kind]).read(text)
    return tuple(sorted(dict.fromkeys(found), key=lambda item: (item.span, item.distribution)))
