"""The stages of the relay and the first version of their definitions, in three languages."""

from django.db import migrations
from django.utils import timezone

# key, leg, names (en, ko, ja), state (en, ko, ja), condition for moving on (en, ko, ja)
STAGES = [
    ("captured", "marketing", ("Captured", "획득", "獲得"),
     ("We know a person and how they came to us.", "어떤 사람인지, 어떻게 우리에게 왔는지 안다.", "人物と、当社に来た経路がわかっている。"),
     ("Consent and company are known.", "동의 여부와 회사가 확인되었다.", "同意の有無と会社が確認できた。")),
    ("nurturing", "marketing", ("Nurturing", "육성", "育成"),
     ("The person hears from us regularly and is not ready to talk.", "정기적으로 소식을 받고 있으나 아직 대화할 준비가 되지 않았다.", "定期的に情報を届けているが、まだ話す段階にない。"),
     ("Fit and engagement reach the agreed threshold, or a hand is raised.", "적합도와 관심도가 합의한 기준에 이르렀거나 직접 문의했다.", "適合度と関心度が合意した基準に達したか、本人から問い合わせがあった。")),
    ("ready", "marketing", ("Ready (MQL)", "유망 리드(MQL)", "有望リード(MQL)"),
     ("Worth a call: the reason is written with the lead.", "전화할 가치가 있으며 그 이유가 리드에 적혀 있다.", "架電する価値があり、その理由がリードに記されている。"),
     ("Inside sales takes it over.", "인사이드 세일즈가 인계를 수락한다.", "インサイドセールスが受領する。")),
    ("working", "inside_sales", ("Working", "접촉 시도", "アプローチ中"),
     ("A person of ours is trying to reach this person.", "담당자가 이 사람과 연락을 시도하고 있다.", "担当者がこの人物への連絡を試みている。"),
     ("The right person was reached and talked with us.", "맞는 사람과 연결되어 대화했다.", "適切な相手につながり、会話ができた。")),
    ("connected", "inside_sales", ("Connected", "연결", "接続"),
     ("We talked; the seven facts are being gathered.", "대화가 이루어졌고 일곱 가지 사실을 확인하고 있다.", "会話ができ、七つの事実を確認している。"),
     ("A meeting is booked and the package of seven facts is complete.", "미팅이 확정되고 일곱 가지 사실이 모두 갖추어졌다.", "アポが確定し、七つの事実がそろった。")),
    ("booked", "inside_sales", ("Booked", "미팅 확정", "アポ獲得"),
     ("A meeting has a date and an agenda.", "미팅의 날짜와 안건이 정해졌다.", "商談の日時と議題が決まっている。"),
     ("The meeting was held and sales accepted it.", "미팅이 열렸고 영업이 수락했다.", "商談が実施され、営業が受領した。")),
    ("p1", "sales", ("P1", "P1", "P1"),
     ("More than a lead, less than an opportunity: it may turn out without budget, or one person’s private interest.", "리드 이상, 상담 미만: 예산이 없거나 개인적 관심일 수 있다.", "リード以上・商談未満。予算がないことも、個人的関心のこともある。"),
     ("There is a business problem we can solve, and a decision within a definite period.", "우리가 풀 수 있는 비즈니스 과제가 있고, 정해진 기간 안에 결정한다.", "当社が解決できるビジネス課題があり、一定期間内に意思決定する。")),
    ("p2", "sales", ("P2", "P2", "P2"),
     ("The buyer admits the business problem and wants to solve it.", "고객이 비즈니스 과제를 인정하고 해결할 의지가 있다.", "顧客がビジネス課題を認識し、解決する意志がある。"),
     ("Budget, authority, need and timing are settled; a demo or a comparison has begun.", "예산·결재권·필요성·도입 시기가 확인되고 데모나 비교가 시작되었다.", "予算・決裁権・必要性・導入時期が固まり、デモか比較が始まった。")),
    ("p3", "sales", ("P3", "P3", "P3"),
     ("The buyer evaluates; we help to shape the criteria.", "고객이 평가하고 있고, 우리는 선정 조건을 함께 만든다.", "顧客が評価中で、当社は選定条件づくりを支援する。"),
     ("Our product is selected.", "우리 제품이 선정되었다.", "当社製品が選定された。")),
    ("p4", "sales", ("P4", "P4", "P4"),
     ("The approval route is known and the mutual close plan is running.", "품의 경로를 알고 뮤추얼 클로즈 플랜이 진행되고 있다.", "稟議の経路がわかり、相互クローズプランが進んでいる。"),
     ("The contract is signed.", "계약이 체결되었다.", "契約が締結された。")),
    ("onboarding", "success", ("Onboarding", "온보딩", "オンボーディング"),
     ("The contract runs and the customer is being set up.", "계약이 시작되었고 도입을 진행하고 있다.", "契約が始まり、導入を進めている。"),
     ("The customer works with the product on real business.", "고객이 실제 업무에 제품을 쓴다.", "顧客が実業務で製品を使っている。")),
    ("adoption", "success", ("Adoption", "활용 촉진", "活用促進"),
     ("The customer learns to reach the promised effect.", "약속한 효과를 얻도록 활용을 넓히고 있다.", "約束した効果を得るために活用を広げている。"),
     ("The goals of the contract are met or on their way.", "계약의 목표가 달성되었거나 달성되고 있다.", "契約の目標が達成されたか、達成に向かっている。")),
    ("live", "success", ("Live", "운영", "運用"),
     ("The customer uses the product and renews when the term ends.", "고객이 제품을 쓰고 있으며 기간이 끝나면 갱신한다.", "顧客が製品を使い、期間満了時に更新する。"),
     ("It stays until the contract ends.", "계약이 끝날 때까지 머문다.", "契約が終わるまでここにとどまる。")),
]  # fmt: skip


def write(apps, schema_editor):
    stage, definition = apps.get_model("crm", "Stage"), apps.get_model("crm", "StageDefinition")
    now = timezone.now()
    for position, (key, leg, name, state, leaving) in enumerate(STAGES, start=1):
        stage.objects.create(key=key, leg=leg, position=position, name_en=name[0], name_ko=name[1], name_ja=name[2])
        definition.objects.create(
            stage_id=key, version=1, written_at=now, state_en=state[0], state_ko=state[1], state_ja=state[2],
            exit_en=leaving[0], exit_ko=leaving[1], exit_ja=leaving[2],
        )  # fmt: skip


def take_back(apps, schema_editor):
    apps.get_model("crm", "StageDefinition").objects.all().delete()
    apps.get_model("crm", "Stage").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("crm", "0002_rules")]

    operations = [migrations.RunPython(write, take_back)]
