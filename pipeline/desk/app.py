"""app: requests → answers: who asks, whether they may, the page or act they ask for, and what went wrong.

Pages are made on one thread, acts on another: whoever looks never waits for an act that waits for a run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route, compile_path

from pipeline.desk.answers import (
    LONGEST_NUMBER,
    Answer,
    Download,
    Go,
    NotHere,
    NotTheirs,
    Page,
    Picture,
    Visit,
)
from pipeline.desk.counter import Counter
from pipeline.desk.guard import Guard, header
from pipeline.desk.line import Line
from pipeline.desk.people import People, Person, Power, is_name
from pipeline.desk.proofs import is_password, step_of
from pipeline.desk.rendering import PAGES, desk_words, environment
from pipeline.desk.sessions import LONGEST, Attempts, Session, Sessions
from pipeline.domain.faults import OperatorFault, TryLater
from pipeline.office.console import complain, fault_in_words, ours, sentence, worldly
from pipeline.office.shop import Shop
from pipeline.office.world import is_the_worlds

LOGIN, HOME = "/giris", "/bekleyenler"
_TOKEN = "bilet"
_STATIC = {"desk.css": "text/css", "desk.js": "text/javascript"}
# What a form's field begins with where somebody types what they read on a page.
_READ = "f-"
# The largest form, files included.
MOST_BYTES = 12_000_000
# An upload stays in memory: what people send us about people is written nowhere but where it belongs.
MultiPartParser.spool_max_size = MOST_BYTES

Handler = Callable[[Shop, Visit], Answer]


@dataclass(frozen=True, slots=True)
class Door:
    """One address of the desk: what it asks of whoever comes, and what answers; forms are sent to acts."""

    path: str
    power: Power
    handler: Handler
    is_act: bool = False
    # What changes nothing may be sent again, as often as somebody goes back to it.
    is_repeatable: bool = False
    # What may take seconds is done apart: nobody else's page waits for it.
    is_slow: bool = False


class Desk:
    """The desk of one office.

    `addresses` are those it is reached under; `user_header` names the header in which the office's proxy
    says who asks, "" where people log in here.
    """

    def __init__(
        self, counter: Counter, doors: Iterable[Door], addresses: Iterable[str], user_header: str = ""
    ) -> None:
        self._counter, self._user_header = counter, user_header
        self._addresses = tuple(addresses)
        self._is_secure = self._addresses[0].startswith("https:")
        self._cookie = "__Host-nes" if self._is_secure else "nes"
        self._people, self._sessions, self._attempts = People(counter.home), Sessions(), Attempts()
        self._set = environment(counter.settings.zone)
        self._reading, self._line = ThreadPoolExecutor(1, "reading"), Line(counter)
        # One password at a time: each costs 32 MB for a while.
        self._proving = ThreadPoolExecutor(1, "proving")
        self._trying = ThreadPoolExecutor(1, "trying")
        self._doors = tuple(doors)
        self._places = {door.path for door in self._doors}
        self._pages = [compile_path(door.path)[0] for door in self._doors if not door.is_act]

    def app(self) -> Guard:
        """Makes the application, with what stands before it."""
        routes = [
            Route(LOGIN, self._fenced(self._login_page), methods=["GET"]),
            Route(LOGIN, self._fenced(self._log_in), methods=["POST"]),
            Route("/cikis", self._fenced(self._log_out), methods=["POST"]),
            Route("/", lambda _: RedirectResponse(HOME, 303), methods=["GET"]),
            *(Route(f"/{name}", self._static, methods=["GET"]) for name in _STATIC),
            *(
                Route(d.path, self._fenced(self._behind(d)), methods=["POST" if d.is_act else "GET"])
                for d in self._doors
            ),
        ]

        @asynccontextmanager
        async def living(_: Starlette) -> Any:
            yield
            await self._on(self._reading, self._counter.close)
            self._reading.shutdown()
            self._line.close()
            self._proving.shutdown()
            self._trying.shutdown()

        nowhere, misread = self._fenced(self._nowhere), self._fenced(self._misread)
        handlers = {404: nowhere, 405: nowhere, 400: misread, 413: misread}
        inner = Starlette(
            routes=routes, lifespan=living, exception_handlers=handlers, max_body_size=MOST_BYTES
        )
        return Guard(inner, self._addresses, MOST_BYTES)

    def _fenced(self, endpoint: Callable[..., Awaitable[Response]]) -> Callable[..., Awaitable[Response]]:
        """Has what breaks before somebody is known end in a page of ours, and not in a library's words.

        Those are English, and a traceback in the journal may quote what somebody typed.
        """

        async def fenced(request: Request, *told: Any) -> Response:
            try:
                return await endpoint(request, *told)
            except HTTPException:
                raise
            except ClientDisconnect:
                return Response(status_code=400)
            except Exception as fault:
                complain(fault_in_words(fault))
                return self._page(Page("kapali.html", {}, 500))

        return fenced

    # --- who asks ------------------------------------------------------------------------------

    def _who(self, request: Request) -> tuple[Person, Session] | None:
        now = self._counter.clock()
        session = self._sessions.find(request.cookies.get(self._cookie, ""), now)
        if self._user_header:
            name = header(request.scope, self._user_header).lower()
            if session and session.name != name:
                session = None
        else:
            name = session.name if session else ""
        person = self._people.named(name) if is_name(name) else None
        # Whoever has no log-in of their own sits here by the proxy's word alone.
        if person is None or bool(person.password) == bool(self._user_header):
            return None
        # Whoever took somebody's session loses it by the new password that is given for that.
        if session and session.proof != person.proof:
            return None
        if session is None:
            cookie = self._sessions.begin(name, now)
            request.state.cookie = cookie
            session = self._sessions.find(cookie, now)
        return (person, session) if session else None

    async def _login_page(self, request: Request) -> Response:
        if self._user_header or self._who(request):
            return self._go(HOME)
        return self._page(Page("giris.html", {"wrong": ""}))

    async def _log_in(self, request: Request) -> Response:
        form, _ = await _sent(request)
        name, now = form.get("name", "").strip().lower(), self._counter.clock()
        known = is_name(name)
        if self._user_header or not known or not self._attempts.is_heard(name, now):
            return self._page(Page("giris.html", {"wrong": "bounded" if known else "wrong"}, 403))
        person = self._people.named(name)
        kept = person.password if person else ""
        right = await self._on(self._proving, is_password, form.get("password", ""), kept)
        step = step_of(person.second, form.get("code", ""), now) if person and person.second else 0
        fresh = person is not None and (
            not person.second or (step is not None and self._attempts.is_fresh(name, step))
        )
        if not (right and fresh):
            self._attempts.failed(name, now)
            if person:
                self._counter.note_look(f"desk refused {name}", "log-in")
            return self._page(Page("giris.html", {"wrong": "wrong"}, 403))
        assert person
        self._counter.note_look(f"desk entered by {name}", "log-in")
        answer = self._go(HOME)
        self._set_cookie(answer, self._sessions.begin(name, now, person.proof))
        return answer

    async def _log_out(self, request: Request) -> Response:
        who = self._who(request)
        form, _ = await _sent(request)
        if who and who[1].is_ours(form.get(_TOKEN, ""), "/cikis"):
            self._sessions.end(request.cookies.get(self._cookie, ""))
            self._counter.note_look(f"desk left by {who[0].name}", "log-in")
        answer = self._go(LOGIN)
        answer.delete_cookie(self._cookie, path="/", secure=self._is_secure, httponly=True, samesite="strict")
        return answer

    def _set_cookie(self, answer: Response, cookie: str) -> None:
        answer.set_cookie(
            self._cookie,
            cookie,
            max_age=int(LONGEST.total_seconds()),
            path="/",
            secure=self._is_secure,
            httponly=True,
            samesite="strict",
        )

    # --- what they ask for ---------------------------------------------------------------------

    def _behind(self, door: Door) -> Callable[[Request], Awaitable[Response]]:
        async def answered(request: Request) -> Response:
            who = self._who(request)
            if who is None:
                return await self._unknown(request)
            person, session = who
            if any(len(str(value)) > LONGEST_NUMBER for value in _numbers(request)):
                return await self._nowhere(request)
            visit = Visit(
                person,
                session,
                request.url.path,
                {key: str(value) for key, value in request.path_params.items()},
                dict(request.query_params),
            )
            if not person.may(door.power):
                return self._wrong(visit, NotTheirs("desk_not_theirs"))
            if door.is_act:
                form, files = await _sent(request)
                visit = replace(visit, form=form, files=files)
                # A button that sends a form elsewhere brings a token of its own beside the form's.
                tokens = [t for t in form.get(_TOKEN, "").split() if session.is_ours(t, visit.path)]
                if not tokens:
                    return self._page(Page("eski-form.html", {}, 403), visit)
                if not door.is_repeatable and not session.use(tokens[-1]):
                    # A second click: what the first one came to stands on the page.
                    return self._page(Page("iki-kez.html", {}, 409), visit)
            answer = await self._answered(door, visit)
            if cookie := getattr(request.state, "cookie", ""):
                self._set_cookie(answer, cookie)
            return answer

        return answered

    async def _answered(self, door: Door, visit: Visit) -> Response:
        try:
            if door.is_act and not door.is_repeatable:
                answer = await self._line.act(lambda shop: door.handler(shop, visit))
            elif door.is_slow:
                answer = await self._on(self._trying, self._tried, door, visit)
            else:
                answer = await self._on(self._reading, self._looked, door, visit)
            if isinstance(answer, Picture):
                return self._picture(await asyncio.to_thread(answer.draw))
            return self._sent_back(answer, visit)
        except Exception as fault:
            return self._wrong(visit, fault)

    def _tried(self, door: Door, visit: Visit) -> Answer:
        with self._counter.aside() as shop:
            return self._noted(door.handler(shop, visit), visit)

    def _looked(self, door: Door, visit: Visit) -> Answer:
        return self._noted(door.handler(self._counter.looking(), visit), visit)

    def _noted(self, answer: Answer, visit: Visit) -> Answer:
        about = "" if isinstance(answer, Go) else answer.looked_at
        # A picture belongs to a page that has been seen; by itself it is a look of its own.
        if about and not (isinstance(answer, Picture) and about in visit.session.looked_at):
            self._counter.note_look(f"looked by {visit.person.name}", about)
            visit.session.looked_at.add(about)
        self._line.carry_looks()
        return answer

    async def _on(self, thread: ThreadPoolExecutor, work: Callable[..., Any], *args: object) -> Any:
        return await asyncio.get_running_loop().run_in_executor(thread, work, *args)

    # --- what they get -------------------------------------------------------------------------

    def _picture(self, png: bytes | None) -> Response:
        if png is None:
            raise NotHere("desk_not_here")
        # Somebody else may sit at the same machine next.
        return Response(png, media_type="image/png", headers={"cache-control": "no-store"})

    def _sent_back(self, answer: Page | Go | Download, visit: Visit) -> Response:
        if isinstance(answer, Go):
            visit.session.notice = (answer.notice, dict(answer.fills)) if answer.notice else None
            return self._go(answer.to)
        if isinstance(answer, Download):
            name = quote(answer.name, safe="")
            headers = {
                "content-disposition": f"attachment; filename*=UTF-8''{name}",
                "cache-control": "no-store",
            }
            return Response(answer.data, media_type=answer.media_type, headers=headers)
        return self._page(answer, visit)

    def _page(self, page: Page, visit: Visit | None = None) -> Response:
        notice = visit.session.notice if visit else None
        if visit:
            visit.session.notice = None
        html = self._set.get_template(page.name).render(
            **{"wrote": _typed(visit.form) if visit else (), **page.values},
            office=self._counter.settings.institution,
            unit=self._counter.settings.unit,
            person=visit.person if visit else None,
            may=(lambda power: visit.person.may(Power(power))) if visit else (lambda _: False),
            token=visit.session.token if visit else (lambda _: ""),
            here=visit.path if visit else "",
            back=self._way_back(visit.path) if visit else HOME,
            places=self._places,
            notice=notice,
            is_proxied=bool(self._user_header),
        )
        return Response(
            html,
            page.status,
            media_type="text/html",
            headers={"cache-control": "no-store"},
        )

    def _wrong(self, visit: Visit, fault: Exception) -> Response:
        """Tells what went wrong: the operator's faults in their own sentence, ours by their place alone."""
        if isinstance(fault, NotHere):
            return self._page(Page("yok.html", {}, 404), visit)
        if isinstance(fault, NotTheirs):
            return self._page(Page("yetki.html", {}, 403), visit)
        if isinstance(fault, TryLater):
            again = {key: value for key, value in visit.form.items() if key != _TOKEN}
            return self._page(
                Page("mesgul.html", {"again": again, "had_file": bool(visit.files)}, 503), visit
            )
        if isinstance(fault, OperatorFault):
            return self._page(Page("olmadi.html", {"said": sentence(fault), "fault": fault}, 409), visit)
        complain(fault_in_words(fault))
        if is_the_worlds(fault):
            return self._page(Page("olmadi.html", {"said": worldly(fault, "world_seen")}, 503), visit)
        return self._page(Page("arizali.html", {"where": ours(fault)}, 500), visit)

    async def _unknown(self, request: Request) -> Response:
        if self._user_header:
            return self._page(Page("yetki.html", {}, 403))
        if request.method != "POST":
            return self._go(LOGIN)
        # Whoever sent a form believes that it was done, unless they are told.
        form, _ = await _sent(request)
        return self._page(Page("oturum.html", {"wrote": _typed(form)}, 403))

    async def _nowhere(self, request: Request, _: Exception | None = None) -> Response:
        who = self._who(request)
        visit = Visit(*who, path="") if who else None
        return self._page(Page("yok.html", {}, 404), visit) if visit else await self._unknown(request)

    async def _misread(self, request: Request, fault: HTTPException) -> Response:
        who, status = self._who(request), fault.status_code
        visit = Visit(*who, path=request.url.path) if who else None
        return self._page(Page("olmadi.html", {"said": desk_words()["refused"][str(status)]}, status), visit)

    def _way_back(self, path: str) -> str:
        """Gives the page that a form was sent from: the nearest one above where it was sent to."""
        while path := path.rpartition("/")[0]:
            if any(page.fullmatch(path) for page in self._pages):
                return path
        return HOME

    def _go(self, to: str) -> Response:
        return RedirectResponse(to, 303, headers={"cache-control": "no-store"})

    async def _static(self, request: Request) -> Response:
        name = request.url.path.removeprefix("/")
        data = (PAGES / name).read_bytes()
        # After an upgrade new pages must not be drawn by the style of the old ones.
        headers = {"cache-control": "no-cache", "etag": f'"{sha256(data).hexdigest()[:16]}"'}
        if request.headers.get("if-none-match") == headers["etag"]:
            return Response(status_code=304, headers=headers)
        return Response(data, media_type=_STATIC[name], headers=headers)


def _numbers(request: Request) -> Iterable[int]:
    return (value for value in request.path_params.values() if isinstance(value, int))


def _typed(form: Mapping[str, str]) -> list[tuple[str, str]]:
    """Lists what somebody typed into a form, by what its field is called: nobody has to type it again."""
    labels: Mapping[str, str] = desk_words()["typed"]
    fields: Mapping[str, str] = desk_words()["fields"]
    named = [(labels.get(name) or fields.get(name.removeprefix(_READ), ""), v) for name, v in form.items()]
    return [(label, value.strip()) for label, value in named if label and value.strip()]


async def _sent(request: Request) -> tuple[Mapping[str, str], Mapping[str, tuple[str, bytes]]]:
    """Reads what a form sent: its fields, and its files by field."""
    fields: dict[str, str] = {}
    files: dict[str, tuple[str, bytes]] = {}
    async with request.form(max_files=1, max_fields=300) as form:
        for key, value in form.multi_items():
            if isinstance(value, UploadFile):
                files[key] = (value.filename or "", await value.read())
            else:
                # Of a field that is there more than once, such as a box that is ticked, all are kept.
                fields[key] = f"{fields[key]} {value}" if key in fields else value
    return fields, files
