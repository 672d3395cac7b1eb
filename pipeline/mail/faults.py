"""faults: what a mail server's fault is called where nobody speaks to a server."""


class ServerFault(Exception):
    """A server, or the way to it, is in the way: `name` is a stable slug, the text one sentence with advice.

    `detail` is where it was, and what the server or the system itself said of it: no words of ours.
    """

    name = "other"

    def __init__(self, sentence: str, detail: str = "") -> None:
        super().__init__(sentence)
        self.detail = detail


class MailboxFault(ServerFault):
    """The world's fault: nothing is decided, the next run tries again."""

    name = "mailbox"


class PostmanFault(ServerFault):
    """No letter at all can be handed in; the one given to `post` has not been sent to anybody."""

    name = "postman"
