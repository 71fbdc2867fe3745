"""What PDF/X-4 and PDF/VT-1 add to a print file, read back: output intent, XMP packet, document parts.

lxml reads the packet and littlecms the profile. Read in public descriptions of ISO 15930-7 and ISO 16612-2.
"""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any

import pikepdf
from PIL import ImageCms

from printjobs import reference

_CHANNELS = {"GRAY": 1, "CMYK": 4}
_LEVELS = 2  # the file, and its parts
_MM = "{http://ns.adobe.com/xap/1.0/mm/}"
_PDFX, _PDFVT = "{http://www.npes.org/pdfx/ns/id/}GTS_PDFX", "{http://www.npes.org/pdfvt/ns/id/}GTS_PDFVT"
_IN_BOTH = {
    "/Title": "dc:title",
    "/Creator": "xmp:CreatorTool",
    "/Producer": "pdf:Producer",
    "/CreationDate": "xmp:CreateDate",
    "/ModDate": "xmp:ModifyDate",
    "/Trapped": "pdf:Trapped",
}


class Broken(Exception):
    """A rule that the file breaks, in words that tell nothing of a notice."""


def require(holds: object, told: str) -> None:
    """Raise :class:`Broken` with what is told unless the rule holds."""
    if not holds:
        raise Broken(told)


def check_output_intent(pdf: pikepdf.Pdf) -> None:
    """One GTS_PDFX intent with an embedded profile of a press, whose colours are as many as ``/N`` says."""
    intents: Any = pdf.Root.OutputIntents
    kinds = [intent.get("/S") for intent in intents]
    require(kinds == [pikepdf.Name.GTS_PDFX], "出力インテント（GTS_PDFX）が1つではありません")
    for key in ("/OutputConditionIdentifier", "/OutputCondition", "/Info"):
        require(str(intents[0].get(key, "")), f"出力インテントに {key[1:]} がありません")
    stream = intents[0].get("/DestOutputProfile")
    require(isinstance(stream, pikepdf.Stream), "出力インテントにプロファイルがありません")
    data = stream.read_bytes()
    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(data)).profile
    except OSError:
        raise Broken("出力プロファイルを読めません") from None
    kind, space, channels = profile.device_class, profile.xcolor_space, stream.get("/N")
    require(int.from_bytes(data[:4]) == len(data), "出力プロファイルの長さが違います")
    require(kind == "prtr", f"出力プロファイルが出力用（prtr）ではありません（{kind}）")
    require(channels == _CHANNELS.get(space), f"出力プロファイルの色空間 {space} と N（{channels}）が合いません")


def check_metadata(pdf: pikepdf.Pdf, form: str) -> None:
    """The packet can be read as it lies in the file, says what the form must say, and agrees with the information."""
    require("/Filter" not in pdf.Root.Metadata, "XMP が圧縮されています")
    try:
        xmp = pdf.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False, strict=True)
        said = {name: str(xmp[name]) for name in xmp}
    except SyntaxError:  # lxml's is one
        raise Broken("XMP を XML として読めません") from None
    told = {name: str(xmp.get(name, "")) for name in ("dc:format", "xmp:MetadataDate", *_IN_BOTH.values())}
    modified = told["xmp:ModifyDate"]
    claims = {f"{_PDFX}Version": "PDF/X-4"}
    if form == "pdfvt1":
        claims |= {f"{_PDFVT}Version": "PDF/VT-1", f"{_PDFVT}ModDate": modified}
    require(
        {name: value for name, value in said.items() if "GTS_" in name} == claims, "XMP の名のる形式（GTS_…）が違います"
    )
    require(told["dc:format"] == "application/pdf", "XMP の dc:format が違います")
    require(told["xmp:MetadataDate"] == modified, "XMP の MetadataDate が ModifyDate と違います")
    for name in ("DocumentID", "InstanceID", "VersionID", "RenditionClass"):
        require(said.get(_MM + name), f"XMP に xmpMM:{name} がありません")
    info: Any = pdf.docinfo
    require(info.Trapped in {pikepdf.Name("/True"), pikepdf.Name("/False")}, "Trapped が決まっていません")
    require(info.GTS_PDFXVersion == "PDF/X-4", "文書情報の GTS_PDFXVersion が違います")
    for key, name in _IN_BOTH.items():
        same = _comparable(str(info[key])) == _comparable(told[name]) != ""
        require(same, f"XMP の {name} が文書情報の {key[1:]} と違います")


def _comparable(value: str) -> str:
    """A value without what is written differently in the two places: a name's slash, the signs in a date."""
    date = re.sub(r"[-:'TD]", "", value)
    return date if re.fullmatch(r"\d{14}[+Z]\d*", date) else value.removeprefix("/")


