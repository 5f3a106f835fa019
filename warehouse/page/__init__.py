"""The page: one edition of the Outlook as page, PDF, workbook, CSV and Parquet.

Everything comes from tables `report` and `meta` of one published file. No figure is made here: what
stands beside a figure is its difference to another published one, and says which.
"""
