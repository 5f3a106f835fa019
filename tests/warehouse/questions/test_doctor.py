"""The doctor: each look can find something."""

from pathlib import Path

import pytest

from warehouse.questions import doctor


def verdicts() -> dict[str, tuple[str, str]]:
    return {f["thing"]: (f["verdict"], f["what"]) for f in doctor.examine()}


def test_another_version_than_the_project_asks_for(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ["duckdb==0.1", "no-such-package>=1", "pandas>=1", "no-such-extra; extra == 'x'"]
    monkeypatch.setattr(doctor, "requires", lambda _: asked)
    verdict, what = verdicts()["versions"]
    assert verdict == "warn"
    assert ", required is ==0.1" in what
    assert "no-such-package is not installed" in what
    assert "pandas" not in what
    assert "no-such-extra" not in what
    monkeypatch.setattr(doctor, "requires", lambda _: ["pandas>=1"])
    assert verdicts()["versions"][0] == "fine"


def test_a_key_that_others_can_read(home: Path) -> None:
    (home / "key").write_text("k" * 32)
    (home / "key").chmod(0o644)
    assert verdicts()["key file"][0] == "wrong"
    (home / "key").chmod(0o600)
    assert verdicts()["key file"][0] == "fine"
