"""faults: what a mail server's fault is called where nobody speaks to a server."""


class MailboxFault(Exception):
    """The world's fault: nothing is decided, the next run tries again.

    `name` is a stable slug; the text is one sentence that says what happened and what to do.
    """

    name = "mailbox"


class PostmanFault(Exception):
    """No letter at all can be handed in; the one given to `post` has not been sent to anybody.

    `name` is a stable slug; the text is one sentence that says what happened and what to do.
    """

    name = "postman"
