"""world: which trouble is the disk's, the network's or another process's; all other is one mail's, or ours.

A closed list of what no mail can bring about. An exception's class says little: a text that is missing is
an OSError to the library that looks for it, and a number that is given twice an error of the ledger.
"""

from __future__ import annotations

import errno
import sqlite3

from pipeline.mail.faults import MailboxFault, PostmanFault

# What SQLite answers where the file, its disk or another process is in the way.
_OF_THE_LEDGER = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_READONLY,
}
# What the system answers where a disk, a network or this machine's own limits are in the way.
_OF_THE_SYSTEM = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.ESTALE, errno.ENODEV, errno.ENXIO),
    *(errno.EACCES, errno.EPERM, errno.EBUSY, errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE),
    *(errno.EFBIG, errno.ENOBUFS, errno.EPIPE, errno.ECONNRESET, errno.ECONNREFUSED, errno.ECONNABORTED),
    *(errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.EHOSTDOWN, errno.ENETUNREACH, errno.ENETDOWN),
}


def is_the_worlds(fault: BaseException) -> bool:
    """Tells whether a fault says nothing about the mail, letter or plan at hand: a later run may go on."""
    if isinstance(fault, MailboxFault | PostmanFault):
        return True
    if isinstance(fault, sqlite3.Error):
        # An extended code has the plain one in its lowest byte; what Python itself objects to has none.
        return getattr(fault, "sqlite_errorcode", -1) & 0xFF in _OF_THE_LEDGER
    return isinstance(fault, OSError) and fault.errno in _OF_THE_SYSTEM
