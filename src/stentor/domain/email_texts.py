"""What e-mails and the page behind their last link say, in the languages that we speak.

A language is complete or absent: a test fails if one lacks a text, or a placeholder in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from stentor.domain.moderation import Action
from stentor.domain.notifications import NotificationType

_T = NotificationType


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One language. ``{name}`` is the person who did it; ``{site}``, ``{user}`` the reader's."""

    #: The code of the language.
    code: str
    #: Subject and heading of each type: what happened. ``{name}``.
    happened: dict[NotificationType, str]
    #: What the type's e-mails are about, as the words of a link that stops them.
    stop: dict[NotificationType, str]
    #: What stands over the post that is shown.
    your_post: str
    their_post: str
    #: A post behind a warning of its author, or of the reader's own filter. ``{text}``.
    content_warning: str
    filtered: str
    no_text: str
    request_hint: str
    open_notifications: str
    #: Why this came. ``{user}``, ``{site}``.
    reason: str
    #: For a moderator's decisions: subject and sentence of each action. ``{site}``.
    sanctioned: dict[Action, tuple[str, str]]
    #: What stands over a moderator's own words.
    moderators_words: str
    #: For somebody who does not agree. ``{contact}``.
    disagree: str
    #: The page behind the link. ``{site}``, ``{user}``.
    ask: str
    button: str
    done: str
    done_text: str
    bad: str
    bad_text: str


ENGLISH = Words(
    code="en",
    happened={
        _T.MENTION: "{name} mentioned you",
        _T.QUOTE: "{name} quoted your post",
        _T.FOLLOW: "{name} follows you now",
        _T.FOLLOW_REQUEST: "{name} asks to follow you",
        _T.REBLOG: "{name} boosted your post",
        _T.FAVOURITE: "{name} likes your post",
    },
    stop={
        _T.MENTION: "Stop e-mails about mentions",
        _T.QUOTE: "Stop e-mails about quotes",
        _T.FOLLOW: "Stop e-mails about new followers",
        _T.FOLLOW_REQUEST: "Stop e-mails about follow requests",
        _T.REBLOG: "Stop e-mails about boosts",
        _T.FAVOURITE: "Stop e-mails about favourites",
    },
    your_post="Your post",
    their_post="The post",
    content_warning="Content warning: {text}",
    filtered="Your filter “{text}” covers this post, so its text is left out here.",
    no_text="This post has no text. Open it to see what it shows.",
    request_hint="You decide: accept or reject the request in your app.",
    open_notifications="Open notifications",
    reason="This was sent to @{user}, an account on {site}.",
    sanctioned={
        Action.NONE: (
            "A warning from the moderators of {site}",
            "The moderators of {site} have a word with you about your account. "
            "Nothing about it was changed.",
        ),
        Action.DISABLE: (
            "Your account on {site} is frozen",
            "The moderators of {site} have frozen your account. "
            "You cannot use it; what is in it is still there.",
        ),
        Action.SENSITIVE: (
            "Your posts on {site} are marked as sensitive",
            "From now on, pictures in your posts are hidden on {site} until somebody opens them.",
        ),
        Action.SILENCE: (
            "Your account on {site} is limited",
            "People on {site} who do not follow you will hardly come across your posts any more.",
        ),
        Action.SUSPEND: (
            "Your account on {site} is suspended",
            "The moderators of {site} have suspended your account. "
            "Your profile and your posts can no longer be seen.",
        ),
    },
    moderators_words="What the moderators say",
    disagree="If you think that this is a mistake, write to {contact}.",
    ask="You are about to switch this off for your account on {site}.",
    button="Unsubscribe",
    done="Switched off",
    done_text="No more e-mails of this kind will be sent. Nothing else has changed.",
    bad="This link no longer works",
    bad_text="Links in e-mails are good for a month. Use the link of a newer e-mail, "
    "or change the setting in an app.",
)

