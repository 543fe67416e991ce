"""The first scorecard: seven skills, each with words for its lowest, middle and highest score. A house writes its own from the second version on."""

from django.db import migrations
from django.utils.timezone import now

# (English, Korean, Japanese), weight, then the anchors of 1, 3 and 5 in the three languages.
SKILLS = [
    (("Opening and reason for the call", "도입과 전화한 이유", "冒頭と用件"), 1,
     ("No reason for the call is given", "A reason, but it is ours and not theirs", "Within 20 seconds a reason that concerns them"),
     ("전화한 이유를 말하지 않음", "이유는 있으나 상대가 아닌 우리의 이유", "20초 안에 상대에게 중요한 이유를 말함"),
     ("電話の理由を述べていない", "理由はあるが、相手ではなく自社の都合", "20秒以内に相手に関わる理由を述べている")),
    (("Agenda and permission", "의제와 동의", "議題と了承"), 1,
     ("Talks on without asking", "Asks for time, says no agenda", "Says what and how long, and gets a yes"),
     ("묻지 않고 말을 이어 감", "시간은 물었으나 의제를 말하지 않음", "무엇을 얼마나 이야기할지 말하고 동의를 얻음"),
     ("了承を取らずに話し続ける", "時間は確認したが議題を伝えていない", "内容と所要時間を伝え、了承を得ている")),
    (("Depth of discovery", "파악의 깊이", "ヒアリングの深さ"), 2,
     ("Questions that a form could ask", "The problem is named, not its weight", "Cause, effect and who suffers, in their words"),
     ("양식으로도 물을 수 있는 질문뿐", "문제는 나왔으나 그 무게는 모름", "원인과 영향, 누가 힘든지가 상대의 말로 나옴"),
     ("フォームで済む質問だけ", "問題は出たが重さは分からない", "原因、影響、誰が困るかが相手の言葉で出ている")),
    (("Coverage of the seven facts", "일곱 가지 사실의 확인", "七つの事実の確認"), 2,
     ("Two or fewer known or asked", "Four or five known or asked", "All seven known or asked"),
     ("확인하거나 물은 것이 두 가지 이하", "네다섯 가지를 확인하거나 물음", "일곱 가지 모두 확인하거나 물음"),
     ("確認または質問が二つ以下", "四つか五つを確認または質問", "七つすべてを確認または質問")),
    (("Handling of objections", "반론 대응", "反論対応"), 2,
     ("Argues, or gives in at once", "Answers what was said, asks nothing", "Acknowledges, asks, and answers what is behind it"),
     ("맞서거나 바로 물러섬", "나온 말에 답하나 묻지 않음", "받아들이고 물어서 그 뒤의 이유에 답함"),
     ("言い争う、またはすぐ引き下がる", "言われたことに答えるが質問しない", "受け止め、質問し、背後の理由に答えている")),
    (("Next step agreed", "다음 단계의 합의", "次のステップの合意"), 2,
     ("Ends without one", "A next step without a day", "What, when and who, said by both"),
     ("다음 단계 없이 끝남", "다음 단계는 있으나 날짜가 없음", "무엇을 언제 누가 할지 서로 말함"),
     ("決めずに終わる", "次のステップはあるが日付がない", "何を、いつ、誰がを双方が口にしている")),
    (("Talk discipline", "말하기의 절제", "話し方の節度"), 1,
     ("Speaks most of the time, or over them", "Listens, with long monologues", "Pauses, listens, keeps to the limit"),
     ("대부분 혼자 말하거나 말을 끊음", "듣지만 혼자 길게 말할 때가 있음", "쉬고, 듣고, 제한 시간을 지킴"),
     ("ほとんど自分が話す、または遮る", "聞くが、長い独り語りがある", "間を取り、聞き、制限時間を守る")),
]  # fmt: skip


def plant(apps, schema_editor):
    scorecards, criteria = apps.get_model("inside_sales", "Scorecard"), apps.get_model("inside_sales", "Criterion")
    at = now()
    first = scorecards.objects.create(version=1, begun_at=at, published_at=at)
    for position, (names, weight, *anchors) in enumerate(SKILLS, start=1):
        said = ["\n".join(f"{points}: {words}" for points, words in zip((1, 3, 5), one, strict=True)) for one in anchors]
        criteria.objects.create(
            scorecard=first, position=position, weight=weight, scale=5,
            name_en=names[0], name_ko=names[1], name_ja=names[2], anchors_en=said[0], anchors_ko=said[1], anchors_ja=said[2],
        )  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("inside_sales", "0004_coaching")]

    operations = [migrations.RunPython(plant, migrations.RunPython.noop)]
