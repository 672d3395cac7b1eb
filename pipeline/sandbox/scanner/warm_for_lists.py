"""warm_for_lists: the little that a workbook is read with, imported by the workers that are kept for lists.

What a process has loaded is what each of its forks is paid by: without pictures and their libraries a third.
"""

# ruff: noqa: F401
# Names of files in a ZIP archive, and letters of an old Turkish workbook, are written in these.
import encodings.cp437
import encodings.cp1254

from pipeline.sandbox.scanner import odf, ooxml, plain_tables, scan, workbooks, xls, xlsb
