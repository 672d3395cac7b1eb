"""What opens strangers' files, sealed off: readers and markers in worker processes without a way back."""