GERMAN = Words(
    code="de",
    happened={
        _T.MENTION: "{name} hat dich erwähnt",
        _T.QUOTE: "{name} hat deinen Beitrag zitiert",
        _T.FOLLOW: "{name} folgt dir jetzt",
        _T.FOLLOW_REQUEST: "{name} möchte dir folgen",
        _T.REBLOG: "{name} hat deinen Beitrag geteilt",
        _T.FAVOURITE: "{name} gefällt dein Beitrag",
    },
    stop={
        _T.MENTION: "Keine E-Mails mehr zu Erwähnungen",
        _T.QUOTE: "Keine E-Mails mehr zu Zitaten",
        _T.FOLLOW: "Keine E-Mails mehr zu neuen Followern",
        _T.FOLLOW_REQUEST: "Keine E-Mails mehr zu Follower-Anfragen",
        _T.REBLOG: "Keine E-Mails mehr zu geteilten Beiträgen",
        _T.FAVOURITE: "Keine E-Mails mehr zu Favoriten",
    },
    your_post="Dein Beitrag",
    their_post="Der Beitrag",
    content_warning="Inhaltswarnung: {text}",
    filtered="Auf diesen Beitrag passt dein Filter „{text}“; sein Text steht deshalb nicht hier.",
    no_text="Dieser Beitrag hat keinen Text. Öffne ihn, um zu sehen, was er zeigt.",
    request_hint="Du entscheidest: Nimm die Anfrage in deiner App an oder lehne sie ab.",
    open_notifications="Mitteilungen öffnen",
    reason="Diese E-Mail ging an @{user}, ein Konto auf {site}.",
    sanctioned={
        Action.NONE: (
            "Eine Verwarnung der Moderation von {site}",
            "Die Moderation von {site} hat etwas zu deinem Konto anzumerken. "
            "Geändert wurde daran nichts.",
        ),
        Action.DISABLE: (
            "Dein Konto auf {site} ist eingefroren",
            "Die Moderation von {site} hat dein Konto eingefroren. "
            "Du kannst es nicht benutzen; sein Inhalt bleibt erhalten.",
        ),
        Action.SENSITIVE: (
            "Deine Beiträge auf {site} gelten als heikel",
            "Bilder in deinen Beiträgen sind auf {site} von nun an verdeckt, "
            "bis jemand sie aufdeckt.",
        ),
        Action.SILENCE: (
            "Dein Konto auf {site} ist eingeschränkt",
            "Wer dir auf {site} nicht folgt, bekommt deine Beiträge kaum noch zu sehen.",
        ),
        Action.SUSPEND: (
            "Dein Konto auf {site} ist gesperrt",
            "Die Moderation von {site} hat dein Konto gesperrt. "
            "Dein Profil und deine Beiträge sind nicht mehr zu sehen.",
        ),
    },
    moderators_words="Das sagt die Moderation",
    disagree="Wenn du das für einen Irrtum hältst, schreib an {contact}.",
    ask="Damit schaltest du das für dein Konto auf {site} ab.",
    button="Abbestellen",
    done="Abbestellt",
    done_text="E-Mails dieser Art werden nicht mehr verschickt. Sonst ändert sich nichts.",
    bad="Dieser Link gilt nicht mehr",
    bad_text="Links aus E-Mails gelten einen Monat. Nimm den Link einer neueren E-Mail, "
    "oder ändere die Einstellung in einer App.",
)

FRENCH = Words(
    code="fr",
    happened={
        _T.MENTION: "{name} vous a mentionné·e",
        _T.QUOTE: "{name} a cité votre message",
        _T.FOLLOW: "{name} vous suit désormais",
        _T.FOLLOW_REQUEST: "{name} demande à vous suivre",
        _T.REBLOG: "{name} a partagé votre message",
        _T.FAVOURITE: "{name} a aimé votre message",
    },
    stop={
        _T.MENTION: "Ne plus recevoir d’e-mails pour les mentions",
        _T.QUOTE: "Ne plus recevoir d’e-mails pour les citations",
        _T.FOLLOW: "Ne plus recevoir d’e-mails pour les nouveaux abonnés",
        _T.FOLLOW_REQUEST: "Ne plus recevoir d’e-mails pour les demandes d’abonnement",
        _T.REBLOG: "Ne plus recevoir d’e-mails pour les partages",
        _T.FAVOURITE: "Ne plus recevoir d’e-mails pour les favoris",
    },
    your_post="Votre message",
    their_post="Le message",
    content_warning="Avertissement : {text}",
    filtered="Votre filtre « {text} » couvre ce message ; son texte n’est donc pas repris ici.",
    no_text="Ce message n’a pas de texte. Ouvrez-le pour voir ce qu’il montre.",
    request_hint="À vous de choisir : acceptez ou refusez la demande dans votre application.",
    open_notifications="Ouvrir les notifications",
    reason="Cet e-mail est adressé à @{user}, un compte sur {site}.",
    sanctioned={
        Action.NONE: (
            "Un avertissement de la modération de {site}",
            "La modération de {site} a une remarque à faire sur votre compte. "
            "Rien n’y a été changé.",
        ),
        Action.DISABLE: (
            "Votre compte sur {site} est gelé",
            "La modération de {site} a gelé votre compte. "
            "Vous ne pouvez plus l’utiliser ; son contenu est conservé.",
        ),
        Action.SENSITIVE: (
            "Vos messages sur {site} sont marqués comme sensibles",
            "Désormais, les images de vos messages sont masquées sur {site} "
            "tant que personne ne les dévoile.",
        ),
        Action.SILENCE: (
            "Votre compte sur {site} est limité",
            "Sur {site}, les personnes qui ne vous suivent pas ne verront presque plus vos "
            "messages.",
        ),
        Action.SUSPEND: (
            "Votre compte sur {site} est suspendu",
            "La modération de {site} a suspendu votre compte. "
            "Votre profil et vos messages ne sont plus visibles.",
        ),
    },
    moderators_words="Ce que dit la modération",
    disagree="Si vous pensez que c’est une erreur, écrivez à {contact}.",
    ask="Vous allez désactiver cela pour votre compte sur {site}.",
    button="Se désabonner",
    done="C’est fait",
    done_text="Plus aucun e-mail de ce type ne sera envoyé. Rien d’autre n’a changé.",
    bad="Ce lien n’est plus valable",
    bad_text="Les liens des e-mails sont valables un mois. Prenez le lien d’un e-mail plus récent, "
    "ou changez le réglage dans une application.",
)

