"""The viewer's own account: what he sees of it, and how he changes it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from stentor.domain import pictures
from tests.factories import NOW, Person, insert, make_account, make_token
from tests.fixtures import query_budget
from tests.helpers import Answer, Client

UPDATE = "/api/v1/accounts/update_credentials"
PNG = pictures.png(1, 1, [(1, 2, 3)], [b"\0"])
GIF = b"GIF89a" + b"\0" * 20
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 20
WEBP = b"RIFF\x10\0\0\0WEBPVP8 " + b"\0" * 20


@pytest.fixture
async def me(client: Client) -> Person:
    return await make_account(client.db, "me")


async def patch(client: Client, me: Person, path: str = UPDATE, **form: Any) -> Answer:
    return await client.patch(path, me, form=form)


def multipart(**parts: Any) -> dict[str, Any]:
    """A form; a value that is bytes is a file, with a name and a content type that lie."""
    body = bytearray()
    for name, value in parts.items():
        body += b'--x\r\nContent-Disposition: form-data; name="' + name.encode() + b'"'
        if isinstance(value, bytes):
            body += b'; filename="../../evil.html"\r\nContent-Type: text/html'
            body += b"\r\n\r\n" + value + b"\r\n"
        else:
            body += b"\r\n\r\n" + str(value).encode() + b"\r\n"
    return {
        "body": bytes(body) + b"--x--\r\n",
        "headers": {"Content-Type": "multipart/form-data; boundary=x"},
    }


# --- verify_credentials, preferences -----------------------------------------------------------


async def test_credentials_hold_what_the_owner_may_edit(client: Client) -> None:
    me = await make_account(
        client.db,
        "me",
        note="I am <me>",
        fields='[["Site","https://me.example"]]',
        hide_collections=True,
        attribution_domains='["me.example"]',
        role_id=3,
        user={"default_privacy": "private", "default_language": "de"},
    )
    asking = await make_account(client.db)
    await insert(
        client.db, "follow_requests", account_id=asking.id, target_account_id=me.id, created_at=NOW
    )
    with query_budget(client.db, 4):  # token · account · person · requests
        answer = await client.get("/api/v1/accounts/verify_credentials", me)
    assert answer.json["source"] == {
        "privacy": "private",
        "sensitive": False,
        "language": "de",
        "note": "I am <me>",
        "fields": [{"name": "Site", "value": "https://me.example", "verified_at": None}],
        "follow_requests_count": 1,
        "hide_collections": True,
        "discoverable": None,
        "indexable": False,
        "attribution_domains": ["me.example"],
        "quote_policy": "public",
    }
    assert answer.json["role"] == {
        "id": "3",
        "name": "Owner",
        "permissions": "8388607",
        "color": "",
        "highlighted": True,
        "collection_limit": 10,
    }
    assert "&lt;me&gt;" in answer.json["note"]
    assert answer.json["acct"] == "me"


async def test_the_profile_scope_is_enough_to_see_oneself_and_for_nothing_else(
    client: Client, me: Person
) -> None:
    token = await make_token(client.db, me.id, "profile")
    for path in ("/api/v1/accounts/verify_credentials", "/api/v1/profile"):
        assert (await client.get(path, token)).status == 200
    for path in ("/api/v1/preferences", f"/api/v1/accounts/{me.id}"):
        assert (await client.get(path, token)).status == 403
    assert (await client.patch(UPDATE, token)).status == 403


async def test_preferences_are_a_flat_map_that_follows_the_defaults(
    client: Client, me: Person
) -> None:
    answer = await client.get("/api/v1/preferences", me)
    assert answer.json == {
        "posting:default:visibility": "public",
        "posting:default:sensitive": False,
        "posting:default:language": None,
        "posting:default:quote_policy": "public",
        "reading:expand:media": "default",
        "reading:expand:spoilers": False,
        "reading:autoplay:gifs": False,
    }
    await patch(client, me, **{"source[privacy]": "unlisted", "source[language]": "pt-BR"})
    answer = await client.get("/api/v1/preferences", me)
    assert answer.json["posting:default:visibility"] == "unlisted"
    assert answer.json["posting:default:language"] == "pt-BR"


# --- update ----------------------------------------------------------------------------------


async def test_what_is_not_named_stays_as_it_is(client: Client, me: Person) -> None:
    first = await patch(
        client, me, display_name=" Me ", note="hi", locked="true", bot="1", discoverable="true",
        hide_collections="on", indexable="True", show_media="false",
        **{"source[sensitive]": "true", "source[quote_policy]": "nobody",
           "attribution_domains[]": ["B.example", "b.example", ""]},
    )  # fmt: skip
    assert first.status == 200
    shown = first.json
    assert (shown["display_name"], shown["source"]["note"]) == ("Me", "hi")
    assert [
        shown[key]
        for key in ("locked", "bot", "discoverable", "hide_collections", "indexable", "show_media")
    ] == [True, True, True, True, True, False]
    assert shown["noindex"] is False
    assert shown["source"]["sensitive"] is True
    assert shown["source"]["quote_policy"] == "nobody"
    assert shown["source"]["attribution_domains"] == ["b.example"]
    for request in (
        {},
        {"json": {"display_name": None, "locked": None, "source": None}},
        {"json": {"display_name": ["x"], "locked": {}, "source": "x", "fields_attributes": 5}},
        {"form": {"locked": "", "bot": "", "avatar": "", "source[privacy]": ""}},
    ):
        assert (await client.patch(UPDATE, me, **request)).json == shown
    seen = (await client.get(f"/api/v1/accounts/{me.id}")).json
    assert {key: shown[key] for key in seen} == seen


async def test_texts_can_be_emptied_and_switches_turned_off(client: Client, me: Person) -> None:
    await patch(
        client, me, display_name="x", note="x", locked="1", bot="1", **{"source[language]": "en"}
    )
    answer = await patch(
        client, me, display_name="", note="", locked="False", bot="0", **{"source[language]": ""}
    )
    assert (answer.json["display_name"], answer.json["note"]) == ("", "")
    assert (answer.json["locked"], answer.json["bot"]) == (False, False)
    assert answer.json["source"]["language"] is None


@pytest.mark.parametrize(
    "request_",
    [
        {"form": {"fields_attributes[0][name]": "A", "fields_attributes[0][value]": "1",
                  "fields_attributes[1][name]": " B ", "fields_attributes[1][value]": " 2 ",
                  "fields_attributes[2][name]": "", "fields_attributes[2][value]": ""}},
        {"form": "fields_attributes[][name]=A&fields_attributes[][value]=1"
                 "&fields_attributes[][name]=B&fields_attributes[][value]=2"},
        {"json": {"fields_attributes": [{"name": "A", "value": "1"}, {"name": "B", "value": 2}]}},
        {"json": {"fields_attributes": {"1": {"name": "B", "value": "2"},
                                        "0": {"name": "A", "value": "1"}}}},
        multipart(**{"fields_attributes[0][name]": "A", "fields_attributes[0][value]": "1",
                     "fields_attributes[1][name]": "B", "fields_attributes[1][value]": "2"}),
    ],
    ids=["index map", "list in a form", "list", "map", "multipart"],
)  # fmt: skip
async def test_profile_fields_come_in_several_shapes(
    client: Client, me: Person, request_: Any
) -> None:
    answer = await client.patch(UPDATE, me, **request_)
    fields = answer.json["source"]["fields"]
    assert [(one["name"], one["value"]) for one in fields] == [("A", "1"), ("B", "2")]
    assert [one["name"] for one in answer.json["fields"]] == ["A", "B"]
    answer = await client.patch(UPDATE, me, json={"fields_attributes": []})
    assert answer.json["fields"] == []


BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "display name": ({"display_name": "x" * 41}, "display_name", "ERR_TOO_LONG"),
    "note": ({"note": "x" * 501}, "note", "ERR_TOO_LONG"),
    "endless note": ({"note": "x" * 100_000}, "note", "ERR_TOO_LONG"),
    "stacked marks": ({"display_name": "a" + "\u0301" * 9000}, "display_name", "ERR_TOO_LONG"),
    "avatar description": ({"avatar_description": "x" * 151}, "avatar_description", "ERR_TOO_LONG"),
    "header description": ({"header_description": "x" * 151}, "header_description", "ERR_TOO_LONG"),
    "five fields": (
        {"fields_attributes": [{"name": str(n), "value": "x"} for n in range(5)]},
        "fields",
        "ERR_TOO_LONG",
    ),
    "field name": ({"fields_attributes": [{"name": "x" * 256}]}, "fields", "ERR_TOO_LONG"),
    "field value": (
        {"fields_attributes": [{"name": "x", "value": "x" * 256}]}, "fields", "ERR_TOO_LONG",
    ),
    "field without name": ({"fields_attributes": [{"value": "x"}]}, "fields", "ERR_BLANK"),
    "privacy": ({"source": {"privacy": "direct"}}, "privacy", "ERR_INCLUSION"),
    "quote policy": ({"source": {"quote_policy": "x"}}, "quote_policy", "ERR_INCLUSION"),
    "language": ({"source": {"language": "no such"}}, "language", "ERR_INVALID"),
    "domain": ({"attribution_domains": ["a b"]}, "attribution_domains", "ERR_INVALID"),
    "domains": (
        {"attribution_domains": [f"x{n}.example" for n in range(101)]},
        "attribution_domains",
        "ERR_TOO_LONG",
    ),
}  # fmt: skip


@pytest.mark.parametrize("path", [UPDATE, "/api/v1/profile"])
async def test_what_is_too_long_or_not_allowed_is_told_in_detail_and_changes_nothing(
    client: Client, me: Person, path: str
) -> None:
    before = (await client.get("/api/v1/accounts/verify_credentials", me)).json
    for name, (body, field, code) in BAD.items():
        answer = await client.patch(path, me, json={"locked": True, **body})
        assert answer.status == 422, name
        assert answer.json["error"].startswith("Validation failed: "), name
        assert list(answer.json["details"]) == [field], name
        assert answer.json["details"][field][0]["error"] == code, name
        description = answer.json["details"][field][0]["description"]
        assert description in answer.json["error"], name
    assert (await client.get("/api/v1/accounts/verify_credentials", me)).json == before


async def test_the_longest_of_everything_is_taken(client: Client, me: Person) -> None:
    family = "👨‍👩‍👧‍👦"
    answer = await client.patch(
        UPDATE,
        me,
        json={
            "display_name": family * 40,
            "note": "https://example.org/" + "x" * 400 + " " + "é" * 476,
            "avatar_description": "x" * 150,
            "fields_attributes": [{"name": "x" * 255, "value": "y" * 255}] * 4,
            "attribution_domains": [f"x{n}.example" for n in range(100)],
        },
    )
    assert answer.status == 200, answer
    assert answer.json["display_name"] == family * 40


# --- images ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "content_type"),
    [(PNG, "image/png"), (GIF, "image/gif"), (JPEG, "image/jpeg"), (WEBP, "image/webp")],
    ids=["png", "gif", "jpeg", "webp"],
)
async def test_an_image_is_served_as_what_it_is_and_never_as_what_was_said(
    client: Client, me: Person, data: bytes, content_type: str
) -> None:
    answer = await client.patch(
        UPDATE, me, **multipart(avatar=data, header=data, avatar_description="a face")
    )
    assert answer.status == 200, answer
    assert answer.json["avatar_description"] == "a face"
    for key in ("avatar", "header"):
        url = answer.json[key]
        assert answer.json[f"{key}_static"] == url
        assert url.startswith(f"https://stentor.example/system/{key}s/{me.id}/")
        image = await client.get(url.removeprefix("https://stentor.example"))
        assert (image.status, image.content) == (200, data)
        assert image.headers["content-type"] == content_type
        assert image.headers["x-content-type-options"] == "nosniff"
        assert image.headers["access-control-allow-origin"] == "*"
        assert image.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert "default-src 'none'" in image.headers["content-security-policy"]


@pytest.mark.parametrize(
    "data",
    [b"", b"<svg/>", b"<html>", b"\x89PN", b"RIFF....WAVE", b"BM" * 50, PNG[1:],
     PNG + b"\0" * (8 * 2**20)],
    ids=["empty", "svg", "html", "short", "wave", "bitmap", "shifted", "too large"],
)  # fmt: skip
async def test_what_is_no_image_or_too_large_is_refused(
    client: Client, me: Person, data: bytes
) -> None:
    for name in ("avatar", "header"):
        answer = await client.patch(UPDATE, me, **multipart(**{name: data}, locked="true"))
        assert answer.status == 422
        assert list(answer.json["details"]) == [name]
    shown = (await client.get("/api/v1/accounts/verify_credentials", me)).json
    assert shown["locked"] is False
    assert not client.services.media.exists() or not list(client.services.media.rglob("*.*"))


async def test_the_largest_image_is_taken(client: Client, me: Person) -> None:
    data = PNG + b"\0" * (8 * 2**20 - len(PNG))
    answer = await client.patch(UPDATE, me, **multipart(avatar=data, header=data))
    assert answer.status == 200


async def test_an_image_that_is_replaced_or_removed_is_gone_from_the_disk(
    client: Client, me: Person
) -> None:
    def files() -> int:
        return len([path for path in client.services.media.rglob("*") if path.is_file()])

    first = (await client.patch(UPDATE, me, **multipart(avatar=PNG, header=PNG))).json
    assert files() == 2
    again = (await client.patch(UPDATE, me, **multipart(avatar=PNG))).json
    assert files() == 2
    assert again["header"] == first["header"]
    other = (await client.patch(UPDATE, me, **multipart(avatar=GIF))).json
    assert files() == 2
    assert other["avatar"] != first["avatar"]
    gone = await client.get(first["avatar"].removeprefix("https://stentor.example"))
    assert gone.status == 404
    for _ in range(2):
        for kind in ("avatar", "header"):
            answer = await client.delete(f"/api/v1/profile/{kind}", me)
            assert answer.json[kind].endswith(f"/{kind}s/original/missing.png")
            assert answer.json[f"{kind}_description"] == ""
            assert "source" in answer.json
    assert files() == 0


async def test_two_updates_at_once_leave_an_image_that_is_there(client: Client, me: Person) -> None:
    for _ in range(5):
        await asyncio.gather(
            *(client.patch(UPDATE, me, **multipart(avatar=one)) for one in (PNG, GIF, PNG, JPEG))
        )
        shown = (await client.get("/api/v1/accounts/verify_credentials", me)).json
        path = shown["avatar"].removeprefix("https://stentor.example")
        assert (await client.get(path)).status == 200
        left = [one for one in client.services.media.rglob("*") if one.is_file()]
        assert len(left) == 1


@pytest.mark.parametrize("path", ["/system/", "/system", "/system/avatars/1/x.png"])
async def test_no_file_of_another_name_is_served(client: Client, path: str) -> None:
    media = client.services.media
    media.mkdir()
    (media / "secret.png").write_bytes(PNG)
    (media.parent / "secret.png").write_bytes(PNG)
    name = "0" * 64 + "-00000000.png"
    for tail in (
        "", "secret.png", "../secret.png", "..%2Fsecret.png", "%2e%2e/secret.png",
        "avatars/1/../../secret.png", f"avatars/1/../../../{name}", "%00", f"avatars/1/{name}",
        "/etc/passwd", "//etc/passwd", f"avatars/1/{name}%0A", f"avatars/1/{name[:-3]}svg",
    ):  # fmt: skip
        answer = await client.get(path + tail)
        assert (answer.status, answer.json) == (404, {"error": "Not Found"}), tail


@pytest.mark.parametrize("kind", ["avatar", "header"])
async def test_there_is_a_picture_for_whoever_has_none(
    client: Client, me: Person, kind: str
) -> None:
    url = (await client.get(f"/api/v1/accounts/{me.id}")).json[kind]
    assert url == f"https://stentor.example/{kind}s/original/missing.png"
    for method in ("GET", "HEAD"):
        answer = await client.request(method, url.removeprefix("https://stentor.example"))
        assert answer.status == 200
        assert answer.headers["content-type"] == "image/png"
        assert answer.headers["access-control-allow-origin"] == "*"
    image = await client.get(url.removeprefix("https://stentor.example"))
    assert pictures.Picture.of(image.content) is pictures.Picture.PNG


# --- profile ---------------------------------------------------------------------------------


async def test_a_profile_is_raw_and_says_null_for_no_image(client: Client, me: Person) -> None:
    answer = await client.patch(
        "/api/v1/profile",
        me,
        json={
            "note": "a <b>",
            "fields_attributes": [{"name": "n", "value": "https://x.example"}],
            "show_featured": False,
        },
    )
    assert answer.status == 200
    assert (await client.get("/api/v1/profile", me)).text == answer.text
    profile = json.loads(answer.text)
    assert profile["id"] == str(me.id)
    assert (profile["note"], profile["formatted_note"]) == ("a <b>", "<p>a &lt;b&gt;</p>")
    assert profile["fields"] == [{"name": "n", "value": "https://x.example", "verified_at": None}]
    assert "<a href=" in profile["formatted_fields"][0]["value"]
    assert (profile["avatar"], profile["header_static"]) == (None, None)
    assert profile["show_featured"] is False
    assert profile["featured_tags"] == []
    answer = await client.patch("/api/v1/profile", me, **multipart(header=PNG))
    assert answer.json["header"].endswith(".png")


async def test_unlocking_leaves_the_requests_that_wait(client: Client) -> None:
    locked = await make_account(client.db, locked=True)
    me = await make_account(client.db)
    await client.post(f"/api/v1/accounts/{locked.id}/follow", me)
    await patch(client, locked, locked="false")
    assert len((await client.get("/api/v1/follow_requests", locked)).json) == 1
    answer = await client.post(f"/api/v1/accounts/{locked.id}/follow", me)
    assert (answer.json["requested"], answer.json["following"]) == (True, False)
