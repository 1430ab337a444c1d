"""Continuous backups with pgBackRest: each piece of the write-ahead log as it is complete, and base backups on a schedule."""
