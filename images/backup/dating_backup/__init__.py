"""Dumps of the application's database: on a schedule, or one to stdout."""
