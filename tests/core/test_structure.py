"""A print file is of the form that the vendor asked for, and each rule that is broken on purpose is told."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Pdf
from PIL import ImageCms

from printjobs import reference
from printjobs.preflight import PreflightError
from printjobs.preflight.structure import check
from printjobs.render.printfile import render_file
from tests.golden.notices import NOTICES, compiled, job, pieces

FORMS = list(reference.FILE_FORMS)
X_FORMS = FORMS[1:]
PAGES = 100
A4 = (0, 0, 595.276, 841.89)
Change = Callable[[Any], object]
# pikepdf would mend the XMP packet and pack streams its own way.
AS_IT_IS = {
    "fix_metadata_version": False,
    "stream_decode_level": pikepdf.StreamDecodeLevel.none,
    "compress_streams": False,
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The golden print file in every form."""
    folder, profile = tmp_path_factory.mktemp("forms"), reference.vendor()
    found = {}
    for form in FORMS:
        found[form] = folder / f"{form}.pdf"
        with found[form].open("wb") as sink:
            asked = job()._replace(form=form)
            render_file(sink, compiled(), profile.mark, profile.print_.dpi, asked, pieces(compiled()))
    return found


@pytest.fixture
def broken(files: dict[str, Path], tmp_path: Path) -> Callable[..., str]:
    """What is told of a file after something was done to it."""

    def told(form: str, change: Change, **saving: Any) -> str:
        path = tmp_path / f"{form}.pdf"
        with pikepdf.open(files[form]) as pdf:
            change(pdf)
            pdf.save(path, **saving or AS_IT_IS)
        with pytest.raises(PreflightError) as refused:
            check(path, form, 2)
        return str(refused.value)

    return told


Broken = Callable[..., str]


# --- what passes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_what_is_rendered_keeps_every_rule_of_its_form(form: str, files: dict[str, Path]) -> None:
    assert check(files[form], form, 2) == PAGES


@pytest.mark.parametrize("form", FORMS)
def test_the_rules_do_not_mind_how_another_program_numbers_the_objects(
    form: str, files: dict[str, Path], tmp_path: Path
) -> None:
    """Otherwise the tests below would tell nothing: each of their files was saved again."""
    with pikepdf.open(files[form]) as pdf:
        pdf.save(tmp_path / "again.pdf", **AS_IT_IS)
    assert check(tmp_path / "again.pdf", form, 2) == PAGES


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("asked", FORMS)
def test_no_form_passes_for_another(form: str, asked: str, files: dict[str, Path]) -> None:
    if asked != form:
        with pytest.raises(PreflightError, match=f"形式 {asked} に合いません"):
            check(files[form], asked, 2)


def test_a_refusal_names_the_file_and_the_next_step_and_nobody(broken: Broken) -> None:
    told = broken("pdfvt1", lambda pdf: pdf.docinfo.__setitem__("/Title", NOTICES[1].notice.addressee.name))
    assert told.startswith("pdfvt1.pdf は印刷ファイルの形式 pdfvt1 に合いません。")
    assert "もう一度 run go を行うと作り直します" in told
    assert not [n for n in NOTICES if n.notice.addressee.name in told]


# --- every form --------------------------------------------------------------------------------------------------


def set_all(key: str, value: Any) -> Change:
    """Set an entry of every page."""

    def change(pdf: Pdf) -> None:
        for page in pdf.pages:
            page.obj[key] = value

    return change


def set_one(key: str, value: Any, number: int = 37) -> Change:
    return lambda pdf: pdf.pages[number - 1].obj.__setitem__(key, value)


def with_code(code: bytes, number: int = 37) -> Change:
    def change(pdf: Pdf) -> None:
        page = pdf.pages[number - 1].obj
        page.Contents = pdf.make_stream(page.Contents.read_bytes() + code)

    return change


def form_code(code: bytes) -> Change:
    """Add code to one of the forms that pages share."""

    def change(pdf: Pdf) -> None:
        form = pdf.pages[0].obj.Resources.XObject["/cover.252069"]
        form.write(form.read_bytes() + code)

    return change


def helvetica(pdf: Pdf) -> None:
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    pdf.pages[0].obj.Resources.Font["/F9"] = pdf.make_indirect(font)


def own_helvetica(pdf: Pdf) -> None:
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    pdf.pages[36].obj.Resources = Dictionary(Font=Dictionary(F0=font), XObject=Dictionary())


