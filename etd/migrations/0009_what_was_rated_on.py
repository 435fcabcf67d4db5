from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("etd", "0008_own_frameworks"),
    ]

    operations = [
        migrations.AddField(
            model_name="certaintyworksheet",
            name="rated_on",
            field=models.TextField(blank=True, default=""),
            preserve_default=False,
        ),
    ]
