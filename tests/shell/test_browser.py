"""Lead, vendor, cities and auditor walk through a whole run, each at a real browser, from the timetable to sign-off."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import qrcode
from playwright.sync_api import expect

from tests.handin import KUSATSU, MORIYAMA, RUN, Desk
from tests.shell.browser import MOST_BYTES, SCREENS, House, Person, chromium, serving
from tests.shell.jobs import write_sample

GO, ASK, CONFIRM = "できるところまで進める", "引渡しを依頼する", "2人目として確かめ、引き渡す"
PATIENCE_MS = 60_000
NUMBER = re.compile(r"\b26\d{8}\b")  # of a notice
OF_RUN = f"/runs/{RUN}"
OF_KUSATSU = f"{OF_RUN}/cities/{KUSATSU}"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sample(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, sample: Path, request: pytest.FixtureRequest) -> Iterator[House]:
    desk = Desk(tmp_path_factory.mktemp("house") / "home")
    assert desk("gaiji", "import", sample / "gaiji.csv").code == 0
    screens = SCREENS if request.config.getoption("--update-screens", default=False) else None
    with serving(desk) as address, chromium() as browser:
        yield House(desk, address, browser, [], screens)


def test_three_roles_walk_through_a_whole_run(house: House, sample: Path, tmp_path: Path) -> None:
    lead, second = house.person("lead1", "見本　統子", "lead"), house.person("lead2", "見本　次郎", "lead")
    kusatsu = house.person("kusatsu1", "見本　草子", "city", KUSATSU)
    moriyama = house.person("moriyama1", "見本　守", "city", MORIYAMA)
    vendor, press = house.person("press1", "見本　刷", "vendor", "standard"), tmp_path / "press"

    comes_in_by_keyboard(lead)
    for person in (second, kusatsu, moriyama, vendor):
        person.enter()
    opens_a_run(lead)
    agrees_on_cut_offs(lead)
    hands_in_twice(kusatsu, sample / KUSATSU, tmp_path / "again")
    hands_in(moriyama, sample / MORIYAMA)
    signs_its_proof(kusatsu, "city-proof")
    signs_its_proof(moriyama)
    goes_on_without_ritto(lead)
    releases(lead, second)
    pulls_what_is_released(house, vendor, press)
    number = orders_a_pull(kusatsu)
    takes_out_and_reports(house, vendor, tmp_path / "first.csv")
    makes_the_spoiled_anew(lead, second)
    mails_the_rest(house, vendor, press, tmp_path / "second.csv")
    closes_the_run(lead)
    sees_what_it_costs(lead, kusatsu)
    registers_what_came_back(kusatsu, tmp_path / "first.csv")
    audits(kusatsu, number)
    signs_off(kusatsu)
    counts_without_a_name(house.person("auditor1", "見本　監子", "auditor").enter())
    leaves(lead, kusatsu)
    assert house.faults == []


def test_every_picture_is_in_the_list_of_screens_and_small() -> None:
    listed = re.findall(r"\(screens/([^)]+)\)", (SCREENS.parent / "screens.md").read_text(encoding="utf-8"))
    pictures = {path.name: path.stat().st_size for path in SCREENS.iterdir()}
    assert sorted(listed) == sorted(pictures)
    assert max(pictures.values()) <= MOST_BYTES


# --- the lead opens ------------------------------------------------------------------------------------------


def comes_in_by_keyboard(lead: Person) -> None:
    lead.open("/login")
    lead.look("login")
    lead.type(lead.name)
    lead.tab_to("パスワード")
    lead.type("a wrong password")
    lead.tab_to("確認コード")
    lead.type("000000")
    assert "どれかが違います" in lead.enter_key()
    lead.look()
    lead.type(lead.name)
    lead.tab_to("パスワード")
    lead.type(lead.password)
    lead.tab_to("確認コード")
    lead.type(lead.code())
    lead.tab_to("入る")
    assert "回はまだありません" in lead.enter_key()
    lead.tab_to("本文へ")
    lead.page.keyboard.press("Enter")
    lead.tab_to("")  # whatever is next
    assert lead.page.evaluate("document.activeElement.closest('main') !== null"), "the skip link leads past the head"


def opens_a_run(lead: Person) -> None:
    lead.open("/")
    lead.follow("回を開く")
    lead.page.get_by_label("通知").select_option(label="固定資産税・都市計画税")
    lead.page.get_by_label("年度").fill("2026")
    said = lead.press("逆算する")
    assert "地方税法第364条" in said
    assert "2026-04-15に差し出せば、おそくとも2026-04-20に届きます" in said
    lead.look("lead-timetable")
    assert "発送日 令和8年4月10日" in lead.press("この回を開く")
    lead.open("/")
    lead.look("lead-home")


def agrees_on_cut_offs(lead: Person) -> None:
    """With three cities; the others are not in this year's run, and nobody waits for them."""
    lead.open(OF_RUN)
    for city in ("草津市", "守山市", "栗東市"):
        lead.page.get_by_role("checkbox", name=f"{city}を選ぶ").check()
    lead.page.get_by_label("締切日").fill("2026-03-13")
    lead.page.get_by_label("遅れたとき").select_option(label="届くまで待つ")
    lead.press("選んだ市に決める")
    row = lead.page.locator("#schedule ~ form tr", has_text="栗東市")
    assert "2026-03-13" in row.inner_text()
    assert "待っています" in row.inner_text()
    lead.look()


