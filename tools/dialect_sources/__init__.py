"""Readers of the real client libraries, shared by the dialect generators and the tests that hold the tables to them.

Nothing here is part of the installed tool: the linter reads only the JSON these modules produce.
"""
