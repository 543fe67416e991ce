"""What people of the company write: notes, calls, tasks, each in the language of the one who writes."""

from __future__ import annotations

NOTES = {
    "ko": (
        "주문 전 리스크 점검을 자체 개발로 유지 중이며 담당자가 두 명뿐입니다. 감사 지적 이후 외부 솔루션을 검토하기 시작했습니다.",
        "예산은 상반기에 확정됩니다. 결재는 IT본부장, 실무 검토는 트레이딩시스템팀이 맡습니다.",
        "야간 세션 인력 운영이 가장 큰 부담이라고 합니다. 자동 차단 기능에 관심이 높습니다.",
        "현재 계약이 내년 3월에 끝납니다. 11월부터 비교 검토를 시작할 예정입니다.",
        "시연 후 지연 시간 수치를 요청했습니다. 자체 회선 기준으로 다시 측정해 드리기로 했습니다.",
    ),
    "ja": (
        "発注前リスクチェックは自社開発で、担当者は二名。監査の指摘を受けて外部製品の検討を始めたとのこと。",
        "予算は九月に固まる。決裁は執行役員、実務の評価はシステム部が行う。",
        "夜間セッションの体制維持が一番の負担。自動停止の仕組みに関心が高い。",
        "現行契約は来年三月まで。年内に比較検討を始めたい意向。",
        "デモの後、遅延の実測値を求められた。先方の回線で測り直して提出する。",
    ),
    "en": (
        "They run pre-trade checks on code of their own, and two people know it. The last audit asked for a second opinion.",
        "Budget is settled in the second quarter. The head of electronic trading decides; operations will test.",
        "Staffing the night session hurts most. They asked twice about the kill switch.",
        "Their contract with the present vendor runs until March. They want to compare three vendors before the year ends.",
        "After the demo they asked for latency under their own load. We measure again on their line.",
    ),
}  # fmt: skip

NO_ANSWER = {
    "ko": ("부재중. 오후에 다시 시도.", "회의 중이라고 함. 내일 오전 재통화.", "연결되지 않음."),
    "ja": ("不在。午後に再度架電。", "会議中とのこと。明朝かけ直す。", "つながらず。"),
    "en": ("No answer. Try again this afternoon.", "In a meeting. Call back tomorrow morning.", "Went to voicemail."),
}

TALKED = {
    "ko": ("통화 완료. 현황과 과제를 들었고 다음 통화에서 일정과 예산을 확인하기로 함.", "관심 있음. 자료를 먼저 보낸 뒤 다시 통화하기로 함."),
    "ja": ("通話できた。現状と課題を伺い、次回は時期と予算を確認する。", "関心あり。先に資料を送り、あらためて通話する。"),
    "en": ("Talked. Heard the situation and the problem; timing and budget next time.", "Interested. Sends a colleague too; material goes first."),
}

MET = {
    "ko": ("첫 미팅. 안건대로 진행했고 시연을 요청받음.",),
    "ja": ("初回商談。議題どおり進み、デモの依頼を受けた。",),
    "en": ("First meeting. Kept to the agenda; they asked for a demo.",),
}

MAILS = (
    "Newsletter: what changes with the new order rules",
    "Newsletter: measuring latency without fooling yourself",
    "Invitation: night session readiness",
    "Newsletter: a kill switch that people dare to pull",
)

PAGES = ("/products/pre-trade-risk", "/products/order-management", "/pricing", "/papers/latency", "/cases")

# Leg → what is promised next.
TASKS: dict[str, dict[str, tuple[str, ...]]] = {
    "inside_sales": {
        "ko": ("다시 전화하기", "소개 자료 보내기", "미팅 일정 제안하기"),
        "ja": ("かけ直す", "資料を送る", "商談の日程を提案する"),
        "en": ("Call back", "Send the introduction", "Propose a time for the meeting"),
    },
    "sales": {
        "ko": ("견적서 보내기", "시연 환경 준비하기", "품의 경로 확인하기", "선정 조건 정리하기"),
        "ja": ("見積書を送る", "デモ環境を準備する", "稟議の経路を確認する", "選定条件を整理する"),
        "en": ("Send the quote", "Prepare the demo environment", "Find out the approval route", "Write down the selection criteria"),
    },
    "success": {
        "ko": ("온보딩 점검 회의 잡기", "활용 현황 보고하기"),
        "ja": ("導入の定例会を設定する", "利用状況を報告する"),
        "en": ("Set the date of the check-in", "Report on usage"),
    },
}

CONSENT_TEXTS = ("2025-01", "2025-09")
TITLES = {
    "KR": ("트레이딩시스템팀 팀장", "IT본부 부장", "리스크관리팀 과장", "운용지원팀 차장", "CIO"),
    "JP": ("システム部 部長", "トレーディング部 課長", "リスク管理部 主任", "執行役員", "業務部 次長"),
    "": ("Head of Electronic Trading", "Trading Systems Manager", "Risk Officer", "COO", "Market Data Lead"),
}
ROLES = ("decision maker", "technical evaluator", "user", "influencer", "purchasing")

# A task that was promised on the telephone.
CALL_BACK = {"en": "Call back at %(time)s", "ko": "%(time)s에 재통화", "ja": "%(time)sに再架電"}
# Which of them are calls.
CALLS = frozenset(tasks[0] for tasks in TASKS["inside_sales"].values())
