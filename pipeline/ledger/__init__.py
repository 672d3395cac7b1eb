"""The ledger: one SQLite book, a chapter for each subject, and the home it lies in."""
