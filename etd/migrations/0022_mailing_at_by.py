from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("etd", "0021_request_id_of_events"),
    ]

    operations = [
        migrations.RenameField(model_name="mailing", old_name="asked_at", new_name="at"),
        migrations.RenameField(model_name="mailing", old_name="asked_by", new_name="by"),
    ]
