"""What the invented customers say about the seven facts, and what stands in the hand-offs of the demo company; in three languages."""

from __future__ import annotations

from tasuki.inside_sales.qualification import Fact

# By fact and language, what somebody might have said.
FACTS: dict[Fact, dict[str, tuple[str, ...]]] = {
    Fact.SITUATION: {
        "en": ("Limits are changed at night only", "A system of their own, built in 2017", "Two vendors side by side since the merger"),
        "ko": ("장중 한도 변경 불가, 자체 개발 2017년판", "합병 뒤 두 시스템 병행 운영", "엑셀로 한도를 관리"),
        "ja": ("日中は限度額を変更できない", "2017年に自社開発したものを使用", "合併後、2つのシステムを併用"),
    },
    Fact.PROBLEM: {
        "en": ("Two people check orders by hand in the night session", "Orders are late once or twice a month", "The auditor found no trail of limit changes"),
        "ko": ("야간 세션에서 수작업 점검 2인", "월 1~2회 주문 지연", "한도 변경 기록이 남지 않아 감사 지적"),
        "ja": ("夜間立会を2名が手作業で確認", "月に1~2回注文が遅れる", "限度額変更の記録がなく監査で指摘"),
    },
    Fact.SIZE: {
        "en": ("64 traders, six order servers", "About 25 seats in one office", "Three desks in two cities"),
        "ko": ("트레이더 64석, 주문 서버 6대", "한 거점 약 25석", "두 도시 데스크 3곳"),
        "ja": ("トレーダー64席、注文サーバー6台", "1拠点で約25席", "2都市に3デスク"),
    },
    Fact.TIMING: {
        "en": ("The board of December decides", "Before the market opens at night in March", "When the contract ends in September"),
        "ko": ("12월 이사회, 품의는 12월 5일까지", "3월 야간 개장 전", "9월 계약 만료 때"),
        "ja": ("12月の取締役会で決定", "3月の夜間取引開始前", "9月の契約満了時"),
    },
    Fact.BUDGET: {
        "en": ("In the plan of the risk team", "Set aside for the year", "Part of the project for the night session"),
        "ko": ("리스크관리본부 예산에 반영", "올해 예산 확보", "야간 개장 과제 예산에 포함"),
        "ja": ("リスク管理部の予算に計上済み", "今期の予算を確保", "夜間対応プロジェクトの予算に含む"),
    },
    Fact.DECISION_MAKER: {
        "en": ("The head of trading, above that the board", "The chief risk officer signs alone", "A committee of three"),
        "ko": ("파생운용본부장, 그 이상은 이사회", "CRO 전결", "3인 위원회 합의"),
        "ja": ("トレーディング部長、それ以上は取締役会", "CROの専決", "3名の委員会で合議"),
    },
    Fact.COMPETITORS: {
        "en": ("Brassgull, a trial in May", "Nobody; they may stay as they are", "Own development"),
        "ko": ("토리게이트시스템즈 PoC 검토", "없음, 현 상태 유지 가능", "자체 개발 유지"),
        "ja": ("蒼瀬マーケッツを検討中", "なし。現状維持の可能性", "自社開発の継続"),
    },
}

# By language: summary, agreed agenda, attendees.
PACKAGES: dict[str, tuple[str, str, str]] = {
    "en": (
        "Wants limits changed within the session, and has lost orders over it twice.",
        "Limits within the session; a report in two hours",
        "Head of risk, one trader",
    ),
    "ko": ("장중 한도 변경을 원하며, 이 때문에 주문을 두 번 놓침.", "장중 한도 변경, 2시간 내 규정 보고서", "리스크관리본부 부장, 트레이더 1인"),
    "ja": ("日中の限度額変更を希望。これが原因で注文を2回逃した。", "日中の限度額変更、2時間以内の規制報告", "リスク管理部長、トレーダー1名"),
}

# By language, what was missing when it came back, and the plan when more was needed.
BACK = {
    "en": "Nobody in the meeting could say what it costs them.",
    "ko": "미팅에서 비용이 얼마인지 말할 수 있는 사람이 없었음.",
    "ja": "どれだけの費用がかかっているか、誰も答えられなかった。",
}
MORE = {
    "en": "Find out who signs above the head of risk.",
    "ko": "리스크관리본부장 위의 결재권자를 확인하기.",
    "ja": "リスク管理部長より上の決裁者を確認する。",
}

# By language, what a meeting of a deal is about, and where a visit takes place.
AGENDAS: dict[str, tuple[str, str, str]] = {
    "en": ("What the trial showed, and what is still open", "The price, and who signs above the head of risk", "The plan up to the first night session"),
    "ko": ("시범 운영 결과와 남은 과제", "가격과 결재 경로 확인", "야간 개장까지의 일정"),
    "ja": ("試行の結果と残る課題", "価格と決裁ルートの確認", "夜間取引開始までの日程"),
}
PLACES: dict[str, tuple[str, str, str]] = {
    "en": ("Their office, 12th floor", "Their office, reception B", "Haneul TS, meeting room 2"),
    "ko": ("고객사 본사 12층 회의실", "고객사 별관 접견실", "하늘TS 회의실 2"),
    "ja": ("先方本社12階会議室", "先方別館応接室", "ハヌルTS会議室2"),
}
