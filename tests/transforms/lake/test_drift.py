"""A column that the layout does not know: kept out, and said; or a reason to refuse the file."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from transforms.clean import Context
from transforms.contracts import contract
from transforms.deliveries.landing import Landed
from transforms.errors import ExportError
from transforms.lake.partition import Partition
from transforms.layouts import own_layout
from transforms.markets import market
from transforms.staging import in_hand, stage


@pytest.fixture
def export_with_a_new_column(tmp_path: Path) -> Path:
    headers = [*own_layout("sellers").required, "Shoe Size"]
    cells = {"Member ID": "pk1", "Company Name": "Al-Karam", "Shoe Size": "44"}
    path = tmp_path / "sellers.csv"
    path.write_text(",".join(headers) + "\n" + ",".join(cells.get(h, "") for h in headers) + "\n")
    return path


@pytest.mark.parametrize(("policy", "warned"), [("warn", True), ("ignore", False)])
def test_a_new_column_is_drift(
    policy: str, warned: bool, export_with_a_new_column: Path, tmp_path: Path
) -> None:
    receipt = loaded(export_with_a_new_column, tmp_path, policy)
    assert receipt["drift"]["new_columns"] == ["Shoe Size"]
    assert "Years" in receipt["drift"]["missing_columns"]
    assert ("new_column" in {w["code"] for w in receipt["warnings"]}) is warned
    assert receipt["rows"]["accepted"] == 1


def test_a_new_column_may_be_a_reason_to_refuse(
    export_with_a_new_column: Path, tmp_path: Path
) -> None:
    with pytest.raises(ExportError, match="Shoe Size"):
        loaded(export_with_a_new_column, tmp_path, "fail")


def loaded(path: Path, folder: Path, policy: str) -> dict[str, Any]:
    night = date(2022, 6, 30)
    partition = Partition("sellers", night, folder)
    partition.contract = replace(contract("sellers"), new_column=policy)
    file = in_hand(Landed(path.name, path, 1, "sha", None), folder, "sellers", None)
    stage(partition, [file], Context(night, market("PK"), b"key"))
    return partition.finish().as_json()
