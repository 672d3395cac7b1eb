"""Receipts and other papers: printed lines to values, and how far each value may be believed."""
