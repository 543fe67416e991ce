"""Calls and their recordings, coaching, praise, and wins."""

from django.urls import path

from tasuki.web import telephone, wins
from tasuki.web.inside_sales import coaching, coaching_calls, coaching_reviews, coaching_settings, pressed_praise

urlpatterns = [
    path("hooks/telephone/calls/<str:external_id>/recording", telephone.recording, name="telephone_recording"),
    path("calls/<int:pk>", coaching_calls.page, name="call"),
    path("calls/<int:pk>/recording", coaching_calls.keeping, name="recording_keep"),
    path("calls/<int:pk>/praise", coaching_calls.praise, name="call_praise"),
    path("calls/<int:pk>/review", coaching_reviews.new, name="review_new"),
    path("recordings/<int:pk>/audio", coaching_calls.audio, name="recording_audio"),
    path("recordings/<int:pk>/removal", coaching_calls.removal, name="recording_removal"),
    path("recordings/<int:pk>/model", coaching_calls.model, name="recording_model"),
    path("recordings/<int:pk>/comments", coaching_calls.comment, name="recording_comment"),
    path("comments/<int:pk>", coaching_calls.one_comment, name="callcomment"),
    path("comments/<int:pk>/replies", coaching_calls.reply, name="callcomment_reply"),
    path("comments/<int:pk>/removal", coaching_calls.comment_removal, name="callcomment_removal"),
    path("reviews/<int:pk>", coaching_reviews.page, name="review"),
    path("reviews/<int:pk>/correction", coaching_reviews.correction, name="review_correction"),
    path("reviews/<int:pk>/answer", coaching_reviews.answer, name="review_answer"),
    path("inside-sales/coaching", coaching.home, name="coaching"),
    path("inside-sales/coaching/people/<int:pk>", coaching.person, name="coaching_person"),
    path("inside-sales/coaching/people/<int:pk>/cards", coaching.card_add, name="skillcard_add"),
    path("cards/<int:pk>", coaching.card, name="skillcard"),
    path("cards/<int:pk>/steps", coaching.card_step, name="skillcard_step"),
    path("praise", coaching.praise_log, name="praises"),
    path("praise/press", pressed_praise.press, name="praise_press"),
    path("praise/<int:pk>", coaching.praise, name="praise"),
    path("praise/<int:pk>/removal", pressed_praise.removal, name="praise_removal"),
    path("praise/<int:pk>/words", pressed_praise.words, name="praise_words"),
    path("wins", wins.page, name="wins"),
    path("handoffs/mine", wins.handed, name="handoffs_followed"),
    path("settings/coaching", coaching_settings.page, name="coaching_settings"),
    path("settings/coaching/rules", coaching_settings.change, name="coaching_rules"),
    path("settings/coaching/quotas/<int:pk>", coaching_settings.quota, name="coaching_quota"),
    path("settings/coaching/scorecard", coaching_settings.card, name="scorecard_draft"),
    path("settings/coaching/scorecard/publication", coaching_settings.publication, name="scorecard_publication"),
    path("settings/coaching/scorecard/removal", coaching_settings.removal, name="scorecard_removal"),
    path("settings/coaching/scorecard/criteria", coaching_settings.criterion_add, name="criterion_add"),
    path("settings/coaching/scorecard/criteria/<int:pk>", coaching_settings.criterion, name="criterion_change"),
    path("settings/coaching/scorecard/criteria/<int:pk>/removal", coaching_settings.criterion_removal, name="criterion_removal"),
]