def font_file(change: Callable[[Any, Any], object]) -> Change:
    """Do something with the descriptors of two fonts."""

    def both(pdf: Pdf) -> None:
        one, other = list(pdf.pages[0].obj.Resources.Font.values())[:2]
        change(one.DescendantFonts[0].FontDescriptor, other.DescendantFonts[0].FontDescriptor)

    return both


def twice(pdf: Pdf) -> None:
    """The same face in two subsets, as merging leaves it."""
    fonts = pdf.pages[0].obj.Resources.Font
    with pikepdf.open(pdf.filename) as other:
        fonts["/F9"] = pdf.copy_foreign(other.pages[0].obj.Resources.Font["/F0"])


def picture(pdf: Pdf) -> None:
    image = pdf.make_stream(b"\0", Type=Name.XObject, Subtype=Name.Image, Width=1, Height=1)
    pdf.pages[0].obj.Resources.XObject["/photo"] = image


def grouped(pdf: Pdf) -> None:
    pdf.pages[0].obj.Resources.XObject["/cover.252069"].Group = Dictionary(S=Name.Transparency)


def own_resources(pdf: Pdf) -> None:
    pdf.pages[0].obj.Resources.XObject["/cover.252069"].Resources = Dictionary()


def two_streams(pdf: Pdf) -> None:
    page = pdf.pages[36].obj
    page.Contents = Array([page.Contents, page.Contents])


