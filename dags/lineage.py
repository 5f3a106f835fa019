"""What a task read and wrote, as an OpenLineage event with row counts and rejects.

Only where the extra `openlineage` is installed and a transport is set; else it does nothing.
"""

from typing import Any

from dags.assets import LAKE, PUBLISHED

FILE = "file"  # the namespace that lineage tools give to a `file:` URI


def loaded(dataset: str, receipt: dict[str, Any]) -> None:
    """Tells of a loaded partition: its rows, and why rows were rejected."""
    rows, sources = receipt["rows"], receipt["sources"]
    _tell(
        f"{LAKE[dataset].uri}",
        rows["accepted"],
        {
            "exportDate": receipt["export_date"],
            "status": receipt["status"],
            "rowsIn": rows["in"],
            "rowsAccepted": rows["accepted"],
            "rowsRejected": rows["rejected"],
            "rowsDuplicate": rows["duplicate"],
            "reasons": receipt["reasons"],
            "bytesIn": sum(s["bytes"] for s in sources),
        },
    )


def published(version: dict[str, Any]) -> None:
    """Tells of a published version: its folder and the hash of its file."""
    _tell(f"{PUBLISHED.uri}", None, {k: version[k] for k in ("folder", "sha256")}, list(LAKE))


def _tell(
    uri: str, rows: int | None, told: dict[str, Any], inputs: list[str] | None = None
) -> None:
    try:
        from airflow.providers.openlineage.api import emit_dataset_lineage, is_openlineage_active
    except ImportError:
        return
    if not is_openlineage_active():
        return
    from attr import make_class
    from openlineage.client.event_v2 import InputDataset, OutputDataset
    from openlineage.client.facet_v2 import OutputDatasetFacet, output_statistics_output_dataset

    # A facet of our own: OpenLineage has none for rejected rows.
    own = make_class("OutlookFacet", list(told), bases=(OutputDatasetFacet,))(**told)
    facets: dict[str, Any] = {"outlook": own}
    if rows is not None:
        facets["outputStatistics"] = (
            output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(rowCount=rows)
        )
    emit_dataset_lineage(
        inputs=[InputDataset(FILE, _path(f"{LAKE[d].uri}")) for d in inputs or []],
        outputs=[OutputDataset(FILE, _path(uri), outputFacets=facets)],
    )


def _path(uri: str) -> str:
    return uri.removeprefix("file://")
