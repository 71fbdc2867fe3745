"""Pure values and rules: no files, network, database, clock, randomness or logging.

Everything here takes values and returns values; what comes from outside (time, keys, tables)
is handed in by the shells. An import rule enforces it.
"""
