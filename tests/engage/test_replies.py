"""Replies without their quotes, kinds of letters, and letters that came back: against real ones where they lie beside the clone."""

from __future__ import annotations

import json
from datetime import date
from email import message_from_bytes
from pathlib import Path

import pytest

from tasuki.engage import bounces, incoming, replies, reply_kinds
from tasuki.engage.incoming import Incoming
from tasuki.engage.message_rows import MessageKind
from tasuki.engage.triage import classifying
from tasuki.engage.triage.classes import ReplyClass

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
with_data = pytest.mark.skipif(not DATA.exists(), reason="the public data sets (../shared/data) are not on this machine")

# Of each letter, the lines (from, to, counted from one) that are newly written: what GitHub's own tests of these letters ask for. Signatures go,
# answers between quoted lines stay.
GITHUB: dict[str, list[tuple[int, int]]] = {
    "correct_sig.txt": [(1, 1)],
    "email_1_1.txt": [(1, 5)],
    "email_1_2.txt": [(1, 1), (9, 34)],
    "email_1_3.txt": [(1, 3)],
    "email_1_4.txt": [(1, 1)],
    "email_1_5.txt": [(1, 15)],
    "email_1_6.txt": [(1, 3)],
    "email_1_7.txt": [(1, 1)],
    "email_1_8.txt": [(13, 13), (19, 19)],
    "email_2_1.txt": [(1, 1)],
    "email_2_2.txt": [(1, 1)],
    "email_2_3.txt": [(1, 1)],
    "email_BlackBerry.txt": [(1, 1)],
    "email_bullets.txt": [(1, 9)],
    "email_iPhone.txt": [(1, 1)],
    "email_long_quote.txt": [(1, 4), (6, 8)],
    "email_multi_word_sent_from_my_mobile_device.txt": [(1, 1)],
    "email_one_is_not_on.txt": [(1, 5)],
    "email_sent_from_my_not_signature.txt": [(1, 3)],
    "email_sig_delimiter_in_middle_of_line.txt": [(1, 7)],
    "greedy_on.txt": [(1, 6)],
    "pathological.txt": [(1, 2)],
}


def plain(text: str) -> list[str]:
    """The lines that say something."""
    return [line.rstrip() for line in text.splitlines() if line.strip()]


@with_data
@pytest.mark.parametrize("path", sorted((DATA / "replies" / "talon").glob("*.eml")), ids=lambda path: path.stem)
def test_quotes_of_every_program_are_left_out(path: Path) -> None:
    """What is expected lies beside the letter, or is the one word that all others say."""
    beside = path.with_name(f"{path.stem}_reply_text")
    expected = beside.read_text(encoding="utf-8") if beside.exists() else "Hello"
    assert plain(replies.without_quotes(incoming.read(path.read_bytes()).text)) == plain(expected)


@with_data
@pytest.mark.parametrize("path", sorted((DATA / "replies" / "github").glob("*.txt")), ids=lambda path: path.stem)
def test_what_is_newly_written_is_found_and_nothing_else(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    expected = [line for first, last in GITHUB[path.name] for line in lines[first - 1 : last]]
    assert plain(replies.new_words(text)) == plain("\n".join(expected))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("네, 화요일 좋습니다.\n\n2026년 3월 2일 (월) 오전 10:00, Ivo <ivo@a.example>님이 작성:\n\n> 안녕하세요\n", "네, 화요일 좋습니다."),
        ("좋습니다.\n\n-----원본 메시지-----\n보낸 사람: Ivo\n받는 사람: 한서윤\n제목: 안내\n\n안녕하세요", "좋습니다."),
        ("承知しました。\n\n2026年3月2日(月) 10:00 Ivo <ivo@a.example>:\n\n> こんにちは\n", "承知しました。"),
        ("承知しました。\n\n差出人: Ivo\n送信日時: 2026年3月2日\n宛先: 山田\n件名: ご案内\n\nこんにちは", "承知しました。"),
        ("내일 뵙겠습니다.\n\n나의 iPhone에서 보냄", "내일 뵙겠습니다."),
        ("了解です。\n\niPhoneから送信", "了解です。"),
        ("On Tuesday I have time: 10:00 or 11:00:\n\n- ten\n- eleven", "On Tuesday I have time: 10:00 or 11:00:\n\n- ten\n- eleven"),
        ("", ""),
        ("> all\n> of it", ""),
    ],
)
def test_korean_and_japanese_programs_quote_in_their_own_way(text: str, words: str) -> None:
    assert replies.new_words(text) == words