# --- the cities hand in --------------------------------------------------------------------------------------


def hands_in_twice(city: Person, folder: Path, again: Path) -> None:
    """By keyboard; a name that is missing is seen in its place on the page, and mended."""
    city.open("/")
    city.look("city-home")
    city.follow(RUN)
    assert "受け取った通知\n40件（はじき 10件）" in put_files(city, folder)
    city.look("city-handin")
    said = city.follow("1行ずつ見る")
    assert "全部で11個です" in said
    assert "「氏名」が空です。値を入れてください。" in said
    city.page.get_by_text("「氏名」を刷る所を見る").first.click()
    picture = city.page.locator("img:visible")
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("image => image.naturalWidth") > 400
    city.look("city-problems")
    city.follow("提出")
    assert "受け取った通知\n40件（はじき 9件）" in put_files(city, mended(folder, again))
    assert "「氏名」が空です" not in city.follow("問題")


def mended(folder: Path, again: Path) -> Path:
    """The hand-in with the name that was missing in its fifth row, and a transmittal that says so."""
    shutil.copytree(folder, again)
    table, transmittal = again / "notices.csv", again / "transmittal.json"
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[4][rows[0].index("氏名")] == ""
    rows[4][rows[0].index("氏名")] = "見本　直"
    with table.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    said: dict[str, Any] = json.loads(transmittal.read_text())
    for file_said in said["files"]:
        file_said["sha256"] = hashlib.sha256((again / file_said["name"]).read_bytes()).hexdigest()
    transmittal.write_text(json.dumps(said))
    return again


def put_files(city: Person, folder: Path) -> str:
    city.tab_to("送付票とCSVを")
    with city.page.expect_file_chooser() as waiting:
        city.page.keyboard.press("Space")
    waiting.value.set_files(sorted(folder.iterdir()))
    city.tab_to("出す")
    return city.enter_key()


def hands_in(city: Person, folder: Path) -> None:
    city.open("/")
    city.follow(RUN)
    city.page.get_by_label("送付票とCSV").set_input_files(sorted(folder.iterdir()))
    assert "受取り済み" in city.press("出す")


def signs_its_proof(city: Person, screen: str = "") -> None:
    city.follow("校正")
    said = city.press("校正刷りを作る")
    assert "選んだ理由" in said
    assert "まだです" in said
    for image in city.page.locator("main img").all():
        assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 400
    city.look(screen)
    assert city.press("承認する").count("まだです") == 0


# --- the lead goes on, two persons release, the vendor pulls -------------------------------------------------


