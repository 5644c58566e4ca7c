"""What the title of a push says, for every type, in the languages that we speak."""

from __future__ import annotations

from stentor.domain.notifications import NotificationType

_T = NotificationType
#: The language of whoever speaks none of the others.
DEFAULT = "en"

#: Locale to type to title. ``{name}`` is whoever caused it.
TITLES: dict[str, dict[NotificationType, str]] = {
    "en": {
        _T.MENTION: "{name} mentioned you",
        _T.STATUS: "New post by {name}",
        _T.REBLOG: "{name} boosted your post",
        _T.FOLLOW: "{name} follows you now",
        _T.FOLLOW_REQUEST: "{name} would like to follow you",
        _T.FAVOURITE: "{name} likes your post",
        _T.POLL: "The poll by {name} is over",
        _T.UPDATE: "{name} changed a post",
        _T.SEVERED_RELATIONSHIPS: "You lost connections",
        _T.MODERATION_WARNING: "The moderators have sent you a warning",
        _T.ANNUAL_REPORT: "Your look back on the year is here",
        _T.ADMIN_SIGN_UP: "{name} signed up",
        _T.ADMIN_REPORT: "New report by {name}",
        _T.QUOTE: "{name} quoted your post",
        _T.QUOTED_UPDATE: "{name} changed a post that you quoted",
        _T.ADDED_TO_COLLECTION: "{name} put you into a collection",
        _T.COLLECTION_UPDATE: "{name} changed a collection that you are in",
    },
    "de": {
        _T.MENTION: "{name} hat dich erwähnt",
        _T.STATUS: "Neuer Beitrag von {name}",
        _T.REBLOG: "{name} hat deinen Beitrag geteilt",
        _T.FOLLOW: "{name} folgt dir jetzt",
        _T.FOLLOW_REQUEST: "{name} möchte dir folgen",
        _T.FAVOURITE: "{name} gefällt dein Beitrag",
        _T.POLL: "Die Umfrage von {name} ist zu Ende",
        _T.UPDATE: "{name} hat einen Beitrag geändert",
        _T.SEVERED_RELATIONSHIPS: "Du hast Verbindungen verloren",
        _T.MODERATION_WARNING: "Die Moderation hat dich verwarnt",
        _T.ANNUAL_REPORT: "Dein Jahresrückblick ist da",
        _T.ADMIN_SIGN_UP: "{name} hat sich registriert",
        _T.ADMIN_REPORT: "Neue Meldung von {name}",
        _T.QUOTE: "{name} hat deinen Beitrag zitiert",
        _T.QUOTED_UPDATE: "{name} hat einen Beitrag geändert, den du zitiert hast",
        _T.ADDED_TO_COLLECTION: "{name} hat dich in eine Sammlung aufgenommen",
        _T.COLLECTION_UPDATE: "{name} hat eine Sammlung geändert, in der du bist",
    },
    "fr": {
        _T.MENTION: "{name} vous mentionne",
        _T.STATUS: "Nouveau message de {name}",
        _T.REBLOG: "{name} a partagé votre message",
        _T.FOLLOW: "{name} vous suit désormais",
        _T.FOLLOW_REQUEST: "{name} voudrait vous suivre",
        _T.FAVOURITE: "{name} aime votre message",
        _T.POLL: "Le sondage de {name} est terminé",
        _T.UPDATE: "{name} a changé un message",
        _T.SEVERED_RELATIONSHIPS: "Vous avez perdu des relations",
        _T.MODERATION_WARNING: "La modération vous adresse un avertissement",
        _T.ANNUAL_REPORT: "Votre bilan de l’année est là",
        _T.ADMIN_SIGN_UP: "{name} vient de s’inscrire",
        _T.ADMIN_REPORT: "Nouveau signalement de {name}",
        _T.QUOTE: "{name} a cité votre message",
        _T.QUOTED_UPDATE: "{name} a changé un message que vous avez cité",
        _T.ADDED_TO_COLLECTION: "Votre compte figure dans une collection de {name}",
        _T.COLLECTION_UPDATE: "{name} a changé une collection où figure votre compte",
    },
    "es": {
        _T.MENTION: "{name} te ha mencionado",
        _T.STATUS: "Nueva publicación de {name}",
        _T.REBLOG: "{name} ha compartido tu publicación",
        _T.FOLLOW: "{name} te sigue ahora",
        _T.FOLLOW_REQUEST: "{name} quiere seguirte",
        _T.FAVOURITE: "A {name} le gusta tu publicación",
        _T.POLL: "La encuesta de {name} ha terminado",
        _T.UPDATE: "{name} ha cambiado una publicación",
        _T.SEVERED_RELATIONSHIPS: "Has perdido conexiones",
        _T.MODERATION_WARNING: "La moderación te ha enviado una advertencia",
        _T.ANNUAL_REPORT: "Tu resumen del año está aquí",
        _T.ADMIN_SIGN_UP: "{name} acaba de registrarse",
        _T.ADMIN_REPORT: "Nueva denuncia de {name}",
        _T.QUOTE: "{name} ha citado tu publicación",
        _T.QUOTED_UPDATE: "{name} ha cambiado una publicación que citaste",
        _T.ADDED_TO_COLLECTION: "{name} te ha añadido a una colección",
        _T.COLLECTION_UPDATE: "{name} ha cambiado una colección en la que estás",
    },
}

#: The title of a message that somebody sends to himself to see whether it arrives.
TESTS = {
    "en": "This is a test",
    "de": "Das ist ein Test",
    "fr": "Ceci est un test",
    "es": "Esto es una prueba",
}


def language(locale: str) -> str:
    """Which of our languages a locale is served in: ``pt-BR`` would do with ``pt``."""
    wanted = locale.lower().replace("_", "-").partition("-")[0]
    return wanted if wanted in TITLES else DEFAULT


def title(type: NotificationType, name: str, locale: str) -> str:
    """The title of one notification; ``name`` goes in as it is."""
    return TITLES[language(locale)][type].replace("{name}", name)
