"""When two spellings are one company: the folded name, and the domain that is theirs and not a mail provider's."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from urllib.parse import urlsplit

# Legal forms as people write them, after NFKC (which turns ㈜ into (株) or (주) and full width into half) and casefold.
_ENCLOSED = r"\((?:株|有|合|名|資|社|財|주|유|합|재|사)\)"
_JAPANESE = r"株式会社|有限会社|合同会社|合資会社|合名会社|一般社団法人|公益社団法人|一般財団法人|公益財団法人"
_KOREAN = r"주식회사|유한회사|유한책임회사|합자회사|합명회사|사단법인|재단법인"
_WESTERN = (
    r"incorporated|inc|corporation|corp|company|co|limited|ltd|llc|llp|lp|plc|gmbh|mbh|ag|kg|ohg|sas|sarl|s\.?\s?a\.?\s?s|s\.?\s?a\.?\s?r\.?\s?l|"
    r"s\.\s?a|sa|s\.\s?p\.\s?a|spa|s\.\s?r\.\s?l|srl|b\.\s?v|bv|n\.\s?v|nv|pty|pte|oyj|oy|aps|a/s|ab|asa|k\.\s?k|kk|kabushiki\s+kaisha|pvt|sdn|bhd|jsc|ooo|sl"
)
_EASTERN_FORMS = re.compile(f"{_ENCLOSED}|{_JAPANESE}|{_KOREAN}")
_WESTERN_FORMS = re.compile(rf"(?:[\s,]+(?:{_WESTERN})\.?)+\s*$")
_AND = re.compile(r"(?<=\w)\s*&\s*(?=\w)|(?<=\s)and(?=\s)")
_NOT_A_WORD = re.compile(r"[\W_]+")

_FREE_MAIL = frozenset(
    [
        "gmail.com",
        "googlemail.com",
        "outlook.com",
        "hotmail.com",
        "live.com",
        "msn.com",
        "yahoo.com",
        "ymail.com",
        "aol.com",
        "icloud.com",
        "me.com",
        "mac.com",
        "proton.me",
        "protonmail.com",
        "gmx.com",
        "gmx.net",
        "gmx.de",
        "web.de",
        "t-online.de",
        "mail.com",
        "mail.ru",
        "yandex.ru",
        "yandex.com",
        "zoho.com",
        "fastmail.com",
        "hey.com",
        "tutanota.com",
        "naver.com",
        "daum.net",
        "hanmail.net",
        "kakao.com",
        "nate.com",
        "empal.com",
        "korea.com",
        "dreamwiz.com",
        "hanafos.com",
        "chol.com",
        "paran.com",
        "yahoo.co.jp",
        "ybb.ne.jp",
        "docomo.ne.jp",
        "ezweb.ne.jp",
        "au.com",
        "softbank.ne.jp",
        "i.softbank.jp",
        "nifty.com",
        "ocn.ne.jp",
        "biglobe.ne.jp",
        "so-net.ne.jp",
        "excite.co.jp",
        "goo.jp",
        "qq.com",
        "163.com",
        "126.com",
        "sina.com",
        "foxmail.com",
        "yeah.net",
        "yahoo.co.uk",
        "yahoo.fr",
        "yahoo.de",
        "orange.fr",
        "free.fr",
        "wanadoo.fr",
        "laposte.net",
        "libero.it",
        "comcast.net",
        "verizon.net",
        "att.net",
        "sbcglobal.net",
        "bellsouth.net",
        "btinternet.com",
        "uol.com.br",
        "bol.com.br",
        "terra.com.br",
        "rediffmail.com",
    ]
)


@lru_cache(maxsize=65_536)
def fold_company(name: str) -> str:
    """The key by which spellings of one company are equal: no legal form, case, width, space or punctuation.

    A name that is nothing but a legal form keeps its letters, so that the key is empty only for an empty name.
    """
    text = unicodedata.normalize("NFKC", name).casefold().strip()
    if not text.isascii():
        # Casefolding can leave letters that NFKC would fold again.
        text = unicodedata.normalize("NFKC", text)
    bare = text if text.isascii() else _EASTERN_FORMS.sub(" ", text)
    bare = _WESTERN_FORMS.sub("", bare)
    key = _NOT_A_WORD.sub("", _AND.sub("and", bare))
    # Casefolding may lengthen a name (ß → ss), and the column holds 200 characters.
    return (key or _NOT_A_WORD.sub("", text) or text.replace(" ", ""))[:200]


def domain_of(text: str) -> str:
    """The host of a mail address or a web address, in ASCII lower case without `www.`; "" when there is none."""
    text = text.strip()
    if not text:
        return ""
    host = text.rsplit("@", 1)[1] if "@" in text and "/" not in text else _host(text)
    host = host.strip().rstrip(".").lower().removeprefix("www.")
    try:
        host = host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError:
        return ""
    return host if "." in host and re.fullmatch(r"[a-z0-9.-]{4,253}", host) else ""


def _host(address: str) -> str:
    try:
        return urlsplit(address if "//" in address else f"//{address}").hostname or ""
    except ValueError:
        return ""


def is_free_mail(domain: str) -> bool:
    """Whether many unrelated people share this mail domain, so that it says nothing about a company."""
    return domain in _FREE_MAIL