def check_parts(pdf: pikepdf.Pdf, pages_per_sheet: int) -> None:
    """The parts follow each other over all pages, each page knows its own, and none tells more than it may."""
    root: Any = pdf.Root.DPartRoot
    node = root.get("/DPartRootNode")
    require(isinstance(node, pikepdf.Dictionary) and node.is_indirect, "文書パートの根がありません")
    require(_is(node.get("/Parent"), root), "文書パートの根の親が違います")
    names = root.get("/NodeNameList")
    levels = isinstance(names, pikepdf.Array) and [isinstance(name, pikepdf.Name) for name in names]
    require(levels == [True] * _LEVELS, "文書パートの段の名前（NodeNameList）が違います")
    require(root.get("/RecordLevel") == _LEVELS - 1, "文書パートの RecordLevel が違います")
    _check_facts_of_file(pdf, node)
    rows = node.get("/DParts")
    nested = isinstance(rows, pikepdf.Array) and [isinstance(row, pikepdf.Array) for row in rows]
    require(nested == [True], "文書パートの並び（DParts）が配列の配列ではありません")
    pages = [page.obj for page in pdf.pages]
    at, following = 0, 0
    for number, leaf in enumerate(rows[0], start=1):
        where = f"文書パート{number}"
        require(_is(leaf.get("/Parent"), node), f"{where}の親が違います")
        following, sheets = _check_facts(leaf, following, f"{where}の DPM が違います")
        end = at + sheets * pages_per_sheet
        require(end <= len(pages), f"{where}の頁がファイルの終わりを越えています")
        _check_pages(leaf, pages[at:end], at, where)
        at = end
    require(at == len(pages), f"{at + 1}頁から後がどの文書パートにも入っていません")


def _check_pages(leaf: Any, pages: list[Any], before: int, where: str) -> None:
    """The leaf begins and ends with these pages, and each of them says that it belongs to it."""
    first, last = leaf.get("/Start"), leaf.get("/End")
    require(_is(first, pages[0]), f"{where}が{before + 1}頁から始まっていません")
    ends = _is(last, pages[-1]) if len(pages) > 1 else last is None
    require(ends, f"{where}が{before + len(pages)}頁で終わっていません")
    for number, page in enumerate(pages, start=before + 1):
        require(_is(page.DPart, leaf), f"{number}頁が別の文書パートを指しています")


def _check_facts_of_file(pdf: pikepdf.Pdf, node: Any) -> None:
    told = "文書パートの根の DPM が違います"
    facts = _facts(node, ("/Batch", "/File", "/Generation"), told)
    title = str(pdf.docinfo.Title)
    require(facts["/File"] == title and title.startswith(f"{facts['/Batch']}-"), told)
    require(isinstance(facts["/Generation"], int), told)


def _check_facts(leaf: Any, following: int, told: str) -> tuple[int, int]:
    """The number of the piece that must come next, and the sheets of the leaf.

    Each fact is one that follows from the file (the next piece, its sheets) or the code of a member: there is no
    place for anything of a person.
    """
    separator = "/City" not in leaf.get("/DPM", pikepdf.Dictionary())
    facts = _facts(leaf, ("/Kind", "/Piece", "/Sheets") if separator else ("/City", "/Kind", "/Piece", "/Sheets"), told)
    piece, sheets = facts["/Piece"], facts["/Sheets"]
    require(isinstance(piece, int) and isinstance(sheets, int) and sheets >= 1, told)
    require(piece == (following or piece), f"{told}（封筒番号が続いていません）")
    if separator:
        require(facts["/Kind"] == "separator" and sheets == 1, told)
        return piece, sheets
    require(facts["/Kind"] == "piece" and facts["/City"] in reference.cities(), told)
    return piece + 1, sheets


def _facts(part: Any, wanted: tuple[str, ...], told: str) -> dict[str, Any]:
    """The metadata of a part: exactly these keys, with texts or whole numbers behind them."""
    metadata = part.get("/DPM")
    require(isinstance(metadata, pikepdf.Dictionary) and tuple(sorted(metadata.keys())) == wanted, told)
    values = dict(metadata.items())
    require(
        all(isinstance(value, (int, pikepdf.String)) and not isinstance(value, bool) for value in values.values()), told
    )
    return {key: value if isinstance(value, int) else str(value) for key, value in values.items()}


def _is(one: Any, other: Any) -> bool:
    """Whether two are the very same object of the file."""
    return one is not None and bool(one.objgen == other.objgen)
