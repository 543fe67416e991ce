"""When two spellings are one company: the folded name, and the domain that is theirs and not a mail provider's."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from urllib.parse import urlsplit

# Legal forms as people write them, after NFKC (which turns ㈜ into (株) or (주), ㍿ into 株式会社, full width into half) and casefold.
# Korean files often lose the first bracket: 주)가온.
_ENCLOSED = r"(?:\(\s*|^)(?:株|有|同|合|名|資|社|財|주|유|합|재|사)\s*\)"
_JAPANESE = (
    r"株式[会會]社|有限[会會]社|合同会社|合資会社|合名会社|有限責任事業組合|一般社団法人|公益社団法人|一般財団法人|公益財団法人|"
    r"医療法人社団|医療法人財団|医療法人|学校法人|社会福祉法人|特定非営利活動法人|独立行政法人|国立大学法人"
)
_CHINESE = r"股份有限公司|有限[责責]任公司|有限公司"
_KOREAN = r"주식회사|유한회사|유한책임회사|합자회사|합명회사|사단법인|재단법인|의료법인|학교법인|사회복지법인"
_ROMANISED = r"(?:kabushiki|yugen|godo)\s*(?:kaisha|gaisha)"
_WESTERN = (
    r"incorporated|inc|corporation|corp|company|co|limited|ltd|ltda|l\.?l\.?c|l\.?l\.?p|lp|p\.?l\.?c|g\.?m\.?b\.?h|mbh|ag|kg|ohg|se|"
    r"s\.?\s?a\.?\s?s|s\.?\s?[aà]\.?\s?r\.?\s?l|s\.\s?a|sa|s\.\s?p\.\s?a|spa|s\.\s?r\.\s?l|srl|b\.\s?v|bv|n\.\s?v|nv|"
    rf"pty|pte|oyj|oy|aps|a/s|a\.\s?s|ab|asa|k\.\s*k|kk|pvt|sdn|bhd|jsc|ooo|sl|{_ROMANISED}"
)
_EASTERN_FORMS = re.compile(f"{_ENCLOSED}|{_JAPANESE}|{_CHINESE}|{_KOREAN}")
# At the end or before a bracket: Co.Ltd, GmbH & Co. KG, (Pty) Ltd, Inc. (Korea). A single word may not be taken apart at its dot: norwick.co
_LAST_FORMS = re.compile(rf"(?:(?:\s*&|\s+and)?[\s,(]+|\s*&\s*(?=co\b))(?:{_WESTERN})(?:(?:\s*&|\s+and)?[\s,.()]+(?:{_WESTERN}))*[\s.)]*(?=\(|$)")
_FIRST_FORM = re.compile(rf"^(?:{_ROMANISED}|k\.\s?k\.)\s+")
_LATIN_MARKS = range(0x300, 0x370)
_VARIATION_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))

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
        "yahoo.co.kr",
        "hotmail.co.kr",
        "outlook.kr",
        "lycos.co.kr",
        "yahoo.co.jp",
        "ymail.ne.jp",
        "ybb.ne.jp",
        "docomo.ne.jp",
        "ezweb.ne.jp",
        "au.com",
        "softbank.ne.jp",
        "i.softbank.jp",
        "ymobile.ne.jp",
        "uqmobile.jp",
        "rakuten.jp",
        "nifty.com",
        "ocn.ne.jp",
        "biglobe.ne.jp",
        "so-net.ne.jp",
        "plala.or.jp",
        "excite.co.jp",
        "goo.jp",
        "hotmail.co.jp",
        "live.jp",
        "outlook.jp",
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
        "pm.me",
        "rocketmail.com",
        "live.co.uk",
        "hotmail.co.uk",
        "hotmail.fr",
        "hotmail.de",
        "hotmail.it",
        "hotmail.es",
        "hotmail.com.br",
        "outlook.de",
        "outlook.fr",
        "outlook.es",
        "outlook.com.br",
        "live.fr",
        "live.nl",
        "yahoo.ca",
        "yahoo.co.in",
        "yahoo.com.br",
        "yahoo.com.tw",
        "yahoo.com.hk",
        "yahoo.es",
        "yahoo.it",
        "yahoo.com.au",
        "yahoo.com.mx",
        "gmx.at",
        "gmx.ch",
        "freenet.de",
        "arcor.de",
        "tuta.io",
        "duck.com",
        "bk.ru",
        "list.ru",
        "inbox.ru",
        "ya.ru",
        "rambler.ru",
        "sfr.fr",
        "virgilio.it",
        "alice.it",
        "tin.it",
        "tiscali.it",
        "cox.net",
        "charter.net",
        "earthlink.net",
        "optonline.net",
        "shaw.ca",
        "sympatico.ca",
        "bigpond.com",
        "talktalk.net",
        "virginmedia.com",
        "wp.pl",
        "o2.pl",
        "onet.pl",
        "interia.pl",
        "seznam.cz",
        "telenet.be",
        "skynet.be",
        "ziggo.nl",
        "hanmir.com",
        "freechal.com",
        "netian.com",
        "vip.qq.com",
        "139.com",
        "189.cn",
        "sina.cn",
        "sohu.com",
        "tom.com",
        "aliyun.com",
        "hinet.net",
        "pchome.com.tw",
        "dion.ne.jp",
        "hi-ho.ne.jp",
        "dti.ne.jp",
        "jcom.home.ne.jp",
        "jcom.zaq.ne.jp",
        "asahi-net.or.jp",
        "infoseek.jp",
        "auone.jp",
        "vodafone.ne.jp",
        "t.vodafone.ne.jp",
        "d.vodafone.ne.jp",
        "disney.ne.jp",
        "wm.pdx.ne.jp",
        "emobile.ne.jp",
    ]
)
_HOST = re.compile(r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]{1,59})")


class _Letters(dict[int, int | None]):
    """A table for str.translate that keeps letters, digits and the vowel signs of scripts that write them as marks; the rest goes."""

    def __missing__(self, codepoint: int) -> int | None:
        kind = unicodedata.category(chr(codepoint))
        invisible = codepoint in _LATIN_MARKS or any(codepoint in selectors for selectors in _VARIATION_SELECTORS)
        self[codepoint] = codepoint if kind[0] in "LN" or (kind in {"Mn", "Mc"} and not invisible) else None
        return self[codepoint]


_LETTERS = _Letters()


@lru_cache(maxsize=65_536)
def fold_company(name: str) -> str:
    """The key by which spellings of one company are equal: no legal form, case, width, space or punctuation; `&` is `and`.

    Folding a key gives the key. A name that is nothing but a legal form keeps its letters, and one without letters its signs,
    so that the key is empty only for an empty name.
    """
    key = _folded_once(name)
    if key.isascii():
        return key
    # Without its spaces and dots a name may show a form that they hid: 株 式 会 社.
    while (again := _folded_once(key)) != key:
        key = again
    return key


def _folded_once(name: str) -> str:
    text = unicodedata.normalize("NFKC", name).casefold().strip()
    bare = text
    if not text.isascii():
        # Casefolding can leave letters that NFKC would fold again.
        text = unicodedata.normalize("NFKC", text)
        bare = _EASTERN_FORMS.sub(" ", text).strip()
    bare = _LAST_FORMS.sub("", _FIRST_FORM.sub("", bare))
    key = bare.replace("&", "and").translate(_LETTERS) or text.translate(_LETTERS) or text.replace(" ", "")
    # Casefolding may lengthen a name (ß → ss), and the column holds 200 characters.
    return key[:200]


def domain_of(text: str) -> str:
    """The host of a mail address or a web address, in ASCII lower case without `www.`; "" when there is none."""
    text = unicodedata.normalize("NFKC", text).strip().rstrip(">")
    if not text:
        return ""
    host = text.rsplit("@", 1)[1] if "@" in text and "/" not in text else _host(text)
    host = host.strip().replace("。", ".").rstrip(".").lower().removeprefix("www.")
    try:
        host = host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError:
        return ""
    return host if _HOST.fullmatch(host) else ""


def _host(address: str) -> str:
    try:
        return urlsplit(address if "//" in address else f"//{address}").hostname or ""
    except ValueError:
        return ""


def is_free_mail(domain: str) -> bool:
    """Whether many unrelated people share this mail domain, so that it says nothing about a company."""
    return domain in _FREE_MAIL
