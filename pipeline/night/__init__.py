"""The night: the list that goes out, the report and its pictures."""
