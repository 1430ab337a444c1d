"""Restores what was backed up into a server that is thrown away, on a schedule: a backup counts when it was restored."""
