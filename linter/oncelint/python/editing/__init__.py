"""How changes are written into Python source without touching what they do not name."""
