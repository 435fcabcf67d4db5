
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("etd", "0016_published_versions"),
    ]

    operations = [
        migrations.CreateModel(
            name="Book",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("asked_at", models.DateTimeField()),
                (
                    "phase",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting to begin"),
                            ("gathering", "Putting the questions together"),
                            ("setting", "Setting the pages"),
                            ("done", "Ready"),
                            ("failed", "Not made"),
                        ],
                        default="waiting",
                        max_length=12,
                    ),
                ),
                ("n_questions", models.PositiveIntegerField()),
                ("n_ready", models.PositiveIntegerField(default=0)),
                ("page", models.PositiveIntegerField(default=0)),
                ("sign_of_life", models.DateTimeField()),
                ("contents", models.JSONField(blank=True, default=list)),
                ("pdf", models.BinaryField(blank=True, null=True)),
                ("problem", models.TextField(blank=True)),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "guideline",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="books", to="etd.guideline"
                    ),
                ),
            ],
            options={
                "ordering": ["guideline", "pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("phase__in", ["waiting", "gathering", "setting", "done", "failed"])
                        ),
                        name="book_phase_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("phase", "done"), ("pdf__isnull", False)),
                            models.Q(models.Q(("phase", "done"), _negated=True), ("pdf__isnull", True)),
                            _connector="OR",
                        ),
                        name="book_is_done_with_its_pdf",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("phase__in", ["waiting", "gathering", "setting"])),
                        fields=("guideline",),
                        name="book_one_at_a_time",
                    ),
                ],
            },
        ),
    ]