SPANISH = Words(
    code="es",
    happened={
        _T.MENTION: "{name} te ha mencionado",
        _T.QUOTE: "{name} ha citado tu publicación",
        _T.FOLLOW: "{name} ahora te sigue",
        _T.FOLLOW_REQUEST: "{name} pide seguirte",
        _T.REBLOG: "{name} ha compartido tu publicación",
        _T.FAVOURITE: "A {name} le gusta tu publicación",
    },
    stop={
        _T.MENTION: "No recibir más correos sobre menciones",
        _T.QUOTE: "No recibir más correos sobre citas",
        _T.FOLLOW: "No recibir más correos sobre nuevos seguidores",
        _T.FOLLOW_REQUEST: "No recibir más correos sobre solicitudes de seguimiento",
        _T.REBLOG: "No recibir más correos sobre publicaciones compartidas",
        _T.FAVOURITE: "No recibir más correos sobre favoritos",
    },
    your_post="Tu publicación",
    their_post="La publicación",
    content_warning="Advertencia: {text}",
    filtered="Tu filtro «{text}» abarca esta publicación; por eso aquí falta su texto.",
    no_text="Esta publicación no tiene texto. Ábrela para ver lo que muestra.",
    request_hint="Tú decides: acepta o rechaza la solicitud en tu aplicación.",
    open_notifications="Abrir las notificaciones",
    reason="Este correo es para @{user}, una cuenta en {site}.",
    sanctioned={
        Action.NONE: (
            "Una advertencia de la moderación de {site}",
            "La moderación de {site} tiene algo que decirte sobre tu cuenta. "
            "No se ha cambiado nada en ella.",
        ),
        Action.DISABLE: (
            "Tu cuenta en {site} está congelada",
            "La moderación de {site} ha congelado tu cuenta. "
            "No puedes usarla; su contenido se conserva.",
        ),
        Action.SENSITIVE: (
            "Tus publicaciones en {site} están marcadas como sensibles",
            "Desde ahora, las imágenes de tus publicaciones se ocultan en {site} "
            "hasta que alguien las descubra.",
        ),
        Action.SILENCE: (
            "Tu cuenta en {site} está limitada",
            "Quienes no te siguen en {site} apenas verán ya tus publicaciones.",
        ),
        Action.SUSPEND: (
            "Tu cuenta en {site} está suspendida",
            "La moderación de {site} ha suspendido tu cuenta. "
            "Tu perfil y tus publicaciones ya no se pueden ver.",
        ),
    },
    moderators_words="Lo que dice la moderación",
    disagree="Si crees que es un error, escribe a {contact}.",
    ask="Vas a desactivar esto para tu cuenta en {site}.",
    button="Cancelar la suscripción",
    done="Desactivado",
    done_text="No se enviarán más correos de este tipo. Nada más ha cambiado.",
    bad="Este enlace ya no es válido",
    bad_text="Los enlaces de los correos valen un mes. Usa el de un correo más reciente, "
    "o cambia el ajuste en una aplicación.",
)

LANGUAGES = {one.code: one for one in (ENGLISH, GERMAN, FRENCH, SPANISH)}


@lru_cache(maxsize=256)
def of_locale(locale: str) -> Words:
    """The words for ``de``, ``de-AT`` or ``de_AT``; English for what we do not speak."""
    return LANGUAGES.get(locale.replace("_", "-").partition("-")[0].lower(), ENGLISH)


def of_browser(accepted: str | None) -> Words:
    """The first language that a browser accepts (Accept-Language) and that we speak."""
    wishes: list[tuple[float, Words]] = []
    for part in (accepted or "")[:200].split(","):
        tag, _, quality = part.partition(";")
        words = LANGUAGES.get(tag.strip().partition("-")[0].lower())
        if words is not None:
            wishes.append((_quality(quality), words))
    wishes = [wish for wish in wishes if wish[0] > 0]
    return max(wishes, key=lambda wish: wish[0])[1] if wishes else ENGLISH


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
