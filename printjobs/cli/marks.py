"""``printjobs mark``: what a mark on a notice says, its check digits, and a picture to hold before a reader.

JSON has ``characters`` (what the mark says), ``check`` (its check digits), and what else the mark has.
"""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fonts import FontSet
from printjobs import intake, reference
from printjobs.core import address_number
from printjobs.core.address_number import Outcome, Reason
from printjobs.core.marks import customer, gs1_128, mpn, sheet
from printjobs.core.marks import el_qr as local_tax
from printjobs.core.model import BadInput, UsageError
from printjobs.render import symbols
from printjobs.render.symbols import Extent, Mask
from printjobs.settings import Settings

if TYPE_CHECKING:
    from PIL import Image

Json = Annotated[bool, typer.Option("--json", help="結果を JSON で出します。")]
Png = Annotated[Path | None, typer.Option("--png", metavar="FILE", help="読み取れる大きさの画像を FILE に書きます。")]

mark_app = typer.Typer(no_args_is_help=True, help="紙に刷るバーコードや番号を、1つずつ作って確かめる")

_NO_BARCODE = {
    Reason.REPRESENTATIVE: "代表番号（以下に掲載がない場合）にはカスタマバーコードを付けません。",
    Reason.UNKNOWN_CODE: "その郵便番号はありません。郵便番号を確かめてください。",
    Reason.BOX_WITHOUT_NUMBER: "私書箱の番号が住所にありません。「私書箱12号」のように書いてください。",
}


def _tell(values: dict[str, Any], lines: list[str], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(values, ensure_ascii=False, indent=1) + "\n")
    else:
        sys.stdout.write("".join(f"{line}\n" for line in lines))  # as they are: a terminal would break long digits


def _write(file: Path | None, mask: Mask, extent: Extent) -> None:
    if file is None:
        return
    from printjobs.render.symbols.picture import picture

    _write_picture(file, picture(mask, extent), extent.dpi)


def _write_picture(file: Path, drawn: Image.Image, dpi: int) -> None:
    from printjobs.render.symbols.picture import png

    try:
        file.write_bytes(png(drawn, dpi))
    except OSError as error:
        reason = f"{file} に書けません（{error.strerror}）。書けるファイルを --png で指定してください。"
        raise UsageError(reason) from error


