"""Is a finished print file of the form that the vendor asked for? Rules of our own over its structure, page by page.

No free program checks PDF/X-4 or PDF/VT-1 as a whole. These rules hold what a press stops at (``form`` is one of
``reference.FILE_FORMS``); that a file passes is no certificate. They share no code with what writes the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pikepdf

from .fault import NEXT, PreflightError
from .pdfx import Broken, check_metadata, check_output_intent, check_parts, require

_A4 = "[ 0 0 595.276 841.89 ]"
_BOX = re.escape(_A4)
_PAGE = {  # as qpdf gives back a page of ours
    form: re.compile(
        rf"<< /Contents \d+ 0 R {part}/MediaBox {_BOX} /Parent \d+ 0 R "
        rf"/Resources (\d+) 0 R {trim}/Type /Page >>".encode()
    )
    for form, part, trim in (
        ("pdf", "", ""),
        ("pdfx4", "", f"/TrimBox {_BOX} "),
        ("pdfvt1", r"/DPart \d+ 0 R ", f"/TrimBox {_BOX} "),
    )
}
_OF_PAGE = {"/Contents": "内容", "/MediaBox": "用紙の大きさ", "/Parent": "親", "/Resources": "資源", "/Type": "種別"}
_OF_PAGE_X = _OF_PAGE | {"/TrimBox": "仕上がりの大きさ"}
_PAGE_KEYS = {"pdf": _OF_PAGE, "pdfx4": _OF_PAGE_X, "pdfvt1": _OF_PAGE_X | {"/DPart": "文書パート"}}
_CATALOG = {"/Type", "/Pages"}
_CATALOG_X = _CATALOG | {"/Metadata", "/OutputIntents"}
_CATALOG_KEYS = {"pdf": _CATALOG, "pdfx4": _CATALOG_X, "pdfvt1": _CATALOG_X | {"/DPartRoot"}}
_INFO = {"/Title", "/Producer", "/CreationDate"}
_INFO_X = _INFO | {"/Creator", "/ModDate", "/Trapped", "/GTS_PDFXVersion"}
_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]+")

_OTHER_INKS = frozenset(("rg", "RG", "cs", "CS", "sc", "SC", "scn", "SCN", "sh", "k", "K"))
_LOOKED_AT = frozenset(word.encode() for word in (*_OTHER_INKS, "gs", "ColorSpace"))
_BETWEEN = bytes.maketrans(b"()<>[]{}/%", b" " * 10)
_USES = re.compile(rb"/([^\s()<>\[\]{}/%]+)\s+(?:[\d.]+\s+Tf|Do)\b")


def check(path: Path, form: str, pages_per_sheet: int) -> int:
    """The number of pages of a file that keeps every rule of its form.

    Raises :class:`PreflightError` at the first rule that is broken. Its sentence tells nothing of a notice.
    """
    try:
        with pikepdf.open(path, attempt_recovery=False, suppress_warnings=True) as pdf:
            _check_all(pdf, form, pages_per_sheet)
            return len(pdf.pages)
    except (pikepdf.PdfError, pikepdf.PasswordError):
        told = "PDF として読めません"
    except Broken as broken:
        told = str(broken)
    except (
        AttributeError,
        IndexError,
        KeyError,
        TypeError,
        ValueError,
    ):  # what should be there is not, or another thing
        told = "PDF の組み立てが違います"
    raise PreflightError(f"{path.name} は印刷ファイルの形式 {form} に合いません。{told}。{NEXT}")


def _check_all(pdf: pikepdf.Pdf, form: str, pages_per_sheet: int) -> None:
    _check_file(pdf)
    _check_catalog(pdf, form)
    _check_resources(pdf.pages[0].obj.Resources)
    _check_pages(pdf, form)
    _check_inks(pdf)
    if form != "pdf":
        check_output_intent(pdf)
        check_metadata(pdf, form)
    if form == "pdfvt1":
        check_parts(pdf, pages_per_sheet)
    faults = len(pdf.get_warnings())
    require(not faults, f"PDF として壊れています（{faults}か所）")


def _check_file(pdf: pikepdf.Pdf) -> None:
    trailer = pdf.trailer
    require(pdf.pdf_version == "1.6", f"PDF の版が 1.6 ではありません（{pdf.pdf_version}）")
    require(not pdf.is_encrypted, "暗号化されています")
    require(not pdf.is_linearized, "Web 表示用に並べ替えられています")
    streams = "/XRefStm" in trailer or trailer.get("/Type") == pikepdf.Name.XRef
    require(not streams, "オブジェクトストリームを使っています")
    require("/Prev" not in trailer, "後から書き足されています")
    identity = trailer.get("/ID")
    found = isinstance(identity, pikepdf.Array) and [len(bytes(part)) for part in identity]
    require(found == [16, 16], "ファイルの ID がありません")


def _check_catalog(pdf: pikepdf.Pdf, form: str) -> None:
    """Catalog and information have what the form has and no more; the title is a file id, which names nobody."""
    info = pdf.docinfo
    require(set(pdf.Root.keys()) == _CATALOG_KEYS[form], f"カタログの項目が違います（{_told(pdf.Root)}）")
    require(set(info.keys()) == (_INFO if form == "pdf" else _INFO_X), f"文書情報の項目が違います（{_told(info)}）")
    require(_IDENTIFIER.fullmatch(str(info.Title)), "文書情報の題名が印刷ファイルの番号ではありません")


def _check_resources(resources: Any) -> None:
    """What all pages share: fonts, each embedded once, and forms without tones of their own."""
    require(set(resources.keys()) == {"/Font", "/XObject"}, f"頁の資源の項目が違います（{_told(resources)}）")
    files, names = set(), set()
    for font in resources.Font.values():
        name = str(font.get("/BaseFont"))
        embedded = font.get("/Subtype") == pikepdf.Name.Type0 and font.DescendantFonts[0].FontDescriptor.get(
            "/FontFile2"
        )
        require(isinstance(embedded, pikepdf.Stream), f"書体 {name} が埋め込まれていません")
        files.add(embedded.objgen)
        names.add(name.partition("+")[2])
    require(len(files) == len(names) == len(resources.Font), "同じ書体が2度埋め込まれています")
    for name, form in resources.XObject.items():
        require(form.get("/Subtype") == pikepdf.Name.Form, f"{name} が画像です")
        require("/Group" not in form, f"{name} に透明効果があります")
        require(form.Resources.objgen == resources.objgen, f"{name} が別の書体や画像を持っています")


def _check_pages(pdf: pikepdf.Pdf, form: str) -> None:
    """Every page is upright A4 with the shared resources; what is written as ours are needs no second look."""
    shared, pattern = pdf.pages[0].obj.Resources.objgen, _PAGE[form]
    for number, page in enumerate(pdf.pages, start=1):
        written = pattern.fullmatch(page.obj.unparse(resolved=True))
        if not (written and int(written[1]) == shared[0]):
            _check_page(page.obj, _PAGE_KEYS[form], shared, f"{number}頁")


def _check_page(page: Any, wanted: Mapping[str, str], shared: tuple[int, int], where: str) -> None:
    keys = set(page.keys())
    for key, told in wanted.items():
        require(key in keys, f"{where}に{told}（{key[1:]}）がありません")
    more = " ".join(sorted(keys - set(wanted)))
    require(not more, f"{where}に余計な項目があります（{more}）")
    for box in ("/MediaBox", "/TrimBox"):
        same = box not in wanted or page[box].unparse(resolved=True) == _A4.encode()
        require(same, f"{where}の {box[1:]} が A4 ではありません")
    require(page.Resources.objgen == shared, f"{where}が別の書体や画像を持っています")
    require(isinstance(page.Contents, pikepdf.Stream), f"{where}の内容が1つの流れではありません")


def _check_inks(pdf: pikepdf.Pdf) -> None:
    """Black ink only, opaque, in fonts and forms that the file has. A stream that many pages share is read once."""
    resources: Any = pdf.pages[0].obj.Resources
    known = {str(name)[1:].encode() for shared in (resources.Font, resources.XObject) for name in shared}
    for name, form in resources.XObject.items():
        _check_code(form, form, known, name)
    seen = set()
    for number, page in enumerate(pdf.pages, start=1):
        contents: Any = page.obj.Contents
        if contents.objgen not in seen:
            seen.add(contents.objgen)
            _check_code(contents, page, known, f"{number}頁")


def _check_code(stream: Any, drawn: Any, known: set[bytes], where: str) -> None:
    """Take the code apart where a word of it looks like another ink; in bytes of a text it may mean nothing."""
    code: bytes = stream.read_bytes()
    unknown = set(_USES.findall(code)) - known
    if not unknown and _LOOKED_AT.isdisjoint(code.translate(_BETWEEN).split()):
        return
    for instruction in pikepdf.parse_content_stream(drawn):
        operator, operands = str(instruction.operator), instruction.operands
        if operator in {"k", "K"}:
            require(not any(operands[:3]), f"{where}に墨でない色があります（{operator}）")
        elif operator == "INLINE IMAGE":
            image: Any = operands[0]
            require(image.image_mask, f"{where}に墨1色でない画像があります")
        elif operator in {"Tf", "Do"}:
            require(str(operands[0])[1:].encode() in known, f"{where}がファイルにない書体か様式を使っています")
        else:
            require(operator != "gs", f"{where}に透明効果になりうる指定があります（gs）")
            require(operator not in _OTHER_INKS, f"{where}に墨でない色があります（{operator}）")


def _told(dictionary: Any) -> str:
    return " ".join(sorted(dictionary.keys()))
