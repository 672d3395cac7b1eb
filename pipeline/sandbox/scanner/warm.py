"""warm: imported by a worker before its first file, so that no file waits for a library or for tesseract.

What opens encrypted workbooks and winmail.dat is left out: few files need it, and every start would pay.
"""

# ruff: noqa: F401
import encodings.cp437

from pipeline.sandbox.scanner import (
    containers,
    cut,
    odf,
    ooxml,
    outlook_items,
    pdfs,
    pictures,
    plain_tables,
    scan,
    second_engine,
    second_reader,
    workbooks,
    xls,
    xlsb,
)
from pipeline.sandbox.scanner.tesseract import ocr_fault

# Both engines are opened; what is missing is told by the file that needs it.
ocr_fault()
second_engine.opened()
