import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("etd", "0009_what_was_rated_on"),
    ]

    operations = [
        migrations.CreateModel(
            name="KeptPart",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("former_framework", models.CharField(max_length=300)),
                ("heading", models.CharField(max_length=300)),
                ("text", models.TextField()),
                ("kept_at", models.DateTimeField()),
                (
                    "kept_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "question",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="kept_parts",
                        to="etd.question",
                    ),
                ),
            ],
            options={"ordering": ["question", "pk"]},
        ),
    ]