def test_a_letter_of_any_shape_costs_as_much_as_it_is_long() -> None:
    for piece in (">" * 200_000, "On " * 70_000, "From: a\n" * 30_000, "-" * 200_000, "wrote:\n" * 30_000, "On 1/1 <a@b>\n" * 20_000):
        replies.new_words(piece)
        incoming.words_of(piece)


@with_data
def test_letters_that_came_back_are_known_as_such() -> None:
    """Of 255 real ones, of which some say only that a server tries on: these are no answers either."""
    expected = json.loads((DATA / "bounces" / "expected.json").read_text(encoding="utf-8"))
    found, right = 0, 0
    for name, said in expected.items():
        bounce = bounces.read(incoming.read((DATA / "bounces" / "messages" / name).read_bytes()))
        if bounce:
            found += 1
            right += bounce.is_hard == said[0]["hardbounce"]
    assert len(expected) == 255
    assert found >= 243
    assert right / found >= 0.85


@with_data
def test_letters_of_every_shape_are_read() -> None:
    letters = [path for path in sorted((DATA / "mime").rglob("*")) if path.is_file()]
    read = [incoming.read(path.read_bytes()) for path in letters]
    assert len(read) == 103
    # Whoever has no text has a file, or nothing at all.
    silent = [one for path, one in zip(letters, read, strict=True) if not one.text and not one.files and not one.returned and path.stat().st_size > 1_500]
    assert len(silent) == 2, "two end with their headers"
    for path in letters:
        raw = path.read_bytes()
        for cut in (len(raw) // 2, len(raw) // 3):
            incoming.read(raw[:cut])
        incoming.read(raw[::-1])


def letter(words: str, *, subject: str = "Re: Night session", **headers: str) -> Incoming:
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return incoming.read("\n".join([f"Subject: {subject}", "From: a@b.example", "Content-Type: text/plain; charset=utf-8", *lines, "", words]).encode())


@pytest.mark.parametrize(
    ("kind", "words", "more"),
    [
        (MessageKind.REPLY, "We like it. When can we see it?", {}),
        (MessageKind.REPLY, "No.\n\n> To unsubscribe, press here", {}),
        (MessageKind.REPLY, "We stop at noon; please do not park in the yard. " * 20 + "unsubscribe", {}),
        (MessageKind.AUTO_REPLY, "I am away.", {"Auto_Submitted": "auto-replied (vacation)"}),
        (MessageKind.AUTO_REPLY, "I am away.", {"subject": "Automatic reply: Night session"}),
        (MessageKind.AUTO_REPLY, "부재중입니다.", {"subject": "[자동 회신] 부재중"}),
        (MessageKind.AUTO_REPLY, "ただいま不在です。", {"subject": "不在のお知らせ"}),
        (MessageKind.REPLY, "Fine.", {"Auto_Submitted": "no"}),
        (MessageKind.UNSUBSCRIBE, "Please remove me from your list.", {}),
        (MessageKind.UNSUBSCRIBE, "수신거부 부탁드립니다", {}),
        (MessageKind.UNSUBSCRIBE, "메일 그만 보내주세요", {}),
        (MessageKind.UNSUBSCRIBE, "今後のご連絡は不要です", {}),
    ],
)
def test_a_letter_is_by_a_person_a_program_or_a_wish_for_silence(kind: str, words: str, more: dict[str, str]) -> None:
    assert reply_kinds.of(letter(words, **more)) == kind


ORDINARY = [
    "Can your product handle unsubscribe requests?",
    "How do your customers opt out of tracking?",
    "We want to stop mailing brochures. Does it help?",
    "Please don't email me, call me instead.",
    "No further emails needed, I have booked a slot.",
    "I will opt out of the webinar, but a call is fine.",
    "Do not write to me at this address, use my new one: kim@new.example",
    "We would remove the old system from our servers first.",
    "The stop button: I want to stop writing reports by hand.",
    "수신거부 기능이 있나요?",
    "메일을 보내지 않으셔도 됩니다. 자료는 받았습니다.",
    "연락하지 마시고 기다려 주세요. 제가 전화드리겠습니다.",
    "구독 취소율이 얼마나 되나요?",
    "ご返信は不要です。よろしくお願いいたします。",
    "ご連絡は不要です。火曜日に伺います。",
    "電話での連絡はご遠慮ください。メールでお願いします。",
    "配信停止の機能はありますか。",
    "今後は紙の資料は不要です。",
]
CLEAR = [
    "unsubscribe",
    "Unsubscribe please",
    "STOP EMAILING ME",
    "Don't contact me again.",
    "Please take me off this list",
    "I would like to unsubscribe.",
    "No more emails, please",
    "Hello,\nplease unsubscribe us.\nRegards\nKim",
    "수신거부",
    "더 이상 메일을 보내지 마세요",
    "연락하지 마세요",
    "구독 취소 부탁드립니다",
    "配信停止をお願いします",
    "メールを送らないでください",
    "今後の営業メールはお断りいたします",
]


@pytest.mark.parametrize("words", ORDINARY)
def test_words_about_silence_are_no_wish_for_it(words: str) -> None:
    assert reply_kinds.of(letter(words, In_Reply_To="<1@ours.example>")) == MessageKind.REPLY


@pytest.mark.parametrize("words", CLEAR)
def test_who_says_it_of_themselves_wants_it(words: str) -> None:
    assert reply_kinds.of(letter(words, In_Reply_To="<1@ours.example>")) == MessageKind.UNSUBSCRIBE


@pytest.mark.parametrize(
    ("subject", "words", "kind"),
    [
        ("Re: Automatic reply for your help desk", "Sounds good.", MessageKind.REPLY),
        ("RE: 자동 응답 솔루션 안내", "관심 있습니다.", MessageKind.REPLY),
        ("Fwd: Out of office rules", "See below.", MessageKind.REPLY),
        ("Policy on leave: a question", "Does it fit us?", MessageKind.REPLY),
        ("Out of Office Re: Night session", "Thank you.", MessageKind.AUTO_REPLY),
        ("【自動返信】お問い合わせ", "ありがとうございます。", MessageKind.AUTO_REPLY),
        ("Kim is on vacation", "I am out of the office until 3 March.", MessageKind.AUTO_REPLY),
    ],
)
def test_behind_re_stands_what_somebody_wrote_before(subject: str, words: str, kind: str) -> None:
    assert reply_kinds.of(letter(words, subject=subject)) == kind


def test_a_newsletter_is_no_answer_of_a_program_and_who_is_away_is_none() -> None:
    assert reply_kinds.is_circular(letter("News", List_Unsubscribe="<mailto:x@y.example>"))
    assert reply_kinds.is_circular(letter("News", Precedence="bulk"))
    assert not reply_kinds.is_circular(letter("I am away.", Precedence="bulk", Auto_Submitted="auto-replied"))
    assert not reply_kinds.is_circular(letter("I am away.", Precedence="bulk", subject="Out of office"))
    assert not reply_kinds.is_circular(letter("Yes, call me."))


@with_data
def test_no_ordinary_reply_is_taken_for_one_that_acts_by_itself() -> None:
    """Of the real ones of two other projects; and of what servers report, nothing is taken for the word of a person or for who is away."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((DATA / "replies").rglob("*")) if path.suffix == ".txt" or path.name.endswith("_text")]
    read = [letter(text, In_Reply_To="<1@ours.example>") for text in texts]
    read += [incoming.read(path.read_bytes()) for path in sorted((DATA / "replies").rglob("*.eml"))]
    assert len(read) == 36
    assert {reply_kinds.of(one) for one in read} == {MessageKind.REPLY}
    assert not any(bounces.is_one(one) or reply_kinds.is_circular(one) for one in read)
    guessed = [classifying.by_words(replies.new_words(one.text)).of_class for one in read]
    assert {one for one in guessed if one} <= {ReplyClass.INFORMATION, ReplyClass.POSITIVE}


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("I will be back on March 9, 2026.", date(2026, 3, 9)),
        ("I am out until 6 March and will answer then.", date(2026, 3, 7)),
        ("Out of office 3/2 to 3/6.", None),  # June to some
        ("Returning 2026-03-10", date(2026, 3, 10)),
        ("3월 2일부터 3월 6일까지 휴가입니다.", date(2026, 3, 7)),
        ("2026년 3월 9일(월)에 복귀합니다.", date(2026, 3, 9)),
        ("3月6日まで不在にしております。", date(2026, 3, 7)),
        ("3月2日から3月6日まで休暇をいただいております。3月9日より対応いたします。", date(2026, 3, 9)),
        ("Back on January 4th", date(2027, 1, 4)),
        ("I am away. Call 02-1234-5678.", None),
        ("I was back on February 1, 2026.", None),
    ],
)
def test_who_is_away_says_when_they_are_back(words: str, day: date | None) -> None:
    assert reply_kinds.back_on(letter(words), today=date(2026, 3, 2)) == day


def test_nul_and_half_characters_are_left_out() -> None:
    read = incoming.read(b"Subject: =?utf-8?b?AGEA?=\nContent-Type: text/html; charset=utf-16\n\n<p>a\x00b\xd8</p>")
    assert "\0" not in read.subject + read.text + read.html
    assert message_from_bytes(b"").get_payload() == ""
