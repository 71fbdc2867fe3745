"""The days of a run: its timetable, the cities' cut-offs, and the quiet vendor's alarms."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import typer
from rich.table import Table

from printjobs import reference
from printjobs.core.model import Refused, UsageError
from printjobs.core.stages import STAGES
from printjobs.pipeline import Context, scheduling, watching
from printjobs.pipeline.scheduling import LATE_NAMES, Late, Timetable
from printjobs.pipeline.status import SUBMISSION_NAMES
from printjobs.settings import Settings

from . import show
from .output import print_json

Json = Annotated[bool, typer.Option("--json", help="結果を JSON で出します。")]
RunId = Annotated[str, typer.Argument(metavar="RUN", help="回の名前（例: property_tax-2026）")]
DueDate = Annotated[str, typer.Option(help="最初の納期限 2026-04-30 の形。省くと市の設定のうち最も早い日")]
Delay = Annotated[int, typer.Option(help="郵便の特別割引の送達余裕（0・3・7日）")]


def timetable(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="通知種別（例: property_tax）")],
    year: Annotated[int, typer.Argument(metavar="YEAR", help="年度（西暦）")],
    due_date: DueDate = "",
    delay: Delay = 0,
    mailing_date: Annotated[str, typer.Option(help="発送日 2026-04-10 の形。省くと法律の期限に間に合う最後の日")] = "",
    as_json: Json = False,
) -> None:
    made = scheduling.make_timetable(kind, year, due_date, delay, mailing_date)
    if as_json:
        print_json(plain(made))
    else:
        _show_timetable(made)


def schedule(
    run: RunId,
    city: Annotated[str, typer.Option(help="6桁の市コード。省くと全市")] = "",
    date_: Annotated[str, typer.Option("--date", help="締切日 2026-03-06 の形。省くと日程から逆算した日")] = "",
    late: Annotated[
        Late | None, typer.Option(help="遅れた市: leave_out（除いて進める）か hold（届くまで待つ）")
    ] = None,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="--city の市の締切日を消し、待たずに進めます")] = False,
    as_json: Json = False,
) -> None:
    context = Context(Settings())
    if no_wait:
        if not city or date_ or late:
            raise UsageError("--no-wait は、--city とだけ一緒に指定してください。")
        scheduling.stop_waiting(context, run, city)
    elif late:
        scheduling.set_cutoff(context, run, [city] if city else list(reference.cities()), late, date_)
    elif city or date_:
        raise UsageError(
            "締切日を決めるには、遅れた市をどうするかを --late leave_out か --late hold で入れてください。"
        )
    made = scheduling.schedule_of(context, run)
    if as_json:
        print_json(plain(made))
        return
    _show_timetable(made.timetable)
    table = Table(title=f"{run} の提出　{made.today} 現在", title_justify="left", title_style="bold")
    for title in ("市", "締切日", "遅れたとき", "初めの提出", "今の提出", "遅れ", "待つ"):
        table.add_column(title)
    for one in made.cities:
        policy = LATE_NAMES[Late(one.late)] if one.late else "―"
        state = SUBMISSION_NAMES[one.submission]
        marks = ("遅れ" if one.is_late else "", "待っている" if one.waited else "")
        table.add_row(one.name, one.date or "―", policy, one.handed_in or "―", state, *marks)
    show.console.print(table)


def alarms(run: RunId, as_json: Json = False) -> None:
    watch = watching.alarms(Context(Settings()), run)
    if as_json:
        print_json(plain(watch))
    else:
        for stood in watch.standings:
            show.line(f"{STAGES[stood.stage]}: 今ごろは{stood.expected:,}通のはず、報告は{stood.told:,}通")
        heard = f"{watch.heard} に最後の報告" if watch.heard else "報告はまだありません"
        show.line(heard if watch.standings else "受託者が持っているバッチはありません。")
        for alarm in watch.alarms:
            show.line(f"警報: {alarm.message}受託者に確かめてください。")
    if watch.alarms:
        raise typer.Exit(Refused.exit_code)


def _show_timetable(made: Timetable) -> None:
    table = Table(title="日程（どれもおそくともこの日）", title_justify="left", title_style="bold")
    for title in ("日", "すること", "わけ"):
        table.add_column(title)
    for step in made.steps:
        table.add_row(_day(step.day), step.title, step.why)
    table.add_row(_day(made.arrives), "到達", f"郵便の送達余裕{made.delay}日をみて")
    table.add_row(_day(made.deadline), "到達の期限", made.law)
    table.add_row(_day(made.due), "最初の納期限", "閉庁日なら翌開庁日")
    show.console.print(table)
    show.line(made.told)
    for city in made.cities:
        if city.due != made.due:
            show.line(f"{city.name}の納期限は{city.due}で、この市だけの回なら提出は{_day(city.alone)}まででよい。")


def _day(day: date) -> str:
    return f"{day}（{'月火水木金土日'[day.weekday()]}）"


def plain(value: Any) -> Any:
    """Named tuples as objects and days as ISO text, for JSON."""
    if hasattr(value, "_asdict"):
        return {key: plain(one) for key, one in value._asdict().items()}
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value
