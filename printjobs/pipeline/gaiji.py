"""The council's gaiji table at work: a list taken in whole or not at all, one character settled, the table shown."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection

from printjobs import intake, reference
from printjobs.core.gaiji import (
    HEADERS,
    STANDARD,
    STATE_NAMES,
    Entry,
    Fault,
    State,
    character,
    check,
    codes_of,
    decide,
    is_known,
    parse_code,
    parse_text,
    shift_jis,
)
from printjobs.core.model import BadInput, Problem, Refused, RunStatus, SubmissionStatus, UsageError
from printjobs.store import gaiji, runs, writing
from printjobs.store.runs import Record

from .context import Context

_NEEDED = ("city", "code", "state")  # columns that a list must have
_STATES = {name: state for state, name in STATE_NAMES.items()}
_LARGEST = 64_000_000  # bytes of a list; 70,000 characters for each of eight cities are less
_JAPAN = ZoneInfo("Asia/Tokyo")


class Again(NamedTuple):
    """A hand-in that was read by an older table: handed in once more it is read by this one."""

    run: str
    city: str


class Imported(NamedTuple):
    """What came of a list: its rows, how many were new, the table's version after it, and what is wrong with it."""

    rows: int
    added: int
    version: int
    problems: list[Problem]
    again: list[Again]


def import_list(context: Context, path: Path) -> Imported:
    """Take a list of entries (CSV): all of its rows, or none and what is wrong with each.

    A row that the table had before, even one that was corrected since, changes nothing. :class:`BadInput` when
    the file as a whole cannot be read.
    """
    rows = list(_rows(path))
    problems: list[Problem] = []
    entries: list[tuple[int, Entry]] = []
    for row, cells in rows:
        entry, faults = _entry(context, cells)
        problems += [_problem(path, row, fault) for fault in faults]
        if entry:
            entries.append((row, entry))
    with writing(context.engine) as connection:
        gaiji.lock_table(connection)
        history = gaiji.history(connection, [entry.key for _, entry in entries])
        new: dict[tuple[str, str, str], Entry] = {}
        seen: dict[tuple[str, str, str], int] = {}
        for row, entry in entries:
            if (before := seen.setdefault(entry.key, row)) != row:
                told = f"{before}行と同じコードです。1つのコードは1行にしてください。"
                problems.append(_problem(path, row, Fault("code", "duplicate", told)))
            elif not is_known(entry, history[entry.key]):
                if fault := decide(entry, history[entry.key]):
                    problems.append(_problem(path, row, fault))
                new[entry.key] = entry
        if problems:
            return Imported(len(rows), 0, gaiji.version(connection), sorted(problems, key=lambda p: p.row), [])
        version = gaiji.add(connection, list(new.values()), context.now())
    return Imported(len(rows), len(new), version, [], _again(context, {city for city, _, _ in new}))


