"""A client for tests: requests to the application in this process, real database behind it."""

from __future__ import annotations

import json
import re
from typing import Any

from falcon import testing

from stentor.api.services import Services
from stentor.store.database import Database
from tests.factories import NOW, Person


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

    def __repr__(self) -> str:
        return f"<Answer {self.status} {self.text[:300]}>"


class Client:
    """Sends requests; ``by`` is a Person or a token."""

    def __init__(self, conductor: testing.ASGIConductor, services: Services) -> None:
        self._conductor = conductor
        self.services = services
        self.db: Database = services.db

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
    ) -> Answer:
        """One request: query by ``params``, body by ``json``, ``form`` (urlencoded) or ``body``."""
        from urllib.parse import urlencode

        sent = dict(headers or {})
        if by is not None:
            sent["Authorization"] = f"Bearer {by if isinstance(by, str) else by.token}"
        if form is not None:
            body = form if isinstance(form, str) else urlencode(form, doseq=True)
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        query = params if isinstance(params, str) else urlencode(params or {}, doseq=True)
        result = await self._conductor.simulate_request(
            method, path, query_string=query, json=json, body=body, headers=sent
        )
        return Answer(result)

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