RGB_IMAGE = b"q BI /W 1 /H 1 /CS /RGB /BPC 8 /F /AHx ID 000000> EI Q\n"
EVERY_FORM: dict[str, tuple[Change, str]] = {
    "a script in the catalog": (lambda pdf: pdf.Root.__setitem__("/OpenAction", Dictionary()), "カタログの項目"),
    "a form to fill in": (lambda pdf: pdf.Root.__setitem__("/AcroForm", Dictionary()), "カタログの項目"),
    "an author": (lambda pdf: pdf.docinfo.__setitem__("/Author", "見本　太郎"), "文書情報の項目"),
    "no title": (lambda pdf: pdf.docinfo.__delitem__("/Title"), "文書情報の項目"),
    "a title with a name": (lambda pdf: pdf.docinfo.__setitem__("/Title", "見本　太郎様"), "文書情報の題名"),
    "a page of another size": (set_one("/MediaBox", [0, 0, 612, 792]), "37頁の MediaBox が A4"),
    "all pages of another size": (set_all("/MediaBox", [0, 0, 612, 792]), "1頁の MediaBox が A4"),
    "a page without a size": (lambda pdf: pdf.pages[36].obj.__delitem__("/MediaBox"), "37頁の MediaBox が A4"),
    "a turned page": (set_one("/Rotate", 90), "37頁に余計な項目があります（/Rotate）"),
    "an annotation": (set_one("/Annots", []), "37頁に余計な項目があります（/Annots）"),
    "a cropped page": (set_one("/CropBox", [0, 0, 300, 300]), "余計な項目があります（/CropBox）"),
    "a transparent page": (set_one("/Group", {"/S": Name.Transparency}), "余計な項目があります（/Group）"),
    "a page with a unit of its own": (set_one("/UserUnit", 2), "余計な項目があります（/UserUnit）"),
    "a page with fonts of its own": (own_helvetica, "37頁が別の書体"),
    "a page of two streams": (two_streams, "37頁の内容が1つ"),
    "Helvetica": (helvetica, "書体 /Helvetica が埋め込まれていません"),
    "a font that is not embedded": (font_file(lambda one, _: one.__delitem__("/FontFile2")), "埋め込まれていません"),
    "a face embedded twice": (twice, "同じ書体が2度"),
    "two fonts of one file": (font_file(lambda a, b: b.__setitem__("/FontFile2", a.FontFile2)), "同じ書体が2度"),
    "a picture among the forms": (picture, "/photo が画像です"),
    "a form with transparency": (grouped, "/cover.252069 に透明効果"),
    "a form with resources of its own": (own_resources, "/cover.252069 が別の書体"),
    "graphics states": (
        lambda pdf: pdf.pages[0].obj.Resources.__setitem__("/ExtGState", Dictionary()), "頁の資源の項目"
    ),
    "red text": (with_code(b"1 0 0 rg\n"), "37頁に墨でない色があります（rg）"),
    "a blue rule": (with_code(b"0 0 1 RG 10 10 m 20 20 l S\n"), "37頁に墨でない色があります（RG）"),
    "black of four colours": (with_code(b".6 .4 .4 1 k\n"), "37頁に墨でない色があります（k）"),
    "a colour space by name": (with_code(b"/DeviceRGB cs 0 0 0 sc\n"), "37頁に墨でない色があります（cs）"),
    "a colour without a space before": (with_code(b"[]0 d 1 0 0 rg/F0 9 Tf\n"), "37頁に墨でない色があります（rg）"),
    "a coloured picture": (with_code(RGB_IMAGE), "37頁に墨1色でない画像"),
    "a graphics state": (with_code(b"/GS0 gs\n"), "37頁に透明効果になりうる指定"),
    "a font that the file has not": (with_code(b"BT /F7 9 Tf <0001> Tj ET\n"), "37頁がファイルにない書体"),
    "a form that the file has not": (with_code(b"/logo Do\n"), "37頁がファイルにない書体か様式"),
    "colour in a shared form": (form_code(b"\n1 0 0 RG\n"), "/cover.252069に墨でない色"),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("fault", EVERY_FORM)
def test_what_no_press_takes_is_told(fault: str, form: str, broken: Broken) -> None:
    change, told = EVERY_FORM[fault]
    assert told in broken(form, change)


def test_black_by_all_three_ways_of_saying_it_passes(files: dict[str, Path], tmp_path: Path) -> None:
    with pikepdf.open(files["pdf"]) as pdf:
        with_code(b"0 g 0.5 G 0 0 0 1 k 0 0 0 .2 K BT /F0 9 Tf ( 1 0 0 rg /GS0 gs ) Tj ET\n")(pdf)
        pdf.save(tmp_path / "black.pdf")
    assert check(tmp_path / "black.pdf", "pdf", 2) == PAGES


SAVED: dict[str, tuple[dict[str, Any], str]] = {
    "another version": ({"force_version": "1.4"}, "PDF の版が 1.6 ではありません（1.4）"),
    "a newer version": ({"min_version": "1.7"}, "PDF の版が 1.6 ではありません（1.7）"),
    "object streams": ({"object_stream_mode": pikepdf.ObjectStreamMode.generate}, "オブジェクトストリーム"),
    "linearised": ({"linearize": True}, "Web 表示用"),
    "encrypted": ({"encryption": pikepdf.Encryption(owner="owner", R=4)}, "暗号化"),
}


@pytest.mark.parametrize("fault", SAVED)
def test_what_a_program_may_do_while_saving_is_told(fault: str, broken: Broken) -> None:
    saving, told = SAVED[fault]
    assert told in broken("pdf", lambda _: None, **saving)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (rb"/ID\[<.{32}><.{32}>\]", lambda found: b" " * len(found[0]), "ファイルの ID"),
        (rb"/Size (\d+)/Root", rb"/Prev 9/Size \1/Root", "PDF として読めません"),
        (rb"startxref\n\d+", b"startxref\n0", "PDF として読めません"),
        (rb"%PDF-1.6.*", b"", "PDF として読めません"),
        (rb"/Type/Catalog/Pages 2", b"/Type/Catalog/Pages 9", "PDF として壊れています"),
        (rb"/Font<<", b"/Fond<<", "頁の資源の項目"),
    ],
)
def test_a_damaged_file_is_refused_and_not_repaired(
    old: bytes, new: Any, told: str, files: dict[str, Path], tmp_path: Path
) -> None:
    data, times = re.subn(old, new, files["pdf"].read_bytes(), count=1, flags=re.DOTALL)
    assert times == 1
    (tmp_path / "damaged.pdf").write_bytes(data)
    with pytest.raises(PreflightError, match=told):
        check(tmp_path / "damaged.pdf", "pdf", 2)


def test_what_was_written_after_the_end_is_told(files: dict[str, Path], tmp_path: Path) -> None:
    """An update behind the end can put other pages in the place of those that were read back."""
    data = files["pdf"].read_bytes()
    start = re.findall(rb"startxref\n(\d+)", data)[-1]
    more = b"xref\n0 0\ntrailer\n" + re.findall(rb"trailer\n(<<.*)>>\nstartxref", data)[-1] + b"/Prev %b>>\n" % start
    path = tmp_path / "more.pdf"
    path.write_bytes(data + more + b"startxref\n%d\n%%%%EOF\n" % len(data))
    with pytest.raises(PreflightError, match="後から書き足されています"):
        check(path, "pdf", 2)


# --- PDF/X-4 and PDF/VT-1 ----------------------------------------------------------------------------------------


def intent(change: Change) -> Change:
    return lambda pdf: change(pdf.Root.OutputIntents[0])


