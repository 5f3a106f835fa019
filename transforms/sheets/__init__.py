"""Workbooks and Parquet files, read in a process of its own within limits.

Their parsers trust what a file says of itself and hold it in memory whole, so that a few kilobytes
may take the machine. The sheets of a workbook are written as a stream of rows; a Parquet file is
read for trial only. `python -m transforms.sheets` takes the kind of file, its path and the number
of an open file to write to, and answers with one line of JSON: where in that file the list of
sheets begins, or why there is none. It imports nothing else of ours, to start quickly.
"""
