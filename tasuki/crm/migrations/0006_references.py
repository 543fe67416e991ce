"""Rows of the history name only what is there: see core/references.py."""

from django.db import migrations

from tasuki.core.references import checked


class Migration(migrations.Migration):
    dependencies = [("core", "0004_references"), ("crm", "0005_search_rules")]

    operations = [
        checked("crm_contact", account_id="crm_account.id"),
        checked("crm_contactemail", contact_id="crm_contact.id"),
        checked("crm_contactphone", contact_id="crm_contact.id"),
        checked(
            "crm_lead",
            contact_id="crm_contact.id",
            account_id="crm_account.id",
            product_id="crm_product.id",
            owner_id="core_user.id",
            team_id="core_team.id",
            stage_id="crm_stage.key",
        ),
        checked(
            "crm_passage",
            lead_id="crm_lead.id",
            stage_id="crm_stage.key",
            owner_id="core_user.id",
            team_id="core_team.id",
            moved_by_id="core_user.id",
        ),
        checked(
            "crm_ownership",
            lead_id="crm_lead.id",
            account_id="crm_account.id",
            owner_id="core_user.id",
            team_id="core_team.id",
            given_by_id="core_user.id",
        ),
        checked(
            "crm_timelineentry",
            account_id="crm_account.id",
            contact_id="crm_contact.id",
            lead_id="crm_lead.id",
            actor_id="core_user.id",
        ),
        # A score names the score model that gave it, and that stays.
        checked("crm_leadscore", model_id="crm_scoremodel.id"),
        checked("crm_formerscore", model_id="crm_scoremodel.id"),
    ]
