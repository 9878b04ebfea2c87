"""`python -m oncelint`."""

from oncelint.cli import run

run()
