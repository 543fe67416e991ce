from django.urls import include, path

urlpatterns = [path("", include("tasuki.web.urls"))]

handler400 = "tasuki.web.errors.bad_request"
handler403 = "tasuki.web.errors.forbidden"
handler404 = "tasuki.web.errors.not_found"
handler429 = "tasuki.web.errors.too_many"  # allauth asks for it
handler500 = "tasuki.web.errors.broken"
