"""The reasons that a house begins with. It rewords, adds and archives them as it learns why leads leave."""

from django.db import migrations

IS, SALES = ["ready", "working", "connected", "booked"], ["p1", "p2", "p3", "p4"]
# (way out, key, English, Korean, Japanese, reasons of the group: (key, English, Korean, Japanese, stages, wake rule))
# A wake rule: (days,) once after so many days; (days, horizon) every so many days until then; ("visit" | "reply",) or ("consent", channel).
TREE = [
    ("recycled", "not_now", "Not now", "지금은 아님", "今ではない", [
        ("no_budget", "No budget", "예산 없음", "予算がない", [], (90,)),
        ("current_contract", "In a contract with another", "타사와 계약 중", "他社と契約中", [], (180,)),
        ("evaluating", "Still evaluating", "검토 중", "検討中", [], (30,)),
        ("other_project", "Another project comes first", "다른 프로젝트가 우선", "別のプロジェクトが優先", [], (90,)),
        ("too_early", "Too early to be an opportunity", "상담으로 보기에는 이름", "商談化には尚早", ["booked", *SALES], (60,)),
    ]),
    ("recycled", "not_reached", "Not reached", "연락이 닿지 않음", "連絡がつかない", [
        ("no_response", "No response", "응답 없음", "応答なし", [], (60, 360)),
        ("no_show", "Did not come to the meeting", "미팅에 나오지 않음", "ミーティングに来なかった", ["booked", "p1"], (30, 90)),
        ("no_consent", "No consent to be reached", "연락 동의 없음", "連絡の同意がない", ["captured", "nurturing", "ready"], ("consent", "mail")),
        ("score_too_generous", "Was not ready after all", "아직 준비되지 않음", "まだ有望とは言えない", ["captured", "nurturing", "ready"], ("visit",)),
    ]),
    ("recycled", "no_need", "No need seen", "필요를 느끼지 못함", "必要を感じていない", [
        ("no_interest", "No interest", "관심 없음", "興味がない", [], (90, 360)),
        ("no_value", "Does not see the value", "가치를 느끼지 못함", "価値を感じていない", [], (120, 480)),
        ("no_problem", "No business problem yet", "아직 비즈니스 과제가 없음", "まだビジネス課題がない", ["connected", "booked", "p1"], (90, 360)),
        ("private_interest", "One person's own interest", "한 사람의 개인적 관심", "個人の関心にとどまる", ["connected", "booked", "p1"], (180,)),
    ]),
    ("recycled", "product", "What we offer", "제품", "製品", [
        ("product_limitation", "We cannot serve the need yet", "아직 요구를 충족하지 못함", "まだ要件を満たせない", [], (120, 720)),
        ("free_version", "Stays with the free version", "무료 버전을 계속 사용", "無料版を使い続ける", [], (180,)),
    ]),
    ("recycled", "stands_still", "Stands still", "진전 없음", "停滞", [
        ("no_action", "No action on our side", "당사의 후속 조치 없음", "当社の対応漏れ", [], (14,)),
        ("no_progress", "No progress", "검토가 진행되지 않음", "検討が進まない", ["connected", "booked", *SALES], (60, 360)),
        ("postponed", "Decision postponed", "의사결정 연기", "意思決定の延期", SALES, (60,)),
    ]),
    ("disqualified", "not_a_buyer", "Not a buyer", "구매자가 아님", "買い手ではない", [
        ("is_competitor", "Competitor", "경쟁사", "競合企業", [], None),
        ("consultant", "Consultant", "컨설턴트", "コンサルタント", [], None),
        ("no_authority", "No authority, and no way to it", "권한이 없고 닿을 길도 없음", "権限がなく、つながりもない", [], None),
        ("personal_use", "Personal use", "개인 용도", "個人利用", [], None),
        ("student", "Student", "학생", "学生", [], None),
    ]),
    ("disqualified", "cannot_be_reached", "Cannot be reached", "연락할 수 없음", "連絡できない", [
        ("unsubscribed", "Does not want to hear from us", "수신 거부", "連絡を希望しない", [], None),
        ("left_company", "Left the company", "퇴사", "退職", [], None),
        ("company_closed", "The company is gone", "폐업", "廃業", [], None),
        ("bad_data", "Bad data", "잘못된 데이터", "データ不正", [], None),
    ]),
]  # fmt: skip


def _rule(said):
    match said:
        case (int(days),):
            return {"wakes": "day", "wake_days": days}
        case (int(days), int(horizon)):
            return {"wakes": "every", "wake_days": days, "horizon_days": horizon}
        case ("consent", channel):
            return {"wakes": "trigger", "wake_trigger": "consent", "wake_channel": channel}
        case (trigger,):
            return {"wakes": "trigger", "wake_trigger": trigger}
    return {}


def plant(apps, schema_editor):
    reason = apps.get_model("crm", "ExitReason").objects
    for position, (exit_, key, english, korean, japanese, leaves) in enumerate(TREE, start=1):
        names = {"name_en": english, "name_ko": korean, "name_ja": japanese}
        group = reason.create(key=key, exit=exit_, position=position, **names)
        for place, (leaf, in_english, in_korean, in_japanese, stages, rule) in enumerate(leaves, start=1):
            names = {"name_en": in_english, "name_ko": in_korean, "name_ja": in_japanese}
            reason.create(key=leaf, exit=exit_, parent=group, position=place, stages=stages, **names, **_rule(rule))


class Migration(migrations.Migration):
    dependencies = [("crm", "0008_scoring_rules")]

    operations = [migrations.RunPython(plant, migrations.RunPython.noop)]
