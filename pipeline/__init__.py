"""nes-intake: a mailbox goes in; letters, the night's list for Kamu SM and a report come out.

    poll     mailbox ▶ Arrival ─unpack▶ Submission ─(scanner)▶ Transcript… ─read▶ Evidence
             ─judge▶ Decision ─answer▶ Letter
             then  ledger.record(Verdict) · mailbox.file(Arrival) · outbox.post(Letter)
    nightly  ledger ▶ Case… ─consolidate▶ Batch ─announce▶ Letter…
             then  ledger.close(Batch, Letter…) · outbox.post(Letter)

The rooms, from the ground up; each knows those before it, and none behind it:

    domain    the nouns, as frozen values            judging   what a mail says, held against the rules
    lists     the NES list, in and out               letters   what is written, and to whom
    papers    receipts and other papers              office    what every run works with: settings, shop,
    mail      IMAP, SMTP, a mail taken apart                   outbox, watch
    policy    rules and words an official edits      acts      what officials do: release, take in, follow up
    sandbox   what opens strangers' files, sealed    intake    the run: hear, decide, file, answer
    ledger    one SQLite book, and its home          night     the list that goes out, and the report
                                                     review    explain, rehearse, replay, rebuild, doctor
                                                     desk      the same acts as pages in a browser
                                                     commands  the command line

Ten files to begin with, in this order: intake/runs (reads like the office manual), intake/deciding (the
ledger is asked once, then it is thought, then it is written once), domain/mails, domain/evidence,
domain/decisions, domain/case, policy/checks beside any file of rules/, judging/judge, letters/answer,
night/closing. `rules/` and `reports/` beside this package are what an official may change
without touching any of it.
"""
