"""Mail: IMAP, SMTP, and a mail taken apart or set; knows neither ledger nor rules."""
