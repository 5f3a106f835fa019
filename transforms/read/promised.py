"""What a file that was read to its end is held to: its own count, its manifest, its layout."""

from transforms.contracts import Contract
from transforms.errors import ExportError
from transforms.read import Export


def refuse_new_columns(export: Export, terms: Contract) -> None:
    """Raises ExportError where the contract takes no columns that the layout does not know."""
    if terms.new_column == "fail" and export.new_columns:
        raise ExportError(
            "new_columns",
            f"{export.file} has columns that its layout does not know: "
            f"{', '.join(export.new_columns)}. Nothing of it was loaded.",
        )


def hold_to_counts(export: Export, read: int, promised_rows: int | None) -> None:
    """Raises ExportError where the rows read are not those counted apart, or those promised."""
    if read != export.rows_in:
        raise ExportError(
            "miscounted",
            f"{export.file} holds {export.rows_in:,} rows by its bytes and {read:,} by its "
            "parser: quotes or line ends are damaged. Nothing of it was loaded.",
        )
    if promised_rows not in (None, export.rows_in):
        raise ExportError(
            "cut",
            f"{export.file} holds {export.rows_in:,} rows, its manifest promises "
            f"{promised_rows:,}. Nothing of it was loaded: ask for it again.",
        )
