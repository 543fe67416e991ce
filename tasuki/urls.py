from django.urls import include, path

urlpatterns = [path("", include("tasuki.web.urls"))]
