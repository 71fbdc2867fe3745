"""What every step works with: settings, database, stored files, faces, and a layout per run."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from typing import NamedTuple

from sqlalchemy import Engine

from fonts import FontError, FontSet
from printjobs import reference, store
from printjobs.core.kinds import KINDS, Kind
from printjobs.core.marks import sheet
from printjobs.core.model import Refused, UsageError
from printjobs.core.plan import Rules
from printjobs.files import Files
from printjobs.reference import profile
from printjobs.render.compiled import CompiledLayout
from printjobs.render.schema import compile_layout
from printjobs.settings import Settings
from printjobs.store import runs
from printjobs.store.runs import Record


class Step(NamedTuple):
    """A piece of work by name, with ids only: it fits a message and may be run twice."""

    name: str
    ids: tuple[str, ...]


class Context:
    """Opened once per process; what is costly is made on first use."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._layouts: dict[tuple[str, str, int, str], CompiledLayout] = {}

    @cached_property
    def files(self) -> Files:
        return Files(self.settings.home)

    @cached_property
    def engine(self) -> Engine:
        engine = store.connect(self.settings.database())
        store.migrate(engine)
        return engine

    @cached_property
    def fonts(self) -> FontSet:
        """All faces; :class:`UsageError` when a setting names a file that is no font."""
        try:
            return FontSet(self.settings.mj_face(), self.settings.gaiji_face())
        except FontError as error:
            told = f"{error}設定 PRINTJOBS_MJ_FONT と PRINTJOBS_GAIJI_FONT を確かめてください。"
            raise UsageError(told) from error

    @staticmethod
    def now() -> datetime:
        return datetime.now(UTC)

    @staticmethod
    def kind(code: str) -> Kind:
        """A notice kind by its code; :class:`UsageError` lists those that exist."""
        if code not in KINDS:
            raise UsageError(f"通知種別 {code} はありません。次から選んでください: {'、'.join(KINDS)}")
        return KINDS[code]

    def run(self, run_id: str) -> Record:
        """A run by its id; :class:`UsageError` lists those that exist."""
        with self.engine.connect() as connection:
            found = runs.find_run(connection, run_id)
            if found is None:
                known = "、".join(runs.run_ids(connection)) or "（まだありません。run open で開いてください）"
                raise UsageError(f"回 {run_id} はありません。今ある回: {known}")
        return found

    def layout(self, run: Record) -> CompiledLayout:
        """The run's layout, compiled with the faces that it was opened with."""
        kind = self.kind(run.kind)
        key = (run.kind, run.layout_version, run.year, run.mailing_date)
        if key not in self._layouts:
            self._layouts[key] = compile_layout(kind, run.layout_version, self.fonts, run.year, run.mailing_date)
        compiled = self._layouts[key]
        for what, pinned, here in (
            ("様式", run.layout_sha256, compiled.layout.sha256),
            ("書体", run.fonts_sha256, self.fonts.sha256),
            ("市の設定", run.profiles_sha256, profile.digest(run.kind, run.year)),
        ):
            if pinned != here:
                raise Refused(
                    f"この回を開いたときの{what}と、この機械の{what}が違います。同じ{what}の機械で行うか、回を開き直してください。"
                )
        return compiled

    def mark_key(self, run_id: str) -> bytes:
        return sheet.run_key(self.settings.secret_bytes(), run_id)

    def rules(self, kind: Kind) -> Rules:
        """The vendor profile and the kind's grouping as planning rules."""
        profile = reference.vendor()
        return Rules(
            groups=kind.groups,
            batch_pieces=profile.insert.batch_pieces,
            file_pieces=profile.print_.file_pieces,
            file_pages=profile.print_.file_pages,
            sheet_classes=profile.insert.sheet_classes,
            pages_per_sheet=reference.PAGES_PER_SHEET,
            thickness=profile.thickness,
            thickest_mm=profile.insert.thickest_mm,
        )
