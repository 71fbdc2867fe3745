"""The bill: volumes mailed, priced by the tariff of the mailing date, split, and entered in the ledger."""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

import msgspec

from printjobs import reference
from printjobs.core import cost, japanese
from printjobs.core.cost import Bill, Tariff, Volumes
from printjobs.core.model import PieceStatus, Refused, RunStatus, SubmissionStatus
from printjobs.render import documents
from printjobs.render.documents import Section
from printjobs.store import production, runs, tracking, writing
from printjobs.store.models import Run
from printjobs.store.runs import Record, change_status

from .context import Context, Step
from .packaging import weight_g
from .settling import all_posted
from .status import status


def bill(context: Context, run_id: str) -> tuple[Bill, bool]:
    """The bill of a run, and whether it is settled: by what was mailed once all is, before that by the plan."""
    run = context.run(run_id)
    with context.engine.connect() as connection:
        counts = production.volume_counts(connection, run_id)
        joined = {s.city for s in runs.submissions(connection, run_id) if s.status == SubmissionStatus.ACCEPTED}
    if not counts:
        raise Refused(f"回 {run_id} はまだ計画していません。run go の後で費用を計算できます。")
    settled = all_posted(context, run_id)
    counted = {PieceStatus.MAILED} if settled else set(PieceStatus) - {PieceStatus.SUPERSEDED, PieceStatus.PULLED}
    tariff = reference.tariff(run.mailing_date)
    volumes = _volumes((c for c in counts if c.status in counted), joined, tariff)
    population = {code: city.population for code, city in reference.cities().items()}
    return cost.make_bill(volumes, population, tariff), settled


def _volumes(counts: Iterable[Record], cities: set[str], tariff: Tariff) -> dict[str, Volumes]:
    """What each city had made, from the counts of its pieces that are alike. Reprints are the vendor's own expense."""
    units: defaultdict[str, Counter[str]] = defaultdict(Counter)
    postage: defaultdict[str, Counter[str]] = defaultdict(Counter)
    notices: Counter[str] = Counter()
    for same in counts:
        own = units[same.city]
        own["sheet"] += same.pieces * same.sheets
        own["envelope"] += same.pieces
        own["insert"] += same.pieces * same.inserts.bit_count()
        own["hand_piece" if same.sheet_class == 0 else "piece"] += same.pieces
        grams = weight_g(same.sheets, same.inserts)
        name = tariff.overseas.name if same.abroad else cost.postage_class(grams, tariff)
        postage[same.city][name] += same.pieces
        notices[same.city] += int(same.notices)
    return {code: Volumes(notices[code], dict(units[code]), dict(postage[code])) for code in cities}


def close(context: Context, run_id: str) -> list[Step]:
    """The closing step: charge what was mailed, and close if the count equation holds for every city."""
    run = context.run(run_id)
    if run.status != RunStatus.RELEASED or not all_posted(context, run_id):
        return []
    made, settled = bill(context, run_id)
    if not (settled and made.sum_ok):
        raise AssertionError("the shares do not add up to the invoice")  # law 5, before anything is written
    _write_statements(context, run, made)
    with writing(context.engine) as connection:
        runs.lock_run(connection, run_id)
        if not tracking.charges(connection, run_id):
            rows = [
                {
                    "run_id": run_id,
                    "city": c.code,
                    "notices": c.notices,
                    "item": i.item,
                    "rule": i.rule,
                    "basis": i.basis,
                    "yen": i.yen,
                }
                for c in made.cities
                for i in c.items
            ]
            tracking.add_charges(connection, rows)
            runs.add_event(connection, run_id, context.now(), "charge", run_id, f"yen {made.invoice_yen}")
    if unbalanced := [c["name"] for c in status(context, run_id)["cities"] if not c["balanced"]]:
        raise Refused(
            f"件数の合わない市があるため締められません: {'、'.join(unbalanced)}。run status で差を確かめてください。"
        )
    with writing(context.engine) as connection:
        if change_status(connection, Run, Run.id, run_id, RunStatus.RELEASED, RunStatus.CLOSED):
            runs.add_event(connection, run_id, context.now(), "close", run_id)
    return []


def as_values(made: Bill, *, settled: bool) -> dict[str, Any]:
    """The contract's cost object, as plain values."""
    return {
        "invoice_yen": made.invoice_yen,
        "cities": [
            {
                "code": c.code,
                "items": [msgspec.to_builtins(i) for i in c.items],
                "total_yen": c.total_yen,
            }
            for c in made.cities
        ],
        "sum_ok": made.sum_ok,
        "settled": settled,
    }


def _write_statements(context: Context, run: Record, made: Bill) -> None:
    """A statement per city as CSV and PDF, and the council's total."""
    names = reference.cities()
    kind = context.kind(run.kind)
    for city in made.cities:
        rows = [(i.item, i.rule, i.basis, i.yen) for i in city.items]
        total = ("合計", "", "", city.total_yen)
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\r\n").writerows([("費目", "按分の規則", "根拠", "円"), *rows, total])
        context.files.put(f"statements/{run.id}/{city.code}.csv", text.getvalue().encode("utf-8-sig"))
        sink = io.BytesIO()
        documents.write(
            sink,
            context.fonts,
            title=f"負担金明細書　{names[city.code].name}",
            facts=(
                ("通知", f"{japanese.era_year(run.year)}度 {kind.name} 当初通知"),
                ("回", run.id),
                ("差出し", f"{city.notices:,}件"),
                ("負担金", f"{city.total_yen:,}円（{len(made.cities)}市の請求総額 {made.invoice_yen:,}円のうち）"),
                ("単価表", f"{japanese.era_date(reference.tariff(run.mailing_date).valid_from)}から有効"),
            ),
            sections=(Section("内訳", ("費目", "按分の規則", "根拠", "円"), [*rows, total], (44, 40, 56, 30)),),
            notes=(
                "・割り切れない額は円未満を切り捨てて分け、残りを剰余の大きい順（同じときは市コード順）に1円ずつ加えています。",
                "・各市の合計は請求総額と1円も違いません。",
            ),
        )
        context.files.put(f"statements/{run.id}/{city.code}.pdf", sink.getvalue())
    text = io.StringIO(newline="")
    totals = [(c.code, names[c.code].name, c.notices, c.total_yen) for c in made.cities]
    csv.writer(text, lineterminator="\r\n").writerows(
        [
            ("市コード", "市", "差出し件数", "負担金（円）"),
            *totals,
            ("", "合計", sum(c.notices for c in made.cities), made.invoice_yen),
        ]
    )
    context.files.put(f"statements/{run.id}/total.csv", text.getvalue().encode("utf-8-sig"))
