"""The version of this build; a test compares it with pyproject.toml.

A constant, because importlib.metadata costs more than the rest of `--version`.
"""

VERSION = "0.1.0"
