"""What a joint posting of two cities takes to the post office: statements, bundles and trays that agree."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from shutil import copytree
from typing import Any, NamedTuple

import msgspec
import pypdfium2
import pytest

from printjobs import reference, store
from printjobs.core.model import PieceStatus
from printjobs.core.postage.bundling import Limits
from printjobs.core.postage.table import PostageTable, Senders, Tier
from printjobs.pipeline import costing, planning, volumes
from printjobs.reference.costs import postage_table
from printjobs.store import production, pulls
from tests.handin import KUSATSU, MORIYAMA, RUN, Desk, HandIn

NOTICES = {KUSATSU: 14, MORIYAMA: 9}
LIMITS = Limits(most_pieces=4, most_mm=Decimal(150), tray_pieces=9, tray_mm=Decimal(1000))


def small(day: str) -> PostageTable:
    """The real table, with discounts for very few pieces."""
    table = postage_table(day)
    tiers, senders = (Tier(10, 3, 1), Tier(20, 4, 2)), (Senders(10, 5, 100),)
    return msgspec.structs.replace(
        table, sorting=msgspec.structs.replace(table.sorting, tiers=tiers, senders=senders, specials=())
    )


@pytest.fixture(scope="module", autouse=True)
def little_is_much() -> Iterator[None]:
    vendor = msgspec.structs.replace(reference.vendor(), bundle=LIMITS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planning, "postage_table", small)
        patch.setattr(volumes, "postage_table", small)
        patch.setattr(reference, "vendor", lambda: vendor)
        yield


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    desk = Desk(tmp_path_factory.mktemp("posting") / "home")
    assert desk("run", "open", "property_tax", 2026).code == 0
    for city, notices in NOTICES.items():
        assert desk.submit(HandIn(city, notices)).code == 0
    planning.plan(desk.context(), RUN)
    return desk.home


@pytest.fixture
def desk(planned: Path, tmp_path: Path) -> Desk:
    return Desk(copytree(planned, tmp_path / "home"))


def move(desk: Desk, way: tuple[PieceStatus, ...], keys: list[tuple[str, int]]) -> None:
    with store.writing(desk.context().engine) as connection:
        production.set_piece_statuses(connection, way, keys)


def inserted(desk: Desk) -> list[tuple[str, int]]:
    """As the vendor has it on the day: every envelope is sealed."""
    keys: list[tuple[str, int]] = desk.rows("SELECT batch_id, number FROM piece ORDER BY batch_id, number")  # type: ignore[assignment]
    move(desk, (PieceStatus.PLANNED, PieceStatus.RELEASED, PieceStatus.INSERTED), keys)
    return keys


class Posted(NamedTuple):
    """A run whose envelopes are all sealed, and its papers."""

    desk: Desk
    folder: Path
    made: dict[str, Any]


@pytest.fixture(scope="module")
def posted(planned: Path, tmp_path_factory: pytest.TempPathFactory) -> Posted:
    folder = tmp_path_factory.mktemp("posted")
    desk = Desk(copytree(planned, folder / "home"))
    inserted(desk)
    return Posted(desk, folder / "papers", desk("postings", RUN, "--out", folder / "papers", "--json").json)


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))


def total(path: Path, column: str) -> int:
    return sum(int(row[column]) for row in table(path))


def test_before_the_plan_there_is_nothing_to_post(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "home")
    assert desk("run", "open", "property_tax", 2026).code == 0
    told = desk("postings", RUN, "--out", tmp_path / "papers", "--json")
    assert (told.code, "run go" in told.json["error"]) == (3, True)
    assert not (tmp_path / "papers").exists()


def test_before_all_is_inserted_the_papers_are_drafts(desk: Desk, tmp_path: Path) -> None:
    move(desk, (PieceStatus.PLANNED, PieceStatus.RELEASED), [(f"{RUN}-B001", 1)])
    told = desk("postings", RUN)
    assert (told.code, told.err) == (0, "")
    assert all(word in told.out for word in ("差出し1（区分・連名）", "下書きです", "封入の報告待ち 23通"))
    made = desk("postings", RUN, "--out", tmp_path, "--json").json
    assert (made["ready"], made["waiting"]) == (False, {"making": 23, "spoiled": 0, "pulls": 0})
    with pypdfium2.PdfDocument(tmp_path / "statement-01.pdf") as paper:
        assert all("下書き" in page.get_textpage().get_text_bounded() for page in paper)


def test_statements_are_the_postage_of_the_cost_to_the_yen(posted: Posted) -> None:
    desk, folder, made = posted
    postage = [line for line in costing.cost(desk.context(), RUN).bill.lines if line.issuer == "post"]
    assert made["ready"]
    assert made["yen"] == sum(line.yen for line in postage) > 0
    assert total(folder / "statements.csv", "金額") == total(folder / "senders.csv", "金額") == made["yen"]
    (one,) = made["statements"]
    assert (one["route"], [(s["city"], s["pieces"]) for s in one["senders"]]) == ("sorted", list(NOTICES.items()))
    assert [part["percent"] for part in one["rows"][0]["parts"]] == [4, 3]
    assert sorted(made["files"]) == sorted(p.name for p in folder.iterdir())


def test_bundles_and_trays_hold_what_the_statements_say(posted: Posted) -> None:
    _, folder, made = posted
    bundles, trays = table(folder / "bundles.csv"), table(folder / "trays.csv")
    assert (len(bundles), len(trays), made["pieces"]) == (made["bundles"], made["trays"], 23)
    by_tray = Counter[tuple[str, str]]()
    for bundle in bundles:
        assert int(bundle["通数"]) <= LIMITS.most_pieces
        by_tray[bundle["バッチ"], bundle["ケース"]] += int(bundle["通数"])
    assert by_tray == {(t["バッチ"], t["ケース"]): int(t["通数"]) for t in trays}
    for file in ("statements.csv", "breakdown.csv", "senders.csv", "bundles.csv", "trays.csv"):
        assert total(folder / file, "通数") == 23
    labels = "".join(
        page.get_textpage().get_text_bounded()
        for path in sorted(folder.glob("*-bundles.pdf"))
        for page in pypdfium2.PdfDocument(path)
    )
    assert labels.count("区分票") == len(bundles)


def test_what_is_pulled_or_spoiled_is_in_no_bundle(desk: Desk, tmp_path: Path) -> None:
    (pulled, spoiled, *_) = inserted(desk)
    move(desk, (PieceStatus.INSERTED, PieceStatus.PULLED), [pulled])
    move(desk, (PieceStatus.INSERTED, PieceStatus.SPOILED), [spoiled])
    made = desk("postings", RUN, "--out", tmp_path, "--json").json
    assert (made["ready"], made["waiting"]["spoiled"], made["pieces"]) == (False, 1, 21)
    assert total(tmp_path / "bundles.csv", "通数") == 21
    assert total(tmp_path / "senders.csv", "通数") == 22  # the spoiled one will be made again


def test_a_sender_that_pulls_have_left_too_small_has_a_paper_of_its_own(desk: Desk, tmp_path: Path) -> None:
    inserted(desk)
    of_moriyama: list[tuple[str, int]] = desk.rows(
        f"SELECT DISTINCT p.batch_id, p.piece FROM placement p JOIN notice n ON n.id = p.notice_id"
        f" WHERE n.city = '{MORIYAMA}' ORDER BY 1, 2"
    )  # type: ignore[assignment]
    move(desk, (PieceStatus.INSERTED, PieceStatus.PULLED), of_moriyama[:5])  # below 5 none may be a joint sender
    made = desk("postings", RUN, "--out", tmp_path, "--json").json
    assert [(s["posting"], s["title"], s["route"], [c["city"] for c in s["senders"]]) for s in made["statements"]] == [
        (1, "差出し1のうち区分", "sorted", [KUSATSU]), (1, "差出し1のうち割引なし", "plain", [MORIYAMA]),
    ]  # fmt: skip
    postage = [line for line in costing.cost(desk.context(), RUN).bill.lines if line.issuer == "post"]
    assert made["yen"] == sum(line.yen for line in postage) == total(tmp_path / "senders.csv", "金額")
    texts = {}
    for name in ("statement-01-1.pdf", "statement-01-2.pdf", f"{RUN}-B001-bundles.pdf"):
        with pypdfium2.PdfDocument(tmp_path / name) as paper:
            texts[name] = "".join("".join(page.get_textpage().get_text_bounded().split()) for page in paper)
    first, second, labels = texts.values()
    assert ("料金後納区分郵便物" in first, "料金後納（割引なし）" in second) == (True, True)
    assert all("差出し1は差出票を分けました" in text for text in (first, second))
    assert ("差出し1" in labels, "差出し1のうち" in labels, "連名" in labels) == (True, False, False)


def test_an_envelope_on_the_pull_list_keeps_the_papers_drafts_until_it_is_out(desk: Desk) -> None:
    first, *_ = inserted(desk)
    ((city, number),) = desk.rows(f"SELECT n.city, n.number FROM notice n JOIN placement p ON n.id = p.notice_id"
                                  f" WHERE p.batch_id = '{first[0]}' AND p.piece = {first[1]}")  # fmt: skip
    with store.writing(desk.context().engine) as connection:
        order = {"run_id": RUN, "city": city, "number": number, "reason": "death", "ordered_at": datetime.now(UTC)}
        pulls.add(connection, order | {"batch_id": first[0], "piece": first[1]})
    assert desk("postings", RUN, "--json").json["waiting"] == {"making": 0, "spoiled": 0, "pulls": 1}
    move(desk, (PieceStatus.INSERTED, PieceStatus.PULLED), [first])
    assert desk("postings", RUN, "--json").json["ready"]


def test_the_same_papers_again_are_the_same_bytes_and_name_nobody(posted: Posted, tmp_path: Path) -> None:
    posted.desk("postings", RUN, "--out", tmp_path, "--json")
    first = {p.name: p.read_bytes() for p in posted.folder.iterdir()}
    assert first == {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    for path in posted.folder.glob("*.pdf"):
        with pypdfium2.PdfDocument(path) as paper:
            assert not any("見本" in page.get_textpage().get_text_bounded() for page in paper)
    assert not any("見本" in data.decode() for name, data in first.items() if name.endswith(".csv"))
