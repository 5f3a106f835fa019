"""What the DAGs make: a partition of each dataset, a complete night, a published version.

The URIs are `file:`, which lineage tools map to data sets. They name a place in the project, not on
a disk: an asset must be the same one for every worker, wherever its lake is mounted.
"""

from airflow.sdk import Asset

from transforms import DATASETS

ROOT = "file:///outlook"

LAKE = {
    dataset: Asset(
        name=f"lake_{dataset}",
        uri=f"{ROOT}/lake/{dataset}",
        group="outlook_lake",
        extra={"holds": f"{dataset}, one partition a night", "where": "$OUTLOOK_LAKE"},
    )
    for dataset in DATASETS
}
# Announced by the load after which all three exports of a night count, and by no other.
NIGHT = Asset(
    name="complete_night",
    uri=f"{ROOT}/lake/nights",
    group="outlook_lake",
    extra={"holds": "the nights of which all exports count", "where": "$OUTLOOK_LAKE/receipts"},
)
PUBLISHED = Asset(
    name="warehouse",
    uri=f"{ROOT}/published",
    group="outlook_published",
    extra={"holds": "outlook.duckdb, one version a night", "where": "$OUTLOOK_PUBLISHED/latest"},
)
