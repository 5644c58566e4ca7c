"""A client for tests: requests to the application in this process, real database behind it."""

from __future__ import annotations

import json
import re
from typing import Any

from falcon import testing

from stentor.api.services import Services
from stentor.store.database import Database
from tests.answers import check_answer
from tests.browser import Page
from tests.factories import NOW, Person
from tests.shapes import Seen


class Clock:
    """The tests' time; it moves only when it is told to."""

    def __init__(self) -> None:
        self.time = NOW

    def __call__(self) -> int:
        return self.time

    def advance(self, *, milliseconds: int = 0, seconds: float = 0, hours: float = 0) -> None:
        """Moves it on."""
        self.time += milliseconds + int(seconds * 1000) + int(hours * 3_600_000)


class Answer:
    """What came back."""

    def __init__(self, result: Any) -> None:
        self.status: int = result.status_code
        self.headers = result.headers
        self.cookies = result.cookies
        self.content: bytes = result.content
        self.text = self.content.decode(errors="replace")

    @property
    def json(self) -> Any:
        """The body as JSON; fails if it does not say it is JSON."""
        assert self.headers["content-type"] == "application/json; charset=utf-8", self.text
        return json.loads(self.text)

    @property
    def links(self) -> dict[str, dict[str, list[str]]]:
        """The Link header: rel to the query's values."""
        from urllib.parse import parse_qs, urlsplit

        found = re.findall(r'<([^>]*)>; rel="(\w+)"', self.headers.get("link", ""))
        return {rel: parse_qs(urlsplit(url).query) for url, rel in found}

    @property
    def whole(self) -> tuple[int, bytes, dict[str, str]]:
        """Status, body and headers, but for the number that each answer has of its own."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        assert len(headers.pop("x-request-id")) == 32
        return self.status, self.content, headers

    def __repr__(self) -> str:
        return f"<Answer {self.status} {self.text[:300]}>"


class Client:
    """Sends requests; ``by`` is a Person or a token.

    Whatever a test is about, every JSON that comes back must have the shape of its entity.
    """

    def __init__(self, conductor: testing.ASGIConductor, services: Services) -> None:
        self._conductor = conductor
        self.services = services
        self.db: Database = services.db
        #: What of the entities' tables was seen in answers, once it is a set.
        self.seen: Seen | None = None

    async def request(
        self,
        method: str,
        path: str,
        by: Person | str | None = None,
        *,
        params: Any = None,
        json: Any = None,
        form: str | dict[str, Any] | None = None,
        body: bytes | str | None = None,
        headers: dict[str, str] | None = None,
        address: str | None = None,
    ) -> Answer:
        """One request: query by ``params``, body by ``json``, ``form`` (urlencoded) or ``body``.

        ``address`` is where it seems to come from.
        """
        from urllib.parse import urlencode

        sent = dict(headers or {})
        if by is not None:
            sent["Authorization"] = f"Bearer {by if isinstance(by, str) else by.token}"
        if form is not None:
            body = form if isinstance(form, str) else urlencode(form, doseq=True)
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        query = params if isinstance(params, str) else urlencode(params or {}, doseq=True)
        result = await self._conductor.simulate_request(
            method,
            path,
            query_string=query,
            json=json,
            body=body,
            headers=sent,
            extras={"client": (address, 4711)} if address else None,
        )
        answer = Answer(result)
        if answer.content and "json" in answer.headers.get("content-type", ""):
            check_answer(method, path, answer.status, result.json, self.seen)
        return answer

    async def get(self, path: str, by: Person | str | None = None, **rest: Any) -> Answer:
        """GET."""
        return await self.request("GET", path, by, **rest)

    async def post(self, path: str, by: Person | str | None = None, **rest: Any) -> Answer:
        """POST."""
        return await self.request("POST", path, by, **rest)

    async def put(self, path: str, by: Person | str | None = None, **rest: Any) -> Answer:
        """PUT."""
        return await self.request("PUT", path, by, **rest)

    async def patch(self, path: str, by: Person | str | None = None, **rest: Any) -> Answer:
        """PATCH."""
        return await self.request("PATCH", path, by, **rest)

    async def delete(self, path: str, by: Person | str | None = None, **rest: Any) -> Answer:
        """DELETE."""
        return await self.request("DELETE", path, by, **rest)


class Browser:
    """A person's browser on a `Client`: keeps cookies, fills in forms, does not follow."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.cookies: dict[str, str] = {}

    async def request(self, method: str, path: str, **rest: Any) -> Answer:
        """One request with the cookies so far, and those that it sets kept."""
        headers = dict(rest.pop("headers", None) or {})
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        path, _, query = path.partition("?")
        if query:
            rest["params"] = query
        answer = await self.client.request(method, path, headers=headers, **rest)
        for name, cookie in answer.cookies.items():
            if cookie.value and cookie.max_age != 0:
                self.cookies[name] = cookie.value
            else:
                self.cookies.pop(name, None)
        return answer

    async def get(self, path: str, **rest: Any) -> Answer:
        """GET."""
        return await self.request("GET", path, **rest)

    async def post(self, path: str, form: dict[str, Any], **rest: Any) -> Answer:
        """POST of a form."""
        return await self.request("POST", path, form=form, **rest)

    async def sign_in(self, name: str, password: str, page: Answer | None = None) -> Answer:
        """Fills in the sign-in form of that page, or of the plain one."""
        page = page or await self.get("/auth/sign_in")
        typed = {"user[email]": name, "user[password]": password}
        return await self.post("/auth/sign_in", {**hidden(page, "/auth/sign_in"), **typed})


def hidden(page: Answer, action: str) -> dict[str, str]:
    """The hidden fields of the page's first form that goes there."""
    forms = [one for one in Page(page.text).forms if one["action"] == action]
    assert forms, page.text
    return dict(forms[0]["hidden"])