def goes_on_without_ritto(lead: Person) -> None:
    lead.open(OF_RUN)
    lead.press(GO)
    expect(lead.page.get_by_role("alert")).to_contain_text("栗東市", timeout=PATIENCE_MS)
    lead.look("lead-waiting")
    lead.page.get_by_role("checkbox", name="栗東市を選ぶ").check()
    lead.page.get_by_label("遅れたとき").select_option(label="待たない（締切りを外す）")
    lead.press("選んだ市に決める")
    assert "まだ提出のない市があります: 近江八幡市、栗東市" in lead.press(GO)  # nobody is cut off by one press
    lead.open(OF_RUN)
    lead.page.get_by_role("checkbox", name="まだ提出のない6市").check()
    lead.look("lead-cut-off")
    goes_on(lead, "読み戻し検査")


def goes_on(lead: Person, step: str) -> None:
    """Press the button and watch, without opening the page again, until a step is done."""
    lead.press(GO)
    row = lead.page.locator("#steps tr", has_text=step)
    expect(row).to_have_text(re.compile(r"(\d+)／\1\D"), timeout=PATIENCE_MS)
    expect(lead.page.locator("#left")).to_have_text("止まっています。", timeout=PATIENCE_MS)
    expect(lead.page.get_by_role("button", name=GO)).to_be_enabled()
    done, most = (row.locator("progress").evaluate(f"bar => bar.{value}") for value in ("value", "max"))
    assert done == most > 0
    assert lead.page.get_by_role("alert").count() == 0


def releases(lead: Person, second: Person) -> None:
    """Whoever asks cannot confirm; the second person does it by keyboard."""
    lead.open(OF_RUN)
    said = lead.press(ASK)
    assert "依頼した人は確認できません" in said
    assert lead.page.get_by_role("button", name=CONFIRM).count() == 0
    lead.look("lead-release-asked")
    said = second.open(OF_RUN)
    assert "見本　統子さんが" in said
    second.look("lead-release-confirm")
    second.tab_to(CONFIRM)
    said = second.enter_key()
    assert "引渡しを待つバッチはありません" in said


def pulls_what_is_released(house: House, vendor: Person, press: Path) -> None:
    vendor.open("/")
    vendor.look("vendor-home")
    assert "まだ" in vendor.follow(RUN)
    pull(house, vendor, press)
    vendor.open(f"{OF_RUN}/work")
    rows = vendor.page.locator("table", has_text="受領証").locator("tbody tr")
    assert rows.count() == len(list(press.glob(f"{RUN}-B*/receipt.json"))) > 0
    assert all("あります" in row for row in rows.all_inner_texts())
    tells_a_stage(vendor)
    vendor.look("vendor-work")


def pull(house: House, vendor: Person, press: Path) -> None:
    told = house.desk("user", "token", vendor.name, "--label", "見本の機械", "--scope", "batches", "--json")
    assert told.code == 0, told.err
    here = ("--url", house.address, "--token", told.json["token"], "--into", press)
    told = house.desk("vendor", "pull", *here, "--json")
    assert told.code == 0, told.err
    assert {one["state"] for one in told.json} <= {"received", "done"}


def tells_a_stage(vendor: Person) -> None:
    """A count that differs is refused with the right one; then that one is taken."""
    right = re.search(r"計画([\d,]+)枚", tell(vendor, "1"))
    assert right, vendor.said()
    vendor.look("fault")
    vendor.open(f"{OF_RUN}/work")
    tell(vendor, right[1])
    assert right[1] in vendor.page.locator("tbody tr").first.inner_text()


def tell(vendor: Person, count: str) -> str:
    vendor.page.get_by_text("工程を報告する").click()
    form = vendor.page.locator("details form").first
    form.get_by_label("工程").select_option(label="印刷（枚）")
    form.get_by_label("数").fill(count)
    with vendor.page.expect_navigation():
        form.get_by_role("button", name="報告する").click()
    return vendor.said()


# --- a pull after release, spoiled envelopes, reprints -------------------------------------------------------


def orders_a_pull(city: Person) -> str:
    """Of a notice that the vendor has; its number."""
    city.follow("件数の突合")
    number = NUMBER.search(city.follow(re.compile("^未了 .*件の通知")))
    assert number
    city.follow("件数の突合")
    city.page.get_by_label("通知書番号").fill(number[0])
    assert "受託者に引渡し" in city.press("調べる")
    city.follow("この通知を引き抜く")
    assert number[0] in city.press("引き抜く")
    city.look("city-pulls")
    return number[0]


