"""Mail from person to person, and the mailboxes through which it goes."""

from django.urls import path

from tasuki.web import mail, mail_marks, mail_tracking, mailboxes, triage, withdrawals

urlpatterns = [
    path("leads/<int:pk>/mail/new", mail.new, name="mail_new"),
    path("mail/<int:pk>", mail.page, name="message"),
    path("mail/<int:pk>/withdrawal", mail.withdrawal, name="message_withdrawal"),
    path("mail/<int:pk>/triage", triage.say, name="message_triage"),
    path("mail/<int:pk>/triage/undoing", triage.undoing, name="message_triage_undoing"),
    path("mail/<int:pk>/return", mail.returning, name="message_return"),
    path("mail/<int:pk>/decision", mail.decision, name="message_decision"),
    # No word in it that, quoted in an answer, reads like a wish of whoever answers.
    path("no-mail/<str:token>", withdrawals.page, name="mail_withdrawal"),
    path("m/d/<str:token>", mail_marks.opened, name="mail_open"),
    path("m/l/<str:token>", mail_marks.clicked, name="mail_click"),
    path("settings/mail-tracking", mail_tracking.page, name="mail_tracking"),
    path("profile/mailbox", mailboxes.own, name="mailbox"),
    path("profile/mailbox/trial", mailboxes.trial, name="mailbox_trial"),
    path("profile/mailbox/removal", mailboxes.removal, name="mailbox_removal"),
    path("settings/mailboxes", mailboxes.listing, name="mailboxes"),
    path("settings/mailboxes/<int:pk>/removal", mailboxes.removal_of, name="mailbox_removal_of"),
]
