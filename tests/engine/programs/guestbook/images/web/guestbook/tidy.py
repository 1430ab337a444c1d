"""Takes entries away that are older than a year."""
from .stores import database

with database() as connection, connection.cursor() as cursor:
    cursor.execute("DELETE FROM entries WHERE written < now() - interval '1 year'")
    print(f"took {cursor.rowcount} entries away")
