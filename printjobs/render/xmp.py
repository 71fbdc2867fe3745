"""The XMP packet of a print file: what it is, in the words that prepress programs look for."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import NAMESPACE_URL, UUID, uuid5
from xml.sax.saxutils import escape

PRODUCER = "printjobs"
_NAMESPACES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
    "pdf": "http://ns.adobe.com/pdf/1.3/",
    "pdfxid": "http://www.npes.org/pdfx/ns/id/",
    "pdfvtid": "http://www.npes.org/pdfvt/ns/id/",
}


def moment(date: str) -> str:
    """The beginning of a day in Japan as XMP writes it; ``date`` is ISO, as in 2026-04-10."""
    return f"{date}T00:00:00+09:00"


def packet(title: str, date: str, content: str, claims: Mapping[str, str]) -> bytes:
    """The packet of a file. ``content``: a hash of its pages. ``claims``: further properties, by their full names.

    Identities come from the title and the content, dates from the job: the same file is the same bytes.
    """
    document = uuid5(NAMESPACE_URL, f"{PRODUCER}:{title}")
    properties = {
        "dc:format": "application/pdf",
        **{f"xmp:{name}": moment(date) for name in ("CreateDate", "ModifyDate", "MetadataDate")},
        "xmp:CreatorTool": PRODUCER,
        "pdf:Producer": PRODUCER,
        "pdf:Trapped": "False",
        "xmpMM:DocumentID": _urn(document),
        "xmpMM:InstanceID": _urn(uuid5(document, content)),
        "xmpMM:VersionID": "1",
        "xmpMM:RenditionClass": "default",
        **claims,
    }
    spaces = "".join(f'\n  xmlns:{prefix}="{uri}"' for prefix, uri in _NAMESPACES.items())
    body = "".join(f"\n  <{name}>{escape(value)}</{name}>" for name, value in properties.items())
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
        f' <rdf:Description rdf:about=""{spaces}>{body}\n'
        f'  <dc:title><rdf:Alt><rdf:li xml:lang="x-default">{escape(title)}</rdf:li></rdf:Alt></dc:title>\n'
        ' </rdf:Description>\n</rdf:RDF>\n</x:xmpmeta>\n<?xpacket end="r"?>'
    ).encode()


def _urn(identity: UUID) -> str:
    return f"uuid:{identity}"
