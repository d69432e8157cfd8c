"""Runs queries on a SQLite file with DuckDB and prints the number of rows of each as JSON.

Usage: storage_queries.py FILE QUERY...
"""

import json
import sys

import duckdb
import duckdb_extensions

file, *queries = sys.argv[1:]
duckdb_extensions.import_extension("sqlite_scanner")
connection = duckdb.connect()
connection.execute("LOAD sqlite_scanner")
connection.execute(f"ATTACH '{file}' AS costs (TYPE sqlite, READ_ONLY)")
connection.execute("USE costs")
print(json.dumps([len(connection.execute(query).fetchall()) for query in queries]))
