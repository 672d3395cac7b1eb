"""wire: what an office and its courier say to each other, in front of the bytes themselves."""

from __future__ import annotations

import struct

# Number of the task, length of the clues (JSON), length of the file.
TASK = struct.Struct(">QIQ")
# Number of the task, length of its answer.
ANSWER = struct.Struct(">QQ")
UNREAD = b""
