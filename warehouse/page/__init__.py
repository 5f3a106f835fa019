"""The report: one edition of the Outlook as page, PDF, workbook, CSV and Parquet.

It reads only schemas `report` and `meta` of one published file and makes no figures. The only
numbers that it computes are differences between two published figures, and it names both.
"""