def _digits(text: str, length: int, what: str) -> str:
    """Digits that a person typed, full width too; :class:`UsageError` for another length or a letter."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if not re.fullmatch(rf"[0-9]{{{length}}}", plain):
        raise UsageError(f"{what}は数字{length}桁です。")
    return plain


def _dots(by_dpi: dict[int, int], dpi: int) -> int:
    if dpi not in by_dpi:
        raise UsageError(f"{dpi} dpi の機械で刷る大きさが marks.toml にありません。")
    return by_dpi[dpi]


@mark_app.command("customer-barcode", help="カスタマバーコード。住所から住所表示番号を抜き出します。")
def customer_barcode(
    zip_code: Annotated[str, typer.Argument(metavar="ZIP", help="郵便番号7桁（ハイフンはあってもなくても）")],
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="住所。町域名より後だけでもかまいません")],
    building: Annotated[str, typer.Option(help="方書")] = "",
    png: Png = None,
    as_json: Json = False,
) -> None:
    """``characters`` is the postal code's digits and the address number without a hyphen between.

    ``address_number`` is what was taken from the address, ``symbols`` the 20 of the barcode, ``town_found``
    whether the address had its code's town: if not, all of it was read as what follows the town.
    """
    code = _digits(re.sub(r"[〒\s‐－-]", "", zip_code), 7, "郵便番号")
    found = intake.PostalCodes().address_number(code, address, building)
    if found.reason in _NO_BARCODE:
        raise BadInput(_NO_BARCODE[found.reason])
    town_found = found.outcome == Outcome.READY
    number = found.number if town_found else address_number.extract(f"{address} {building}")
    twenty = customer.symbols(code, number)
    bars, check = customer.bars(twenty), customer.check(twenty)
    setting, dpi = reference.marks().customer_barcode, reference.vendor().print_.dpi
    _write(png, symbols.customer_barcode(bars), symbols.customer_barcode_extent(dpi, setting.points))
    values = {
        "characters": customer.characters(twenty),
        "check": check,
        "bars": bars,
        "address_number": number,
        "symbols": list(twenty),
        "town_found": town_found,
    }
    lines = [
        f"文字　　　　　 {values['characters']}",
        f"住所表示番号　 {number or '（なし）'}",
        f"検査数字　　　 {check}",
        f"バー　　　　　 {bars}",
    ]
    if not town_found:
        lines.append("この郵便番号の町域名が住所にないので、全体を町域名より後として読みました。")
    _tell(values, lines, as_json=as_json)


@mark_app.command("gs1-128", help="コンビニ収納の GS1-128。43桁なら検査数字を付け、44桁なら確かめます。")
def payment_barcode(
    digits: Annotated[str, typer.Argument(metavar="DIGITS43", help="91 から金額までの43桁、または検査数字までの44桁")],
    png: Png = None,
    as_json: Json = False,
) -> None:
    """``modules`` are the 288 of the row, 1 is dark; ``lines`` stand below them for people."""
    given = re.sub(r"[\s()（）-]", "", digits)
    if len(given) not in {gs1_128.LENGTH - 1, gs1_128.LENGTH}:
        raise UsageError(f"コンビニ収納の番号は43桁（検査数字まで入れて44桁）です。{len(given)}桁ありました。")
    given = _digits(given, len(given), "コンビニ収納の番号")
    body, check = given[: gs1_128.LENGTH - 1], gs1_128.check_digit(given[: gs1_128.LENGTH - 1])
    if given not in {body, body + check}:
        raise BadInput(f"検査数字が合いません。43桁から計算すると {check} です。")
    if body[:2] != gs1_128.IDENTIFIER:
        raise BadInput(f"コンビニ収納の番号は {gs1_128.IDENTIFIER} で始まります。")
    try:
        payment = gs1_128.parse(body + check)
    except ValueError as error:
        raise BadInput("31桁目からの支払期限が日付ではありません。YYMMDD か 999999 です。") from error
    if payment.amount > gs1_128.MOST_YEN:
        raise BadInput(f"{gs1_128.MOST_YEN // 10_000}万円を超える額はコンビニでは払えません。バーコードを付けません。")
    setting, dpi = reference.marks().gs1_128, reference.vendor().print_.dpi
    extent = symbols.gs1_128_extent(dpi, _dots(setting.module_dots, dpi), setting.height)
    _write(png, symbols.gs1_128(body + check), extent)
    first, second = gs1_128.readable(body + check)
    values = {
        "characters": body + check,
        "check": check,
        "modules": gs1_128.bars(body + check),
        "lines": [first, second],
        "fields": payment._asdict(),
    }
    _tell(
        values,
        [f"文字　　 {body}{check}", f"検査数字 {check}", f"目視文字 {first}", f"　　　　 {second}"],
        as_json=as_json,
    )


@mark_app.command("mpn", help="MPN・ゆうちょの OCR 行の検査数字2桁を計算します。")
def ocr_line(
    body: Annotated[str, typer.Argument(metavar="BODY", help="検査数字の後の37文字（上段）か42文字（下段）")],
    png: Png = None,
    as_json: Json = False,
) -> None:
    """The picture has the line in OCR-B, in the size of the slips."""
    lengths = (mpn.UPPER_LENGTH - 2, mpn.LOWER_LENGTH - 2)
    if len(body) not in lengths:
        raise UsageError(f"上段は{lengths[0]}文字、下段は{lengths[1]}文字です。{len(body)}文字ありました。")
    try:
        check = mpn.check(body)
    except ValueError as error:
        raise UsageError("OCR 行に使えない文字があります。数字と A F H J K L P T V X * + - # だけです。") from error
    if png:
        from printjobs.render.symbols.picture import ocr_picture

        (face,) = FontSet().chains["ocr-b"].faces
        dpi = reference.vendor().print_.dpi
        _write_picture(png, ocr_picture(check + body, face, dpi), dpi)
    _tell(
        {"characters": check + body, "check": check}, [f"文字　　 {check}{body}", f"検査数字 {check}"], as_json=as_json
    )


_ABOUT_EL_QR = {
    "length": "255桁の数字ではありません",
    "crc": "CRC が合いません",
    "structure": "タグの並びか長さが違います",
    "upper_check": "MPN 上段の検査数字が合いません",
    "lower_check": "MPN 下段の検査数字が合いません",
    "dates": "納期限か支払期限が日付ではありません",
    "amount": "金額が2か所で違います",
    "organisation": "収納機関番号が2か所で違います",
}


@mark_app.command("el-qr", help="地方税統一QRコード。255桁を確かめるか、項目から作ります。")
def local_tax_qr(
    digits: Annotated[str, typer.Argument(metavar="[DIGITS]", help="確かめる255桁。250桁なら CRC を付けます")] = "",
    amount: Annotated[int, typer.Option(min=0, max=10**11 - 1, help="金額（円）")] = 0,
    division: Annotated[str, typer.Option(help="納付区分（税目・料金番号）3桁")] = "",
    payment_number: Annotated[str, typer.Option(help="納付番号（案件特定キー）20桁")] = "",
    confirmation: Annotated[str, typer.Option(help="確認番号6桁")] = "",
    city: Annotated[str, typer.Option(help="6桁の市コード")] = "",
    year: Annotated[int, typer.Option(min=2000, max=2100, help="賦課年度（西暦）")] = 2026,
    tax_year: Annotated[int, typer.Option(min=0, max=2100, help="課税年度（西暦）。省くと賦課年度")] = 0,
    period: Annotated[int, typer.Option(min=0, max=99, help="期別。0 は全期")] = 0,
    due: Annotated[str, typer.Option(help="納期限 2026-07-31 の形")] = "",
    accept_until: Annotated[str, typer.Option(help="支払期限。省くと納期限")] = "",
    png: Png = None,
    as_json: Json = False,
) -> None:
    """``check`` is the CRC; ``upper`` and ``lower`` are the OCR lines inside, ``fields`` all that it says."""
    if digits:
        text = re.sub(r"\s", "", digits)
        if len(text) == local_tax.LENGTH - 5:
            text += local_tax.crc(text)
    else:
        biller = reference.marks().biller
        fields = local_tax.ElQr(
            account=biller.account,
            amount=amount,
            fee=biller.fee,
            organisation=biller.organisation,
            stamp=biller.stamp,
            division=_digits(division, 3, "納付区分（--division）"),
            payment_number=_digits(payment_number, 20, "納付番号（--payment-number）"),
            confirmation=_digits(confirmation, 6, "確認番号（--confirmation）"),
            city=reference.city(city).code[:5],
            office=biller.office,
            levy_year=year,
            tax_year=tax_year or year,
            period=period,
            due=_day(due, "納期限（--due）"),
            accept_until=_day(accept_until or due, "支払期限（--accept-until）"),
        )
        text = local_tax.build(fields)
    if faults := local_tax.faults(text):
        raise BadInput("地方税統一QRコードとして読めません: " + "、".join(_ABOUT_EL_QR[fault] for fault in faults))
    setting, dpi = reference.marks().el_qr, reference.vendor().print_.dpi
    _write(png, symbols.el_qr(text), symbols.el_qr_extent(dpi, _dots(setting.module_dots, dpi)))
    upper, lower = local_tax.mpn_lines(text)
    said = local_tax.parse(text)._asdict()
    values = {"characters": text, "check": text[-5:], "upper": upper, "lower": lower, "fields": said}
    lines = [f"文字　　 {text}", f"CRC　　　{text[-5:]}", f"OCR上段　{upper}", f"OCR下段　{lower}"]
    _tell(values, [*lines, *(f"  {name} {value}" for name, value in said.items())], as_json=as_json)


def _day(text: str, what: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise UsageError(f"{what}は 2026-07-31 の形の日付です。") from error


@mark_app.command("sheet", help="紙の QR の34文字。番号から作るか、--read で読んだ文字を確かめます。")
def sheet_mark(
    run: Annotated[str, typer.Argument(metavar="RUN", help="回の名前（例: property_tax-2026）")],
    batch: Annotated[int, typer.Option(min=0, max=32**5 - 1, help="バッチ番号")] = 1,
    piece: Annotated[int, typer.Option(min=0, max=32**6 - 1, help="封筒番号")] = 1,
    number: Annotated[int, typer.Option("--sheet", min=0, max=sheet.MAX_SHEETS, help="何枚目")] = 1,
    of: Annotated[int, typer.Option(min=0, max=sheet.MAX_SHEETS, help="何枚のうち")] = 1,
    generation: Annotated[int, typer.Option(min=0, max=31, help="世代")] = 1,
    inserts: Annotated[int, typer.Option(min=0, max=1023, help="同封物の給紙口（ビット）")] = 0,
    by_hand: Annotated[bool, typer.Option("--by-hand", help="手作業のバッチ")] = False,
    read: Annotated[str, typer.Option(help="読んだ34文字。ほかの指定は使いません")] = "",
    png: Png = None,
    as_json: Json = False,
) -> None:
    """``check`` is the keyed code of eight characters; it is of this machine's secret."""
    key = sheet.run_key(Settings().secret_bytes(), run)
    if read:
        text, found = read, sheet.decode(read, key)
        if found is None or found.run != sheet.run_code(run):
            raise BadInput("この回の紙の QR ではありません。文字か、回の名前か、この機械の鍵が違います。")
    else:
        flags = (sheet.HAND_WORK if by_hand else 0) | (sheet.END_OF_PIECE if number and number == of else 0)
        flags |= 0 if number else sheet.SEPARATOR
        found = sheet.SheetMark(sheet.run_code(run), batch, piece, number, of, generation, flags, inserts)
        text = sheet.encode(found, key)
    vendor = reference.vendor()
    _write(png, symbols.sheet_qr(text), symbols.sheet_qr_extent(vendor.print_.dpi, vendor.mark.module_dots))
    check = text[-sheet.CHECK_LENGTH :]
    lines = [f"文字　　 {text}", f"検査符号 {check}", *(f"  {name} {value}" for name, value in found._asdict().items())]
    _tell({"characters": text, "check": check, "fields": found._asdict()}, lines, as_json=as_json)
