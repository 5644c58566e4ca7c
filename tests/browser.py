"""A person at a browser without JavaScript: opens pages, fills in forms, keeps cookies."""

from __future__ import annotations

import http.cookiejar
import urllib.request
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode, urljoin


class Page(HTMLParser):
    """What of a page a form needs: where it goes, all its fields, and the hidden ones of them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[dict[str, Any]] = []
        self.fields: dict[str, str] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append({"action": found.get("action", ""), "fields": {}, "hidden": {}})
        elif tag in ("input", "button"):
            name = found.get("name", "")
            self.fields[name or found.get("id", "")] = found.get("value", "")
            if self.forms and name:
                self.forms[-1]["fields"][name] = found.get("value", "")
                if found.get("type") == "hidden":
                    self.forms[-1]["hidden"][name] = found.get("value", "")


class Browser:
    """One person's browser."""

    def __init__(self) -> None:
        jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        self.url = ""
        self.text = ""

    def open(self, url: str, form: dict[str, str] | None = None) -> None:
        """Opens an address, or sends a form to it; follows redirects."""
        body = urlencode(form).encode() if form is not None else None
        with self._opener.open(url, body, timeout=60) as answer:
            self.url = answer.url
            self.text = answer.read().decode()

    @property
    def page(self) -> Page:
        """The page as it is."""
        return Page(self.text)

    def send(self, number: int = 0, **values: str) -> None:
        """Sends a form of the page with these values filled in."""
        form = self.page.forms[number]
        self.open(urljoin(self.url, form["action"]), form["fields"] | values)

    def authorise(self, url: str, email: str, password: str) -> str:
        """Signs in where an application asks for it, agrees, and reads the code."""
        self.open(url)
        self.send(**{"user[email]": email, "user[password]": password})
        forms = self.page.forms
        consent = next(n for n, form in enumerate(forms) if "decision" in form["fields"])
        self.send(consent, decision="approve")
        return self.page.fields["code"]
