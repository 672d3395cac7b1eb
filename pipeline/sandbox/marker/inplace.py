"""inplace: bytes of an .xlsx + MarkingPlan → the same workbook with the marks spliced in.

openpyxl would do it in ten lines and lose what it does not know: custom XML, printer settings,
validations of newer Excels, rich text. Here the parts that get a mark change where the mark is, four
parts are told of the new sheet, and all others stay byte for byte what they were.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from urllib.parse import unquote

from openpyxl.utils.cell import column_index_from_string, coordinate_from_string

from pipeline.domain import Mark, MarkingPlan
from pipeline.lists.workbook import guarded
from pipeline.sandbox.marker.mirror import (
    FILL,
    FRONT_WIDTHS,
    LINK,
    NOTE_WIDTH,
    front_height,
    location,
    note_height,
)
from pipeline.sandbox.marker.splices import (
    CannotEdit,
    Element,
    Splice,
    clean,
    elements,
    inside_at_end,
    spliced,
    with_attributes,
)
from pipeline.sandbox.scanner.limits import Allowance, Unreadable
from pipeline.sandbox.scanner.packages import Package

__all__ = ["CannotEdit", "edited"]

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_TYPES = "application/vnd.openxmlformats-officedocument"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_SPACES = (
    'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
    'xmlns:x="urn:schemas-microsoft-com:office:excel"'
)
_NEW_TIME = (1980, 1, 1, 0, 0, 0)

# What a workbook may consist of to be sent back as it is. Macros, embedded objects, links to other
# workbooks and to data sources are none of it.
_HARMLESS = re.compile(
    r"_rels/\.rels|\[content_types\]\.xml|docprops/(app|core|custom)\.xml|docprops/thumbnail\.\w+"
    r"|customxml/(_rels/)?\w+\.xml(\.rels)?"
    r"|xl/(workbook|styles|sharedstrings|calcchain|metadata)\.xml|xl/_rels/workbook\.xml\.rels"
    r"|xl/theme/(_rels/)?\w+\.xml(\.rels)?|xl/worksheets/(_rels/)?[\w-]+\.xml(\.rels)?"
    r"|xl/comments[\w/-]*\.xml|xl/(threadedcomments|persons)/\w+\.xml|xl/printersettings/\w+\.bin"
    r"|xl/drawings/(_rels/)?\w+\.(xml|vml)(\.rels)?|xl/media/[\w-]+\.(png|jpe?g|gif|bmp)|xl/tables/\w+\.xml"
)
# A link of ours never leads where the sender of a list wants it to, except to an e-mail address.
_OUTWARD = re.compile(rb"TargetMode\s*=\s*[\"']External[\"']", re.IGNORECASE)
_MAILTO = re.compile(rb"Target\s*=\s*[\"']mailto:", re.IGNORECASE)
_RELATIONSHIP = re.compile(rb"<[^>]*\bRelationship\b[^>]*>")
_FORMULAS = ("f", "formula", "formula1", "formula2")
_REACHING = re.compile(
    r"\||\[|://|\\\\|\b(WEBSERVICE|HYPERLINK|FILTERXML|RTD|CALL|REGISTER|EXEC|IMAGE|DDE|IMPORT\w*)",
    re.IGNORECASE,
)
# Elements of a sheet that come after the reference to its comments.
_AFTER_COMMENTS = frozenset(
    "legacyDrawingHF drawingHF picture oleObjects controls webPublishItems tableParts extLst".split()
)


def edited(data: bytes, plan: MarkingPlan) -> bytes:
    """Marks a workbook in place; raises CannotEdit for what is not a plain, harmless .xlsx."""
    try:
        Package(data, Allowance())
        book = _Book(data)
    except (Unreadable, zipfile.BadZipFile) as stop:
        raise CannotEdit("package") from stop
    sheets = book.sheets()
    book.refuse_programs()
    for name in sheets.values():
        _refuse_reaching(book.part(name))
    if plan.sheet.casefold() in {name.casefold() for name in sheets}:
        # A copy of ours that came back: it is marked afresh, without the marks of the first time.
        raise CannotEdit("marked_before")
    styles = _Styles(book.part(book.styles))
    for name in dict.fromkeys(mark.sheet for mark in plan.marks):
        if name not in sheets:
            raise CannotEdit("sheet")
        _mark_sheet(book, sheets[name], [m for m in plan.marks if m.sheet == name], plan.author, styles)
    _add_front(book, plan, styles)
    book.change(book.styles, styles.written())
    return book.packed()


# --- the package -------------------------------------------------------------------------------


@dataclass
class _Book:
    """The parts of a workbook, and which of them are changed or new."""

    data: bytes
    workbook: str = ""
    styles: str = ""
    _zip: zipfile.ZipFile = field(init=False)
    _names: dict[str, str] = field(init=False)
    _changed: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._zip = zipfile.ZipFile(BytesIO(self.data))
        names = [info.filename for info in self._zip.infolist() if not info.is_dir()]
        self._names = {name.lower(): name for name in names}
        if len(self._names) != len(names):
            raise CannotEdit("two_parts_of_one_name")
        found = [r for r in self.relations("") if r["Type"] == _RELATIONS + "/officeDocument"]
        if len(found) != 1:
            raise CannotEdit("not_transitional")
        self.workbook = self._target("", found[0])
        styles = [r for r in self.relations(self.workbook) if r["Type"] == _RELATIONS + "/styles"]
        if len(styles) != 1:
            raise CannotEdit("styles")
        self.styles = self._target(self.workbook, styles[0])

    def refuse_programs(self) -> None:
        """Raises CannotEdit for a workbook with anything in it that could act, or reach outside."""
        for name in self._names.values():
            if not _HARMLESS.fullmatch(name.lower()):
                raise CannotEdit(f"part:{name}")
            part = self.part(name) if name.lower().endswith(".rels") else b""
            for relation in _RELATIONSHIP.findall(part):
                if _OUTWARD.search(relation) and not _MAILTO.search(relation):
                    raise CannotEdit("link")

    def part(self, name: str) -> bytes:
        known = self._names.get(name.lower(), name)
        if known in self._changed:
            return self._changed[known]
        try:
            return self._zip.read(known)
        except KeyError as fault:
            raise CannotEdit(f"missing:{name}") from fault

    def has(self, name: str) -> bool:
        return name.lower() in self._names or name in self._changed

    def change(self, name: str, part: bytes) -> None:
        """Changes a part, or adds a new one."""
        self._changed[self._names.get(name.lower(), name)] = part

    def relations(self, name: str) -> list[dict[str, str]]:
        listing = _relations_of(name)
        if not self.has(listing):
            return []
        return [e.attributes for e in elements(self.part(listing), lambda n, _: n == "Relationship")]

    def _target(self, source: str, relation: Mapping[str, str]) -> str:
        folder = posixpath.dirname(source)
        target = unquote(relation.get("Target", ""))
        return posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")

    def related(self, name: str, kind: str) -> list[str]:
        """Lists the parts of a kind ("comments", "vmlDrawing") that a part points to."""
        return [self._target(name, r) for r in self.relations(name) if r["Type"] == f"{_RELATIONS}/{kind}"]

    def sheets(self) -> dict[str, str]:
        """Gives the part of each worksheet by its name."""
        targets = {
            r["Id"]: self._target(self.workbook, r)
            for r in self.relations(self.workbook)
            if r["Type"] == _RELATIONS + "/worksheet"
        }
        found = elements(self.part(self.workbook), lambda name, depth: (name, depth) == ("sheet", 2))
        named = {e.attributes["name"]: _relation_id(e.attributes) for e in found}
        if not named:
            raise CannotEdit("sheets")
        return {name: targets[identifier] for name, identifier in named.items() if identifier in targets}

    def relate(self, source: str, kind: str, target: str) -> str:
        """Adds a relation between two parts and gives its id."""
        listing = _relations_of(source)
        taken = {r["Id"] for r in self.relations(source)}
        identifier = next(i for n in range(1, len(taken) + 2) if (i := f"rIdNes{n}") not in taken)
        path = posixpath.relpath(target, posixpath.dirname(source) or ".")
        line = f'<Relationship Id="{identifier}" Type="{_RELATIONS}/{kind}" Target="{path}"/>'
        part = (
            self.part(listing)
            if self.has(listing)
            else f'{_XML}<Relationships xmlns="{_PACKAGE}"></Relationships>'.encode()
        )
        self.change(listing, spliced(part, [inside_at_end(part, _root(part, "Relationships"), line)]))
        return identifier

    def declare(self, name: str, content_type: str) -> None:
        """Says what kind a new part is; a .vml by its extension, as Excel does."""
        types = "[Content_Types].xml"
        part = self.part(types)
        extension = name.rpartition(".")[2]
        if extension == "vml":
            known = elements(part, lambda n, _: n == "Default")
            if any(e.attributes.get("Extension", "").lower() == "vml" for e in known):
                return
            line = f'<Default Extension="vml" ContentType="{content_type}"/>'
            root = _root(part, "Types")
            self.change(types, spliced(part, [Splice(root.inside, root.inside, line)]))
        else:
            line = f'<Override PartName="/{name}" ContentType="{content_type}"/>'
            self.change(types, spliced(part, [inside_at_end(part, _root(part, "Types"), line)]))

    def fresh(self, pattern: str) -> str:
        """Finds a name for a new part."""
        number = 1
        while self.has(pattern.format(number)):
            number += 1
        return pattern.format(number)

    def packed(self) -> bytes:
        """Packs the parts in their order, the new ones behind; unchanged ones keep their times."""
        stream = BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as out:
            old = [info for info in self._zip.infolist() if not info.is_dir()]
            for info in old:
                entry = zipfile.ZipInfo(info.filename, max(info.date_time, _NEW_TIME))
                _write(out, entry, self.part(info.filename))
            for name in sorted(self._changed.keys() - {info.filename for info in old}):
                _write(out, zipfile.ZipInfo(name, _NEW_TIME), self._changed[name])
        return stream.getvalue()


def _write(out: zipfile.ZipFile, entry: zipfile.ZipInfo, data: bytes) -> None:
    entry.compress_type = zipfile.ZIP_DEFLATED
    out.writestr(entry, data)


def _relations_of(name: str) -> str:
    folder, base = posixpath.split(name)
    return posixpath.join(folder, "_rels", base + ".rels")


def _relation_id(attributes: Mapping[str, str]) -> str:
    return next((value for key, value in attributes.items() if key.endswith(":id")), "")


def _root(part: bytes, name: str) -> Element:
    found = elements(part, lambda _, depth: depth == 0)
    # A prefix before the names (x:worksheet) is allowed, rare, and not worth a second way.
    if not found or found[0].name != name:
        raise CannotEdit("prefix")
    return found[0]


# --- styles ------------------------------------------------------------------------------------


class _Styles:
    """The styles of a workbook, with a filled twin for every style that a marked cell has."""

    def __init__(self, part: bytes) -> None:
        self._part = part
        _root(part, "styleSheet")
        groups = ("fonts", "fills", "cellXfs")
        found = elements(part, lambda name, depth: (depth == 1 and name in groups) or depth == 2)
        self._groups = {e.name: e for e in found if e.depth == 1}
        if set(self._groups) != set(groups):
            raise CannotEdit("styles")
        cells = self._groups["cellXfs"]
        self._xfs = [e for e in found if e.depth == 2 and cells.start < e.start < cells.stop]
        self._counts = {
            name: sum(e.depth == 2 and g.start < e.start < g.stop for e in found)
            for name, g in self._groups.items()
        }
        if not self._xfs:
            raise CannotEdit("styles")
        self._added: dict[str, list[str]] = {name: [] for name in groups}
        self._twins: dict[int, int] = {}
        fill = f'<fill><patternFill patternType="solid"><fgColor rgb="FF{FILL}"/></patternFill></fill>'
        self._fill = self._add("fills", fill)

    def _add(self, group: str, text: str) -> int:
        self._added[group].append(text)
        return self._counts[group] + len(self._added[group]) - 1

    def filled(self, style: int) -> int:
        """Gives the twin of a style that differs in nothing but its fill."""
        if style not in self._twins:
            if not 0 <= style < len(self._xfs):
                raise CannotEdit("style")
            xf = self._xfs[style]
            tag = with_attributes(self._part, xf, fillId=str(self._fill), applyFill="1").text
            rest = self._part[xf.inside : xf.stop].decode("utf-8")
            self._twins[style] = self._add("cellXfs", tag + rest)
        return self._twins[style]

    def plain(self, font: str, fill: str) -> int:
        """Adds a style of our own: wrapped text at the top of its cell."""
        font_id = self._add("fonts", font)
        fill_id = self._add("fills", fill) if fill else 0
        return self._add(
            "cellXfs",
            f'<xf numFmtId="0" fontId="{font_id}" fillId="{fill_id}" borderId="0" xfId="0" applyFont="1" '
            'applyFill="1" applyAlignment="1"><alignment vertical="top" wrapText="1"/></xf>',
        )

    def written(self) -> bytes:
        """Writes the part with all that was added."""
        splices = []
        for name, group in self._groups.items():
            added = self._added[name]
            if not added:
                continue
            if group.inside == group.stop:
                raise CannotEdit("styles")
            count = str(self._counts[name] + len(added))
            splices += [
                with_attributes(self._part, group, count=count),
                inside_at_end(self._part, group, "".join(added)),
            ]
        return spliced(self._part, splices)


# --- one sheet ---------------------------------------------------------------------------------


def _mark_sheet(book: _Book, name: str, marks: list[Mark], author: str, styles: _Styles) -> None:
    part = book.part(name)
    _root(part, "worksheet")
    found = elements(part, lambda tag, depth: depth == 1 or tag in ("row", "c"))
    splices = list(_cell_splices(part, found, marks, styles))
    notes = book.related(name, "comments")
    shapes = book.related(name, "vmlDrawing")
    if notes or shapes:
        if len(notes) != 1 or len(shapes) != 1 or book.relations(notes[0]) or book.relations(shapes[0]):
            raise CannotEdit("comments")
        _more_notes(book, notes[0], shapes[0], marks, author)
    else:
        splices.append(_new_notes(book, name, found, marks, author))
    book.change(name, spliced(part, splices))


def _refuse_reaching(part: bytes) -> None:
    for formula in elements(part, lambda tag, _: tag in _FORMULAS):
        if _REACHING.search(part[formula.inside : formula.end].decode("utf-8", "replace")):
            raise CannotEdit("formula")


def _cell_splices(part: bytes, found: list[Element], marks: list[Mark], styles: _Styles) -> Iterable[Splice]:
    cells = {e.attributes.get("r", ""): e for e in found if e.name == "c"}
    rows = {e.attributes.get("r", ""): e for e in found if e.name == "row"}
    data = next((e for e in found if e.name == "sheetData" and e.depth == 1), None)
    # Addresses may be left out; then only counting would tell where a cell is.
    if data is None or "" in cells or "" in rows:
        raise CannotEdit("addresses")
    missing: dict[int, list[tuple[int, str]]] = {}
    for mark in marks:
        cell = cells.get(mark.cell)
        if cell is not None:
            style = styles.filled(int(cell.attributes.get("s", "0")))
            yield with_attributes(part, cell, s=str(style))
            continue
        letters, row = coordinate_from_string(mark.cell)
        text = f'<c r="{mark.cell}" s="{styles.filled(0)}"/>'
        missing.setdefault(row, []).append((column_index_from_string(letters), text))
    for row, texts in missing.items():
        if str(row) in rows:
            yield from _into_row(part, rows[str(row)], sorted(texts), cells.values())
        else:
            later = min((e for r, e in rows.items() if int(r) > row), key=lambda e: e.start, default=None)
            new = f'<row r="{row}">{"".join(text for _, text in sorted(texts))}</row>'
            if later is not None:
                yield Splice(later.start, later.start, new)
            else:
                yield inside_at_end(part, data, new)


def _into_row(
    part: bytes, row: Element, texts: list[tuple[int, str]], cells: Iterable[Element]
) -> Iterable[Splice]:
    if row.inside == row.stop:
        yield inside_at_end(part, row, "".join(text for _, text in texts))
        return
    here = sorted((c for c in cells if row.start < c.start < row.stop), key=lambda c: c.start)
    for column, text in texts:
        after = next((c for c in here if _column(c) > column), None)
        at = after.start if after else row.end
        yield Splice(at, at, text)


def _column(cell: Element) -> int:
    return column_index_from_string(coordinate_from_string(cell.attributes["r"])[0])


# --- comments ----------------------------------------------------------------------------------


def _new_notes(book: _Book, sheet: str, found: list[Element], marks: list[Mark], author: str) -> Splice:
    notes, shapes = book.fresh("xl/commentsNes{}.xml"), book.fresh("xl/drawings/vmlDrawingNes{}.vml")
    lines = "".join(_note(mark, 0) for mark in marks)
    book.change(
        notes,
        (
            f'{_XML}<comments xmlns="{_MAIN}"><authors><author>{clean(author)}</author></authors>'
            f"<commentList>{lines}</commentList></comments>"
        ).encode(),
    )
    book.change(
        shapes,
        f"<xml {_SPACES}>{_shapes(marks, '')}</xml>".encode(),
    )
    book.declare(notes, f"{_TYPES}.spreadsheetml.comments+xml")
    book.declare(shapes, f"{_TYPES}.vmlDrawing")
    book.relate(sheet, "comments", notes)
    identifier = book.relate(sheet, "vmlDrawing", shapes)
    line = f'<legacyDrawing xmlns:r="{_RELATIONS}" r:id="{identifier}"/>'
    later = [e.start for e in found if e.depth == 1 and e.name in _AFTER_COMMENTS]
    root = _root(book.part(sheet), "worksheet")
    at = min(later, default=root.end)
    return Splice(at, at, line)


def _more_notes(book: _Book, notes: str, shapes: str, marks: list[Mark], author: str) -> None:
    part = book.part(notes)
    _root(part, "comments")
    found = elements(part, lambda name, _: name in ("authors", "author", "commentList", "comment"))
    authors = [e for e in found if e.name == "authors"]
    lists = [e for e in found if e.name == "commentList"]
    taken = {e.attributes.get("ref", "") for e in found if e.name == "comment"}
    # Two comments on one cell are one too many, and the sender's own is not ours to remove.
    if len(authors) != 1 or len(lists) != 1 or taken & {mark.cell for mark in marks}:
        raise CannotEdit("comments")
    number = sum(e.name == "author" for e in found)
    lines = "".join(_note(mark, number) for mark in marks)
    splices = [
        inside_at_end(part, authors[0], f"<author>{clean(author)}</author>"),
        inside_at_end(part, lists[0], lines),
    ]
    book.change(notes, spliced(part, splices))
    drawing = book.part(shapes)
    root = elements(drawing, lambda _, depth: depth == 0)[0]
    # Its own prefixes may be others: ours are said again on every shape.
    book.change(shapes, spliced(drawing, [inside_at_end(drawing, root, _shapes(marks, _SPACES))]))


def _note(mark: Mark, author: int) -> str:
    return (
        f'<comment ref="{mark.cell}" authorId="{author}"><text><r><rPr><sz val="9"/>'
        f'<rFont val="Tahoma"/></rPr><t xml:space="preserve">{clean(mark.comment)}</t></r></text></comment>'
    )


def _shapes(marks: list[Mark], spaces: str) -> str:
    kind = (
        f'<v:shapetype {spaces} id="nes_note" coordsize="21600,21600" o:spt="202" '
        'path="m,l,21600r21600,l21600,xe">'
        '<v:stroke joinstyle="miter"/><v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>'
    )
    return kind + "".join(_shape(number, mark, spaces) for number, mark in enumerate(marks, start=1))


def _shape(number: int, mark: Mark, spaces: str) -> str:
    letters, row = coordinate_from_string(mark.cell)
    column = column_index_from_string(letters) - 1
    height = note_height(mark.comment)
    anchor = f"{column + 1}, 15, {max(row - 2, 0)}, 10, {column + 5}, 15, {row + 2 + height // 20}, 4"
    return (
        f'<v:shape {spaces} id="nes_{number}" type="#nes_note" style="position:absolute;'
        f'width:{NOTE_WIDTH}px;height:{height}px;z-index:{number};visibility:hidden" fillcolor="#ffffe1" '
        'o:insetmode="auto"><v:fill color2="#ffffe1"/><v:shadow on="t" color="black" obscured="t"/>'
        '<v:path o:connecttype="none"/><v:textbox style="mso-direction-alt:auto"/>'
        f'<x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/><x:Anchor>{anchor}</x:Anchor>'
        f"<x:AutoFill>False</x:AutoFill><x:Row>{row - 1}</x:Row><x:Column>{column}</x:Column></x:ClientData>"
        "</v:shape>"
    )


# --- the sheet of faults -----------------------------------------------------------------------


def _add_front(book: _Book, plan: MarkingPlan, styles: _Styles) -> None:
    name = book.fresh("xl/worksheets/duzeltilecekler{}.xml")
    book.change(name, _front(plan, styles).encode())
    book.declare(name, f"{_TYPES}.spreadsheetml.worksheet+xml")
    identifier = book.relate(book.workbook, "worksheet", name)
    part = book.part(book.workbook)
    _root(part, "workbook")
    wanted = ("sheets", "sheet", "workbookView", "definedName")
    found = elements(part, lambda tag, _: tag in wanted)
    sheets = [e for e in found if e.name == "sheets" and e.depth == 1]
    views = [e for e in found if e.name == "workbookView"]
    if len(sheets) != 1 or sheets[0].inside == sheets[0].stop or not views:
        raise CannotEdit("workbook")
    number = 1 + max(int(e.attributes["sheetId"]) for e in found if e.name == "sheet")
    line = (
        f'<sheet xmlns:r="{_RELATIONS}" name="{clean(plan.sheet)}" sheetId="{number}" r:id="{identifier}"/>'
    )
    splices = [Splice(sheets[0].inside, sheets[0].inside, line)]
    # Every sheet has moved one place to the right, and they are spoken of by their places.
    for view in views:
        shown = int(view.attributes.get("activeTab", "0")) + 1
        splices.append(with_attributes(part, view, activeTab=str(shown)))
    for defined in (e for e in found if e.name == "definedName"):
        if "localSheetId" in defined.attributes:
            at = int(defined.attributes["localSheetId"]) + 1
            splices.append(with_attributes(part, defined, localSheetId=str(at)))
    book.change(book.workbook, spliced(part, splices))


def _front(plan: MarkingPlan, styles: _Styles) -> str:
    title = styles.plain('<font><b/><sz val="14"/><name val="Calibri"/></font>', "")
    plain = styles.plain('<font><sz val="11"/><name val="Calibri"/></font>', "")
    solid = '<fill><patternFill patternType="solid"><fgColor rgb="FFD6EAF8"/></patternFill></fill>'
    head = styles.plain('<font><b/><sz val="11"/><name val="Calibri"/></font>', solid)
    link = styles.plain(f'<font><u/><sz val="11"/><color rgb="FF{LINK}"/><name val="Calibri"/></font>', "")
    last = chr(ord("A") + len(plan.headings) - 1)
    rows, merged, links = [], [], []
    for at, line in enumerate(plan.lines, start=1):
        height = 24 if at == 1 else 48
        rows.append(_front_row(at, [(line, title if at == 1 else plain)], f' ht="{height}" customHeight="1"'))
        merged.append(f'<mergeCell ref="A{at}:{last}{at}"/>')
    top = len(plan.lines) + 2
    rows.append(_front_row(top, [(text, head) for text in plan.headings], ""))
    for at, row in enumerate(plan.rows, start=top + 1):
        high = f' ht="{front_height(row.texts)}" customHeight="1"'
        rows.append(_front_row(at, [(t, link if n == 0 else plain) for n, t in enumerate(row.texts)], high))
        place = clean(location(row.sheet, row.cell)).replace('"', "&quot;")
        links.append(f'<hyperlink ref="A{at}" location="{place}"/>')
    columns = "".join(
        f'<col min="{n}" max="{n}" width="{width}" customWidth="1"/>'
        for n, width in enumerate(FRONT_WIDTHS[: len(plan.headings)], start=1)
    )
    return (
        f'{_XML}<worksheet xmlns="{_MAIN}"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
        '<sheetViews><sheetView workbookViewId="0">'
        f'<pane ySplit="{top}" topLeftCell="A{top + 1}" activePane="bottomLeft" state="frozen"/>'
        f"</sheetView></sheetViews><cols>{columns}</cols><sheetData>{''.join(rows)}</sheetData>"
        f'<mergeCells count="{len(merged)}">{"".join(merged)}</mergeCells>'
        f"<hyperlinks>{''.join(links)}</hyperlinks>"
        '<pageSetup paperSize="9" orientation="landscape" fitToHeight="0"/></worksheet>'
    )


def _front_row(at: int, cells: list[tuple[str, int]], more: str) -> str:
    texts = "".join(
        f'<c r="{chr(65 + n)}{at}" t="inlineStr" s="{style}"><is><t xml:space="preserve">'
        f"{clean(guarded(text))}</t></is></c>"
        for n, (text, style) in enumerate(cells)
    )
    return f'<row r="{at}"{more}>{texts}</row>'
