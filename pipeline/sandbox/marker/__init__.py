"""The marker: a returned list and the plan of its marks → the sender's own workbook with the faults marked.

`mark` chooses; `inplace` splices the marks into an .xlsx and leaves every other byte of it as it is;
`mirror` writes an .xlsx with the same sheets, rows and columns where that cannot be had.
"""
