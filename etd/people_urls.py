"""The addresses of guidelines, their people, sign-in and one's own account."""

from django.contrib.auth import views as auth_views
from django.urls import path

from etd.views import account, guidelines, people

GUIDELINE = "guidelines/<slug:guideline>/"
MEMBER = f"{GUIDELINE}people/<int:member>/"
INVITATION = f"{GUIDELINE}invitations/<int:number>/"

urlpatterns = [
    path("sign-in/", account.SignIn.as_view(), name="sign_in"),
    path("sign-in/code/", account.SignInCode.as_view(), name="sign_in_code"),
    path("sign-out/", auth_views.LogoutView.as_view(), name="sign_out"),
    path("admin/login/", account.admin_sign_in, name="admin_sign_in"),
    path("admin/password_change/", account.admin_change_password, name="admin_change_password"),
    path("forgotten-password/", account.ask_for_reset, name="ask_for_reset"),
    path("forgotten-password/<str:key>/<str:token>/", account.reset_password, name="reset_password"),
    path("account/", account.account, name="account"),
    path("account/password/", account.change_password, name="change_password"),
    path("account/codes/", account.set_up_codes, name="set_up_codes"),
    path("account/codes/recovery/", account.renew_recovery_codes, name="renew_recovery_codes"),
    path("account/codes/remove/", account.remove_codes, name="remove_codes"),
    path("account/sign-out-everywhere/", account.sign_out_everywhere, name="sign_out_everywhere"),
    path("invitations/<int:number>/<str:token>/", people.invitation, name="invitation"),
    path("guidelines/new/", guidelines.new_guideline, name="new_guideline"),
    path(GUIDELINE, guidelines.guideline, name="guideline"),
    path(f"{GUIDELINE}questions/new/", guidelines.new_question, name="new_question"),
    path(f"{GUIDELINE}people/invite/", people.invite, name="invite"),
    path(f"{MEMBER}role/", people.change_role, name="change_role"),
    path(f"{MEMBER}end/", people.end_membership, name="end_membership"),
    path(f"{INVITATION}resend/", people.resend_invitation, name="resend_invitation"),
    path(f"{INVITATION}withdraw/", people.withdraw_invitation, name="withdraw_invitation"),
]
