"""Notice kinds (通知種別) as data: which files a city hands in, their columns, and the kind's rules.

Adding a kind means a module here with one ``Kind`` value, a layout, a section in the city profiles,
and a sample maker.
"""

from __future__ import annotations

from types import MappingProxyType

from .care_insurance import CARE_INSURANCE
from .form import (
    ADDRESSEE,
    DEBIT,
    LARGEST_AREA,
    LEAFLET,
    MAXIMUM_YEN,
    NUMBER,
    PENSION,
    SLIP,
    Column,
    Complaint,
    Kind,
    KindsByCode,
    Table,
    Terms,
    Type,
)
from .health_insurance import HEALTH_INSURANCE
from .late_elderly import LATE_ELDERLY
from .light_vehicle_tax import LIGHT_VEHICLE_TAX
from .payments import ALONE, FULL_PAYMENT, INSTALMENTS, slips_of, written_out
from .property_tax import PROPERTY_TAX
from .resident_tax import RESIDENT_TAX
from .resident_tax_special import RESIDENT_TAX_SPECIAL

_ALL = (
    PROPERTY_TAX,
    RESIDENT_TAX,
    RESIDENT_TAX_SPECIAL,
    LIGHT_VEHICLE_TAX,
    HEALTH_INSURANCE,
    CARE_INSURANCE,
    LATE_ELDERLY,
)
KINDS: KindsByCode = MappingProxyType({kind.code: kind for kind in _ALL})

__all__ = [
    "ADDRESSEE", "ALONE", "CARE_INSURANCE", "DEBIT", "FULL_PAYMENT", "HEALTH_INSURANCE", "INSTALMENTS", "KINDS",
    "LARGEST_AREA", "LATE_ELDERLY", "LEAFLET", "LIGHT_VEHICLE_TAX", "MAXIMUM_YEN", "NUMBER", "PENSION", "PROPERTY_TAX",
    "RESIDENT_TAX", "RESIDENT_TAX_SPECIAL", "SLIP", "Column", "Complaint", "Kind", "Table", "Terms", "Type",
    "slips_of", "written_out",
]  # fmt: skip
