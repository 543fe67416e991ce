"""Invented names: companies and people that exist nowhere, in Korean, Japanese and English, with the addresses made from them.

Company names are composed of syllables and never drawn twice: a name is a number written in syllables, the numbers are
walked in an order that the seed decides, and when all are used up they come again with an ordinal.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


def _pairs(text: str) -> list[tuple[str, str]]:
    """`단:dan 솔:sol` → what is written, and how it stands in an address."""
    return [(written, spelt) for written, _, spelt in (word.partition(":") for word in text.split())]


def _words(text: str) -> list[str]:
    return text.split()


_KO = _pairs(
    """
    단:dan 솔:sol 벼:byeo 루:ru 늘:neul 샘:saem 윤:yun 누:nu 담:dam 결:gyeol 아:a 채:chae 움:um 묵:muk 별:byeol 참:cham 도:do 래:rae 울:ul 진:jin 휘:hwi
    겸:gyeom 먼:meon 술:sul 뜰:tteul 찬:chan 옥:ok 론:ron 빈:bin 무:mu
    """
)
_JA = _pairs(
    """
    霧:kiri 鷺:sagi 葦:ashi 燕:tsubame 菫:sumire 澪:mio 汐:shio 楡:nire 鶫:tsugumi 梓:azusa 蓬:yomogi 柊:hiiragi 雁:kari 萱:kaya 茜:akane 鶸:hiwa 棗:natsume
    檜:hinoki 蛍:hotaru 鴇:toki
    """
)
_JA_MIDDLE = _pairs(
    """
    : ヶ:ga 津:tsu 之:no 見:mi 生:o 越:goe 立:tate 留:dome 守:mori 綾:aya 笠:kasa 早:haya 布:fu 喜:ki
    """
)
_JA_PLACE = _pairs(
    """
    丘:oka 浜:hama 瀬:se 沢:sawa 峰:mine 野:no 坂:saka 島:shima 淵:fuchi 森:mori 灘:nada 原:hara 堰:seki 窪:kubo
    """
)
_EN = _words(
    """
    Tarn Vosk Quill Ondr Perr Hael Brisk Cald Morn Zell Wick Ulv Fenn Gald Ister Jorv Kest Lorr Narv Orm
    """
)
_EN_MIDDLE = _words(
    """
    a o i e en or el un
    """
)
_EN_END = _words(
    """
    vane lund stow marsh dune crest moor haven thorpe sund gate fell wold brook ness
    """
)

# Industry → the ending of a name in each script, and of its host.
_ENDING = {
    "Securities": ("증권", "証券", "Securities", "sec"),
    "Futures": ("선물", "フューチャーズ", "Futures", "fut"),
    "Asset management": ("자산운용", "アセットマネジメント", "Asset Management", "am"),
    "Exchange": ("거래소", "取引所", "Exchange", "ex"),
    "Bank": ("은행", "銀行", "Bank", "bank"),
    "Insurance": ("생명", "生命", "Life", "life"),
}

_KO_FAMILY = _pairs(
    """
    김:kim 이:lee 박:park 최:choi 정:jung 강:kang 조:cho 윤:yoon 장:jang 임:lim 한:han 오:oh 서:seo 신:shin 권:kwon 황:hwang 안:ahn 송:song 전:jeon 홍:hong
    남궁:namgung
    """
)
_KO_GIVEN = _pairs(
    """
    서:seo 민:min 지:ji 현:hyun 준:jun 수:su 영:young 은:eun 태:tae 하:ha 윤:yun 호:ho 아:a 우:woo 경:kyung 진:jin 연:yeon 성:sung 혜:hye 원:won
    """
)
_JA_FAMILY = _pairs(
    """
    佐藤:sato 鈴木:suzuki 高橋:takahashi 田中:tanaka 渡辺:watanabe 伊藤:ito 山本:yamamoto 中村:nakamura 小林:kobayashi 加藤:kato 吉田:yoshida 山田:yamada
    松本:matsumoto 井上:inoue 木村:kimura 清水:shimizu 斎藤:saito 森:mori 池田:ikeda 橋本:hashimoto
    """
)
_JA_GIVEN = _pairs(
    """
    翔太:shota 健一:kenichi 美咲:misaki 陽菜:hina 大輔:daisuke 直樹:naoki 千尋:chihiro 葵:aoi 亮:ryo 恵:megumi 拓也:takuya 由美:yumi 誠:makoto 彩花:ayaka 悠:yu
    真理子:mariko
    """
)
_EN_FAMILY = _words(
    """
    Abara Bergqvist Castellano Dube Eriksen Fairweather Goh Haddad Ibsen Janssen Kaur Lim Moreau Nguyen Okoye Pillai Quist Rossi Suwan Tan
    Ueland Varga Whitlock Yilmaz Zielinski
    """
)
_EN_GIVEN = _words(
    """
    Aisha Bram Clara Dev Elena Farid Grace Hugo Imani Jonas Kavita Liam Mei Nadia Omar Paula Rahul Sofia Thanh Uma Viktor Wen Yusuf Zoe
    """
)

_STEP = 7919  # a prime that divides none of the three counts of names: walking by it meets each name once
_N_NAMES = {"KR": len(_KO) ** 3, "JP": len(_JA) * len(_JA_MIDDLE) * len(_JA_PLACE), "": len(_EN) * len(_EN_MIDDLE) * len(_EN_END)}


@dataclass(frozen=True, slots=True)
class CompanyName:
    written: str
    domain: str


@dataclass(frozen=True, slots=True)
class PersonName:
    family: str
    given: str
    mailbox: str


class Names:
    """Hands out company names, each once, and names of people."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._first = {script: random.randrange(n) for script, n in _N_NAMES.items()}
        self._n_given = dict.fromkeys(_N_NAMES, 0)

    def company(self, country: str, industry: str) -> CompanyName:
        script = country if country in _N_NAMES else ""
        again, place = divmod(self._n_given[script], _N_NAMES[script])
        self._n_given[script] += 1
        number = (self._first[script] + place * _STEP) % _N_NAMES[script]
        name = {"KR": _korean, "JP": _japanese, "": _english}[script]
        return name(number, industry, again=again)

    def person(self, country: str) -> PersonName:
        pick = self._random.choice
        if country == "KR":
            family, first, second = pick(_KO_FAMILY), pick(_KO_GIVEN), pick(_KO_GIVEN)
            return PersonName(family[0], first[0] + second[0], f"{first[1]}{second[1]}.{family[1]}")
        if country == "JP":
            family, given = pick(_JA_FAMILY), pick(_JA_GIVEN)
            return PersonName(family[0], given[0], f"{given[1]}.{family[1]}")
        last, name = pick(_EN_FAMILY), pick(_EN_GIVEN)
        return PersonName(last, name, f"{name}.{last}".lower())


