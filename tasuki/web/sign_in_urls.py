"""The pages of allauth that we open, one by one: no sign-up. A forgotten password is asked for at a page of ours (see `tasuki.web.passwords`)."""

from allauth.account import views as account
from django.urls import include, path

urlpatterns = [
    path("sign-in/", account.login, name="account_login"),
    path("sign-out/", account.logout, name="account_logout"),
    path("sign-in/inactive/", account.account_inactive, name="account_inactive"),
    path("sign-in/again/", account.reauthenticate, name="account_reauthenticate"),
    path("profile/password/", account.password_change, name="account_change_password"),
    path("profile/password/first/", account.password_set, name="account_set_password"),
    path("sign-in/factors/", include("allauth.mfa.urls")),
]
