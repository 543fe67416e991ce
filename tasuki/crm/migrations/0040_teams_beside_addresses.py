"""The team of an account is kept beside the addresses and numbers of its people, whoever writes them: whoever sees the accounts of a team walks these in order."""

import django.db.models.deletion
from django.db import migrations, models

# Mostly it is there already, with a contact of this transaction: then nothing is locked or written. Whoever moves a contact of others meanwhile would not find
# what is new of it to change that as well. Planned as for few: to join the rows of an import, PostgreSQL would read all contacts.
COPY = """
CREATE FUNCTION crm_copy_team_to_{table}() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
    is_of_others boolean;
    is_other boolean;
BEGIN
    SELECT bool_or(contact.xmin <> pg_current_xact_id()::xid), bool_or(written.account_team_id IS DISTINCT FROM contact.account_team_id)
    FROM written LEFT JOIN crm_contact contact ON contact.id = written.contact_id INTO is_of_others, is_other;
    IF is_of_others THEN
        PERFORM FROM written JOIN crm_contact contact ON contact.id = written.contact_id WHERE contact.xmin <> pg_current_xact_id()::xid FOR SHARE OF contact;
    END IF;
    IF is_of_others OR is_other THEN
        UPDATE crm_{table} SET account_team_id = contact.account_team_id FROM written LEFT JOIN crm_contact contact ON contact.id = written.contact_id
        WHERE crm_{table}.id = written.id AND written.account_team_id IS DISTINCT FROM contact.account_team_id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER team_insert AFTER INSERT ON crm_{table} REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION crm_copy_team_to_{table}();

CREATE TRIGGER team_update BEFORE UPDATE OF contact_id, account_team_id ON crm_{table} FOR EACH ROW
    WHEN ((OLD.contact_id, OLD.account_team_id) IS DISTINCT FROM (NEW.contact_id, NEW.account_team_id)) EXECUTE FUNCTION crm_keep_team_of_contact();
"""
NO_COPY = """
DROP TRIGGER team_insert ON crm_{table};
DROP TRIGGER team_update ON crm_{table};
DROP FUNCTION crm_copy_team_to_{table}();
"""
FOLLOW = """
CREATE FUNCTION crm_keep_team_of_contact() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.account_team_id := (SELECT account_team_id FROM crm_contact WHERE id = NEW.contact_id FOR SHARE);
    RETURN NEW;
END $$;

CREATE FUNCTION crm_follow_team_of_contact() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE crm_contactemail SET account_team_id = NEW.account_team_id WHERE contact_id = NEW.id;
    UPDATE crm_contactphone SET account_team_id = NEW.account_team_id WHERE contact_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER ways_follow AFTER UPDATE OF account_team_id, account_id ON crm_contact FOR EACH ROW
    WHEN (OLD.account_team_id IS DISTINCT FROM NEW.account_team_id) EXECUTE FUNCTION crm_follow_team_of_contact();
"""
NO_FOLLOW = "DROP TRIGGER ways_follow ON crm_contact; DROP FUNCTION crm_follow_team_of_contact(); DROP FUNCTION crm_keep_team_of_contact();"
THERE_ALREADY = """
UPDATE crm_{table} SET account_team_id = contact.account_team_id FROM crm_contact contact
WHERE contact.id = crm_{table}.contact_id AND contact.account_team_id IS NOT NULL;
"""

TABLES = {"contactemail": "key", "contactphone": "e164"}


def of_each_table(statement: str, back: str = "") -> list[migrations.RunSQL]:
    return [migrations.RunSQL(statement.format(table=table), back.format(table=table) or migrations.RunSQL.noop) for table in TABLES]


class Migration(migrations.Migration):
    dependencies = [("crm", "0039_leads_at_work_and_ended")]

    operations = [
        *(
            migrations.AddField(
                model_name=table,
                name="account_team",
                field=models.ForeignKey(
                    db_constraint=False,
                    db_index=False,
                    editable=False,
                    null=True,
                    on_delete=django.db.models.deletion.DO_NOTHING,
                    related_name="+",
                    to="core.team",
                ),
            )
            for table in TABLES
        ),
        *of_each_table(THERE_ALREADY),
        migrations.RunSQL(FOLLOW, NO_FOLLOW),
        *of_each_table(COPY, NO_COPY),
        migrations.AddIndex(
            model_name="contactemail",
            index=models.Index(fields=["account_team", "key"], name="contact_email_of_team", condition=models.Q(account_team__isnull=False)),
        ),
        migrations.AddIndex(
            model_name="contactphone",
            index=models.Index(fields=["account_team", "e164"], name="contact_phone_of_team", condition=models.Q(account_team__isnull=False)),
        ),
    ]