def _problem(path: Path, row: int, fault: Fault) -> Problem:
    return Problem(path.name, row, HEADERS[fault.field], fault.code, fault.message)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows of a list as the spreadsheet counts them, by our field names."""
    if not path.is_file():
        raise UsageError(f"外字表 {path.name} がありません。ファイルの場所を確かめてください。")
    if path.stat().st_size > _LARGEST:
        raise BadInput(f"{path.name} が大きすぎます。外字表のCSVか確かめてください。", path.name)
    try:
        table = csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline=""), strict=True)
        header = next(table, [])
        missing = [HEADERS[key] for key in _NEEDED if HEADERS[key] not in header]
        unknown = sum(title not in HEADERS.values() for title in header)
        if missing or unknown or len(set(header)) != len(header):
            raise BadInput(
                f"{path.name} の見出しが外字表と違います（足りない列: {'、'.join(missing) or 'なし'}、"
                f"余分な列: {unknown}）。見出しは {'、'.join(HEADERS.values())} です。",
                path.name,
            )
        fields = {title: key for key, title in HEADERS.items()}
        for row, cells in enumerate(table, start=2):
            if len(cells) != len(header):
                told = f"{path.name} の{row}行は{len(cells)}列です。見出しと同じ{len(header)}列にしてください。"
                raise BadInput(told, path.name)
            yield row, {fields[title]: cell.strip() for title, cell in zip(header, cells, strict=True)}
    except UnicodeDecodeError as error:
        raise BadInput(f"{path.name} を読めません。UTF-8 のCSVで保存し直してください。", path.name) from error
    except csv.Error as error:
        raise BadInput(
            f"{path.name} がCSVの形になっていません（{error}）。出力し直してください。", path.name
        ) from error


def _entry(context: Context, cells: dict[str, str]) -> tuple[Entry | None, list[Fault]]:
    """A row as an entry, and what is wrong with it; None when not even its key can be told."""
    faults: list[Fault] = []
    if cells["city"] not in reference.cities():
        faults.append(Fault("city", "city", f"市コードがありません。{'、'.join(reference.cities())} のどれかです。"))
    state = _STATES.get(cells["state"])
    if state is None:
        faults.append(Fault("state", "state", f"状態は {'・'.join(_STATES)} のどれかにしてください。"))
        return None, faults
    texts = {key: cells.get(key, "") for key in ("by", "date", "ground")}
    entry = Entry(
        city=cells["city"],
        character_set=cells.get("character_set") or STANDARD,
        code=parse_code(cells["code"]) or cells["code"],
        state=state,
        mj=cells.get("mj", "").upper(),
        text=parse_text(cells.get("text", "")),
        glyph=cells.get("glyph", "") and (parse_code(cells["glyph"]) or cells["glyph"]),
        **texts,
    )
    entry, found = _derive(context, entry)
    faults += found or check(entry)
    return (None if faults else entry), faults


def _derive(context: Context, entry: Entry) -> tuple[Entry, list[Fault]]:
    """The entry with the text that its MJ name means, and what the faces that are here say against it."""
    own, names = context.fonts.gaiji, context.fonts.mj_names
    if entry.glyph and parse_code(entry.glyph) and own and own.glyph(character(entry.glyph)) is None:
        told = f"外字フォント {own.name} に {entry.glyph} の字形がありません。"
        return entry, [Fault("glyph", "glyph_missing", told)]
    if not entry.mj or entry.glyph or entry.state is State.OPEN or any(f.field == "mj" for f in check(entry)):
        return entry, []
    if names is not None:
        texts = names.texts(entry.mj)
        fault = _mj_fault(entry, texts) if names.knows(entry.mj) else None
        if not names.knows(entry.mj):
            fault = Fault("mj", "mj_unknown", f"IPAmj明朝に {entry.mj} の字形がありません。")
        return (entry, [fault]) if fault else (msgspec.structs.replace(entry, text=entry.text or texts[0]), [])
    if entry.text:
        return entry, []
    told = "IPAmj明朝がこの機械にないので、MJ文字図形名から文字を決められません。文字も入れてください。"
    return entry, [Fault("mj", "mj_needs_text", told)]


def _mj_fault(entry: Entry, texts: list[str]) -> Fault | None:
    """What keeps an MJ name from standing for one text; ``texts`` are those that give its glyph."""
    shown = "、".join(map(codes_of, texts)) or "ありません"
    if not entry.text and len(texts) != 1:
        told = f"{entry.mj} の文字は一つに決まりません（{shown}）。文字か外字フォントのコードを入れてください。"
        return Fault("mj", "mj_ambiguous", told)
    if entry.text and entry.text not in texts:
        told = f"文字 {codes_of(entry.text)} は {entry.mj} の字形になりません。{entry.mj} の文字: {shown}"
        return Fault("text", "mj_differs", told)
    return None


class Resolution(NamedTuple):
    """What somebody says a code is. One of ``text``, ``mj`` and ``glyph``, or ``mj`` beside one of the others."""

    text: str
    mj: str
    glyph: str
    by: str
    ground: str
    state: State


class Resolved(NamedTuple):
    """The entry as it stands now, the table's version, and the hand-ins that were read without it."""

    entry: Entry
    version: int
    again: list[Again]


def resolve(context: Context, city: str, code: str, character_set: str, said: Resolution) -> Resolved:
    """Settle one code, or say something better of it; :class:`BadInput` when it cannot stand in the table."""
    reference.city(city)
    entry = Entry(
        city=city,
        character_set=character_set,
        code=parse_code(code) or code,
        state=said.state,
        mj=said.mj.strip().upper(),
        text=parse_text(said.text),
        glyph=said.glyph and (parse_code(said.glyph) or said.glyph),
        by=said.by.strip(),
        date=context.now().astimezone(_JAPAN).date().isoformat(),
        ground=said.ground.strip(),
    )
    entry, faults = _derive(context, entry)
    faults = faults or check(entry)
    if not (entry.by and entry.ground):
        faults.append(Fault("by", "required", "同定者と根拠を入れてください。"))
    if faults:
        raise BadInput("".join(fault.message for fault in faults))
    with writing(context.engine) as connection:
        gaiji.lock_table(connection)
        history = gaiji.history(connection, [entry.key])[entry.key]
        if history and history[-1] == entry:
            return Resolved(entry, gaiji.version(connection), [])
        if fault := decide(entry, history):
            raise BadInput(fault.message)
        version = gaiji.add(connection, [entry], context.now())
    return Resolved(entry, version, _again(context, {city}))


