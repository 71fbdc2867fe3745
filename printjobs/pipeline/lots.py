"""Which posting (差出し) each piece of a plan goes into: what is alike of a city for an office goes together."""

from __future__ import annotations

from collections import Counter
from operator import attrgetter

import msgspec

from printjobs.core.plan import Piece, Rules, sheet_class
from printjobs.core.postage.assigning import assign
from printjobs.core.postage.posting import Lot, Posting
from printjobs.core.postage.table import PostageTable

from .volumes import UNDISCOUNTED
from .weighing import mail_class

_alike = attrgetter("city", "office", "sheets", "inserts", "slips", "barcode")


def post(pieces: list[Piece], rules: Rules, table: PostageTable, delay: int) -> tuple[Posting, ...]:
    """The postings that the pieces cost least in; each piece is replaced by one that knows the number of its own.

    ``delay``: days that the post may take longer. Mail to foreign countries is in 0, which no lot of it stands in.
    """
    keys, sizes = {}, Counter[tuple[str, str, str, bool]]()
    counts = Counter(map(_alike, pieces))
    for alike, count in counts.items():
        city, office, sheets, inserts, slips, barcode = alike
        if office:
            by_hand = not sheet_class(sheets, inserts, rules)
            its_class = mail_class(table, sheets, inserts, slips=slips, by_hand=by_hand)
            keys[alike] = key = (city, office, its_class.name, barcode)
            sizes[key] += count
    postings = assign([Lot(*key, pieces=count) for key, count in sorted(sizes.items())], table, delay)
    numbers = {(lot.city, lot.office, lot.mail_class, lot.barcode): p.number for p in postings for lot in p.lots}
    discounted = {alike: numbers[key] for alike, key in keys.items() if numbers[key]}
    if discounted:
        for place, piece in enumerate(pieces):
            if number := discounted.get(_alike(piece)):
                pieces[place] = msgspec.structs.replace(piece, posting=number)
    if len(discounted) < len(counts) and all(posting.number for posting in postings):
        return (Posting(0, UNDISCOUNTED, ()), *postings)
    return postings
