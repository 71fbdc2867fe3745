"""The maker of each kind's notices."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .care_insurance import CareInsuranceOffice
from .health_insurance import HealthInsuranceOffice
from .late_elderly import LateElderlyOffice
from .light_vehicle_tax import LightVehicleTaxOffice
from .making import MakerOf
from .property_tax import PropertyTaxOffice
from .resident_tax import ResidentTaxOffice
from .resident_tax_special import ResidentTaxSpecialOffice

MAKERS: Mapping[str, MakerOf] = MappingProxyType(
    {
        "property_tax": PropertyTaxOffice,
        "resident_tax": ResidentTaxOffice,
        "resident_tax_special": ResidentTaxSpecialOffice,
        "light_vehicle_tax": LightVehicleTaxOffice,
        "health_insurance": HealthInsuranceOffice,
        "care_insurance": CareInsuranceOffice,
        "late_elderly": LateElderlyOffice,
    }
)
