"""Languages that a status may be in: codes of ISO 639, and which spellings count as one."""

from __future__ import annotations

import re

#: What a status is in if neither it nor its author says.
DEFAULT = "en"

# ISO 639-1, then those of ISO 639-3 that people write in and that have no shorter code.
_WORDS = """
  aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da
  de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia
  id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt
  lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt
  qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to
  tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu

  aii alt ast chr ckb cnr csb dsb fil fur gsw hsb jbo kab kmr lad ldn lfn mai moh nan nds nso pap
  pdc rmy sco sma smj szl tok tzm vai vec xal yue zba zgh
"""
_CODES = frozenset(_WORDS.split())
_SPELLING = re.compile(r"([a-z]{2,3})(?:[-_]([a-z]{4}|[a-z]{2}))?\Z", re.ASCII | re.IGNORECASE)


def normalise(code: str | None) -> str | None:
    """The code as it is kept (``en``, ``zh-TW``, ``sr-Latn``), or None if it names no language."""
    match = _SPELLING.match(code or "")
    if match is None or match.group(1).lower() not in _CODES:
        return None
    language, variant = match.group(1).lower(), match.group(2)
    if variant is None:
        return language
    return f"{language}-{variant.title() if len(variant) == 4 else variant.upper()}"
