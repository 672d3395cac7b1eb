"""One module per desk: what a command takes, what it has done, and what it prints."""
