"""Checks a file read to its end against its own row count, its manifest and its layout."""

from transforms.contracts import Contract
from transforms.errors import ExportError
from transforms.read import Export


def refuse_new_columns(export: Export, terms: Contract) -> None:
    """Raises ExportError for columns unknown to the layout, if the contract allows none."""
    if terms.new_column == "fail" and export.new_columns:
        raise ExportError(
            "new_columns",
            f"{export.file} has columns that its layout does not know: "
            f"{', '.join(export.new_columns)}. Nothing was loaded.",
        )


def hold_to_counts(export: Export, read: int, promised_rows: int | None) -> None:
    """Raises ExportError if the rows read differ from the independent count or the manifest."""
    if read != export.rows_in:
        raise ExportError(
            "miscounted",
            f"{export.file} holds {export.rows_in:,} rows by its bytes but {read:,} by its "
            "parser: quotes or line ends are damaged. Nothing was loaded.",
        )
    if promised_rows not in (None, export.rows_in):
        raise ExportError(
            "cut",
            f"{export.file} holds {export.rows_in:,} rows, but its manifest says "
            f"{promised_rows:,}. Nothing was loaded: request a new delivery.",
        )