def profile(change: Callable[[bytes], bytes]) -> Change:
    def replace(pdf: Pdf) -> None:
        stream = pdf.Root.OutputIntents[0].DestOutputProfile
        stream.write(change(stream.read_bytes()))

    return replace


def xmp(old: str, new: str) -> Change:
    def change(pdf: Pdf) -> None:
        before = pdf.Root.Metadata.read_bytes().decode()
        after = re.sub(old, new, before)
        assert after != before
        pdf.Root.Metadata.write(after.encode())

    return change


SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
X_FAULTS: dict[str, tuple[Change, str]] = {
    "a page without TrimBox": (lambda pdf: pdf.pages[36].obj.__delitem__("/TrimBox"), "37頁に仕上がりの大きさ"),
    "TrimBox on the tree only": (
        lambda pdf: [page.obj.__delitem__("/TrimBox") for page in pdf.pages]
        and pdf.Root.Pages.__setitem__("/TrimBox", Array(A4)),
        "1頁に仕上がりの大きさ",
    ),
    "TrimBox of another size": (set_one("/TrimBox", [10, 10, 500, 800]), "37頁の TrimBox が A4"),
    "no output intent": (lambda pdf: pdf.Root.__setitem__("/OutputIntents", Array()), "1つではありません"),
    "a number for the output intents": (lambda pdf: pdf.Root.__setitem__("/OutputIntents", 3), "組み立てが違います"),
    "two output intents": (lambda pdf: pdf.Root.OutputIntents.append(pdf.Root.OutputIntents[0]), "1つではありません"),
    "an intent of PDF/A": (intent(lambda i: i.__setitem__("/S", Name.GTS_PDFA1)), "1つではありません"),
    "an intent without a name": (
        intent(lambda i: i.__delitem__("/OutputConditionIdentifier")),
        "OutputConditionIdentifier がありません",
    ),
    "an intent without an explanation": (intent(lambda i: i.__setitem__("/Info", "")), "Info がありません"),
    "an intent without a profile": (intent(lambda i: i.__delitem__("/DestOutputProfile")), "プロファイルがありません"),
    "a profile of four colours": (
        intent(lambda i: i.DestOutputProfile.__setitem__("/N", 4)),
        "色空間 GRAY と N（4）が合いません",
    ),
    "a profile of a screen": (profile(lambda _: SRGB), "出力用（prtr）ではありません（mntr）"),
    "a profile that is none": (profile(lambda _: b"not a profile"), "出力プロファイルを読めません"),
    "a profile with a tail": (profile(lambda data: data + b"more"), "出力プロファイルの長さが違います"),
    "XMP that is no XML": (xmp("</rdf:RDF>", ""), "XMP を XML として読めません"),
    "another title": (xmp("F01</rdf:li>", "F02</rdf:li>"), "XMP の dc:title が文書情報の Title と違います"),
    "no title": (xmp("<dc:title>.*</dc:title>", ""), "XMP の dc:title が"),
    "another format": (xmp("application/pdf", "text/plain"), "dc:format"),
    "created another day": (xmp("(CreateDate>2026-04-1)0", r"\g<1>1"), "xmp:CreateDate が文書情報の CreationDate"),
    "described another day": (xmp("(MetadataDate>2026-04-1)0", r"\g<1>1"), "MetadataDate"),
    "trapped and not": (xmp("pdf:Trapped>False", "pdf:Trapped>True"), "pdf:Trapped が文書情報の Trapped"),
    "trapped unknown": (
        lambda pdf: pdf.docinfo.__setitem__("/Trapped", Name.Unknown) or xmp("Trapped>False", "Trapped>Unknown")(pdf),
        "Trapped が決まっていません",
    ),
    "another producer": (xmp("(pdf:Producer>)printjobs", r"\1other"), "pdf:Producer が文書情報の Producer"),
    "no identity": (xmp("<xmpMM:DocumentID>.*</xmpMM:DocumentID>", ""), "xmpMM:DocumentID がありません"),
    "no instance": (xmp("<xmpMM:InstanceID>.*</xmpMM:InstanceID>", ""), "xmpMM:InstanceID がありません"),
    "no version of it": (xmp("<xmpMM:VersionID>.*</xmpMM:VersionID>", ""), "xmpMM:VersionID がありません"),
    "no rendition": (xmp("<xmpMM:Ren.*Class>", ""), "xmpMM:RenditionClass がありません"),
    "PDF/X-3 claimed": (xmp("PDF/X-4", "PDF/X-3:2003"), "名のる形式"),
    "nothing claimed": (xmp("<pdfxid:.*Version>", ""), "名のる形式"),
    "something else in the information": (
        lambda pdf: pdf.docinfo.__setitem__("/GTS_PDFXVersion", "PDF/X-1a:2001"), "GTS_PDFXVersion"
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", X_FORMS)
@pytest.mark.parametrize("fault", X_FAULTS)
def test_what_is_not_pdf_x_is_told(fault: str, form: str, broken: Broken) -> None:
    change, told = X_FAULTS[fault]
    assert told in broken(form, change)


@pytest.mark.parametrize("form", X_FORMS)
def test_a_packet_that_cannot_be_read_without_a_pdf_program_is_told(
    form: str, files: dict[str, Path], tmp_path: Path
) -> None:
    """As it stands in the file: qpdf never leaves one packed."""
    data, path = files[form].read_bytes(), tmp_path / "packed.pdf"
    before, after = b"/Type/Metadata/Subtype/XML", b"/Filter/FlateDecode"
    path.write_bytes(data.replace(before, after.ljust(len(before)), 1))
    with pytest.raises(PreflightError, match="XMP が圧縮されています"):
        check(path, form, 2)


def test_a_plain_file_may_not_claim_to_be_more(broken: Broken) -> None:
    assert "カタログの項目" in broken("pdf", lambda pdf: pdf.Root.__setitem__("/OutputIntents", Array()))
    assert "文書情報の項目" in broken("pdf", lambda pdf: pdf.docinfo.__setitem__("/GTS_PDFXVersion", "PDF/X-4"))
    assert "/TrimBox" in broken("pdf", set_one("/TrimBox", list(A4)))
    assert "/DPart" in broken("pdfx4", set_one("/DPart", {}))


# --- document parts ----------------------------------------------------------------------------------------------


def node(pdf: Any) -> Any:
    return pdf.Root.DPartRoot.DPartRootNode


def part(change: Change, number: int = 5) -> Change:
    """Do something with one leaf; the fifth is a piece, the first a separator."""
    return lambda pdf: change(node(pdf).DParts[0][number - 1])


def fact(key: str, value: Any, number: int = 5) -> Change:
    return part(lambda leaf: leaf.DPM.__setitem__(key, value), number)


def swapped(pdf: Any) -> None:
    leaves = node(pdf).DParts[0]
    leaves[3], leaves[4] = leaves[4], leaves[3]


def page_of_next(pdf: Any) -> None:
    """The first page of a piece put into the piece before, on the paper and in the leaf."""
    page = next(page for page in pdf.pages if page.obj.DPart.objgen == node(pdf).DParts[0][5].objgen)
    page.obj.DPart = node(pdf).DParts[0][4]


DPM = "の DPM が違います"
VT_FAULTS: dict[str, tuple[Change, str]] = {
    "no root": (lambda pdf: pdf.Root.DPartRoot.__delitem__("/DPartRootNode"), "文書パートの根がありません"),
    "levels without names": (
        lambda pdf: pdf.Root.DPartRoot.__setitem__("/NodeNameList", Array([Name.File])), "NodeNameList"
    ),
    "no level of the records": (lambda pdf: pdf.Root.DPartRoot.__delitem__("/RecordLevel"), "RecordLevel"),
    "a root that hangs elsewhere": (
        lambda pdf: node(pdf).__setitem__("/Parent", node(pdf).DParts[0][0]), "文書パートの根の親"
    ),
    "a leaf that hangs elsewhere": (
        part(lambda leaf: leaf.__setitem__("/Parent", leaf.Start)), "文書パート5の親が違います"
    ),
    "a plain list of leaves": (lambda pdf: node(pdf).__setitem__("/DParts", node(pdf).DParts[0]), "配列の配列"),
    "two lists of leaves": (lambda pdf: node(pdf).DParts.append(Array()), "配列の配列"),
    "no leaf of the first page": (lambda pdf: node(pdf).DParts[0].__delitem__(0), "文書パート1が1頁から"),
    "no leaf of the last page": (lambda pdf: node(pdf).DParts[0].__delitem__(15), "どの文書パートにも入っていません"),
    "a leaf twice": (lambda pdf: node(pdf).DParts[0].insert(4, node(pdf).DParts[0][4]), "文書パート6"),
    "two leaves swapped": (swapped, "文書パート4"),
    "a leaf that begins late": (part(lambda leaf: leaf.__setitem__("/Start", leaf.End)), "から始まっていません"),
    "a leaf that ends early": (part(lambda leaf: leaf.__setitem__("/End", leaf.Start)), "で終わっていません"),
    "a leaf without an end": (part(lambda leaf: leaf.__delitem__("/End")), "で終わっていません"),
    "a page that points to the piece before": (page_of_next, "別の文書パートを指しています"),
    "a page that points to none": (lambda pdf: pdf.pages[36].obj.__delitem__("/DPart"), "37頁に文書パート"),
    "another file": (
        lambda pdf: node(pdf).DPM.__setitem__("/File", "property_tax-2026-B001-F02"), f"文書パートの根{DPM}"
    ),
    "another batch": (lambda pdf: node(pdf).DPM.__setitem__("/Batch", "property_tax-2026-B002"), DPM),
    "no generation": (lambda pdf: node(pdf).DPM.__delitem__("/Generation"), DPM),
    "no metadata": (part(lambda leaf: leaf.__delitem__("/DPM")), DPM),
    "a name in the metadata": (fact("/Kind", Name.piece), DPM),
    "an object in the metadata": (fact("/Sheets", Array([1])), DPM),
    "a number that is a text": (fact("/Piece", "3"), DPM),
    "a truth for a number": (fact("/Sheets", value=True), DPM),
    "a city that is no member": (fact("/City", "131016"), DPM),
    "another kind of part": (fact("/Kind", "insert"), DPM),
    "a piece left out": (fact("/Piece", 9), "封筒番号が続いていません"),
    "a separator of another piece": (fact("/Piece", 2, 1), "封筒番号が続いていません"),
    "more sheets than pages": (fact("/Sheets", 400), "ファイルの終わりを越えています"),
    "a separator of no sheets": (fact("/Sheets", 0, 1), DPM),
    "the name of the addressee": (fact("/Name", "見本　太郎"), DPM),
    "the name in the place of the city": (fact("/City", "見本　太郎"), DPM),
    "the number of the notice": (fact("/Notice", "0000000002"), DPM),
    "the postal code": (fact("/Zip", "5250034"), DPM),
    "VT of another day": (xmp("(PDFVTModDate>2026-04-1)0", r"\g<1>1"), "名のる形式"),
    "VT not claimed": (xmp("<pdfvtid:.*Version>", ""), "名のる形式"),
}  # fmt: skip


@pytest.mark.parametrize("fault", VT_FAULTS)
def test_parts_that_are_not_the_pieces_are_told(fault: str, broken: Broken) -> None:
    change, told = VT_FAULTS[fault]
    assert told in broken("pdfvt1", change)


def test_a_null_in_the_metadata_is_told(files: dict[str, Path], tmp_path: Path) -> None:
    """As it stands in the file: a program that writes it again leaves it out."""
    data, path = files["pdfvt1"].read_bytes(), tmp_path / "null.pdf"
    path.write_bytes(data.replace(b"/City(252069)", b"/City null    ", 1))
    with pytest.raises(PreflightError, match=DPM):
        check(path, "pdfvt1", 2)


def test_nothing_of_a_person_stands_in_the_parts_or_in_the_packet(files: dict[str, Path]) -> None:
    """Written in bytes: what no rule of ours would see either."""
    with pikepdf.open(files["pdfvt1"]) as pdf:
        told = str(pdf.Root.Metadata.read_bytes()) + pdf.docinfo.unparse().decode("latin-1")
        told += "".join(leaf.DPM.unparse().decode("latin-1") for leaf in node(pdf).DParts[0])
        told += node(pdf).DPM.unparse().decode("latin-1")
    for golden in NOTICES:
        who = golden.notice.addressee
        for secret in (golden.notice.number, who.number, who.zip, who.name, who.address):
            assert not secret or secret not in told, golden.label


def test_parts_are_the_pieces_and_their_separators_in_order(files: dict[str, Path]) -> None:
    wanted: list[tuple[object, ...]] = []
    for piece in pieces(compiled()):
        if piece.section:
            wanted.append(("separator", piece.number, 1, None))
        wanted.append(("piece", piece.number, piece.sheets, piece.city))
    with pikepdf.open(files["pdfvt1"]) as pdf:
        told = [
            (str(leaf.DPM.Kind), leaf.DPM.Piece, leaf.DPM.Sheets, leaf.DPM.get("/City")) for leaf in node(pdf).DParts[0]
        ]
        assert [(*rest, city and str(city)) for *rest, city in told] == wanted
