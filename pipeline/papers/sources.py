"""sources: pages of a receipt, where its values stand on them, what codes say → the sources of each value."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from pipeline.domain import Doubt, Page, Region, Source, Sources

# Whoever typed on a page that a value comes from, or revised it, may have meant that value.
_OF_THE_PAGE = frozenset({Source.ADDED, Source.REVISED})


def sources_on(
    pages: Sequence[Page], stands: Mapping[str, tuple[Region, ...]], coded: Collection[str]
) -> Sources:
    """Tells where each value comes from that stands somewhere; `coded` names those that a code says too.

    What was typed on a page, or revised, counts for all its values; other doubts for those they touch.
    """
    return Sources(
        {
            value: (_read_from(regions), *[Source.CODE] * (value in coded), *_doubts(pages, regions))
            for value, regions in stands.items()
            if regions
        }
    )


def _read_from(regions: Sequence[Region]) -> Source:
    # Of one that is printed on two pages the weaker counts.
    return Source.TEXT if all(region.read_by == "text" for region in regions) else Source.PICTURE


def _doubts(pages: Sequence[Page], regions: Sequence[Region]) -> tuple[Source, ...]:
    found = (
        doubt.why
        for page in pages
        for region in regions
        if region.page == page.number
        for doubt in page.doubts
        if doubt.why in _OF_THE_PAGE or _is_within(doubt, region)
    )
    return tuple(dict.fromkeys(found))


def _is_within(doubt: Doubt, region: Region) -> bool:
    return min(doubt.x1, region.x1) > max(doubt.x0, region.x0) and min(doubt.bottom, region.bottom) > max(
        doubt.top, region.top
    )
