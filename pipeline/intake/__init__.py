"""The intake run: hear the mailboxes, decide each mail, file and answer it."""