def takes_out_and_reports(house: House, vendor: Person, report: Path) -> None:
    said = vendor.open(f"{OF_RUN}/work")
    assert "抜き取る封筒はありません" not in said
    assert NUMBER.search(said) is None, "the vendor's list names envelopes, not notices"
    vendor.look("vendor-pulls")
    assert len(vendor.take("CSV").decode("utf-8-sig").splitlines()) == 2
    said = reports(house, vendor, report)
    assert "見ていただくこと" in said
    vendor.look("vendor-reported")
    assert "見ていただくこと" in vendor.follow(re.compile("^[0-9]+$"))
    vendor.look("vendor-report")


def reports(house: House, vendor: Person, report: Path) -> str:
    """The inserter's file of what is released and not posted yet, through the form."""
    told = house.desk("sample", "scans", RUN, report)
    assert told.code == 0, told.err
    vendor.open(f"{OF_RUN}/work")
    vendor.page.get_by_label("報告ファイル").set_input_files(report)
    said = vendor.press("取り込む")
    lines = len(report.read_text().splitlines()) - 1
    assert f"{lines:,}行の報告を取り込みました" in said
    return said


def makes_the_spoiled_anew(lead: Person, second: Person) -> None:
    """So many that a person has to say so."""
    assert "上限を超えた" in lead.open(OF_RUN)
    lead.look("lead-reprint")
    lead.press("原因を確かめたので作り直す")
    goes_on(lead, "封印")
    lead.open(OF_RUN)
    lead.press(ASK)
    second.open(OF_RUN)
    second.press(CONFIRM)


def mails_the_rest(house: House, vendor: Person, press: Path, report: Path) -> None:
    pull(house, vendor, press)
    assert "見ていただくこと" not in reports(house, vendor, report)


def closes_the_run(lead: Person) -> None:
    lead.open(OF_RUN)
    lead.press(GO)
    expect(lead.page.get_by_text("締め済み")).to_be_visible(timeout=PATIENCE_MS)
    assert "40\t9\t1\t30\t0" in lead.page.get_by_role("row", name="草津市").first.inner_text()
    lead.look("lead-closed")


def sees_what_it_costs(lead: Person, city: Person) -> None:
    """The council the whole, a city its own part: from the page of the run to the year and the paper."""
    whole = lead.follow("費用")
    assert "確定（差出し実績）" in whole
    assert "受託者の請求書" in whole
    lead.look("lead-cost")
    lead.follow("2026年度の費用")
    assert lead.page.get_by_role("img", name=re.compile("^草津市は.*単独なら")).count() == 1
    lead.look("lead-cost-year")
    city.open("/")
    said = city.follow("負担額を見る")
    pays = re.search(r"負担額\n([\d,]+円)", said)
    assert pays
    assert pays[1] in whole.replace("\t", "円\t")
    city.look("city-cost")
    assert city.take("負担金明細書（PDF）").startswith(b"%PDF")
    assert pays[1] in city.follow("2026年度の草津市の費用")
    city.look("city-cost-year")
    city.open(OF_KUSATSU)


# --- the city audits -----------------------------------------------------------------------------------------


def registers_what_came_back(city: Person, report: Path) -> None:
    """One envelope by a hand scanner, and one by a picture; the same again is no third."""
    city.follow("件数の突合")
    lines = list(csv.DictReader(io.StringIO(city.take("全通知の行方").decode("utf-8-sig"))))
    assert len(lines) == 40
    places = {(line["バッチ"], line["封筒番号"]): line["通知書番号"] for line in lines if line["状態"] == "差出し"}
    (typed, one), (shown, two) = marks_of(report, places)[:2]
    city.follow("返戻")
    city.tab_to("ハンドスキャナー")
    city.type(one)
    assert f"通知書番号 {typed} を、返戻（" in city.enter_key()
    picture = report.with_suffix(".png")
    qrcode.make(two).save(str(picture))
    city.page.get_by_label("カメラで写す").set_input_files(picture)
    assert f"{shown} を、返戻（" in city.press("登録する")
    city.page.get_by_label("ハンドスキャナー").fill(two)
    assert "登録済みです" in city.press("登録する")
    city.look("city-returns")
    assert typed in city.follow("返戻の通知を見る")


