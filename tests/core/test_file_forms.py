"""What the vendor profile asks of a print file beside its pages: its form, and the output profile in it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import msgspec
import pikepdf
import pytest
from PIL import Image, ImageCms

from printjobs import reference
from printjobs.core.model import UsageError
from printjobs.preflight.structure import check
from printjobs.render.icc import grey
from printjobs.render.pdfx import PdfVt1Writer, PdfX4Writer, print_writer
from printjobs.render.printfile import render_file
from printjobs.render.writer import PdfWriter
from tests.golden.notices import compiled, job, pieces

CMYK = grey().data.replace(b"prtrGRAY", b"prtrCMYK")  # as far as anybody here looks into it


# --- the grey profile of our own ---------------------------------------------------------------------------------


def test_the_grey_profile_is_one_of_a_press_that_prints_black() -> None:
    profile = ImageCms.ImageCmsProfile(BytesIO(grey().data)).profile
    assert (profile.device_class, profile.xcolor_space, profile.connection_space) == ("prtr", "GRAY", "XYZ ")
    assert profile.version == pytest.approx(2.1)
    assert profile.profile_description == grey().name
    assert profile.copyright
    assert profile.media_white_point is not None
    assert profile.media_white_point[0] == pytest.approx((0.9642, 1, 0.8249), abs=1e-4)


def test_every_part_of_the_grey_profile_lies_where_its_table_says() -> None:
    data = grey().data
    assert int.from_bytes(data[:4]) == len(data) == 464
    assert data[36:40] == b"acsp"
    at, tags = 132, {}
    for _ in range(int.from_bytes(data[128:132])):
        name, start, length = (
            data[at : at + 4],
            int.from_bytes(data[at + 4 : at + 8]),
            int.from_bytes(data[at + 8 : at + 12]),
        )
        assert start % 4 == 0
        assert start + length <= len(data)
        tags[name] = data[start : start + 4]
        at += 12
    assert tags == {b"desc": b"desc", b"cprt": b"text", b"wtpt": b"XYZ ", b"kTRC": b"curv"}


def test_the_grey_profile_is_the_same_bytes_on_every_machine() -> None:
    wanted = "781dc4912e4d90c8068cb5b566ba338ab294693903dd1db293d082cb1b24744d"
    assert sha256(grey().data).hexdigest() == wanted


def test_grey_looks_as_it_does_without_a_profile() -> None:
    """A viewer with colour management may not show a file with the output intent otherwise than one without."""
    steps = Image.frombytes("L", (256, 1), bytes(range(256)))
    shown = ImageCms.profileToProfile(
        steps, ImageCms.ImageCmsProfile(BytesIO(grey().data)), ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    assert shown is not None
    for value, pixel in enumerate(shown.get_flattened_data()):
        assert all(abs(part - value) <= 2 for part in pixel), (value, pixel)


# --- the vendor's choice -----------------------------------------------------------------------------------------


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, bytes], None]]:
    """Have the vendor profile name an output profile that lies beside it."""
    plain = reference.vendor()

    def ask(name: str, data: bytes) -> None:
        for table in Path(reference.__file__).parent.glob("*.toml"):
            shutil.copy(table, tmp_path)
        (tmp_path / "press.icc").write_bytes(data)
        changed = msgspec.structs.replace(plain, print_=msgspec.structs.replace(plain.print_, icc=name))
        monkeypatch.setattr(reference, "files", lambda _: tmp_path)
        monkeypatch.setattr(reference, "vendor", lambda: changed)

    reference._output_profile.cache_clear()
    yield ask
    reference._output_profile.cache_clear()


def test_the_vendor_profile_asks_for_plain_files_and_has_no_output_profile() -> None:
    assert reference.vendor().print_.file_form == "pdf"
    assert reference.output_profile() is None


def test_a_form_that_nobody_knows_is_told_with_those_that_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    data = reference._read("vendor.toml").replace(b'file_form = "pdf"', b'file_form = "pdfx1a"')
    monkeypatch.setattr(reference, "_read", lambda _: data)
    reference.vendor.cache_clear()
    try:
        with pytest.raises(UsageError, match=r"file_form「pdfx1a」は扱えません。pdf、pdfx4、pdfvt1 のどれか"):
            reference.vendor()
    finally:
        reference.vendor.cache_clear()


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("press.icc", b"no profile", "ICC プロファイルとして読めません"),
        ("press.icc", b"", "ICC プロファイルとして読めません"),
        ("press.icc", ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(), "（mntr、RGB）"),
        ("press.icc", grey().data.replace(b"prtr", b"scnr", 1), "（scnr、GRAY）"),
        ("press.icc", grey().data.replace(b"prtrGRAY", b"prtrRGB ", 1), "（prtr、RGB）"),
        ("other.icc", grey().data, "がありません。vendor.toml と同じフォルダ"),
        ("../press.icc", grey().data, "がありません。vendor.toml と同じフォルダ"),
    ],
)
def test_an_output_profile_that_no_press_has_is_told(
    name: str, data: bytes, told: str, asked: Callable[[str, bytes], None]
) -> None:
    asked(name, data)
    with pytest.raises(UsageError) as refused:
        reference.output_profile()
    assert str(refused.value).startswith(f"vendor.toml の icc「{name}」")
    assert told in str(refused.value)


@pytest.mark.parametrize(("data", "channels"), [(grey().data, 1), (CMYK, 4)])
@pytest.mark.parametrize("form", ["pdfx4", "pdfvt1"])
def test_the_presss_own_profile_is_in_the_file_byte_for_byte(
    form: str, data: bytes, channels: int, asked: Callable[[str, bytes], None], tmp_path: Path
) -> None:
    asked("press.icc", data)
    path = rendered(form, tmp_path)
    assert check(path, form, 2) == 100
    with pikepdf.open(path) as pdf:
        intent = pdf.Root.OutputIntents[0]  # type: ignore[index]
        assert intent.DestOutputProfile.read_bytes() == data
        assert int(intent.DestOutputProfile.N) == channels
        assert str(intent.OutputConditionIdentifier) == grey().name


def rendered(form: str, folder: Path) -> Path:
    profile, path = reference.vendor(), folder / f"{form}.pdf"
    with path.open("wb") as sink:
        render_file(
            sink, compiled(), profile.mark, profile.print_.dpi, job()._replace(form=form), pieces(compiled())
        )  # fmt: skip
    return path


# --- the writers -------------------------------------------------------------------------------------------------


def writer(form: str, sink: BytesIO, title: str = "a-file") -> PdfWriter:
    return print_writer(form, sink, title=title, date="2026-04-10", facts={"File": title, "Generation": 1})


def test_each_form_has_its_writer() -> None:
    made = {form: type(writer(form, BytesIO())) for form in reference.FILE_FORMS}
    assert made == {"pdf": PdfWriter, "pdfx4": PdfX4Writer, "pdfvt1": PdfVt1Writer}


def test_what_a_plain_file_is_told_of_its_parts_does_not_change_it() -> None:
    told, untold = BytesIO(), BytesIO()
    for sink in (told, untold):
        plain = writer("pdf", sink)
        if sink is told:
            plain.begin_part({"Kind": "piece"})
        plain.add_page("")
        plain.close()
    assert told.getvalue() == untold.getvalue()


def test_a_part_is_written_before_the_next_one_begins() -> None:
    """Of forty thousand pages nothing is kept but numbers."""
    sink = BytesIO()
    vt = writer("pdfvt1", sink)
    for piece in range(1, 200):
        vt.begin_part({"Kind": "piece", "Piece": piece})
        assert sink.getvalue().count(b"/Type/DPart/") == piece - 1
        vt.add_page("0 g")
        vt.add_page("", shared=True)
    vt.close()
    assert sink.getvalue().count(b"/Type/DPart/") == 200  # and the one above them
    with pikepdf.open(sink) as pdf:
        assert len(pdf.Root.DPartRoot.DPartRootNode.DParts[0]) == 199  # type: ignore[arg-type, index, union-attr]


def test_a_part_of_one_page_has_no_end() -> None:
    sink = BytesIO()
    vt = writer("pdfvt1", sink)
    vt.begin_part({"Kind": "piece"})
    vt.add_page("")
    vt.close()
    (leaf,) = re.findall(rb"<<(/Type/DPart/.*/Kind.*)>>", sink.getvalue())
    assert b"/Start" in leaf
    assert b"/End" not in leaf


def test_no_page_lies_outside_of_the_parts() -> None:
    with pytest.raises(AssertionError):
        writer("pdfvt1", BytesIO()).add_page("")


def test_no_part_is_without_a_page() -> None:
    vt = writer("pdfvt1", BytesIO())
    vt.begin_part({"Kind": "piece"})
    with pytest.raises(AssertionError):
        vt.begin_part({"Kind": "piece"})


@pytest.mark.parametrize("form", ["pdfx4", "pdfvt1"])
def test_the_identities_come_from_the_title_and_the_pages(form: str) -> None:
    def identities(title: str, code: str) -> tuple[bytes, bytes]:
        sink = BytesIO()
        made = writer(form, sink, title)
        made.begin_part({"Kind": "piece"})
        made.add_page(code)
        made.close()
        found = re.search(rb"DocumentID>(.*)</.*\n.*InstanceID>(.*)</", sink.getvalue())
        assert found is not None
        return found[1], found[2]

    one, other = identities("one", "0 g"), identities("one", "1 g")
    assert one == identities("one", "0 g")
    assert one[0] == other[0]
    assert one[1] != other[1]
    assert identities("two", "0 g")[0] != one[0]


@pytest.mark.parametrize("form", ["pdfx4", "pdfvt1"])
@pytest.mark.parametrize("title", ["a & <b>", "頁（1）", "back\\slash (open"])
def test_any_title_is_the_same_in_information_and_packet(form: str, title: str) -> None:
    sink = BytesIO()
    made = writer(form, sink, title)
    made.begin_part({"Kind": "piece", "Said": title})
    made.add_page("")
    made.close()
    with pikepdf.open(sink) as pdf:
        assert str(pdf.docinfo.Title) == str(pdf.open_metadata(strict=True)["dc:title"]) == title
        if form == "pdfvt1":
            assert pdf.pages[0].obj.DPart.DPM.Said == title
