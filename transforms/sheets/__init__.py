"""Reads workbooks and Parquet files in a separate process within limits.

Their parsers trust the sizes that a file states and hold the whole file in memory, so a few
kilobytes could exhaust the machine. The process writes the sheets of a workbook as a stream of
rows, and only test-reads a Parquet file. `python -m transforms.sheets` takes the kind of file, its
path and the descriptor of an open file to write to, and answers with one line of JSON: where in
that file the list of sheets begins, or the error. To start quickly, it imports no other module of
the project.
"""