def _korean(number: int, industry: str, *, again: int) -> CompanyName:
    size = len(_KO)
    syllables = [_KO[number % size], _KO[number // size % size], _KO[number // size**2]]
    name, host = "".join(part[0] for part in syllables), "".join(part[1] for part in syllables)
    ending, _, _, short = _ENDING[industry]
    full = f"{name}{ending}{f' {again + 1}호' if again else ''}"
    written = ("(주)" + full, full, f"{full} 주식회사", full)[number // 3 % 4]
    return CompanyName(written, f"{host}{short}{again or ''}.example")


def _japanese(number: int, industry: str, *, again: int) -> CompanyName:
    rest, first = divmod(number, len(_JA))
    place, middle = divmod(rest, len(_JA_MIDDLE))
    parts = [_JA[first], _JA_MIDDLE[middle], _JA_PLACE[place]]
    name, host = "".join(part[0] for part in parts), "".join(part[1] for part in parts)
    _, ending, _, short = _ENDING[industry]
    full = f"{name}{ending}{f'第{again + 1}' if again else ''}"
    return CompanyName((f"株式会社{full}", f"{full}株式会社")[number // 3 % 2], f"{host}-{short}{again or ''}.example")


def _english(number: int, industry: str, *, again: int) -> CompanyName:
    rest, first = divmod(number, len(_EN))
    end, middle = divmod(rest, len(_EN_MIDDLE))
    name = f"{_EN[first]}{_EN_MIDDLE[middle]}{_EN_END[end]}"
    _, _, ending, short = _ENDING[industry]
    form = ("", " Ltd", " Inc.", " Pte. Ltd.")[number // 3 % 4]
    return CompanyName(f"{name} {ending}{f' No. {again + 1}' if again else ''}{form}", f"{name.lower()}{short}{again or ''}.example")


def corporate_number(country: str, number: int) -> str:
    """A number with right check digits that is given to nobody: no tax office 001 in Korea, no registry 99 in Japan; else ""."""
    if country == "KR":
        body = f"001{number % 1_000_000:06d}"
        ninth = int(body[8]) * 5
        total = sum(int(digit) * weight for digit, weight in zip(body, (1, 3, 7, 1, 3, 7, 1, 3), strict=False)) + ninth + ninth // 10
        return f"{body}{(10 - total % 10) % 10}"
    if country == "JP":
        body = f"99{number % 10_000_000_000:010d}"
        total = sum(int(digit) * (1 + position % 2) for position, digit in enumerate(reversed(body)))
        return f"{9 - total % 9}{body}"
    return ""


def phone(country: str, random: Random) -> str:
    """E.164. The ranges kept for fiction where there are such; in Seoul and Tokyo an exchange that starts with 0, which is none."""
    line = random.randrange(10_000)
    if country == "KR":
        return f"+8220{random.randrange(100):02d}{line:04d}"
    if country == "JP":
        return f"+8130{random.randrange(1000):03d}{line:04d}"
    if country == "GB":
        return f"+44207946{line % 1000:04d}"
    if country == "AU":
        return f"+6125550{line:04d}"
    return f"+1{random.choice(('202', '312', '415', '646'))}55501{line % 100:02d}"
