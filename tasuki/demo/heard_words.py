"""What is said about calls in the demo company, in the language of whoever says it."""

# At a moment: (words, what is answered).
COMMENTS = {
    "en": (
        ("The reason for the call comes in the first sentence. Good.", ""),
        ("Here they hesitate. Wait two seconds more before you go on.", "I noticed it only now. I will wait."),
        ("You answer the price before you know what they compare it with.", "True. I ask first next time."),
        ("“Who else will look at this?” – exactly the right question.", ""),
    ),
    "ko": (
        ("첫 문장에 전화한 이유가 나옵니다. 좋습니다.", ""),
        ("상대가 망설이는 대목입니다. 2초만 더 기다려 보세요.", "지금 들으니 알겠습니다. 기다려 보겠습니다."),
        ("무엇과 비교하는지 알기 전에 가격을 답했습니다.", "맞습니다. 다음에는 먼저 묻겠습니다."),
        ("“누가 함께 검토하십니까?” 꼭 필요한 질문이었습니다.", ""),
    ),
    "ja": (
        ("最初の一文で用件を伝えています。良いです。", ""),
        ("相手が迷っている所です。あと2秒待ってみましょう。", "今聞いて気づきました。待ってみます。"),
        ("何と比べているか分かる前に価格を答えています。", "その通りです。次は先に質問します。"),
        ("「ほかにどなたが検討されますか」まさに必要な質問でした。", ""),
    ),
}
# What was good, and the one next action.
REVIEWS = {
    "en": (
        ("Short opening, with a reason that was theirs.", "Agree on a day before you hang up: ask twice."),
        ("Calm when the price came up.", "Ask what they compare it with before you answer."),
    ),
    "ko": (
        ("도입이 짧고 상대에게 중요한 이유를 말했습니다.", "끊기 전에 날짜를 두 번 물어 정하기"),
        ("가격 이야기에도 침착했습니다.", "답하기 전에 무엇과 비교하는지 묻기"),
    ),
    "ja": (
        ("冒頭が短く、相手に関わる理由を伝えていました。", "切る前に日付を二度尋ねて決める"),
        ("価格の話でも落ち着いていました。", "答える前に何と比べているかを尋ねる"),
    ),
}
ANSWERS = {
    "en": "I heard it again, and agree. I will try it tomorrow.",
    "ko": "다시 들어 보니 맞습니다. 내일 해 보겠습니다.",
    "ja": "聞き直して納得しました。明日試します。",
}
EVIDENCE = {
    "en": ("says it in the first 15 seconds", "asks, and lets them finish", "gives the price at once", "“Shall we say Thursday?”"),
    "ko": ("15초 안에 말함", "묻고 끝까지 들음", "바로 가격을 말함", "“목요일은 어떠십니까?”"),
    "ja": ("15秒以内に伝えている", "尋ねて最後まで聞いている", "すぐに価格を答えている", "「木曜はいかがですか」"),
}
# A skill, and what was done in each step.
CARDS = {
    "en": (
        "Asking for the day",
        "We heard the model call with the night desk together.",
        "Why a day agreed is worth three mails.",
        "Asked in two calls; one said yes.",
        "You asked a second time, calmly, and got the Thursday.",
    ),
    "ko": (
        "날짜를 먼저 묻기",
        "야간 데스크 모범 통화를 함께 들었습니다.",
        "정한 날짜 하나가 메일 세 통보다 나은 이유를 설명했습니다.",
        "통화 두 건에서 물었고 한 곳이 응했습니다.",
        "한 번 더 차분히 물어 목요일을 받아 냈습니다.",
    ),
    "ja": (
        "日付を先に尋ねる",
        "夜間デスクのお手本の通話を一緒に聞きました。",
        "決めた日付がメール三通に勝る理由を説明しました。",
        "二件の通話で尋ね、一件で合意しました。",
        "もう一度落ち着いて尋ね、木曜を取り付けました。",
    ),
}
MODELS = {
    "en": ("They have a vendor already", "Hear how she asks what the other cannot do, and waits."),
    "ko": ("이미 쓰는 제품이 있을 때", "지금 제품으로 안 되는 것을 묻고 기다리는 대목을 들으세요."),
    "ja": ("すでに他社製品がある場合", "今の製品でできないことを尋ね、待つ所を聞いてください。"),
}
PRAISES = {
    "en": (
        "Found out who decides before anybody had asked.",
        "Called back to the minute, as promised, and was thanked for it.",
        "Gave the hand-off a summary that I could begin from.",
    ),
    "ko": (
        "누가 결정하는지 아무도 묻기 전에 알아냈습니다.",
        "약속한 시각에 정확히 다시 전화해 감사 인사를 받았습니다.",
        "바로 시작할 수 있게 인계 요약을 써 주었습니다.",
    ),
    "ja": ("誰も尋ねる前に決裁者を確認しました。", "約束の時刻ちょうどに折り返し、感謝されました。", "すぐ始められる引き継ぎの要約を書いてくれました。"),
}
