"""The team of an account is kept beside its contacts, whoever writes either: whoever sees the accounts of a team walks its people by their names."""

import django.db.models.deletion
from django.db import migrations, models

# Mostly it is there already: then nothing is written twice. Whoever moves an account of others meanwhile would not find its new people to change them
# as well; what this transaction wrote nobody else can change. Planned as for few: to join the rows of an import, PostgreSQL would read all accounts.
COPY = """
CREATE FUNCTION crm_copy_team_of_account() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
    PERFORM FROM written JOIN crm_account account ON account.id = written.account_id
    WHERE account.xmin <> pg_current_xact_id()::xid FOR SHARE OF account;
    UPDATE crm_contact SET account_team_id = account.team_id FROM written LEFT JOIN crm_account account ON account.id = written.account_id
    WHERE crm_contact.id = written.id AND written.account_team_id IS DISTINCT FROM account.team_id;
    RETURN NULL;
END $$;
CREATE TRIGGER team_insert AFTER INSERT ON crm_contact REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION crm_copy_team_of_account();

CREATE FUNCTION crm_keep_team_of_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.account_team_id := (SELECT team_id FROM crm_account WHERE id = NEW.account_id FOR SHARE);
    RETURN NEW;
END $$;
CREATE TRIGGER team_update BEFORE UPDATE OF account_id, account_team_id ON crm_contact FOR EACH ROW
    WHEN ((OLD.account_id, OLD.account_team_id) IS DISTINCT FROM (NEW.account_id, NEW.account_team_id)) EXECUTE FUNCTION crm_keep_team_of_account();
"""
NO_COPY = """
DROP TRIGGER team_insert ON crm_contact;
DROP TRIGGER team_update ON crm_contact;
DROP FUNCTION crm_copy_team_of_account();
DROP FUNCTION crm_keep_team_of_account();
"""
FOLLOW = """
CREATE FUNCTION crm_follow_team_of_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE crm_contact SET account_team_id = NEW.team_id WHERE account_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER contacts_follow AFTER UPDATE OF team_id ON crm_account FOR EACH ROW
    WHEN (OLD.team_id IS DISTINCT FROM NEW.team_id) EXECUTE FUNCTION crm_follow_team_of_account();
"""
NO_FOLLOW = "DROP TRIGGER contacts_follow ON crm_account; DROP FUNCTION crm_follow_team_of_account();"
THERE_ALREADY = "UPDATE crm_contact SET account_team_id = account.team_id FROM crm_account account WHERE account.id = crm_contact.account_id;"


class Migration(migrations.Migration):
    dependencies = [("core", "0015_words_together"), ("crm", "0033_more_orders")]

    operations = [
        migrations.AddField(
            model_name="contact",
            name="account_team",
            field=models.ForeignKey(
                db_constraint=False, db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name="+", to="core.team"
            ),
        ),
        migrations.RunSQL(THERE_ALREADY, migrations.RunSQL.noop),
        migrations.RunSQL(COPY, NO_COPY),
        migrations.RunSQL(FOLLOW, NO_FOLLOW),
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(fields=["account_team", "family_name", "given_name", "id"], name="contact_of_team_by_name"),
        ),
        # By way of whose leads somebody sees companies and people is answered by the index alone.
        migrations.RemoveIndex(model_name="lead", name="lead_of_owner"),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(fields=["owner", "-opened_at", "-id"], name="lead_of_owner", include=("state", "team", "contact", "account")),
        ),
        migrations.RemoveIndex(model_name="lead", name="lead_of_team"),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(fields=["team", "-opened_at", "-id"], name="lead_of_team", include=("state", "contact", "account")),
        ),
        migrations.AddIndex(
            model_name="account",
            index=models.Index(fields=["owner", "team"], name="account_of_owner_by_team"),
        ),
    ]
