"""What the demo company says of its products: points, guesses at what hurts, competitors, and customers whom one may name."""

from __future__ import annotations

from datetime import datetime

from tasuki.crm.accounts import Account
from tasuki.crm.leads import Lead
from tasuki.crm.product_points import Kind, ProductPoint
from tasuki.crm.products import Product

# Product line, language: three points; what probably hurts, by industry; a competitor with what answers it, where they are strong and weak.
_SAID: dict[tuple[str, str], tuple[tuple[str, str, str], dict[str, str], tuple[str, str, str, str]]] = {
    ("Pre-trade risk", "en"): (
        (
            "Limits change within the session, without a restart.",
            "3.2 µs on the way to the exchange, measured at your own line.",
            "The night session is checked too, with nobody at the desk.",
        ),
        {
            "Securities": "What happens to an order when a limit has to change at eleven?",
            "Futures": "Who watches the limits at night?",
            "": "How many orders were held up by a limit last month?",
        },
        (
            "Brassgull Trading Tech",
            "Ask how a limit is changed during the session, and who does it.",
            "1.9 µs, and thirty-one exchanges abroad",
            "a restart for every change, no local reports",
        ),
    ),
    ("Pre-trade risk", "ko"): (
        ("한도 변경이 장중에, 재시작 없이 끝납니다.", "거래소까지 지연 3.2µs, 고객사 회선에서 직접 잽니다.", "야간 세션도 사람 없이 차단하고 보고합니다."),
        {
            "Securities": "오전 11시에 한도를 바꿔야 하면 주문은 어떻게 됩니까?",
            "Futures": "밤에는 누가 한도를 봅니까?",
            "": "지난달 한도 때문에 멈춘 주문이 몇 건입니까?",
        },
        ("토리게이트시스템즈", "장중에 한도를 누가 어떻게 바꾸는지 물어봅니다.", "국내 구축 사례가 많습니다", "변경할 때마다 재시작, 규정 보고서는 수작업"),
    ),
    ("Pre-trade risk", "ja"): (
        ("リミットの変更は場中に、再起動なしで終わります。", "取引所まで3.2µs。お客様の回線で測ります。", "夜間立会も無人で遮断し、報告します。"),
        {
            "Securities": "午前11時にリミットを変えるとき、注文はどうなりますか。",
            "Futures": "夜間は誰がリミットを見ていますか。",
            "": "先月、リミットで止まった注文は何件ですか。",
        },
        ("蒼瀬マーケッツ", "場中に誰がどうリミットを変えるのかを尋ねます。", "国内の保守拠点が多い", "変更のたびに再起動、報告書は手作業"),
    ),
    ("Order management", "en"): (
        (
            "One screen for every market that you trade.",
            "An order is found again in a second, with everybody who touched it.",
            "Runs beside what you have; desks move one by one.",
        ),
        {"Asset management": "How long does a question of the auditors about one order take?", "": "How many screens does one order pass?"},
        ("Own development", "Ask who still knows the code, and what the next rule of the exchange costs.", "fits like a glove", "two people know it"),
    ),
    ("Order management", "ko"): (
        (
            "거래하는 모든 시장을 한 화면에서 봅니다.",
            "주문 하나를 1초 만에 찾고, 거쳐 간 사람이 모두 나옵니다.",
            "지금 시스템과 나란히 돌리고 데스크별로 옮깁니다.",
        ),
        {"Asset management": "주문 한 건에 대한 감사 질문에 답하는 데 얼마나 걸립니까?", "": "주문 하나가 화면 몇 개를 거칩니까?"},
        ("자체 개발", "지금 코드를 아는 사람이 누구인지, 다음 규정 변경에 얼마가 드는지 물어봅니다.", "업무에 꼭 맞습니다", "아는 사람이 둘뿐입니다"),
    ),
    ("Order management", "ja"): (
        (
            "取引するすべての市場を一つの画面で見られます。",
            "注文を一秒で探し出し、関わった人がすべて分かります。",
            "今の仕組みと並べて動かし、デスクごとに移せます。",
        ),
        {"Asset management": "一件の注文について監査に答えるのに、どのくらいかかりますか。", "": "一つの注文はいくつの画面を通りますか。"},
        ("自社開発", "今のコードを知っている人と、次の規則変更の費用を尋ねます。", "業務にぴったり合う", "知っている人が二人しかいない"),
    ),
    ("Market data", "en"): (
        ("Every tick of four exchanges, replayed at any speed.", "Gaps are filled and marked.", "Paid by the desk, not by the screen."),
        {"": "How do you test a strategy against a day like the one in August?"},
        ("Brassgull Trading Tech", "Ask what a gap in the feed looks like the day after.", "more exchanges", "gaps stay gaps"),
    ),
    ("Market data", "ko"): (
        ("거래소 네 곳의 모든 틱을 원하는 속도로 재생합니다.", "빈 구간은 채우고 표시합니다.", "화면 수가 아니라 데스크 단위로 냅니다."),
        {"": "8월 같은 날을 놓고 전략을 어떻게 시험하십니까?"},
        ("토리게이트시스템즈", "시세가 빠진 구간이 다음 날 어떻게 남는지 물어봅니다.", "가격이 낮습니다", "빈 구간이 그대로 남습니다"),
    ),
    ("Market data", "ja"): (
        ("四つの取引所の全ティックを、好きな速さで再生できます。", "欠けた区間は補い、印を付けます。", "画面数ではなくデスク単位の料金です。"),
        {"": "8月のような日に対して、戦略をどう試していますか。"},
        ("蒼瀬マーケッツ", "欠けた区間が翌日どう残るかを尋ねます。", "価格が安い", "欠けた区間がそのまま残る"),
    ),
    ("Night session", "en"): (
        ("The night is covered without a night shift.", "In the morning a report stands there before the first call.", "Live in four weeks."),
        {"": "What does a night shift cost you, and what did it see last month?"},
        ("Own development", "Ask what happens when the one who wrote it is on holiday.", "costs nothing new", "stands still when somebody is away"),
    ),
    ("Night session", "ko"): (
        ("야간 근무조 없이 밤을 지킵니다.", "아침 첫 전화 전에 보고서가 와 있습니다.", "4주 안에 시작합니다."),
        {"": "야간 근무에 드는 비용과 지난달 발견한 일은 무엇입니까?"},
        ("자체 개발", "만든 사람이 휴가일 때 어떻게 되는지 물어봅니다.", "새로 드는 돈이 없습니다", "담당자가 없으면 멈춥니다"),
    ),
    ("Night session", "ja"): (
        ("夜勤なしで夜間を見守ります。", "朝一番の電話の前に報告書が届いています。", "四週間で始められます。"),
        {"": "夜勤の費用と、先月見つかったことは何ですか。"},
        ("自社開発", "作った人が休みの日にどうなるかを尋ねます。", "新たな費用がかからない", "担当者がいないと止まる"),
    ),
}
_GAINED = {"en": "live with us, and glad to be asked", "ko": "저희와 함께 운영 중이며 문의를 반깁니다", "ja": "当社で稼働中。お問い合わせも歓迎とのこと"}
_SPOKEN = {"KR": "ko", "JP": "ja"}


