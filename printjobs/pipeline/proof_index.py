"""The first pages of a proof: what was chosen and why, from what it was made, and what the signer looks at."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from fonts import FontSet
from printjobs import reference
from printjobs.core import japanese
from printjobs.core.kinds import Kind
from printjobs.render import documents
from printjobs.render.documents import Section
from printjobs.render.writer import Ink
from printjobs.store.runs import Record

_LOOK = (
    ("宛名", "氏名・敬称・住所・方書に、抜け、重なり、切れがないこと。様と御中が正しいこと。"),
    ("金額・明細", "金額、明細、期別、納期限が課税側の値と同じであること。"),
    ("納付書", "枚数、金額、納期限、番号とバーコードが課税側の値と同じであること。"),
    ("外字・異体字", "字形が住民記録などと同じであること。"),
    ("文面", "市の名、問い合わせ先、納付の場所、不服申立ての文が市の定めどおりであること。"),
)
_AFTER = (
    "・直すところがあれば承認せず、直したデータを出し直してください。新しい校正刷りができ、前の承認は効かなくなります。",
    "・よければ、このPDFのSHA-256と確かめた人の名前をとりまとめ市に知らせてください。承認として記録します。",
    "・すべての市の承認がそろうまで、受託者に引き渡しません。",
    "・見本の文字と左端の縦書きは校正刷りだけのものです。紙を見分けるQRは、本番の番号が決まってから刷ります。",
)


class Entry(msgspec.Struct, frozen=True):
    """A notice of a proof: its number, its first and last page in the PDF, and why it was chosen."""

    number: str
    first: int
    last: int
    reasons: tuple[str, ...]


class About(NamedTuple):
    """What a proof was made of. ``absent``: cases that this city's data does not have."""

    run: Record
    submission: Record
    kind: Kind
    records_sha256: str
    absent: tuple[str, ...]


def index_pages(fonts: FontSet, about: About, entries: tuple[Entry, ...]) -> list[tuple[str, Ink]]:
    """Page codes of the index, with what they draw."""
    city = reference.city(about.submission.city)
    total = entries[-1].last if entries else 0
    rows = [(i, e.number, f"{e.first}〜{e.last}", "\n".join(e.reasons)) for i, e in enumerate(entries, start=1)]
    return documents.pages(
        fonts,
        title=f"校正刷り（見本）　{city.name}",
        facts=_facts(about, len(entries), total),
        sections=(
            Section("選んだ通知と、選んだ理由", ("番号", "通知書番号", "頁", "選んだ理由"), rows, (14, 36, 26, 94)),
            Section("確かめるところ", ("ところ", "確かめること"), _LOOK, (34, 136)),
            Section(
                "確認欄（市の中で回すとき）", ("確かめた日", "担当", "係長", "課長"), [("",) * 4], (62, 36, 36, 36), 20
            ),
        ),
        notes=_AFTER,
        total=total,
    )


def _facts(about: About, notices: int, pages: int) -> tuple[tuple[str, str], ...]:
    run, submission = about.run, about.submission
    city = reference.city(submission.city)
    printed = submission.notices - submission.rejected
    return (
        ("市", f"{city.name}（{city.code}）"),
        ("通知", f"{japanese.era_year(run.year)}度 {about.kind.name} 当初通知"),
        ("回・発送日", f"{run.id}、{japanese.era_date(run.mailing_date)}"),
        ("提出データ", f"受取り{submission.notices:,}件、はじき{submission.rejected:,}件、印刷{printed:,}件"),
        ("この校正刷り", f"印刷する{printed:,}件のすべてから選んだ{notices}件、{pages}頁（この一覧を含む）"),
        ("該当のない理由", "、".join(about.absent) or "なし"),
        ("様式の版", f"{run.layout_version}（SHA-256 {run.layout_sha256[:32]}…）"),
        ("市の設定", f"SHA-256 {run.profiles_sha256[:32]}…"),
        ("書体・外字表", f"書体 SHA-256 {run.fonts_sha256[:24]}…、外字表 {_version(submission.gaiji_version)}"),
        ("提出の SHA-256", submission.sha256),
        ("記録の SHA-256", about.records_sha256),
    )


def _version(gaiji_version: int) -> str:
    return f"第{gaiji_version}版" if gaiji_version else "なし"
