"""What every step works with: settings, database, stored files, faces, and a layout per run."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from typing import NamedTuple

from sqlalchemy import Engine

import layouts
from fonts import FontSet
from printjobs import reference, store
from printjobs.core import japanese, marks
from printjobs.core.kinds import KINDS, Kind
from printjobs.core.model import Refused, UsageError
from printjobs.core.plan import Rules
from printjobs.files import Files
from printjobs.render.compiled import CompiledLayout
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
        self.files = Files(settings.home)
        self._layouts: dict[tuple[str, str], CompiledLayout] = {}

    @cached_property
    def engine(self) -> Engine:
        engine = store.connect(self.settings.database())
        store.migrate(engine)
        return engine

    @cached_property
    def fonts(self) -> FontSet:
        return FontSet(self.settings.gaiji_face())

    @staticmethod
    def now() -> datetime:
        return datetime.now(UTC)

    def kind(self, code: str) -> Kind:
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
        key = (run.kind, run.layout_version)
        if key not in self._layouts:
            self._layouts[key] = CompiledLayout(layouts.load(*key), self.kind(run.kind), self.fonts)
        compiled = self._layouts[key]
        for what, pinned, here in (
            ("様式", run.layout_sha256, compiled.layout.sha256),
            ("書体", run.fonts_sha256, self.fonts.sha256),
        ):
            if pinned != here:
                raise Refused(
                    f"この回を開いたときの{what}と、この機械の{what}が違います。同じ{what}の機械で行うか、回を開き直してください。"
                )
        return compiled

    def mark_key(self, run_id: str) -> bytes:
        return marks.run_key(self.settings.secret_bytes(), run_id)

    def city_values(self, run: Record) -> dict[str, dict[str, str]]:
        """By city, what a layout's fixed texts are filled with."""
        common = {
            "run.year": japanese.era_year(run.year),
            "run.mailing_date": japanese.era_date(run.mailing_date),
        }
        return {
            code: {
                **common,
                "city.name": city.name,
                "city.zip": f"{city.postal_code[:3]}-{city.postal_code[3:]}",
                "city.address": city.address,
                "city.office": city.office,
                "city.telephone": city.telephone,
                "city.planning_rate": city.planning_rate,
            }
            for code, city in reference.cities().items()
        }

    def rules(self, kind: Kind) -> Rules:
        """The vendor profile and the kind's grouping as planning rules."""
        profile = reference.vendor()
        return Rules(
            groups=kind.groups,
            batch_pieces=profile.insert.batch_pieces,
            file_pieces=profile.print_.file_pieces,
            file_pages=profile.print_.file_pages,
            sheet_classes=profile.insert.sheet_classes,
            pages_per_sheet=2 if profile.print_.duplex else 1,
        )