def write(*, at: datetime) -> None:
    """Whom one may name are the customers of an industry that were won last, in the language of their country."""
    rows = []
    for product in Product.objects.order_by("pk"):
        for (line, language), (points, pains, rival) in _SAID.items():
            if line == product.line:
                said = [(Kind.SAY, "", "", words) for words in points] + [(Kind.PAIN, industry, "", words) for industry, words in pains.items()]
                rows += [
                    ProductPoint(product=product, kind=kind, language=language, industry=industry, name=name, words=words, position=nth, written_at=at)
                    for nth, (kind, industry, name, words) in enumerate(said, start=1)
                ]
                name, words, strong, weak = rival
                rival_row = ProductPoint(product=product, kind=Kind.RIVAL, language=language, name=name, words=words, strong=strong, weak=weak, written_at=at)
                rows.append(rival_row)
        rows += _named(product, at=at)
    ProductPoint.objects.bulk_create(rows)


def _named(product: Product, *, at: datetime) -> list[ProductPoint]:
    won = Lead.objects.filter(product=product, won_at__isnull=False, account__isnull=False).exclude(state="merged").order_by("-won_at", "-pk")
    newest: dict[tuple[str, str], Account] = {}
    for lead in won.select_related("account")[:100]:
        if lead.account and lead.account.industry:
            newest.setdefault((_SPOKEN.get(lead.account.country, "en"), lead.account.industry), lead.account)
    return [
        ProductPoint(product=product, kind=Kind.REFERENCE, language=language, industry=industry, name=account.name, words=_GAINED[language], written_at=at)
        for (language, industry), account in newest.items()
    ]
