"""Readers on other machines, of one installation: whoever has none of its certificates gets nothing.

    an office's process ─ far ─(pipe)─ courier ─(TLS)─ scheduler ─(TLS)─ worker ─(pipe)─ sealed process

The cluster is dask.distributed's, whose processes take each other's pickles. Ours take from anybody but a
closed list of what pickles may name, the process that keeps passwords and ledgers takes none at all, and
what was read comes back as JSON that is looked at as a stranger's.
"""