def _again(context: Context, cities: set[str]) -> list[Again]:
    """Hand-ins of these cities that stand in runs still open: they were read by an older table."""
    found = []
    with context.engine.connect() as connection:
        for run_id in runs.run_ids(connection):
            run = runs.find_run(connection, run_id)
            if run is not None and run.status == RunStatus.OPEN:
                found += [
                    Again(run_id, s.city)
                    for s in runs.submissions(connection, run_id)
                    if s.city in cities and s.status == SubmissionStatus.ACCEPTED
                ]
    return found


def settled(
    context: Context, connection: Connection, run: Record, submission: Record, version: int
) -> Mapping[str, str]:
    """What a hand-in's private-use characters are settled as, by the table as of a version."""
    key = f"{submission.inbox}/{intake.NAME}"
    said = intake.parse(context.files.read(key), context.kind(run.kind), run.year, submission.city)
    return gaiji.lookup(connection, submission.city, said.character_set, version).settled


def refuse_outdated(context: Context, connection: Connection, run: Record) -> None:
    """Raises :class:`Refused`, naming the cities whose hand-in has a character that was corrected or withdrawn since.

    Its records hold what the character was said to be when it was read: a name that is known to be wrong. What was
    settled later asks nothing: those notices were set aside, and their list says so.
    """
    now = gaiji.version(connection)
    names = []
    for submission in runs.submissions(connection, run.id):
        if submission.status == SubmissionStatus.ACCEPTED and submission.gaiji_version != now:
            kind, key = context.kind(run.kind), f"{submission.inbox}/{intake.NAME}"
            said = intake.parse(context.files.read(key), kind, run.year, submission.city)
            then, since = (
                gaiji.lookup(connection, submission.city, said.character_set, version).settled
                for version in (submission.gaiji_version, now)
            )
            changed = [char for char, text in then.items() if since.get(char) != text]
            if changed and _has(context, submission, said, changed):
                names.append(reference.city(submission.city).name)
    if names:
        raise Refused(
            f"受け取った後で外字表が訂正された文字のある市があります: {'、'.join(names)}。"
            "同じデータをもう一度 submit で受け取り、校正刷りを確かめてから実行してください。"
        )


def _has(context: Context, submission: Record, said: intake.Transmittal, chars: Sequence[str]) -> bool:
    """Whether a hand-in's files have one of these characters; in Shift_JIS two others may look like one."""
    for entry in said.files:
        encoding = "utf-8" if entry.name == intake.MAPPING else said.encoding
        wanted = [code for char in chars if (code := char.encode(encoding, "ignore"))]
        with context.files.open(f"{submission.inbox}/{entry.name}") as lines:
            if any(code in line for line in lines for code in wanted):
                return True
    return False


def as_values(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Entries as plain values, with the code in Shift_JIS and the text's code points for those who compare lists."""
    return [
        msgspec.to_builtins(entry) | {"shift_jis": shift_jis(entry.code), "text_codes": codes_of(entry.text)}
        for entry in entries
    ]


def table(context: Context, city: str = "", state: str = "", as_of: int | None = None) -> tuple[int, list[Entry]]:
    """The table as of a version (None: now): that version and the entries, all or those of a city or state."""
    if city:
        reference.city(city)
    if state and state not in {*State, *_STATES}:
        raise UsageError(f"状態 {state} はありません。{'・'.join(State)} のどれかです。")
    wanted = str(_STATES.get(state, state))
    with context.engine.connect() as connection:
        newest = gaiji.version(connection)
        version = newest if as_of is None else as_of
        if not 0 <= version <= newest:
            raise UsageError(f"外字表の版 {version} はありません。0から{newest}までです。")
        rows = gaiji.entries(connection, city=city, state=wanted, as_of=version)
    return version, [gaiji.as_entry(row) for row in rows]
