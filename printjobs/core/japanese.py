"""How amounts, dates and codes are written in a Japanese notice."""

from __future__ import annotations

_REIWA_BEFORE = 2018  # Reiwa 1 is 2019; the notices of this program are all of Reiwa


def era_date(iso: str) -> str:
    """``2026-04-30`` as 令和8年4月30日; an empty date stays empty."""
    if not iso:
        return ""
    year, month, day = iso.split("-")
    return f"{era_year(int(year))}{int(month)}月{int(day)}日"


def era_year(year: int) -> str:
    """``2026`` as 令和8年, ``2019`` as 令和元年."""
    reiwa = year - _REIWA_BEFORE
    return f"令和{'元' if reiwa == 1 else reiwa}年"


def yen(amount: int) -> str:
    return f"{amount:,}"


def postal_code(digits: str) -> str:
    """``5250034`` as 〒525-0034; empty for a foreign address."""
    return f"〒{digits[:3]}-{digits[3:]}" if digits else ""


def area(hundredths: int | str) -> str:
    """Hundredths of a square metre as ``1,234.56``; an absent area stays empty."""
    return f"{hundredths // 100:,}.{hundredths % 100:02d}" if isinstance(hundredths, int) else ""


def period(number: int) -> str:
    """期別: 0 is the slip that pays the whole year at once."""
    return f"第{number}期" if number else "全期"


def withheld_month(number: int) -> str:
    """給与から差し引く月: the first of the twelve periods is June's, the last May's."""
    return f"{(number + 4) % 12 + 1}月分"
