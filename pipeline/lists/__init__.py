"""The NES list: its columns, its rows as holders, the workbook that goes out, and Kamu SM's answers to it."""
