"""Pages taken out of a finished print file, each with a line in its top margin that says what it is a copy of.

What was printed stays byte for byte: the content streams are the stored ones, and nothing that they call is changed.
Only what these pages do not use is left behind: a print file has the forms of all cities in one dictionary.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from itertools import islice
from typing import Any, BinaryIO, NamedTuple

import pypdf
import pypdfium2
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, NameObject

from fonts import Chain

from .text import MM
from .writer import A4, PdfWriter

_LEFT, _BASE, _SIZE = 26.0, 4.4, 6.0  # mm from the left and to the baseline from the top; pt
_FONT = "/Copy"  # no name of a print file's own: its pages keep theirs
_NAME = re.compile(rb"/[^\s/<>\[\](){}%]+")
_BOXES = ("/MediaBox", "/CropBox", "/BleedBox", "/TrimBox", "/ArtBox")
_KEPT = ("/Contents", "/Resources", "/Rotate", *_BOXES)

_Object = Any  # pypdf's types do not say what a dictionary holds
_Page = dict[str, _Object]


class About(NamedTuple):
    """What the document says of itself. ``date`` is ISO text; nothing is taken from the clock."""

    title: str
    subject: str
    date: str


def take_pages(source: BinaryIO, first: int, lines: Sequence[str], chain: Chain, about: About) -> bytes:
    """One page of ``source`` for each line, from page ``first`` (0 is the file's first) on, as a PDF of its own.

    Read by what the page tree counts, so that a file of 20,000 pages costs no more than a small one. The same
    call gives the same bytes. ValueError when the file has not so many pages.
    """
    reader = pypdf.PdfReader(source, strict=True)
    tree: _Object = reader.root_object["/Pages"]
    pages = list(islice(_pages(tree, {}, first), len(lines)))
    if len(pages) < len(lines):
        raise ValueError(f"{len(lines)} pages from {first} on, but the file ends before")
    margins = pypdf.PdfReader(_margins(lines, chain), strict=True)
    out = pypdf.PdfWriter()
    out.pdf_header = reader.pdf_header
    resources = _resources(out, pages)
    lettering: _Object = margins.pages[0]["/Resources"]
    (font,) = lettering["/Font"].values()
    resources["/Font"][NameObject(_FONT)] = font.clone(out).indirect_reference
    for page, margin in zip(pages, margins.pages, strict=True):
        added = out.add_blank_page(*A4)
        for name in (name for name in page if name in _BOXES or name == "/Rotate"):
            added[NameObject(name)] = page[name].clone(out)
        # The line first: whatever state the page's own code leaves behind cannot move it.
        codes = [margin.raw_get("/Contents"), *_streams(page)]
        added[NameObject("/Contents")] = ArrayObject(code.clone(out) for code in codes)
        added[NameObject("/Resources")] = resources.indirect_reference
    when = f"D:{about.date.replace('-', '')}000000+09'00'"
    said = {"/Title": about.title, "/Subject": about.subject, "/Producer": "printjobs", "/CreationDate": when}
    out.add_metadata(said)
    sink = BytesIO()
    out.write(sink)
    return sink.getvalue()


def texts(pdf: bytes) -> list[str]:
    """The text of each page of a PDF, read by a program that had no part in writing it."""
    with pypdfium2.PdfDocument(pdf) as document:
        return [page.get_textpage().get_text_range() for page in document]


def _pages(node: _Object, above: _Page, skip: int) -> Iterator[_Page]:
    """What each page under a node of the page tree says, and what the nodes above say for it, after ``skip`` pages."""
    said = above | {name: node.raw_get(name) for name in _KEPT if name in node}
    if node["/Type"] == "/Page":
        yield said
        return
    for kid in node["/Kids"]:
        below = kid.get_object()
        count = below.get("/Count", 1)
        if skip >= count:
            skip -= count
        else:
            yield from _pages(below, said, skip)
            skip = 0


def _streams(page: _Page) -> list[_Object]:
    """References to a page's code, which other pages may share."""
    contents = page["/Contents"].get_object()
    return list(contents) if isinstance(contents, ArrayObject) else [page["/Contents"]]


def _margins(lines: Iterable[str], chain: Chain) -> BytesIO:
    """A PDF with the lines, one on each page, and their font."""
    sink = BytesIO()
    writer = PdfWriter(sink, title="", date="")
    for line in lines:
        (span,) = chain.spans(line, writer.ink.of(chain))
        place = f"1 0 0 1 {_LEFT * MM:.2f} {A4[1] - _BASE * MM:.2f} Tm"
        writer.add_page(f"q 0 g BT {_FONT} {_SIZE:g} Tf {place}<{span.codes}>Tj ET Q\n")
    writer.close()
    return sink


def _resources(out: pypdf.PdfWriter, pages: Iterable[_Page]) -> _Object:
    """The resources of these pages without the fonts and forms that nothing on them names."""
    (shared,) = {page["/Resources"] for page in pages}  # one dictionary for the whole of a print file
    before = shared.get_object()
    fonts, forms = _used(before, [code.get_object().get_data() for page in pages for code in _streams(page)])
    kept = DictionaryObject()
    new = out._add_object(kept)  # noqa: SLF001 - pypdf has no public way to add an object
    for name in (n for n in before if n not in ("/Font", "/XObject")):
        kept[name] = before.raw_get(name).clone(out)
    kept[NameObject("/Font")] = DictionaryObject({n: before["/Font"].raw_get(n).clone(out) for n in fonts})
    kept[NameObject("/XObject")] = DictionaryObject({n: _form(before["/XObject"][n], out, shared, new) for n in forms})
    return kept


def _used(resources: _Object, codes: list[bytes]) -> tuple[list[str], list[str]]:
    """Fonts and forms that page code names, with those that these forms name themselves."""
    fonts, forms = resources.get("/Font", {}), resources.get("/XObject", {})
    named: set[str] = set()
    while codes:
        new = {name.decode("latin-1") for name in _NAME.findall(codes.pop())} - named
        named |= new
        codes += [forms[name].get_data() for name in new & forms.keys()]
    return [n for n in fonts if n in named], [n for n in forms if n in named]


def _form(form: _Object, out: pypdf.PdfWriter, shared: IndirectObject, new: IndirectObject) -> _Object:
    """A form as it was, but that its names are looked up in the new resources."""
    own = form.raw_get("/Resources") if "/Resources" in form else None
    copy = form.clone(out, ignore_fields=("/Resources",))
    if own is not None:
        copy[NameObject("/Resources")] = new if own == shared else own.clone(out)
    return copy.indirect_reference
