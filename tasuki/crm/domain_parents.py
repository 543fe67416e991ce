"""The domains above one that may be those of its company: `mail.customer.example` may be of `customer.example`, never of all of `example` or `co.kr`.

By rule, without a list to be kept: a parent counts only where an account has it, so it is enough to name those that are nobody's own.
"""

from __future__ import annotations

from collections.abc import Mapping

from tasuki.crm import matching

# So many labels of a domain, counted from its end, are looked at: companies give parts of themselves one or two more than their own.
_MOST_LABELS = 5
_COUNTRY = 2


def _each(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Below a country's two letters these say what kind of body has a domain; whoever has one has it one label further down.
_KINDS = _each(
    "ac ad co com ed edu ern fin firm gen go gob gov govt gr id ind info lg ltd me mil mod ne net nhs nom or org plc police pro pe re sch school web"
)
# Likewise regions, and in Korea kinds of schools.
_BY_COUNTRY = {
    "kr": _each("hs ms es kg sc busan chungbuk chungnam daegu daejeon gangwon gwangju gyeongbuk gyeonggi gyeongnam incheon jeju jeonbuk jeonnam seoul ulsan"),
    "jp": _each(
        "aichi akita aomori chiba ehime fukui fukuoka fukushima gifu gunma hiroshima hokkaido hyogo ibaraki ishikawa iwate kagawa kagoshima kanagawa kochi "
        "kumamoto kyoto mie miyagi miyazaki nagano nagasaki nara niigata oita okayama okinawa osaka saga saitama shiga shimane shizuoka tochigi tokushima "
        "tokyo tottori toyama wakayama yamagata yamaguchi yamanashi kawasaki kitakyushu kobe nagoya sapporo sendai yokohama"
    ),
}
# Below these unrelated people have places of their own, as they have mailboxes with a provider.
_SHARED = _each(
    "onmicrosoft.com github.io gitlab.io pages.dev vercel.app netlify.app herokuapp.com web.app firebaseapp.com appspot.com azurewebsites.net cloudfront.net "
    "amazonaws.com blogspot.com wordpress.com wixsite.com weebly.com myshopify.com cafe24.com imweb.me tistory.com modoo.at sakura.ne.jp xsrv.jp "
    "lolipop.jp heteml.jp fc2.com hatenablog.com jimdo.com eu.org uk.com us.com jpn.com kr.com"
)


def _is_nobodys_own(domain: str) -> bool:
    """Whether the places below it are those of unrelated people."""
    name, _dot, country = domain.partition(".")
    if len(country) == _COUNTRY and (name in _KINDS or name in _BY_COUNTRY.get(country, ())):
        return True
    return domain in _SHARED or matching.is_free_mail(domain)


def upwards(domain: str) -> list[str]:
    """The domain and those above it that may be its company's, the nearest first; none for ""."""
    if domain.count(".") <= 1:
        return [domain] if domain else []
    labels = domain.split(".")
    above = (".".join(labels[-n:]) for n in range(min(len(labels) - 1, _MOST_LABELS), 1, -1))
    return [domain, *(one for one in above if not _is_nobodys_own(one))]


def nearest(domain: str, known: Mapping[str, int | None]) -> tuple[str, int] | None:
    """(the domain, the id of its account): the nearest that any account has. None where none has one, or several have the nearest: nobody guesses."""
    for one in upwards(domain):
        if one in known:
            account = known[one]
            return None if account is None else (one, account)
    return None
