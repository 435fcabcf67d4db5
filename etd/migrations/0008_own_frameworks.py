import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import OuterRef, Subquery


def copy_framework_of_the_question(apps, schema_editor):
    VotingRound, Question = apps.get_model("etd", "VotingRound"), apps.get_model("etd", "Question")
    of_round = Question.objects.filter(pk=OuterRef("question_id"))
    VotingRound.objects.update(
        framework_key=Subquery(of_round.values("framework_key")),
        framework_version=Subquery(of_round.values("framework_version")),
    )


class Migration(migrations.Migration):
    dependencies = [
        ("etd", "0007_type_of_recommendation"),
    ]

    operations = [
        migrations.CreateModel(
            name="OwnFramework",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.PositiveIntegerField()),
                ("title", models.CharField(max_length=200)),
                ("base_key", models.CharField(max_length=80)),
                ("base_version", models.PositiveIntegerField()),
                ("changes", models.JSONField()),
                ("created_at", models.DateTimeField()),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "guideline",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="own_frameworks",
                        to="etd.guideline",
                    ),
                ),
            ],
            options={
                "ordering": ["guideline", "version"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("guideline", "version"), name="own_framework_version_unique"
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="question",
            name="own_framework",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="etd.ownframework",
            ),
        ),
        migrations.AddField(
            model_name="votinground",
            name="own_framework",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="etd.ownframework",
            ),
        ),
        migrations.AddField(
            model_name="votinground",
            name="framework_key",
            field=models.CharField(default="", max_length=80),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="votinground",
            name="framework_version",
            field=models.PositiveIntegerField(default=0),
            preserve_default=False,
        ),
        migrations.RunPython(copy_framework_of_the_question, migrations.RunPython.noop),
    ]
