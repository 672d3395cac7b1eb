"""The desk in a browser: pages on what the ledger says, forms on the office's acts; no rules of its own."""