def marks_of(report: Path, places: dict[tuple[str, str], str]) -> list[tuple[str, str]]:
    """Of what the cameras saw: the notice and the mark of the first sheet of each envelope at these places."""
    found: dict[str, str] = {}
    with report.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            place = f"{RUN}-B{int(row['batch']):03d}", row["piece"]
            if row["event"] == "sheet" and place in places:
                found.setdefault(places[place], row["mark"])
    return list(found.items())


def audits(city: Person, pulled: str) -> None:
    """Each figure has as many notices behind it; one notice has its history, and the pages that were printed."""
    said = city.follow("件数の突合")
    assert "受領 40 ＝ はじき 9 ＋ 引抜き 1 ＋ 差出し 30 ＋ 未了 0" in said
    city.look("city-audit")
    figures = city.page.get_by_role("link", name=re.compile("件の通知$"))
    names = [str(link.get_attribute("aria-label")) for link in figures.all()]
    assert len(names) == 8, "all but what is outstanding: there is none"
    for name in names:
        city.follow(name)
        count = re.search(r"\d+", name)
        assert count
        assert city.page.locator("tbody tr").count() == int(count[0]), name
        city.page.go_back()
    city.follow(next(name for name in names if name.startswith("はじき")))
    city.look("city-notices")
    city.open(f"{OF_KUSATSU}/audit")
    city.page.get_by_label("通知書番号").fill(pulled)
    said = city.press("調べる")
    for moment in ("引抜き", "受託者に引渡し", "校正刷りの承認"):
        assert moment in said
    drawn = "image => image.decode().then(() => image.naturalWidth)"
    for page in ("1頁目", "2頁目"):
        picture = city.page.get_by_role("img", name=re.compile(f"{page}の写し$")).first
        if not picture.is_visible():
            city.page.get_by_text(page, exact=True).first.click()
        assert picture.evaluate(drawn) > 400
    city.look("city-notice")
    assert city.take("写し（PDF）").startswith(b"%PDF")
    assert "見つかりません" in city.open(f"{OF_RUN}/cities/{MORIYAMA}/audit"), "another city's is not there"


def signs_off(city: Person) -> None:
    city.open(f"{OF_KUSATSU}/audit")
    said = city.press("として署名する")
    assert "見本　草子さんが" in said
    city.look("city-signed-off")
    report = city.take("監査報告書")
    assert hashlib.sha256(report).hexdigest() in said
    assert NUMBER.search(city.take("差出しの証明").decode()) is None


# --- who counts, and who leaves ------------------------------------------------------------------------------


def counts_without_a_name(auditor: Person) -> None:
    """An auditor sees what was done and how much of it, and the number of no notice."""
    pages = ("/", OF_RUN, f"{OF_RUN}/cost", f"{OF_KUSATSU}/audit", "/journal", "/account")
    for path, screen in zip(pages, ("", "auditor-run", "", "auditor-audit", "journal", "account"), strict=True):
        auditor.open(path)
        assert NUMBER.search(auditor.page.content()) is None, path
        auditor.look(screen)
    assert "40\t9\t1\t30\t30\t30\t0\t2\t30" in auditor.open(f"{OF_KUSATSU}/audit")
    assert "できません" in auditor.open(f"{OF_KUSATSU}/notices")


def leaves(*people: Person) -> None:
    watching = people[0].page.context.new_page()
    watching.goto(OF_RUN)
    expect(watching.locator("#left")).to_contain_text("止まっています")
    for person in people:
        with person.page.expect_navigation():
            person.page.get_by_role("button", name="出る").click()
        person.open(OF_RUN)
        assert person.page.url.endswith("/login")
    expect(watching.locator("#left")).to_contain_text("表示が止まりました")  # of who may look no longer
