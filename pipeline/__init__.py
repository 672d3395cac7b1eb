"""nes-intake: a mailbox goes in; letters, the night's list for Kamu SM and a report come out.

    poll     mailbox ▶ Arrival ─unpack▶ Submission ─(scanner)▶ Transcript… ─read▶ Evidence
             ─judge▶ Decision ─answer▶ Letter
             then  ledger.enter(Arrival, Decision, Letter) · mailbox.file(Arrival) · outbox.post(Letter)
    nightly  ledger ▶ Case… ─consolidate▶ Batch ─announce▶ Letter…
             then  ledger.close(Batch, Letter…) · outbox.post(Letter)

Start at `runs`, which reads like the office manual; `domain` has the nouns, `stages` the verbs,
`adapters` all that touches the world, and `rules/` and `reports/` beside this package what an
official may change without touching any of it.
"""
