"""Who may join which channel."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError

from gateway.admin.reading import AnyModelAdmin
from gateway.models import ChannelPermission

if TYPE_CHECKING:
    AnyModelForm = forms.ModelForm[ChannelPermission]
else:
    AnyModelForm = forms.ModelForm


class ChannelPermissionForm(AnyModelForm):
    """Refuses sets of permissions that could never be held."""

    class Meta:
        model = ChannelPermission
        fields = ("channel_name", "audience", "permission_sets")

    def clean(self) -> dict[str, Any]:
        """Checks the shape of the sets, and that each permission exists."""
        data = super().clean() or self.cleaned_data
        if data.get("audience") == ChannelPermission.Audience.PERMISSIONS and "permission_sets" in data:
            unknown = _unknown(data["permission_sets"])
            if unknown:
                raise ValidationError({"permission_sets": unknown})
        return data


def _unknown(sets: Any) -> str:
    """What is wrong with the sets, or nothing."""
    well_shaped = isinstance(sets, list) and sets and all(isinstance(one, list) and one for one in sets)
    if not well_shaped or not all(isinstance(name, str) for one in sets for name in one):
        return 'Give a list of lists of permissions: [["app.view_x"], ["app.change_x", "app.add_x"]].'
    rows = Permission.objects.values_list("content_type__app_label", "codename")
    known = {f"{app}.{codename}" for app, codename in rows}
    missing = sorted({name for one in sets for name in one} - known)
    return f"There is no permission {missing[0]}." if missing else ""


@admin.register(ChannelPermission)
class ChannelPermissionAdmin(AnyModelAdmin):
    """Opens channels."""

    form = ChannelPermissionForm
    list_display = ("channel_name", "audience", "permission_sets")
    list_filter = ("audience",)
    search_fields = ("channel_name",)
