"""Requests for quotation without a number: who is the same, and who is another buyer."""

from pathlib import Path

from tests.transforms.read.test_formats import as_csv, loaded

HEADERS = [
    "Title",
    "Buyer Name",
    "Posted in",
    "Quotes Left",
    "Country",
    "Quantity Required",
    "Email Confirmed",
    "Experienced Buyer",
    "Complete Order",
    "Date Posted",
]


def request(title: str, buyer: str, quantity: str = "50 Piece/Pieces") -> list[str]:
    return [title, buyer, "Australia", "6", "Australia", quantity, "yes", "no", "no", "5 days ago"]


def test_two_buyers_may_ask_for_the_same(tmp_path: Path) -> None:
    rows = [
        request("Soccer balls", "Ann"),
        request("Soccer balls", "Bob"),
        request("soccer  balls", "ANN"),  # Ann again
        request("Soccer balls", ""),  # nobody knows who
        request("Soccer balls", "-"),  # the same nobody
        request("Soccer balls", "Ann", "60 Piece/Pieces"),
    ]
    found = loaded(as_csv(HEADERS, rows), "inquiries.csv", tmp_path, "inquiries")
    assert found["rows"] == {"in": 6, "accepted": 4, "rejected": 0, "duplicate": 2}
    ids, keys = ({r[c] for r in found["clean"]} for c in ("inquiry_id", "surrogate_key"))
    assert (len(ids), len(keys)) == (4, 2)
    nobody = next(r for r in found["clean"] if r["buyer_key"] is None)
    assert nobody["inquiry_id"] == nobody["surrogate_key"]
